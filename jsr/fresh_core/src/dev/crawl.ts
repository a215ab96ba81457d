// Finds what an app is made of: route files, island files, static files.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, parse, relative } from "node:path";
import type { RouteFile } from "../snapshot.ts";

/** A file of the routes folder, before it is imported. */
export type FoundRoute = Omit<RouteFile, "mod"> & {
  path: string;
  /** Imported when first asked for. */
  lazy: boolean;
};

/** A file that may be served. */
export interface FoundFile {
  /** URL path, not encoded. */
  url: string;
  path: string;
  type: string;
  hash: string;
}

const MODULE = /\.[tj]sx?$/;

const KINDS: Record<string, RouteFile["kind"]> = {
  _app: "app",
  _layout: "layout",
  _middleware: "middleware",
  _error: "error",
  _500: "error",
  _404: "notFound",
};

/** Content types by extension; text is UTF-8. */
const TYPES: Record<string, string> = {
  avif: "image/avif",
  css: "text/css; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  gif: "image/gif",
  html: "text/html; charset=utf-8",
  ico: "image/vnd.microsoft.icon",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
  map: "application/json; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml; charset=utf-8",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  webmanifest: "application/manifest+json; charset=utf-8",
  webp: "image/webp",
  woff: "font/woff",
  woff2: "font/woff2",
  xml: "application/xml; charset=utf-8",
};

/** Content type of a file by its name; bytes of unknown kind when the name tells nothing. */
export function contentType(name: string): string {
  return TYPES[parse(name).ext.slice(1).toLowerCase()] ?? "application/octet-stream";
}

/** SHA-256 of a file's content, shortened to 128 bits. */
export function hashOf(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 32);
}

/** The files below `dir` in a fixed order; symbolic links are not followed, a missing folder is empty. */
export function listFiles(dir: string): string[] {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(dir)];
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return [];
    throw err;
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : 1).flatMap(({ name, isFile, isDirectory }) =>
    isDirectory ? listFiles(join(dir, name)) : isFile ? [join(dir, name)] : []
  );
}

/** Static files of a folder; dot files stay private, but for `.well-known`. */
export function findStaticFiles(dir: string): FoundFile[] {
  return listFiles(dir).flatMap((path) => {
    const url = `/${posix(relative(dir, path))}`;
    if (/\/\.(?!well-known\/)/.test(url)) return [];
    return [{ url, path, type: contentType(path), hash: hashOf(readFileSync(path)) }];
  });
}

/** Routes and island modules. Folders of the routes folder named `(_...)` hold no routes. */
export function findModules(
  options: { root: string; routeDir: string; islandDir: string; ignore: RegExp[] },
) {
  const { root, routeDir, islandDir, ignore } = options;
  const modules = (dir: string) =>
    listFiles(dir).filter((path) => MODULE.test(path) && !ignore.some((pattern) => pattern.test(path)));
  const islands = modules(islandDir);
  const routes: FoundRoute[] = [];
  for (const path of modules(routeDir)) {
    const name = posix(relative(routeDir, path)).replace(MODULE, "");
    const aside = name.match(/(?:^|\/)\((_[^/)]+)\)\//);
    if (aside?.[1] === "_islands") islands.push(path);
    if (!aside) routes.push(describeRoute(name, path, posix(relative(root, path))));
  }
  return { islands, routes: routes.sort(compareRoutes) };
}

function describeRoute(name: string, path: string, file: string): FoundRoute {
  const { dir, base } = parse(name);
  const kind = KINDS[base] ?? "route";
  // A route that names its own pattern must be known before the first request.
  const lazy = kind === "route" && !/routeOverride|\bmethods\b/.test(Deno.readTextFileSync(path));
  return { kind, scope: routePattern(dir, true), pattern: routePattern(name), file, path, lazy };
}

/**
 * URL pattern of a route file, or of a folder with its groups: `users/[id]` is `/users/:id`, `[...path]` takes the rest, `[[page]]` is
 * optional, `index` is its folder, and `(group)` folders do not show.
 */
export function routePattern(name: string, keepGroups = false): string {
  const parts = name.split("/").filter((part) => part !== "" && (keepGroups || !/^\(.*\)$/.test(part)));
  if (!keepGroups && parts.at(-1) === "index") parts.pop();
  const pattern = parts.map((part) => {
    const [, rest] = part.match(/^\[\.\.\.(\w+)\]$/) ?? [];
    if (rest) return `/:${rest}*`;
    const [, optional] = part.match(/^\[\[(\w+)\]\]$/) ?? [];
    if (optional) return `{/:${optional}}?`;
    const segment = part.replace(/\[(\w+)\]/g, ":$1");
    if (/[[\]]/.test(segment) || part.includes("][")) {
      throw new SyntaxError(`The route file "${name}" has a parameter that cannot be read: "${part}"`);
    }
    return segment.includes(":") ? `/${segment}` : encodeURI(`/${segment}`);
  }).join("");
  if (pattern === "") return "/";
  return pattern.startsWith("{/") ? pattern.replace("{/", "/{") : pattern;
}

/** What surrounds routes comes first; then literal segments before parameters before the rest of a path. */
function compareRoutes(a: FoundRoute, b: FoundRoute): number {
  if (a.kind === "route" !== (b.kind === "route")) return a.kind === "route" ? 1 : -1;
  const [left, right] = [a, b].map(({ pattern }) => pattern.replace("/{", "{/").split(/(?=\/|\{\/)/));
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = weight(left[i]) - weight(right[i]) ||
      (left[i] < right[i] ? -1 : left[i] > right[i] ? 1 : 0);
    if (order !== 0) return order;
  }
  return right.length - left.length;
}

function weight(segment: string): number {
  if (segment.endsWith("*")) return 3;
  if (segment.startsWith("{")) return 2;
  return segment.includes(":") ? 1 : 0;
}

/** A path with forward slashes, on Windows too. */
export function posix(path: string): string {
  return path.replaceAll("\\", "/");
}
