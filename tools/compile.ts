/**
 * `netpane compile`: one file with server, workers, page, and data of places, that runs without Deno and without this
 * folder. What goes in is found out, not listed by hand: the modules that the command line can reach, the workers that
 * are started, the page as built, and of the npm packages only those that these need.
 *
 * The runtime that the file begins with is fetched by Deno, once; `DENORT_BIN` names one that is there already.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Where the file is written unless told otherwise. */
const OUTPUT = "dist/netpane";

/** Data that is read by path at run time: no import leads there. */
const DATA = ["_fresh", "static", "assets"];

/** Rooms whose modules may read files of npm packages by path. */
const READERS = ["enrich", "monitor", "commands"];

/** Modules reached by a path at run time: what `import()` is given by name. */
const LOADED = ["_fresh/server.js"];

/** Rooms that start workers. */
const STARTERS = ["monitor/engine.ts", "commands/start.ts"];

/** The workers' modules, as they are named where they are started. */
export function workers(): string[] {
  return STARTERS.flatMap((path) => {
    const text = Deno.readTextFileSync(ROOT + path);
    return Array.from(
      text.matchAll(/new URL\("\.\.\/([\w/]+_worker\.ts)", import\.meta\.url\)/g),
      ([, file]) => file,
    );
  });
}

/** The commands' modules, as the command line names them. */
export function commands(): string[] {
  const text = Deno.readTextFileSync(`${ROOT}cli.ts`);
  return Array.from(text.matchAll(/module: "\.\/(commands\/\w+\.ts)"/g), ([, file]) => file);
}

/** Files of npm packages that are read by path, as `node_modules/PACKAGE/FILE`. */
export function packageFiles(): string[] {
  const found = READERS.flatMap((room) => sources(room)).flatMap((path) =>
    Array.from(
      Deno.readTextFileSync(ROOT + path).matchAll(/"(?:\.\.\/)+(node_modules\/[^"]+)"/g),
      ([, file]) => file,
    )
  );
  return [...new Set(found)].sort();
}

function sources(folder: string): string[] {
  return [...Deno.readDirSync(ROOT + folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? sources(`${folder}/${name}`) : name.endsWith(".ts") ? [`${folder}/${name}`] : []
  );
}

interface Info {
  modules: { dependencies?: { code?: { specifier?: string }; npmPackage?: string }[]; npmPackage?: string }[];
  npmPackages: Record<string, { name: string; version: string; dependencies: string[] }>;
}

/** Folders of `node_modules` that nothing at run time needs: tools of tests and of the build. */
export async function needless(): Promise<string[]> {
  const needed = new Set<string>();
  const all: Info["npmPackages"] = {};
  for (const root of ["cli.ts", ...commands(), ...LOADED, ...workers()]) {
    const { modules, npmPackages } = JSON.parse(await deno(["info", "--json", root])) as Info;
    Object.assign(all, npmPackages);
    const add = (id: string) => {
      if (needed.has(id) || npmPackages[id] === undefined) return;
      needed.add(id);
      npmPackages[id].dependencies.forEach(add);
    };
    for (const module of modules) {
      for (const { npmPackage } of [module, ...module.dependencies ?? []]) if (npmPackage) add(npmPackage);
    }
  }
  const read = packageFiles().map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)![1]);
  for (const [id, { name }] of Object.entries(all)) if (read.includes(name)) needed.add(id);
  const kept = new Set(Array.from(needed, (id) => folderOf(all[id])));
  const folders = ["node_modules/.bin"]; // programs of packages: nothing runs them, and links there would bring them in
  for (const { name } of Deno.readDirSync(`${ROOT}node_modules/.deno`)) {
    const known = Array.from(kept).some((folder) => name === folder || name.startsWith(`${folder}_`));
    if (name !== "node_modules" && !name.startsWith(".") && !known) {
      folders.push(`node_modules/.deno/${name}`);
    }
  }
  // Links to what is left out would lead nowhere.
  const names = new Set(Array.from(needed, (id) => all[id].name));
  for (const folder of ["node_modules", "node_modules/.deno/node_modules"]) {
    folders.push(...unwanted(folder, names).map((name) => `${folder}/${name}`));
  }
  return folders.sort();
}

function folderOf({ name, version }: { name: string; version: string }): string {
  return `${name.replace("/", "+")}@${version}`;
}

/** Links of a folder to packages that are not among `names`; a scope as a whole where none of it is. */
function unwanted(folder: string, names: ReadonlySet<string>): string[] {
  const left: string[] = [];
  for (const { name } of Deno.readDirSync(ROOT + folder)) {
    if (name.startsWith(".")) continue;
    if (!name.startsWith("@")) {
      if (!names.has(name)) left.push(name);
      continue;
    }
    const inner = Array.from(
      Deno.readDirSync(`${ROOT}${folder}/${name}`),
      (entry) => `${name}/${entry.name}`,
    );
    const rest = inner.filter((path) => !names.has(path));
    left.push(...(rest.length === inner.length ? [name] : rest));
  }
  return left;
}

/** Permission flags of the finished program: those of `start`, for files anywhere. */
export function permissions(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`)) as {
    tasks: { start: { command: string } };
  };
  const flags = tasks.start.command.split(" ").filter((flag) =>
    flag.startsWith("--allow-") || flag === "--no-prompt"
  );
  const wide = flags.map((flag) => /^--allow-(read|write)=/.test(flag) ? flag.split("=")[0] : flag);
  return wide.map((flag) => flag.startsWith("--allow-env=") ? `${flag},HOME,XDG_STATE_HOME` : flag);
}

/** Arguments of `deno` that make the program. */
export async function compileArguments(output: string): Promise<string[]> {
  const include = [...commands(), ...LOADED, ...workers(), ...DATA, ...packageFiles()];
  return [
    "compile",
    "--no-check",
    ...permissions(),
    ...include.flatMap((path) => ["--include", path]),
    ...(await needless()).flatMap((path) => ["--exclude", path]),
    ...["--output", output],
    "cli.ts",
  ];
}

async function deno(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (!success) throw new Error(`deno ${args[0]} failed: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  const output = Deno.args[0] === undefined ? OUTPUT : resolve(Deno.env.get("INIT_CWD") ?? ".", Deno.args[0]);
  const args = await compileArguments(output);
  const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdin: "null" }).spawn().status;
  if (code === 0) {
    const { size } = Deno.statSync(output.startsWith("/") ? output : ROOT + output);
    console.log(`netpane: ${output}, ${Math.round(size / 1e6)} MB`);
  } else {
    console.error(
      "netpane: deno compile failed. It fetches its runtime (denort) once, from dl.deno.land: where that cannot be\n" +
        "reached, put one of the same version there by hand and name it in DENORT_BIN",
    );
  }
  Deno.exit(code);
}
