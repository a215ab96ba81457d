/** One MMDB file, read whole into memory and asked for addresses. */
import { Buffer } from "node:buffer";
import { basename } from "node:path";
import { Reader, type Response } from "mmdb-lib";
import { LruCache } from "../../model/lru.ts";
import type { PlaceSource } from "../../model/who.ts";
import { type PartialPlace, placeFields } from "./fields.ts";

/** The largest that are sold have some 400 MB; what is larger is no such file. */
const MAX_FILE_BYTES = 512 << 20;
/** Decoded entries kept: many addresses share one (a country, a network). */
const DECODED_ENTRIES = 1_024;

/** Why a file gives no places, in words a person can act on. */
export class GeoDataError extends Error {
  override name = "GeoDataError";
  hint: string;
  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}

/** What `GeoIp` asks: this, or the table of networks. */
export interface PlaceData {
  readonly source: PlaceSource;
  /** Look-ups that ended in a damaged part. */
  readonly damaged: number;
  /**
   * What it has about an address.
   *
   * @param address Text as `model/address.ts` writes it.
   * @param bytes The same, 4 or 16 bytes.
   */
  get(address: string, bytes: Uint8Array): PartialPlace;
}

export class PlaceDatabase implements PlaceData {
  readonly source: PlaceSource;
  /** Look-ups that ended in a damaged part of the file. */
  damaged = 0;
  #reader: Reader<Response>;
  #ipVersion: number;

  private constructor(source: PlaceSource, reader: Reader<Response>) {
    this.source = source;
    this.#reader = reader;
    this.#ipVersion = reader.metadata.ipVersion;
  }

  /**
   * Reads a file.
   *
   * @throws GeoDataError When it is not there, may not be read, or is no MMDB.
   */
  static async open(path: string, credit = ""): Promise<PlaceDatabase> {
    const name = basename(path);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      const { size } = await Deno.stat(path);
      if (size > MAX_FILE_BYTES) {
        throw new GeoDataError(`"${path}" has ${size} bytes, more than an MMDB file has`, HINT_FORMAT);
      }
      bytes = await Deno.readFile(path);
    } catch (error) {
      if (error instanceof GeoDataError) throw error;
      throw new GeoDataError(`"${path}" cannot be read: ${reason(error)}`, hintFor(error), error);
    }
    return PlaceDatabase.parse(bytes, name, credit);
  }

  /**
   * A database from the bytes of a file, which it keeps.
   *
   * @throws GeoDataError
   */
  static parse(bytes: Uint8Array<ArrayBuffer>, name: string, credit = ""): PlaceDatabase {
    const decoded = new LruCache<number | string, unknown>(DECODED_ENTRIES);
    // deno-lint-ignore no-explicit-any -- the library's cache is typed for its own cursors
    const cache = decoded as any;
    try {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const reader = new Reader<Response>(buffer, { cache });
      const { nodeCount, searchTreeSize, ipVersion, databaseType, buildEpoch } = reader.metadata;
      if (!(nodeCount > 0 && searchTreeSize + 16 < bytes.length && (ipVersion === 4 || ipVersion === 6))) {
        throw new Error("its parts do not fit in it");
      }
      const built = buildEpoch.getTime();
      return new PlaceDatabase({
        name,
        type: String(databaseType ?? "").slice(0, 64),
        built: Number.isFinite(built) ? built : 0,
        size: bytes.length,
        credit,
      }, reader);
    } catch (error) {
      throw new GeoDataError(
        `"${name}" is no MMDB file, or a damaged one: ${reason(error)}`,
        HINT_FORMAT,
        error,
      );
    }
  }

  /**
   * What the file has about an address.
   *
   * @param address Text as `model/address.ts` writes it.
   */
  get(address: string): PartialPlace {
    if (this.#ipVersion === 4 && address.includes(":")) return {};
    try {
      return placeFields(this.#reader.get(address));
    } catch {
      this.damaged++;
      return {};
    }
  }
}

const HINT_FORMAT =
  "Give files in the MaxMind DB format (.mmdb) from MaxMind, DB-IP, IPinfo or ip-location-db";

function hintFor(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "Check the path after --geoip";
  if (error instanceof Deno.errors.NotCapable) {
    return "Run ./netpane start --geoip FILE, which grants just that file";
  }
  return "Check who may read the file";
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.NotCapable) return "reading it was not granted";
  return error instanceof Error ? error.message : String(error);
}
