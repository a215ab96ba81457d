/**
 * Builds an app, and serves it during development.
 *
 * @example
 * ```ts
 * import { Builder } from "fresh/dev";
 *
 * const builder = new Builder();
 * if (Deno.args.includes("build")) await builder.build();
 * else await builder.listen(() => import("./main.ts"));
 * ```
 *
 * @module
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, parse, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { App, type ListenOptions, serve, useSnapshot } from "../app.ts";
import { setBuildId } from "../build_id.ts";
import { leftOut } from "../left_out.ts";
import { collectIslands, readFile, type Snapshot, type StaticFile } from "../snapshot.ts";
import { BUILD_ID_PLACEHOLDER, bundle, type BundleOptions } from "./bundle.ts";
import {
  contentType,
  findModules,
  findStaticFiles,
  type FoundFile,
  type FoundRoute,
  hashOf,
  posix,
} from "./crawl.ts";

/** Settings of a {@linkcode Builder}; paths are relative to `root`. */
export interface BuildOptions {
  /** Browsers to support, as esbuild names them. */
  target?: string | string[];
  /** Folder of the app, as a path or a file URL. @default {Deno.cwd()} */
  root?: string;
  /** @default {"_fresh"} */
  outDir?: string;
  /** @default {"static"} */
  staticDir?: string | string[];
  /** @default {"islands"} */
  islandDir?: string;
  /** @default {"routes"} */
  routeDir?: string;
  /** Module that exports the app. @default {"main.ts"} */
  serverEntry?: string;
  /** Files that are neither routes nor islands. @default tests */
  ignore?: RegExp[];
  /** Source maps of island code. */
  sourceMap?: BundleOptions["sourceMap"];
}

/** The settings of a {@linkcode Builder}, with absolute paths. */
export type ResolvedBuildConfig =
  & Required<Omit<BuildOptions, "sourceMap" | "staticDir">>
  & Pick<BuildOptions, "sourceMap">
  & { staticDir: string[]; mode: "development" | "production"; buildId: string };

/** What one build found and made. */
interface Built {
  buildId: string;
  routes: FoundRoute[];
  islands: { path: string; url: string }[];
  files: FoundFile[];
  /** URL path and text of the code for the browser. */
  code: Map<string, string>;
  runtime: string;
  liveReload?: string;
}

/** Builds an app, and serves it during development. */
// deno-lint-ignore no-explicit-any -- the state is the app's own
export class Builder<State = any> {
  /** Settings, with absolute paths. */
  config: ResolvedBuildConfig;
  #islands = new Set<string>();

  constructor(options: BuildOptions = {}) {
    const root = toPath(options.root ?? ".", Deno.cwd());
    const { outDir = "_fresh", staticDir = "static", islandDir = "islands", routeDir = "routes" } = options;
    this.config = {
      root,
      outDir: toPath(outDir, root),
      staticDir: [staticDir].flat().map((dir) => toPath(dir, root)),
      islandDir: toPath(islandDir, root),
      routeDir: toPath(routeDir, root),
      serverEntry: toPath(options.serverEntry ?? "main.ts", root),
      target: options.target ?? ["chrome99", "firefox99", "safari15"],
      ignore: options.ignore ?? [/[._]test\.[cm]?[tj]sx?$/],
      sourceMap: options.sourceMap,
      mode: "production",
      buildId: "",
    };
  }

  /** Adds a module of islands that lies outside the islands folders. */
  registerIsland(specifier: string): void {
    this.#islands.add(toPath(specifier, this.config.root));
  }

  /** Left out of the local package. */
  onTransformStaticFile(_options: unknown, _callback: unknown): void {
    leftOut("Builder.onTransformStaticFile()");
  }

