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
