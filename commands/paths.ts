/** Paths: what the user typed is meant from the user's folder, what is ours from the project's. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** `path` as the user meant it; `deno task` changes the folder and tells the old one in INIT_CWD. */
export function userPath(path: string): string {
  return resolve(Deno.env.get("INIT_CWD") ?? ".", path);
}

/**
 * Where what is kept goes when the user names no folder: beside the program; of the compiled one, which may lie where
 * nothing is written, in the system's place for state: `/var/lib/netpane` for root, else below `$XDG_STATE_HOME` or
 * `~/.local/state` (XDG Base Directory Specification 0.8).
 */
export function dataPath(): string {
  if (!Deno.build.standalone) return ownPath("data");
  if (Deno.uid() === 0) return "/var/lib/netpane";
  const state = Deno.env.get("XDG_STATE_HOME");
  if (state?.startsWith("/")) return `${state}/netpane`;
  return resolve(Deno.env.get("HOME") ?? ".", ".local/state/netpane");
}

/** A file of the project (or inside the compiled program). */
export function ownPath(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
