/** What is wrong with files that the user named. */
import { UsageError } from "../options.ts";

/** A file of the command line. */
export interface NamedFile {
  /** `--eve`, or "FILE". */
  option: string;
  path: string;
  isWritten: boolean;
}

/**
 * Nothing is written to a file that is read, or to one file twice.
 *
 * @throws UsageError naming both.
 */
export function requireApart(files: readonly NamedFile[]): void {
  for (const [i, one] of files.entries()) {
    for (const other of files.slice(i + 1)) {
      if ((!one.isWritten && !other.isWritten) || !isSame(one.path, other.path)) continue;
      throw new UsageError(
        `${one.option} and ${other.option} are the same file, "${other.path}": it would be overwritten. Name another`,
      );
    }
  }
}

function isSame(one: string, other: string): boolean {
  if (one === other) return true;
  try {
    const [a, b] = [Deno.statSync(one), Deno.statSync(other)];
    // Devices and pipes may be named twice: nothing is overwritten there.
    return a.isFile && a.dev === b.dev && a.ino === b.ino && a.ino !== null;
  } catch {
    return false; // one is not there yet, or may not be looked at
  }
}
