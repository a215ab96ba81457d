/** Secrets of this installation, made once and kept in the data folder with mode 0600. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

/** What is needed when Netpane is served beyond this machine. */
const TOKEN_FILE = "token";
/** Key of the fingerprints that tell the same card number again (HMAC-SHA256). */
const FINGERPRINT_FILE = "fingerprint.key";

const TOKEN_BYTES = 24;
const FINGERPRINT_BYTES = 32;

/**
 * The token of a data folder, made if there is none.
 *
 * @throws Error with a `hint` when the folder cannot be written.
 */
export function loadToken(folder: string): string {
  return loadSecret(folder, TOKEN_FILE, TOKEN_BYTES);
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
    if (new RegExp(`^[0-9a-f]{${2 * bytes}}$`).test(kept)) return kept;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw cannotKeep(path, error);
  }
  const secret = randomBytes(bytes).toString("hex");
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(path, `${secret}\n`, { mode: 0o600 });
  } catch (error) {
    throw cannotKeep(path, error);
  }
  return secret;
}

function cannotKeep(path: string, cause: unknown): Error {
  return Object.assign(new Error(`Cannot keep "${path}"`, { cause }), {
    hint: "Name a folder of yours with --data (./netpane start grants it)",
  });
}
