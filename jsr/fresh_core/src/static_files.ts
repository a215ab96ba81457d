// Serves the files that the build listed: nothing else on disk can be reached through it.
import { ifNoneMatch } from "@std/http/etag";
import { buildId, CACHE_KEY } from "./build_id.ts";
import { INTERNAL } from "./context.ts";
import type { Middleware } from "./types.ts";

const YEAR = 31_536_000; // seconds

/** Middleware that serves static files and island code, and passes on what is neither. */
export function staticFiles<T>(): Middleware<T> {
  return async (ctx) => {
    const { req, url, config } = ctx;
    const file = ctx[INTERNAL].snapshot.files.get(decode(url.pathname));
    if (!file) {
      // Browsers ask for it unbidden: do not draw a page for that.
      return url.pathname === "/favicon.ico" ? new Response(null, { status: 404 }) : await ctx.next();
    }
    if (req.method !== "GET" && req.method !== "HEAD") {
      return new Response("Method Not Allowed", { status: 405, headers: { allow: "GET, HEAD" } });
    }

    const key = url.searchParams.get(CACHE_KEY);
    const isDev = config.mode === "development";
    if (key !== null && key !== buildId() && !isDev) {
      // A page of an older build: send what there is now, but not to be kept under the old key.
      const query = new URLSearchParams(url.search);
      query.delete(CACHE_KEY);
      const location = url.pathname + (query.size > 0 ? `?${query}` : "");
      return new Response(null, { status: 307, headers: { location, "cache-control": "no-cache" } });
    }

    const etag = `"${file.hash}"`;
    const headers = new Headers({ "content-type": file.type });
    if (isDev) headers.set("cache-control", "no-store");
    else {
      const isLocked = file.immutable || key !== null;
      headers.set("cache-control", isLocked ? `public, max-age=${YEAR}, immutable` : "no-cache");
      headers.set("etag", etag);
      if (!ifNoneMatch(req.headers.get("if-none-match"), etag)) {
        return new Response(null, { status: 304, headers });
      }
    }
    try {
      const { size, open } = await file.read();
      headers.set("content-length", String(size));
      return new Response(req.method === "HEAD" ? null : await open() as BodyInit, { headers });
    } catch (err) {
      if (!(err instanceof Deno.errors.NotFound)) throw err;
      return await ctx.next(); // deleted since the build
    }
  };
}

/** The path as a file name; a broken percent escape is no file's name. */
function decode(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return "";
  }
}
