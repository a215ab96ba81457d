/**
 * Places that were asked for, kept on disk with their age, so that nobody has to be asked twice.
 *
 * The file tells whom this machine talks to: it is for its owner alone (mode 0600) and holds a bounded number.
 */
import { LruCache } from "../../model/lru.ts";
import { normalizeAddress } from "../../model/address.ts";
import { type PartialPlace, placeFields } from "./fields.ts";

/** A place (null: the service does not know it) and when it was asked for, ms since 1970. */
export interface KeptPlace {
  at: number;
  fields: PartialPlace | null;
}

const FORMAT = "netpane-places-1";
/** Places kept; the ones not used for longest go. About 200 bytes each. */
export const MAX_KEPT = 10_000;
const MAX_FILE_BYTES = 16 << 20;

/** Reads the file into a cache; one that is missing or damaged gives an empty cache. */
export async function readPlaces(path: string, capacity = MAX_KEPT): Promise<LruCache<string, KeptPlace>> {
  const places = new LruCache<string, KeptPlace>(capacity);
  let content: unknown;
  try {
    if ((await Deno.stat(path)).size > MAX_FILE_BYTES) return places;
    content = JSON.parse(await Deno.readTextFile(path));
  } catch {
    return places;
  }
  const { format, places: rows } = (content ?? {}) as { format?: unknown; places?: unknown };
  if (format !== FORMAT || !Array.isArray(rows)) return places;
  for (const row of rows.slice(-capacity)) {
    const [address, at, fields] = Array.isArray(row) ? row : [];
    if (typeof address !== "string" || normalizeAddress(address) !== address) continue;
    if (typeof at !== "number" || !Number.isFinite(at)) continue;
    places.set(address, { at, fields: fields === null ? null : placeFields(fields) });
  }
  return places;
}

/** Writes the file whole, in the place of the old one. @throws When the folder cannot be written. */
export async function writePlaces(path: string, places: LruCache<string, KeptPlace>): Promise<void> {
  const rows = Array.from(places.entries(), ([address, { at, fields }]) => [address, at, fields]);
  const draft = `${path}.new`;
  await Deno.writeTextFile(draft, JSON.stringify({ format: FORMAT, places: rows }), { mode: 0o600 });
  await Deno.chmod(draft, 0o600); // a draft that was left lying keeps the mode it had
  await Deno.rename(draft, path);
}
