// From method and path to a handler: a Map for literal paths, URLPattern for the rest.
import type { Method } from "./types.ts";

/** Every method a route can have. */
export const METHODS: readonly Method[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** What the router knows about one request. */
export interface Match<T> {
  /** Handler of the route, or `null`. */
  item: T | null;
  /** Pattern that matched, also when the method did not. */
  pattern: string | null;
  /** Parameters, decoded, `""` if absent; `null` when a percent escape among them is not UTF-8. */
  params: Record<string, string> | null;
  /** Methods of the matched route, for the Allow header. */
  allowed: string[];
}

interface Entry<T> {
  pattern: string;
  matcher: URLPattern | null;
  items: Map<Method, T>;
}

const PATTERN_CHARS = /[*:{}+?()]/;

/** Finds the handler of a request. The first one registered for a pattern and method wins. */
export class Router<T> {
  #literal = new Map<string, Entry<T>>();
  #patterns: Entry<T>[] = [];

  /** Registers `item` for the methods of one path or URL pattern. */
  add(methods: Iterable<Method>, pattern: string, item: T): void {
    let entry = this.#literal.get(pattern) ?? this.#patterns.find((e) => e.pattern === pattern);
    if (!entry) {
      const isPattern = PATTERN_CHARS.test(pattern);
      entry = {
        pattern,
        matcher: isPattern ? new URLPattern({ pathname: pattern }) : null,
        items: new Map(),
      };
      if (isPattern) this.#patterns.push(entry);
      else this.#literal.set(pattern, entry);
    }
    for (const method of methods) {
      if (!entry.items.has(method)) entry.items.set(method, item);
    }
  }

  /** Finds what answers `method` on `pathname`; literal paths come before patterns. */
  match(method: string, pathname: string): Match<T> {
    const other = pathname.endsWith("/") ? pathname.slice(0, -1) : pathname + "/";
    const entry = this.#literal.get(pathname) ?? this.#literal.get(other);
    if (entry) return result(entry, method, {});
    for (const entry of this.#patterns) {
      const found = entry.matcher!.exec({ pathname });
      if (found) return result(entry, method, found.pathname.groups);
    }
    return { item: null, pattern: null, params: {}, allowed: [] };
  }
}

function result<T>(
  { items, pattern }: Entry<T>,
  method: string,
  groups: Record<string, string | undefined>,
): Match<T> {
  const item = items.get(method as Method) ?? (method === "HEAD" ? items.get("GET") : undefined);
  return { item: item ?? null, pattern, params: decode(groups), allowed: [...items.keys()] };
}

function decode(groups: Record<string, string | undefined>): Record<string, string> | null {
  const params: Record<string, string> = Object.create(null);
  try {
    // decodeURI() keeps %2F as it is, so a parameter never grows a slash that the path did not have.
    for (const [name, value] of Object.entries(groups)) params[name] = decodeURI(value ?? "");
    return params;
  } catch {
    return null;
  }
}
