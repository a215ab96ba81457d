// What a build leaves for the server: routes, islands and files. Generated code calls createSnapshot().

import { fileURLToPath } from "node:url";
import type { LayoutConfig, Route, RouteHandler } from "./types.ts";

/** A file that staticFiles() may serve. */
export interface StaticFile {
  /** Value of Content-Type. */
  type: string;
  /** Hash of the content. */
  hash: string;
  /** Its URL holds the build id, so it never changes. */
  immutable: boolean;
  /** Size in bytes and a way to the content; `open` may be called at most once. */
  read(): Promise<{ size: number; open(): Promise<ReadableStream<Uint8Array> | Uint8Array> }>;
}

/** An island: where the browser finds the component. */
export interface Island {
  /** URL path of its module. */
  file: string;
  /** Name under which the module exports it. */
  exportName: string;
}

/** A module of the routes folder. */
export interface RouteModule<State> {
  default?: unknown;
  handler?: RouteHandler<unknown, State>;
  handlers?: RouteHandler<unknown, State>;
  config?: Route<State>["config"] & LayoutConfig;
}

/** A file of the routes folder. */
export interface RouteFile {
  kind: "app" | "layout" | "middleware" | "error" | "notFound" | "route";
  /** Folder as a path, groups included: which middlewares, layouts and error pages apply. */
  scope: string;
  /** URL pattern. */
  pattern: string;
  /** Source path, for messages. */
  file: string;
  /** The module, or a function that imports it when the route is first asked for. */
  // deno-lint-ignore no-explicit-any -- modules of the app, checked when they are used
  mod: RouteModule<any> | (() => Promise<RouteModule<any>>);
}

/** All that a running app knows of its build. */
export interface Snapshot {
  root: string;
  /** URL path of the module that starts islands in the browser. */
  runtime: string;
  /** URL path of the module that reloads pages in development. */
  liveReload?: string;
  islands: Map<unknown, Island>;
  routes: RouteFile[];
  files: Map<string, StaticFile>;
}

/** The snapshot of an app that was never built: no file routes, no islands, no files. */
export const EMPTY_SNAPSHOT: Snapshot = {
  root: ".",
  runtime: "",
  islands: new Map(),
  routes: [],
  files: new Map(),
};

/** Input of {@linkcode createSnapshot}, as the builder writes it. */
export interface SnapshotSource {
  /** `import.meta.url` of the generated module; other paths are relative to it. */
  base: string;
  /** The app's folder. */
  root: string;
  runtime: string;
  liveReload?: string;
  /** Modules of islands and the URL paths of their code. */
  islands: [Record<string, unknown>, string][];
  routes: RouteFile[];
  /** URL path, file, content type, hash. */
  files: [string, string, string, string][];
}

/** Turns what the builder wrote into a {@linkcode Snapshot}. */
export function createSnapshot(source: SnapshotSource): Snapshot {
  const { base, root, runtime, liveReload, routes } = source;
  const files = new Map<string, StaticFile>();
  for (const [path, file, type, hash] of source.files) {
    const url = new URL(file, base);
    files.set(path, { type, hash, immutable: path.startsWith("/_fresh/"), read: () => readFile(url) });
  }
  return {
    root: fileURLToPath(new URL(root, base)).replace(/[\\/]$/, ""),
    runtime,
    liveReload,
    islands: collectIslands(source.islands),
    routes,
    files,
  };
}

/** Every exported function of an island module is an island. */
export function collectIslands(modules: [Record<string, unknown>, string][]): Map<unknown, Island> {
  const islands = new Map<unknown, Island>();
  for (const [mod, file] of modules) {
    for (const [exportName, value] of Object.entries(mod)) {
      if (typeof value === "function" && !islands.has(value)) islands.set(value, { file, exportName });
    }
  }
  return islands;
}

/** Reads a file on demand; its size is asked now, since it may have changed since the build. */
export async function readFile(url: URL) {
  const { size } = await Deno.stat(url);
  return { size, open: async () => (await Deno.open(url)).readable };
}
