/**
 * What routes, components and islands may use on both sides, server and browser.
 *
 * @module
 */
import type { ComponentChildren, VNode } from "preact";
import { buildId, CACHE_KEY } from "./build_id.ts";

export { HttpError } from "./error.ts";
export { Head, type HeadProps } from "./head.ts";

/** `true` in the browser, `false` while the server draws. */
export const IS_BROWSER: boolean = typeof document !== "undefined";

/**
 * Adds the build id to the URL of a static file, so that browsers may keep the file for a year.
 *
 * @param path Path on this origin; anything else is given back as it is.
 */
export function asset(path: string): string {
  if (!path.startsWith("/") || path.startsWith("//")) return path;
  const [, before, query, hash] = path.match(/^([^?#]*)(\?[^#]*)?(#.*)?$/s)!;
  if (new URLSearchParams(query).has(CACHE_KEY)) return path;
  return `${before}${query ? `${query}&` : "?"}${CACHE_KEY}=${buildId()}${hash ?? ""}`;
}

/** {@linkcode asset} for each URL of a `srcset` attribute. */
export function assetSrcSet(srcset: string): string {
  if (srcset.includes("(")) return srcset; // not a plain list
  return srcset.replace(/(^|,)(\s*)([^\s,]+)/g, (_, comma, space, url) => comma + space + asset(url));
}

/** Props of {@linkcode Partial}. */
export interface PartialProps {
  children?: ComponentChildren;
  name: string;
  mode?: "replace" | "prepend" | "append";
}

/** Left out of the local package: pages are drawn whole, so it only draws its children. */
export function Partial(props: PartialProps): VNode {
  return props.children as VNode;
}
