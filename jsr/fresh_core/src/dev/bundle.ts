// Bundles island code for the browser with esbuild. Names are resolved as Deno does it: through the
// "imports" of the app's deno.json, to linked packages and to node_modules.
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { CACHE_KEY } from "../build_id.ts";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

/** The build id is a hash over the output, so this stands for it while there is no output yet. */
export const BUILD_ID_PLACEHOLDER = `${CACHE_KEY}_to_be_replaced`;

/** What to bundle. */
export interface BundleOptions {
  root: string;
  /** Name of each entry and its file. */
  entries: Record<string, string>;
  target: string | string[];
  dev: boolean;
  sourceMap?: {
    kind: boolean | "linked" | "inline" | "external" | "both";
    sourceRoot?: string;
    sourcesContent?: boolean;
  };
}

/** Bundled code. */
export interface Bundle {
  /** File name and text. */
  files: Map<string, string>;
  /** Name of each entry and its file name. */
  entries: Map<string, string>;
}

/** Bundles the entries; code that several of them use becomes a chunk of its own. */
export async function bundle(options: BundleOptions): Promise<Bundle> {
  const { root, entries, target, dev, sourceMap } = options;
  const { dir, config } = findConfig(root);
  try {
    const result = await esbuild.build({
      absWorkingDir: root,
      entryPoints: entries,
      entryNames: "[name]-[hash]",
      chunkNames: "chunk-[hash]",
      outdir: join(root, "_fresh_bundle"), // nothing is written there
      write: false,
      metafile: true,
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "browser",
      minify: !dev,
      sourcemap: sourceMap?.kind ?? (dev ? "inline" : false),
      sourceRoot: sourceMap?.sourceRoot,
      sourcesContent: sourceMap?.sourcesContent,
      target,
      jsx: "automatic",
      jsxImportSource: config.compilerOptions?.jsxImportSource ?? "preact",
      tsconfigRaw: "{}",
      define: {
        FRESH_BUILD_ID: JSON.stringify(BUILD_ID_PLACEHOLDER),
        "process.env.NODE_ENV": dev ? '"development"' : '"production"',
      },
      logLevel: "error",
      plugins: [denoNames(dir, config)],
    });
    const fileName = (path: string) => path.replace(/^.*[\\/]/, "");
    const names = new Map(Object.entries(entries).map(([name, path]) => [resolve(root, path), name]));
    const outputs = Object.entries(result.metafile.outputs);
    return {
      files: new Map(result.outputFiles.map(({ path, text }) => [fileName(path), text])),
      entries: new Map(outputs.flatMap(([path, { entryPoint }]) => {
        const name = entryPoint && names.get(resolve(root, entryPoint));
        return name ? [[name, fileName(path)] as const] : [];
      })),
    };
  } finally {
    await esbuild.stop(); // its process would keep this one alive
  }
}

interface Config {
  name?: string;
  imports?: Record<string, string>;
  exports?: string | Record<string, string>;
  links?: string[];
  compilerOptions?: { jsxImportSource?: string };
}

/** The deno.json or deno.jsonc of a folder; comments are allowed in both. */
function readConfig(dir: string): Config | null {
  for (const name of ["deno.json", "deno.jsonc"]) {
    let text: string;
    try {
      text = readFileSync(join(dir, name), "utf8");
    } catch {
      continue;
    }
    const strings = /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[^]*?\*\/|,(?=\s*[}\]])/g;
    return JSON.parse(text.replace(strings, (_, string) => string ?? ""));
  }
  return null;
}

/** The configuration that holds for a folder: its own, or that of the nearest folder above. */
function findConfig(root: string): { dir: string; config: Config } {
  for (let dir = root;; dir = dirname(dir)) {
    const config = readConfig(dir);
    if (config) return { dir, config };
    if (dir === dirname(dir)) return { dir: root, config: {} };
  }
}

/** Local packages by name: this one, and those that the app links. */
function localPackages(root: string, config: Config): Map<string, { dir: string; config: Config }> {
  const dirs = [PACKAGE, ...(config.links ?? []).map((dir) => resolve(root, dir))];
  return new Map(dirs.map((dir) => {
    const config = readConfig(dir) ?? {};
    return [config.name ?? dir, { dir, config }];
  }));
}

/** esbuild plugin for bare names, `npm:` and `jsr:` specifiers. */
function denoNames(root: string, config: Config): esbuild.Plugin {
  const packages = localPackages(root, config);
  return {
    name: "deno names",
    setup(build) {
      // An island may take a helper from "fresh": the server's modules, which it does not use, fall away.
      build.onResolve({ filter: /^\./ }, ({ path, importer, resolveDir }) => {
        if (importer.startsWith(PACKAGE)) return { path: resolve(resolveDir, path), sideEffects: false };
      });
      build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (kind === "entry-point" || pluginData === denoNames || /^(data|https?):/.test(path)) return;
        const isOurs = importer.startsWith(PACKAGE);
        if (isOurs && path.startsWith("node:")) return { path, external: true, sideEffects: false };
        const inNodeModules = /[\\/]node_modules[\\/]/.test(importer);
        const isPreact = /^(preact|@preact\/signals(-core)?)(\/|$)/.test(path);
        // Packages find their own dependencies, but there must be only one preact.
        if (inNodeModules && !isPreact) return;

        const target = mapName(path, config.imports ?? {});
        if (/^\.{0,2}\//.test(target)) return { path: resolve(root, target) };
        if (target.startsWith("jsr:")) return { path: findExport(target, packages), sideEffects: false };
        const name = target.replace(/^npm:\/?((?:@[^/]+\/)?[^@/]+)(?:@[^/]+)?/, "$1");
        const found = await build.resolve(name, { kind, resolveDir: root, importer, pluginData: denoNames });
        if (found.errors.length === 0) return found;
        // A dependency of the framework that the app does not name.
        if (isOurs) return { path: fileURLToPath(import.meta.resolve(name)) };
        return await build.resolve(name, { kind, resolveDir, importer, pluginData: denoNames });
      });
    },
  };
}

/** A name through an import map; an entry for a package also holds for the paths below it. */
function mapName(name: string, imports: Record<string, string>): string {
  if (imports[name]) return imports[name];
  const keys = Object.keys(imports).sort((a, b) => b.length - a.length);
  for (const key of keys) {
    if (key.endsWith("/") && name.startsWith(key)) return imports[key] + name.slice(key.length);
    if (name.startsWith(`${key}/`) && /^(npm|jsr):/.test(imports[key])) {
      return imports[key] + name.slice(key.length);
    }
  }
  return name;
}

/** The file that a `jsr:` specifier means, in a local package. */
function findExport(specifier: string, packages: ReturnType<typeof localPackages>): string {
  const [, name, sub] = specifier.match(/^jsr:\/?(@[^/]+\/[^@/]+)(?:@[^/]+)?(\/.*)?$/) ?? [];
  const found = packages.get(name);
  if (!found) throw new Error(`"${specifier}" is not among the linked packages, so it cannot be bundled`);
  const { exports = {} } = found.config;
  const file = typeof exports === "string" ? (sub ? undefined : exports) : exports[sub ? `.${sub}` : "."];
  if (!file) throw new Error(`The package ${name} exports no ".${sub ?? ""}"`);
  return join(found.dir, file);
}
