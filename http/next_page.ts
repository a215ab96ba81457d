/** Where to go after signing in: a path of ours and nothing else, so that no link can lead on to another site. */

/** The base is never asked: it only shows whether a path stays where it is. */
const BASE = "http://netpane.invalid";
const MAX_CHARACTERS = 2048;

/** `next` as path and query of ours; "/" for everything else. */
export function safeNext(next: string | null): string {
  if (next === null || next.length > MAX_CHARACTERS) return "/";
  // Browsers read a backslash as a slash, and drop tabs and line ends: "/\t/evil.example" is another site's.
  // deno-lint-ignore no-control-regex
  if (!next.startsWith("/") || /^\/[/\\]|[\\\x00-\x1f\x7f]/.test(next)) return "/";
  if (!URL.canParse(next, BASE)) return "/";
  const url = new URL(next, BASE);
  if (url.origin !== BASE || url.pathname.startsWith("//")) return "/";
  if (["/login", "/logout"].includes(url.pathname)) return "/";
  url.searchParams.delete("token");
  url.searchParams.delete("key");
  return url.pathname + url.search;
}
