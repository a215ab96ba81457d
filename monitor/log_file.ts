/** Files that lines are added to for months, while others may move or remove them. */

/** Whether a name is still that of an open file. What may not be looked at is taken to be. */
export function leadsTo(path: string, file: Deno.FsFile): boolean {
  try {
    const [named, open] = [Deno.statSync(path), file.statSync()];
    return named.ino === open.ino && named.dev === open.dev;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Why a file cannot be written, for people. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) return "writing there was not granted";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.NotFound) return "there is no such folder";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  const text = error instanceof Error ? error.message : String(error);
  return /no space left|quota/i.test(text) ? "the disk is full" : text;
}
