/**
 * Who an address is, as far as routes and rows may ask: places, names, echo requests, and the HTTP status that fits
 * what went wrong.
 *
 * Nothing here sends a packet by itself: only a request does, or an option that says so (`--ipinfo`,
 * `--reverse-dns`).
 */
import { GeoIp } from "../enrich/geoip/geoip.ts";
import { domainName, LookUpError, Names } from "../enrich/names/names.ts";
import { DEFAULT_COUNT, MAX_COUNT, Pinger, PingError } from "../enrich/ping/pinger.ts";
import { normalizeAddress } from "../model/address.ts";
import type { PingReport } from "../model/protocol.ts";
import { addressKind } from "../model/special_ranges.ts";
import type { InterfaceInfo } from "../model/system.ts";
import type {
  GeoIpAnswer,
  PingAnswer,
  Place,
  PlaceSource,
  ResolveAnswer,
  WhoCounters,
} from "../model/who.ts";
import { integer, readParameters, text } from "./parameters.ts";
import { QueryError } from "./query_error.ts";

/** A question that has no answer, and the HTTP status that says why. */
export class AskError extends Error {
  override name = "AskError";
  constructor(
    readonly status: 400 | 404 | 409 | 413 | 415 | 429 | 502 | 503 | 504,
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

export interface WhoParts {
  geoip?: GeoIp;
  names?: Names;
  pinger?: Pinger;
}

const PING_STATUS: Record<PingError["code"], AskError["status"]> = {
  "bad-address": 400,
  "busy-target": 409,
  "busy": 429,
  "unavailable": 503,
  "no-route": 502,
  "lost": 504,
};
const LOOK_UP_STATUS: Record<LookUpError["code"], AskError["status"]> = {
  "busy": 429,
  "failed": 502,
  "no-server": 503,
  "timeout": 504,
};

const IP = text({ required: true, what: "an IP address", help: "An IP address", example: "192.0.2.7" });
export const GEOIP_PARAMETERS = { ip: IP };
export const RESOLVE_PARAMETERS = {
  domain: text({
    required: true,
    what: "a domain name or an IP address",
    help: "A domain name, or an IP address",
    example: "example.org",
  }),
};
export const PING_PARAMETERS = {
  ip: IP,
  count: integer({ min: 1, max: MAX_COUNT, fallback: DEFAULT_COUNT, help: "Echo requests, one a second" }),
};

export class Who {
  #geoip: GeoIp;
  #names: Names;
  #pinger: Pinger;

  /** Parts that are left out know nothing and send nothing. */
  constructor({ geoip, names, pinger }: WhoParts = {}) {
    this.#geoip = geoip ?? new GeoIp();
    this.#names = names ?? new Names();
    this.#pinger = pinger ?? new Pinger("Nothing is sent here");
  }

  // ------------------------------------------------------------ for rows: cheap, and never waiting

  /** ISO code of an address's country; "" where it has none or it is not known. */
  countryOf(address: string): string {
    return this.#geoip.placeOf(address)?.country ?? "";
  }

  /** Name by reverse DNS, where that is on and has been answered; else "". */
  reverseNameOf(address: string): string {
    return this.#names.reverseDns ? this.#names.nameOf(address) : "";
  }

  /** Where an address is and whose; null where that is not known. Do not change it. */
  placeOf(address: string): Place | null {
    return this.#geoip.placeOf(address);
  }

  /** Sources of places, with whom their licences want to be named. */
  sources(): PlaceSource[] {
    return this.#geoip.sources();
  }

  /** Name by reverse DNS that an earlier question brought, whoever asked it; "" without. Asks nobody by itself. */
  keptNameOf(address: string): string {
    return this.#names.nameOf(address);
  }

  // ------------------------------------------------------------ for routes

  /** `GET /api/geoip`: `ip`. @throws QueryError */
  async geoip(parameters: URLSearchParams): Promise<GeoIpAnswer> {
    const text = readParameters(GEOIP_PARAMETERS, parameters).ip;
    const ip = normalizeAddress(text);
    if (ip === null) throw new QueryError("ip", `"${text}" is no IP address`);
    const found = await this.#geoip.find(ip);
    const special = found?.special ?? null;
    return {
      ts: Date.now(),
      ip,
      kind: addressKind(ip)!,
      special: special && { prefix: special.prefix, name: special.name, source: special.source },
      place: found?.place ?? null,
      databases: this.#geoip.sources(),
    };
  }

  /** Names of an address by reverse DNS, asked now; or why there is none. */
  async reverse(ip: string): Promise<{ names: string[]; error: string }> {
    try {
      const { records, rcode } = await this.#names.resolve(ip);
      const names = records.filter(({ type }) => type === "PTR").map(({ data }) => data.replace(/\.$/, ""));
      return {
        names,
        error: names.length > 0 ? "" : rcode === "NXDOMAIN" ? "It has no name (NXDOMAIN)" : "It has no name",
      };
    } catch (error) {
      if (!(error instanceof LookUpError)) throw error;
      return { names: [], error: error.message };
    }
  }

  /** `GET /api/resolve`: `domain`, a name or an address. @throws QueryError, AskError */
  async resolve(parameters: URLSearchParams): Promise<ResolveAnswer> {
    const text = readParameters(RESOLVE_PARAMETERS, parameters).domain;
    const domain = normalizeAddress(text) ?? domainName(text);
    if (domain === null) throw new QueryError("domain", `"${text}" is no domain name and no IP address`);
    try {
      return await this.#names.resolve(domain);
    } catch (error) {
      if (!(error instanceof LookUpError)) throw error;
      throw new AskError(LOOK_UP_STATUS[error.code], error.message, "domain");
    }
  }

  /** `GET /api/ping`: `ip`, `count`. @throws QueryError, AskError */
  async ping(parameters: URLSearchParams): Promise<PingAnswer> {
    const { ip, count } = readParameters(PING_PARAMETERS, parameters);
    try {
      return await this.#pinger.ping(ip, count);
    } catch (error) {
      if (!(error instanceof PingError)) throw error;
      throw new AskError(PING_STATUS[error.code], error.message, "ip");
    }
  }

  counters(): WhoCounters {
    return {
      geoip: this.#geoip.counters(),
      names: this.#names.counters(),
      ping: this.#pinger.counters(),
    };
  }

  // ------------------------------------------------------------ for the engine

  /** As `Pinger.connect()`. */
  connectPing(...how: Parameters<Pinger["connect"]>): void {
    this.#pinger.connect(...how);
  }

  applyPing(report: PingReport): void {
    this.#pinger.apply(report);
  }

  applyInterfaces(interfaces: InterfaceInfo[]): void {
    this.#pinger.setInterfaces(interfaces);
  }

  /** Writes what is to be kept. */
  async close(): Promise<void> {
    await this.#geoip.close();
  }
}
