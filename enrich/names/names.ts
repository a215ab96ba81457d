/**
 * What hosts are called (`get_hostname`, `resolve_domain`), by asking name servers: when somebody asks, or for every
 * address seen where `--reverse-dns` is on. Never otherwise: a question tells the name server who is being watched.
 *
 * Questions are bounded in number, answers are kept as long as they say (within bounds), failures for a while too.
 */
import { domainToASCII } from "node:url";
import { parseAddress } from "../../model/address.ts";
import { LruCache } from "../../model/lru.ts";
import { bareAddress, specialRange } from "../../model/special_ranges.ts";
import type { DnsRecord, NamesCounters, ResolveAnswer } from "../../model/who.ts";
import { DnsClient, type DnsClientOptions, DnsError, type ServedReply } from "./dns_client.ts";
import { type RecordTypeName, reverseName } from "./dns_message.ts";

/** Questions under way at once. */
const MAX_RUNNING = 8;
/** Questions waiting. */
const MAX_WAITING = 512;
/** Answers kept, to one question each. */
const MAX_KEPT = 16_384;
/** Bounds of how long answers are kept, seconds, whatever they say. */
const LEAST_TTL = 30;
const MOST_TTL = 86_400;
/** As above for "no such name". */
const LEAST_NEGATIVE_TTL = 60;
const MOST_NEGATIVE_TTL = 3_600;
/** Where no server answered. */
const FAILED_TTL = 30;
/** What is asked about a name; the first one tells whether there is such a name at all. */
const TYPES: RecordTypeName[] = ["A", "AAAA", "CNAME", "MX", "TXT", "NS", "SOA", "CAA"];
/** Names of services have this too, RFC 2782. */
const SERVICE_TYPES: RecordTypeName[] = [...TYPES, "SRV"];
/** Special ranges that hosts of a local network have. */
const LOCAL_KINDS = ["private", "shared"];

export interface NamesOptions extends DnsClientOptions {
  /** Whether names are looked up without being asked for. @default {false} */
  reverseDns?: boolean;
  clock?: () => number;
}

/** Why a look-up has no answer. */
export class LookUpError extends Error {
  override name = "LookUpError";
  constructor(
    /** `busy`: too many at once; `failed`: the servers said so; `timeout`, `no-server`. */
    readonly code: "busy" | "failed" | "timeout" | "no-server",
    message: string,
  ) {
    super(message);
  }
}

interface KeptAnswer {
  until: number;
  /** Null where no server answered: `error` says why. */
  served: ServedReply | null;
  error: DnsError | null;
}

export class Names {
  /** Whether names are looked up without being asked for. */
  readonly reverseDns: boolean;
  #client: DnsClient;
  #clock: () => number;
  #kept = new LruCache<string, KeptAnswer>(MAX_KEPT);
  /** One question is asked once, however many wait for it. */
  #asking = new Map<string, Promise<KeptAnswer>>();
  #running = 0;
  #queue: (() => void)[] = [];
  #refused = 0;

  constructor({ reverseDns = false, clock = Date.now, ...client }: NamesOptions = {}) {
    this.reverseDns = reverseDns;
    this.#clock = clock;
    this.#client = new DnsClient(client);
  }

