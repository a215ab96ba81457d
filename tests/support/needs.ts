/**
 * What a test needs of the machine. A test that cannot run is skipped, and its name says why, so that a run
 * with skips reads as what it is.
 */

/** Options of a `Deno.TestDefinition`: whether to skip, and the name with the reason. */
export interface Need {
  ignore: boolean;
  name(title: string): string;
}

/**
 * Looks for all of `needs`: `"root"`, `"netns"` (network namespaces can be made), or the name of a program.
 *
 * @example
 * ```ts
 * const need = needs("root", "netns", "tcpdump");
 * Deno.test({ name: need.name("counts as tcpdump does"), ignore: need.ignore, fn() {} });
 * ```
 */
export function needs(...things: string[]): Need {
  const missing = things.filter((thing) => !has(thing));
  return {
    ignore: missing.length > 0,
    name: (title) => missing.length === 0 ? title : `${title} (needs ${missing.join(", ")})`,
  };
}

const known = new Map<string, boolean>();

function has(thing: string): boolean {
  let found = known.get(thing);
  if (found === undefined) {
    if (thing === "root") found = Deno.uid() === 0;
    else if (thing === "netns") found = has("root") && has("ip") && canMakeNamespace();
    else found = findProgram(thing) !== null;
    known.set(thing, found);
  }
  return found;
}

/** Where a program lies, or `null`. `/usr/sbin` counts although a user's PATH may not have it. */
export function findProgram(name: string): string | null {
  for (const folder of [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin"]) {
    try {
      const info = Deno.statSync(`${folder}/${name}`);
      if (info.isFile && ((info.mode ?? 0) & 0o111) !== 0) return `${folder}/${name}`;
    } catch {
      // not there
    }
  }
  return null;
}

/** Tried for real: containers and chroots refuse one step or the other. */
function canMakeNamespace(): boolean {
  const ip = (...args: string[]) =>
    new Deno.Command("ip", { args: ["netns", ...args], stdout: "null", stderr: "null" }).outputSync().success;
  const name = `np${Deno.pid}-probe`;
  if (!ip("add", name)) return false;
  const works = ip("exec", name, "true");
  ip("delete", name);
  return works;
}
