/** Cuts a list of shares to what a ring and its legend can show; what is left over becomes one honest rest. */
import type { Share } from "../model/api.ts";

/** Slices shown beside the rest. */
export const MAX_SLICES = 6;

/** The largest `MAX_SLICES` as they are, and the sum of the others as `other`; empty slices are left out. */
export function foldShares(shares: Share[]): Share[] {
  const some = shares.filter((s) => s.bytes > 0 && s.label !== "other").sort((a, b) => b.bytes - a.bytes);
  const rest = [...some.slice(MAX_SLICES), ...shares.filter((s) => s.label === "other" && s.bytes > 0)];
  if (rest.length === 0) return some;
  const bytes = rest.reduce((sum, s) => sum + s.bytes, 0);
  const share = rest.reduce((sum, s) => sum + s.share, 0);
  return [...some.slice(0, MAX_SLICES), { label: "other", bytes, share }];
}

/** Filter words that find what `value` names under `key`: each word of the value by itself, as all must match. */
export function filterFor(key: string, value: string): string {
  return value.split(/\s+/).filter((word) => word !== "").map((word) => `${key}:${word}`).join(" ");
}
