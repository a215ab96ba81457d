/** Paths: what the user typed is meant from the user's folder, what is ours from the project's. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** `path` as the user meant it; `deno task` changes the folder and tells the old one in INIT_CWD. */
export function userPath(path: string): string {
  return resolve(Deno.env.get("INIT_CWD") ?? ".", path);
}

/** A file of the project (or inside the compiled program). */
export function ownPath(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
