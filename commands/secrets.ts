/** Secrets of this installation, made once and kept in the data folder with mode 0600. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

/** What is needed when Netpane is served beyond this machine: one to do everything, one to look. */
const TOKEN_FILES = { admin: "token", reader: "token.read" } as const;
/** Key of the fingerprints that tell the same card number again (HMAC-SHA256). */
const FINGERPRINT_FILE = "fingerprint.key";

const TOKEN_BYTES = 24;
const FINGERPRINT_BYTES = 32;

/** The tokens of a data folder. */
export interface Tokens {
  admin: string;
  reader: string;
  /** Where they are kept. */
  files: { admin: string; reader: string };
  /** Whether one was made just now, and nobody knows it yet. */
  isNew: boolean;
}

/**
 * The tokens of a data folder, made where there are none.
 *
 * @throws Error with a `hint` when the folder cannot be written, or the two are the same.
 */
export function loadTokens(folder: string): Tokens {
  const files = { admin: join(folder, TOKEN_FILES.admin), reader: join(folder, TOKEN_FILES.reader) };
  const isNew = !exists(files.admin) || !exists(files.reader);
  const admin = loadSecret(folder, TOKEN_FILES.admin, TOKEN_BYTES);
  const reader = loadSecret(folder, TOKEN_FILES.reader, TOKEN_BYTES);
  if (admin === reader) {
    throw Object.assign(new Error(`"${files.reader}" holds the admin's token`), {
      hint: `Delete it: another is made at the next start`,
    });
  }
  return { admin, reader, files, isNew };
}

/**
 * The fingerprint key of a data folder, made if there is none. Where nothing can be kept, the key of this run only.
 *
 * @returns `kept` is false for the latter: fingerprints then cannot be compared with those of another run.
 */
export function loadFingerprintKey(folder: string): { key: Uint8Array<ArrayBuffer>; kept: boolean } {
  try {
    return {
      key: Uint8Array.from(Buffer.from(loadSecret(folder, FINGERPRINT_FILE, FINGERPRINT_BYTES), "hex")),
      kept: true,
    };
  } catch {
    return { key: Uint8Array.from(randomBytes(FINGERPRINT_BYTES)), kept: false };
  }
}

/** The fingerprint key where `start` has made one; a key of this run only where not. Writes nothing. */
export function readFingerprintKey(folder: string): Uint8Array<ArrayBuffer> {
  try {
    const kept = Buffer.from(Deno.readTextFileSync(join(folder, FINGERPRINT_FILE)).trim(), "hex");
    if (kept.length === FINGERPRINT_BYTES) return Uint8Array.from(kept);
  } catch {
    // none was made yet, or it is not for us to read
  }
  return Uint8Array.from(randomBytes(FINGERPRINT_BYTES));
}

/** Hex text of `bytes` random bytes, from the file or into it. */
function loadSecret(folder: string, file: string, bytes: number): string {
  const path = join(folder, file);
  try {
    const kept = Deno.readTextFileSync(path).trim();
    if (new RegExp(`^[0-9a-f]{${2 * bytes}}$`).test(kept)) {
      // A backup or a copy may have opened it to others.
      if (((Deno.statSync(path).mode ?? 0) & 0o077) !== 0) Deno.chmodSync(path, 0o600);
      return kept;
    }
    Deno.removeSync(path); // no secret of ours: made anew, with the mode it needs
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw cannotKeep(path, error);
  }
  const secret = randomBytes(bytes).toString("hex");
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    // `createNew` follows no link that somebody may have laid there meanwhile.
    Deno.writeTextFileSync(path, `${secret}\n`, { mode: 0o600, createNew: true });
  } catch (error) {
    throw cannotKeep(path, error);
  }
  return secret;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function cannotKeep(path: string, cause: unknown): Error {
  return Object.assign(new Error(`Cannot keep "${path}"`, { cause }), {
    hint: "Name a folder of yours with --data (./netpane start grants it)",
  });
}
