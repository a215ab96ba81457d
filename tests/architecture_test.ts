/** The house stands as the README draws it: who may import whom, and where native code may be opened. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What each room may import besides itself and packages. Lowest first. */
const MAY_IMPORT: Record<string, string[]> = {
  "model": [],
  "capture/source": ["model"],
  "capture/inspect": ["model"],
  "detect": ["model"],
  "enrich": ["model"],
  "monitor": ["model", "capture/source", "capture/inspect", "detect", "enrich"],
  "http": ["model", "monitor", "state.ts"],
  "components": ["model"],
  "islands": ["model", "components"],
  "client": ["model"],
  "routes": ["model", "monitor", "http", "components", "islands", "state.ts"],
  "commands": [
    "model",
    "capture/source",
    "capture/inspect",
    "detect",
    "enrich",
    "monitor",
    "http",
    "options.ts",
    "version.ts",
  ],
};
/** Islands and components run in a browser, the client in one too: of the model they take types and what is pure. */
const BROWSER_ROOMS = ["components", "islands", "client"];
const FFI_ROOMS = ["capture/source/ffi/", "enrich/ffi/"];

interface Source {
  path: string;
  room: string;
  text: string;
  imports: string[];
}

Deno.test("rooms import only what lies below them", () => {
  for (const { path, room, imports } of sources()) {
    for (const target of imports) {
      const wanted = roomOf(target);
      if (wanted === room) continue;
      assert(
        MAY_IMPORT[room].includes(wanted),
        `${path} imports ${target}: ${room} may not import ${wanted}`,
      );
    }
  }
});

Deno.test("native code is opened only behind the fences", () => {
  for (const { path, text } of sources()) {
    const opens = /Deno\.(dlopen|UnsafePointer|UnsafeCallback|UnsafeFnPointer)/.test(text);
    assert(!opens || FFI_ROOMS.some((room) => path.startsWith(room)), `${path} opens native code`);
  }
});

Deno.test("what inspects packets knows no clock, no worker and no permission", () => {
  for (const { path, room, text } of sources()) {
    if (room !== "capture/inspect" && room !== "detect") continue;
    assert(
      !/Date\.now\(|performance\.now\(|\bDeno\.|\bfetch\(/.test(withoutComments(text)),
      `${path} asks the outside`,
    );
  }
});

Deno.test("components and islands ask for nothing that a browser does not have", () => {
  for (const { path, room, text } of sources()) {
    if (!BROWSER_ROOMS.includes(room)) continue;
    assert(!/\bDeno\.|from "node:/.test(withoutComments(text)), `${path} would not run in a browser`);
  }
});

Deno.test("only options.ts and commands read arguments and environment", () => {
  for (const { path, room, text } of sources()) {
    if (room === "commands") continue;
    assert(!/Deno\.(args|env)\b/.test(withoutComments(text)), `${path} reads arguments or environment`);
  }
});

function sources(): Source[] {
  return Object.keys(MAY_IMPORT).flatMap((room) => walk(join(ROOT, room))).map((file) => {
    const path = relative(ROOT, file);
    const text = Deno.readTextFileSync(file);
    const imports = Array.from(
      text.matchAll(/(?:^|\n)\s*(?:import|export)[^"';]*?from "(\.[^"]+)"|import\("(\.[^"]+)"\)/g),
      (match) => relative(ROOT, join(dirname(file), match[1] ?? match[2])),
    );
    return { path, room: roomOf(path), text, imports };
  });
}

function walk(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory) return walk(path);
      return /\.tsx?$/.test(entry.name) ? [path] : [];
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return []; // a room that is not built yet
    throw error;
  }
}

function roomOf(path: string): string {
  return Object.keys(MAY_IMPORT).find((room) => path.startsWith(`${room}/`)) ?? path;
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "");
}