  /**
   * Builds the app into `outDir`, or into memory.
   *
   * @returns A function that gives what was built to an app, for tests; call it before `handler()`.
   */
  async build(
    options: { mode?: "development" | "production"; snapshot?: "disk" | "memory" } = {},
  ): Promise<(app: App<State>) => void> {
    const mode = this.config.mode = options.mode ?? "production";
    const built = await this.#make(false);
    if (options.snapshot === "memory") {
      const snapshot = await inMemory(built, this.config.root);
      return (app) => useSnapshot(app, snapshot, mode);
    }
    writeBuild(built, this.config);
    console.log(`Built ${this.config.outDir}`);
    // As in the published package, an app in this process gets nothing from a build on disk but its mode.
    return (app) => void (app.config.mode = mode);
  }

  /**
   * Serves the app from its sources; open pages load again after a restart, so run it under `--watch`.
   *
   * @param importApp Imports the module that exports `app`.
   */
  async listen(
    importApp: () => Promise<{ app: App<State> } | App<State>>,
    options: ListenOptions = {},
  ): Promise<void> {
    this.config.mode = "development";
    const snapshot = await inMemory(await this.#make(true), this.config.root);
    const imported = await importApp();
    const app = imported instanceof App ? imported : imported.app;
    useSnapshot(app, snapshot, "development");
    const handler = app.handler();
    const revision = crypto.randomUUID();
    serve(options, async (req, info) => {
      const isSocket = req.headers.get("upgrade")?.toLowerCase() === "websocket";
      if (!isSocket || new URL(req.url).pathname !== "/_fresh/alive") return await handler(req, info);
      const { socket, response } = Deno.upgradeWebSocket(req);
      socket.onopen = () => socket.send(revision);
      return response;
    });
  }

  /** Finds the parts of the app and bundles its islands. */
  async #make(dev: boolean): Promise<Built> {
    const { root, outDir, staticDir, target, sourceMap } = this.config;
    const { islands: found, routes } = findModules(this.config);
    const seen = new Set<string>();
    const files = staticDir.flatMap(findStaticFiles).filter(({ url, path }) => {
      const isNew = !seen.has(url) && !path.startsWith(outDir);
      seen.add(url);
      return isNew;
    });

    const client = (name: string) => fileURLToPath(new URL(`../${name}.ts`, import.meta.url));
    const entries: Record<string, string> = { "fresh-runtime": client("client") };
    if (dev) entries["fresh-live-reload"] = client("live_reload");
    const islandPaths = [...new Set([...found, ...this.#islands])];
    const names = islandPaths.map((path, i) => `island${i}-${parse(path).name.replace(/[^\w-]/g, "_")}`);
    islandPaths.forEach((path, i) => entries[names[i]] = path);
    const made = await bundle({ root, entries, target, dev, sourceMap });

    const contents = [...made.files].flat().concat(files.flatMap(({ url, hash }) => [url, hash]));
    const buildId = this.config.buildId = hashOf(contents.join("\n")).slice(0, 16);
    // Routes and islands may call asset() while they are imported.
    setBuildId(buildId);
    const url = (name: string) => `/_fresh/js/${buildId}/${made.entries.get(name) ?? name}`;
    return {
      buildId,
      routes,
      files,
      islands: islandPaths.map((path, i) => ({ path, url: url(names[i]) })),
      code: new Map(
        [...made.files].map(([name, text]) => [url(name), text.replaceAll(BUILD_ID_PLACEHOLDER, buildId)]),
      ),
      runtime: url("fresh-runtime"),
      liveReload: dev ? url("fresh-live-reload") : undefined,
    };
  }
}

/** A path, relative path or file URL as an absolute path. */
function toPath(path: string, base: string): string {
  return resolve(base, path.startsWith("file:") ? fileURLToPath(path) : path);
}

/** A snapshot whose code is kept in memory and whose modules are imported now. */
async function inMemory(built: Built, root: string): Promise<Snapshot> {
  const load = (path: string) => import(pathToFileURL(path).href);
  const files = new Map<string, StaticFile>();
  for (const { url, path, type, hash } of built.files) {
    files.set(url, { type, hash, immutable: false, read: () => readFile(pathToFileURL(path)) });
  }
  for (const [url, text] of built.code) {
    const bytes = new TextEncoder().encode(text);
    const content = { size: bytes.length, open: () => Promise.resolve(bytes) };
    files.set(url, {
      type: contentType(url),
      hash: hashOf(bytes),
      immutable: true,
      read: () => Promise.resolve(content),
    });
  }
  const islands: [Record<string, unknown>, string][] = [];
  for (const { path, url } of built.islands) islands.push([await load(path), url]);
  const routes = [];
  for (const { path, lazy, ...route } of built.routes) {
    routes.push({ ...route, mod: lazy ? () => load(path) : await load(path) });
  }
  const { runtime, liveReload } = built;
  return { root, runtime, liveReload, islands: collectIslands(islands), routes, files };
}

const NOTICE = "// Written by the build; changes are lost.\n";

/** Writes the code for the browser and the modules that start the server. */
function writeBuild(built: Built, { root, outDir, serverEntry }: ResolvedBuildConfig): void {
  const staticOut = join(outDir, "static");
  rmSync(staticOut, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  const served = built.files.map(({ url, path, type, hash }) => [url, fileUrl(outDir, path), type, hash]);
  for (const [url, text] of built.code) {
    const path = join(staticOut, url);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    served.push([url, fileUrl(outDir, path), contentType(url), hashOf(readFileSync(path))]);
  }

  const imports: string[] = [];
  const islands = built.islands.map(({ path, url }, i) => {
    imports.push(`import * as island${i} from ${specifier(outDir, path)};`);
    return `[island${i}, ${JSON.stringify(url)}]`;
  });
  const routes = built.routes.map(({ path, lazy, ...route }, i) => {
    if (!lazy) imports.push(`import * as route${i} from ${specifier(outDir, path)};`);
    const mod = lazy ? `() => import(${specifier(outDir, path)})` : `route${i}`;
    return `{ ...${JSON.stringify(route)}, mod: ${mod} }`;
  });
  const list = (items: string[]) => `[\n${items.map((item) => `    ${item},\n`).join("")}  ]`;
  const write = (name: string, text: string) => writeFileSync(join(outDir, name), NOTICE + text);

  write(
    "snapshot.js",
    `import { createSnapshot } from "fresh/internal";
${imports.join("\n")}

export default createSnapshot({
  base: import.meta.url,
  root: ${JSON.stringify(fileUrl(outDir, root))},
  runtime: ${JSON.stringify(built.runtime)},
  islands: ${list(islands)},
  routes: ${list(routes)},
  files: ${list(served.map((file) => JSON.stringify(file)))},
});
`,
  );
  // A module of its own, because imports run before statements and asset() may be called by any import.
  write("build-id.js", `import { setBuildId } from "fresh/internal";\n\nsetBuildId("${built.buildId}");\n`);
  write(
    "server.js",
    `import "./build-id.js";
import snapshot from "./snapshot.js";
import { app } from ${specifier(outDir, serverEntry)};
import { useSnapshot } from "fresh/internal";

useSnapshot(app, snapshot, "production");

export default { fetch: app.handler() };
`,
  );
  write(
    "compiled-entry.js",
    `import server from "./server.js";

Deno.serve({
  port: Number(Deno.env.get("PORT") ?? "8000"),
  hostname: Deno.env.get("HOSTNAME") || undefined,
}, server.fetch);
`,
  );
}

/** A relative URL from the output folder, so that the app may be moved as a whole. */
function fileUrl(outDir: string, path: string): string {
  const url = posix(relative(outDir, path)).split("/").map(encodeURIComponent).join("/") || ".";
  return url.startsWith(".") ? url : `./${url}`;
}

function specifier(outDir: string, path: string): string {
  return JSON.stringify(fileUrl(outDir, path));
}
