/** The token that is needed when Netpane is served beyond this machine: made once, kept with mode 0600. */
import { join } from "node:path";

const TOKEN_FILE = "token";

/**
 * The token of a data folder, made if there is none.
 *
 * @throws Error with a `hint` when the folder cannot be written.
 */
export async function loadToken(folder: string): Promise<string> {
  const path = join(folder, TOKEN_FILE);
  try {
    const kept = (await Deno.readTextFile(path)).trim();
    if (kept.length >= 32) return kept;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw cannot(path, error);
  }
  const token = Array.from(
    crypto.getRandomValues(new Uint8Array(24)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(path, `${token}\n`, { mode: 0o600 });
  } catch (error) {
    throw cannot(path, error);
  }
  return token;
}

function cannot(path: string, cause: unknown): Error {
  return Object.assign(new Error(`Cannot keep the token in "${path}"`, { cause }), {
    hint: "Name a folder of yours with --data (./netpane start grants it)",
  });
}
