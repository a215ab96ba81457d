/**
 * Where addresses are (`get_geoip_info`): from files on this machine, and from ipinfo.io where that was switched on.
 *
 * `placeOf()` is cheap enough to be asked for each row of a table each second: it answers from a cache, else from
 * memory, and never waits.
 */
import { fileURLToPath } from "node:url";
import { formatIpv4, formatIpv6 } from "../../model/address.ts";
import { LruCache } from "../../model/lru.ts";
import { bareAddress, type SpecialRange, specialRange } from "../../model/special_ranges.ts";
import type { GeoIpCounters, Place, PlaceSource } from "../../model/who.ts";
import { GeoDataError, type PlaceData, PlaceDatabase } from "./database.ts";
import { mergePlaces, type PartialPlace } from "./fields.ts";
import type { Ipinfo } from "./ipinfo.ts";
import { NetworkTable } from "./network_table.ts";

/**
 * The country database that comes from npm (GeoFeed, WHOIS and AS data; CC0, with data of the NRO under CC BY 4.0).
 * Relative to this file it is found in the project and inside a compiled program alike.
 */
const COUNTRIES = new URL(
  "../../node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb",
  import.meta.url,
);
const COUNTRIES_CREDIT = "Countries: NRO (https://www.nro.net), CC BY 4.0";
/** Networks and whose they are, packed from `@ip-location-db/asn`. */
const NETWORKS = new URL("../../assets/networks.gz", import.meta.url);
const NETWORKS_CREDIT = "Networks: RouteViews (https://www.routeviews.org), DB-IP (https://db-ip.com), NRO " +
  "(https://www.nro.net), CC BY 4.0";

/** Addresses kept: more than a busy machine talks to in an hour; about 490 bytes each. */
const CACHED_PLACES = 16_384;

/** What is off with one source. */
export interface GeoIpProblem {
  /** Stable, `geoip:` and the source. */
  id: string;
  message: string;
  hint: string;
}

/** What an address is. */
export interface Whereabouts {
  special: SpecialRange | null;
  place: Place | null;
}

/** Remembered; with `recheckAt` (monotonic clock, ms) where ipinfo.io has not answered yet, 0 for good. */
interface Remembered {
  whereabouts: Whereabouts;
  recheckAt: number;
}

/** What ipinfo.io has not answered is looked for again after this time. */
const RECHECK_MS = 3_000;

const NOWHERE: Whereabouts = { special: null, place: null };

export class GeoIp {
  #databases: PlaceData[] = [];
  #ipinfo: Ipinfo | null;
  #cache: LruCache<string, Remembered>;
  #special = 0;
  #loaded = false;
  #loading: Promise<unknown> | null = null;

  /** @param ipinfo Null: nobody outside is asked. */
  constructor(
    { ipinfo = null, capacity = CACHED_PLACES }: { ipinfo?: Ipinfo | null; capacity?: number } = {},
  ) {
    this.#ipinfo = ipinfo;
    this.#cache = new LruCache(capacity);
  }

  /**
   * Reads the files; until it is done nothing is known.
   *
   * @param files Paths of MMDB files, asked in this order after the data that comes with Netpane: what a later one
   *   says replaces what an earlier one said.
   * @returns What could not be read; the rest is used.
   */
  async load(files: string[]): Promise<GeoIpProblem[]> {
    const loading = this.#load(files);
    this.#loading = loading.catch(() => {});
    return await loading;
  }

  /** Asks these from now on, and forgets what others said. */
  use(databases: PlaceData[]): void {
    this.#databases = databases;
    this.#cache.clear();
    this.#loaded = true;
  }

  /** Whether the files have been read; before, `null` means nothing. */
  get isLoaded(): boolean {
    return this.#loaded;
  }

  /** Where an address is; `null` where that is not known, and for special ranges. Do not change it. */
  placeOf(address: string): Place | null {
    return this.lookUp(address)?.place ?? null;
  }

  /** As `placeOf`, with the special range an address is in; `null` for what is no address. */
  lookUp(address: string): Whereabouts | null {
    const known = this.#cache.get(address);
    if (known !== undefined && (known.recheckAt === 0 || performance.now() < known.recheckAt)) {
      return known.whereabouts;
    }
    const bytes = bareAddress(address);
    if (bytes === null) return null;
    if (!this.#loaded) return { special: specialRange(bytes), place: null };
    const found = this.#find(bytes);
    this.#cache.set(address, found);
    return found.whereabouts;
  }

  /** As `lookUp`, but waits for the files where they are being read, and for ipinfo.io where it is on. */
  async find(address: string): Promise<Whereabouts | null> {
    const bytes = bareAddress(address);
    if (bytes === null) return null;
    await this.#loading;
    if (this.#ipinfo !== null && specialRange(bytes) === null) {
      await this.#ipinfo.find(textOf(bytes));
      this.#cache.delete(address);
    }
    return this.lookUp(address);
  }

  sources(): PlaceSource[] {
    const sources = this.#databases.map(({ source }) => source);
    if (this.#ipinfo !== null) {
      sources.push({ name: "ipinfo", type: "service", built: 0, size: 0, credit: "ipinfo.io" });
    }
    return sources;
  }

  counters(): GeoIpCounters {
    return {
      databases: this.sources(),
      cache: this.#cache.counters(),
      special: this.#special,
      damaged: this.#databases.reduce((sum, { damaged }) => sum + damaged, 0),
      ipinfo: this.#ipinfo?.counters() ?? null,
    };
  }

  /** Writes what ipinfo.io said and is to be kept. */
  async close(): Promise<void> {
    await this.#ipinfo?.close();
  }

  async #load(files: string[]): Promise<GeoIpProblem[]> {
    const problems: GeoIpProblem[] = [];
    const databases: PlaceData[] = [];
    const add = async (id: string, open: Promise<PlaceData>, hint?: string) => {
      try {
        databases.push(await open);
      } catch (error) {
        if (!(error instanceof GeoDataError)) throw error;
        problems.push({ id: `geoip:${id}`, message: error.message, hint: hint ?? error.hint });
      }
    };
    const reinstall = "Run ./netpane start again: it installs the npm packages";
    await add("countries", PlaceDatabase.open(fileURLToPath(COUNTRIES), COUNTRIES_CREDIT), reinstall);
    await add("networks", NetworkTable.open(fileURLToPath(NETWORKS), NETWORKS_CREDIT));
    for (const [i, path] of files.entries()) await add(String(i), PlaceDatabase.open(path));
    await this.#ipinfo?.load();
    this.use(databases);
    return problems;
  }

  #find(bytes: Uint8Array): Remembered {
    const special = specialRange(bytes);
    if (special !== null) {
      this.#special++;
      return { whereabouts: { special, place: null }, recheckAt: 0 };
    }
    const address = textOf(bytes);
    let place: Place | null = null;
    for (const database of this.#databases) {
      place = mergePlaces(place, database.get(address, bytes), database.source.name);
    }
    const asked: PartialPlace | null | undefined = this.#ipinfo === null ? null : this.#ipinfo.get(address);
    if (asked) place = mergePlaces(place, asked, "ipinfo");
    return {
      whereabouts: place === null ? NOWHERE : { special: null, place },
      recheckAt: asked === undefined ? performance.now() + RECHECK_MS : 0,
    };
  }
}

function textOf(bytes: Uint8Array): string {
  return bytes.length === 4 ? formatIpv4(bytes) : formatIpv6(bytes);
}