  /**
   * The name of an address, as far as it is known now; "" where it is not. With `--reverse-dns` an address not known yet
   * is looked up meanwhile.
   */
  nameOf(address: string): string {
    const bytes = bareAddress(address);
    if (bytes === null) return "";
    const name = reverseName(bytes);
    const kept = this.#kept.peek(`PTR ${name}`);
    if (this.reverseDns && (kept === undefined || kept.until <= this.#clock())) {
      const special = specialRange(bytes);
      if (special === null || LOCAL_KINDS.includes(special.kind)) this.#ask(name, "PTR").catch(() => {}); // told by the counters
    }
    return kept?.served?.reply.records.find(({ type }) => type === "PTR")?.data ?? "";
  }

  /**
   * All that DNS has about a name; of an address, its PTR records.
   *
   * @param domain As `domainName()` gives it, or an address.
   * @throws LookUpError
   */
  async resolve(domain: string): Promise<ResolveAnswer> {
    const began = performance.now();
    const address = parseAddress(domain);
    const name = address === null ? domain : reverseName(address);
    const types = address !== null ? ["PTR"] as const : name.startsWith("_") ? SERVICE_TYPES : TYPES;
    const answer: ResolveAnswer = {
      ts: Date.now(),
      domain,
      rcode: "",
      records: [],
      errors: [],
      server: "",
      took_ms: 0,
      cached: true,
    };
    // The first alone: where there is no such name, or no server, the others need not be asked.
    await this.#collect(answer, name, types[0]);
    if (answer.rcode === "" && answer.errors.length > 0) throw lookUpError(answer.errors[0], domain);
    if (answer.rcode !== "NXDOMAIN") {
      await Promise.all(types.slice(1).map((type) => this.#collect(answer, name, type)));
    }
    answer.records = unique(answer.records);
    answer.took_ms = Math.round(10 * (performance.now() - began)) / 10;
    return answer;
  }

  counters(): NamesCounters {
    return {
      reverse_dns: this.reverseDns,
      cache: this.#kept.counters(),
      running: this.#running,
      waiting: this.#queue.length,
      ...this.#client.counters,
      refused: this.#refused,
    };
  }

  async #collect(answer: ResolveAnswer, name: string, type: RecordTypeName): Promise<void> {
    const key = `${type} ${name}`;
    const known = this.#kept.get(key);
    const isFresh = known !== undefined && known.until > this.#clock();
    if (!isFresh) answer.cached = false;
    const { served, error } = isFresh ? known : await this.#ask(name, type);
    if (served === null) {
      answer.errors.push({ type, error: error!.code === "bad-name" ? "unreachable" : error!.code });
      return;
    }
    const { rcode, records } = served.reply;
    answer.server = served.server.address;
    if (rcode !== "NOERROR" && rcode !== "NXDOMAIN") {
      answer.errors.push({ type, error: rcode });
      return;
    }
    if (answer.rcode !== "NXDOMAIN") answer.rcode = rcode;
    answer.records.push(...records);
  }

  /** @throws LookUpError When there are too many questions. */
  #ask(name: string, type: RecordTypeName): Promise<KeptAnswer> {
    const key = `${type} ${name}`;
    const under = this.#asking.get(key);
    if (under !== undefined) return under;
    if (this.#queue.length >= MAX_WAITING) {
      this.#refused++;
      return Promise.reject(
        new LookUpError(
          "busy",
          `${MAX_WAITING} questions are waiting, which is the ceiling; try again later`,
        ),
      );
    }
    const asking = this.#inTurn(async () => {
      const kept = await this.#fetch(name, type);
      this.#kept.set(key, kept);
      return kept;
    }).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #fetch(name: string, type: RecordTypeName): Promise<KeptAnswer> {
    try {
      const served = await this.#client.ask(name, type);
      return { until: this.#clock() + 1000 * secondsToKeep(served), served, error: null };
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      return { until: this.#clock() + 1000 * FAILED_TTL, served: null, error };
    }
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    if (this.#running >= MAX_RUNNING) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#running++; // whoever is let in from the queue takes the place of the one before
    try {
      return await act();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/**
 * A domain name in the letters that DNS has: lower case, international names as `xn--`, without a dot at the end.
 *
 * @returns `null` for what is no name (RFC 1035 §2.3.1, with underscores as RFC 2782 wants them).
 */
export function domainName(text: string): string | null {
  const bare = text.trim().replace(/\.$/, "").toLowerCase();
  const isAscii = /^[\x21-\x7e]*$/.test(bare);
  const name = isAscii ? bare : domainToASCII(bare);
  if (name.length === 0 || name.length > 253) return null;
  return name.split(".").every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))
    ? name
    : null;
}

function secondsToKeep({ reply }: ServedReply): number {
  if (reply.rcode !== "NOERROR" && reply.rcode !== "NXDOMAIN") return FAILED_TTL;
  if (reply.records.length === 0) {
    return Math.min(Math.max(reply.negativeTtl, LEAST_NEGATIVE_TTL), MOST_NEGATIVE_TTL);
  }
  const ttl = Math.min(...reply.records.map((record) => record.ttl));
  return Math.min(Math.max(ttl, LEAST_TTL), MOST_TTL);
}

function unique(records: DnsRecord[]): DnsRecord[] {
  const seen = new Map(records.map((record) => [`${record.name} ${record.type} ${record.data}`, record]));
  return [...seen.values()];
}

function lookUpError({ error }: { error: string }, domain: string): LookUpError {
  switch (error) {
    case "timeout":
      return new LookUpError("timeout", `No name server answered for "${domain}" in time`);
    case "no-server":
      return new LookUpError("no-server", "The system has no name server: see /etc/resolv.conf");
    case "unreachable":
    case "malformed":
      return new LookUpError("failed", `No name server could be asked for "${domain}" (${error})`);
    default:
      return new LookUpError("failed", `The name servers failed for "${domain}" (${error})`);
  }
}
