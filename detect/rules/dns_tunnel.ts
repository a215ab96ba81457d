/**
 * Data carried in DNS names and answers: iodine, dns2tcp, dnscat2, Cobalt Strike's DNS, exfiltration in names.
 *
 * Names under one registered domain are weighed by what they can carry, each different name once: information-weighted
 * heavy hitters (Ozery, Nadler, Shabtai: "Information Based Heavy Hitters for Real-Time DNS Data Exfiltration
 * Detection", 2023). A name that a resolver passes on is not new, so it is charged to who asked first. Two fading sums
 * decide, of a minute and of an hour: a tool in a hurry is told within seconds, a slow one by what it adds up to.
 */
import type { Observation } from "../../model/observation.ts";
import { bytesOfDigest, bytesOfNames, bytesOfRecord, shareOf, splitOfDigest } from "../carried.ts";
import type { AlertDesk } from "../alert_desk.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState, World } from "../contract.ts";
import { countText, Distinct, Fading } from "../distinct.ts";
import { type DnsEvent, hashText, type NameParts, nameParts, readDns } from "../dns_names.ts";
import { Recent } from "../recent.ts";
import { bytesText, spanText } from "../words.ts";

const MINUTE_US = 60e6;
const HOUR_US = 3600e6;
/** Domains watched; about 1 kB each. */
const MAX_DOMAINS = 4_096;
const MIXED = -1;
/** Clients of a domain that are told apart; the one that carried least makes room. */
const MAX_CLIENTS = 8;
const NAME_BITS = 4_096;
const ANSWER_BITS = 1_024;
/** First names of domains, by hash: only a second one makes a domain worth watching. */
const CANDIDATES = 16_384;
/** Names of sites drawn by chance, by hash with who asked: resolvers ask for them with a search list's suffix too. */
const ASKED = 4_096;
/** An answer may be as long as an address, a verification code or a short host name. Bytes. */
const FREE_ANSWER_BYTES = 24;
/** Shorter names than this, with answers that carry nothing, are passed over unread. */
const MIN_NAME_CHARS = 16;
/** Different names from which on sums are believed: within a minute, and within an hour. */
const MIN_NAMES = 8;
const MIN_NAMES_SLOW = 16;
/** All clients of a domain together are held to this many times the threshold of one. */
const TOGETHER = 3;
const MAX_SAMPLES = 3;
const MAX_SAMPLE_CHARS = 80;
const TELL_US = 250_000;
/** Clients whose alert waits to be told again. */
const MAX_WAITING = 256;
/** From here on a lot has gone out. */
const GRAVE_BYTES = 100_000;

/** Answers that can carry text. */
const CARRIERS = new Set(["TXT", "NULL", "CNAME", "MX", "SRV", "SPF", "KEY", "PTR", "NS", "HINFO", "DNAME"]);
/** Policies, keys and proofs of ownership: SPF, DKIM, DMARC, MTA-STS, `google-site-verification=` ... */
const KNOWN_TEXT = /^(?:v=|k=rsa|p=MI|MS=ms|[\w.-]{0,40}(?:verif|validation|challenge)[\w.-]{0,20}[=:])/i;

const OPTIONS = {
  bytesMinute: {
    default: 250,
    range: [50, 1_000_000],
    unit: "bytes",
    help: "Data that names and answers under one domain carry for one client, within about a minute",
  },
  bytesHour: {
    default: 500,
    range: [100, 10_000_000],
    unit: "bytes",
    help: "The same within about an hour",
  },
} satisfies Record<string, RuleOption>;

type Options = { [K in keyof typeof OPTIONS]: number };

export const dnsTunnel: RuleSpec<typeof OPTIONS> = {
  kind: "dns_tunnel",
  title: "Data carried in DNS names",
  category: "Exfiltration over DNS",
  severity: 2,
  signatureId: 1_900_120,
  attack: { id: "T1071.004", name: "Application Layer Protocol: DNS" },
  notices:
    "Many different names under one registered domain that are no words but data, or answers that carry it; each name counts once, by the bytes it can hold.",
  why:
    "DNS passes almost every firewall: tunnels (iodine, dns2tcp, dnscat2) and malware carry commands and stolen data in it.",
  fooled:
    "By data written in words, by names of an hour apart, by many registered domains in turn, and by DNS over TLS or HTTPS; to a quarter by what looks like a site's whole name (mail.com) between the data and the domain, as search lists make. Services asked by a hash in the name look alike and are known by name or by the hash's length, where they are not asked by 170 hashes an hour.",
  options: OPTIONS,
  observes: ["dns"],
  create: (context) => new DnsTunnel(context),
};

interface Client {
  address: string;
  minute: Fading;
  hour: Fading;
  /** Different names that carried something, likewise. */
  namesMinute: Fading;
  namesHour: Fading;
  /** Since it was first seen, without fading. */
  names: number;
  upBytes: number;
  downBytes: number;
  queries: number;
  firstUs: number;
  longestLabel: number;
  types: Map<string, number>;
  samples: string[];
  isTold: boolean;
  toldUs: number;
}

interface Domain {
  clients: Client[];
  names: Distinct;
  answers: Distinct;
  minute: Fading;
  hour: Fading;
  /** How digests in its names are cut into labels (`splitOfDigest`); 0 none yet, `MIXED` in several ways. */
  split: number;
  /** So many clients that each is one of a crowd. */
  isCrowded: boolean;
}

class DnsTunnel implements Rule {
  readonly #options: Readonly<Options>;
  readonly #desk: AlertDesk;
  readonly #world: World;
  readonly #domains = new Recent<string, Domain>(MAX_DOMAINS);
  readonly #candidates = new Uint32Array(CANDIDATES);
  readonly #asked = new Uint32Array(ASKED);
  #client = "";
  readonly #isAsked = (name: string) => this.#hasAsked(this.#client, name);
  /** Told too lately to be told again at once. */
  readonly #waiting = new Map<Client, () => void>();

  constructor({ options, desk, world }: RuleContext<Options>) {
    this.#options = options;
    this.#desk = desk;
    this.#world = world;
  }

  get state(): RuleState {
    return { entries: this.#domains.size, capacity: MAX_DOMAINS, evicted: this.#domains.evicted };
  }

  observation(observation: Observation): void {
    const event = readDns(observation);
    const carries = event.isAnswer && event.answers.length > 0 && hasCarrier(event.answers);
    if (!carries && event.name.length < MIN_NAME_CHARS) return;
    const parts = nameParts(event.name);
    if (parts.isGenerated && !event.isAnswer) this.#asks(event.client, parts.name);
    if (parts.sub === "") return;
    const domain = this.#domains.get(parts.domain);
    if (domain === undefined && !carries && parts.sub.length < MIN_NAME_CHARS / 2) return;
    this.#client = event.client;
    const share = shareOf(parts, this.#isAsked);
    if (share === 0) return;
    const hash = hashText(parts.sub);
    const names = bytesOfNames(parts.sub);
    const up = share * names;
    const down = carries ? share * bytesOfAnswers(event.answers, parts) : 0;
    if (domain === undefined && (up + down === 0 || !this.#isSecond(parts.domain, hash))) return;
    const watched = domain ?? this.#watch(parts.domain);
    this.#take(watched, event, {
      parts,
      hash,
      up: names > 0 && isCutDigest(watched, parts.sub) ? share * bytesOfDigest(names) : up,
      down,
      flowId: observation.flow.id,
    });
  }

  tick(): void {
    for (const tell of [...this.#waiting.values()]) tell();
  }

  close(): void {
    this.tick();
  }

  /** Whether another name of the domain was seen before: one alone says nothing, and there may be very many. */
  #isSecond(domain: string, hash: number): boolean {
    const slot = hashText(domain) & (CANDIDATES - 1);
    const first = this.#candidates[slot];
    this.#candidates[slot] = hash;
    return first !== 0 && first !== hash;
  }

  #asks(client: string, name: string): void {
    const hash = askedHash(client, name);
    this.#asked[hash & (ASKED - 1)] = hash;
  }

  #hasAsked(client: string, name: string): boolean {
    const hash = askedHash(client, name);
    return this.#asked[hash & (ASKED - 1)] === hash;
  }

  #watch(name: string): Domain {
    const domain: Domain = {
      clients: [],
      names: new Distinct(NAME_BITS),
      answers: new Distinct(ANSWER_BITS),
      minute: new Fading(),
      hour: new Fading(),
      split: 0,
      isCrowded: false,
    };
    this.#domains.set(name, domain);
    return domain;
  }

  #take(
    domain: Domain,
    event: DnsEvent,
    seen: { parts: NameParts; hash: number; up: number; down: number; flowId: number },
  ): void {
    const { parts, hash, up, down } = seen;
    const now = this.#world.clockUs;
    if (domain.names.fill > 0.75) domain.names.clear();
    if (domain.answers.fill > 0.75) domain.answers.clear();
    const known = domain.clients.find(({ address }) => address === event.client);
    const isNew = up > 0 || down > 0 ? domain.names.add(hash) : 0;
    const upBytes = isNew * up;
    let downBytes = 0;
    if (down > 0) {
      downBytes = Math.max(0, down - FREE_ANSWER_BYTES) * domain.answers.add(hashText(textOf(event.answers)));
    }
    if (upBytes + downBytes === 0) {
      if (known !== undefined && !event.isAnswer) {
        known.queries++;
        if (known.isTold) this.#tell(parts.domain, known, event, seen.flowId);
      }
      return;
    }
    const client = known ?? this.#admit(domain, event.client);
    if (!event.isAnswer) client.queries++;
    client.names += isNew;
    client.upBytes += upBytes;
    client.downBytes += downBytes;
    const type = event.type;
    if (client.types.size < 16 || client.types.has(type)) {
      client.types.set(type, (client.types.get(type) ?? 0) + 1);
    }
    if (isNew > 0) {
      for (const label of parts.sub.split(".")) {
        if (label.length > client.longestLabel) {
          client.longestLabel = Math.max(client.longestLabel, bytesOfRecord(label));
        }
      }
      if (client.samples.length < MAX_SAMPLES) client.samples.push(cut(parts.name));
    }
    const bytes = upBytes + downBytes;
    const { bytesMinute, bytesHour } = this.#options;
    const minute = client.minute.add(bytes, now, MINUTE_US);
    const hour = client.hour.add(bytes, now, HOUR_US);
    const names = client.namesMinute.add(isNew, now, MINUTE_US);
    const namesHour = client.namesHour.add(isNew, now, HOUR_US);
    const all = domain.minute.add(bytes, now, MINUTE_US);
    const allHour = domain.hour.add(bytes, now, HOUR_US);
    const isEnough = (minute >= bytesMinute && names >= MIN_NAMES) ||
      (hour >= bytesHour && namesHour >= MIN_NAMES_SLOW) ||
      (!domain.isCrowded && client.names >= MIN_NAMES &&
        (all >= TOGETHER * bytesMinute || allHour >= TOGETHER * bytesHour));
    if (isEnough) client.isTold = true;
    if (client.isTold) this.#tell(parts.domain, client, event, seen.flowId);
  }

  #admit(domain: Domain, address: string): Client {
    const client: Client = {
      address,
      minute: new Fading(),
      hour: new Fading(),
      namesMinute: new Fading(),
      namesHour: new Fading(),
      names: 0,
      upBytes: 0,
      downBytes: 0,
      queries: 0,
      firstUs: this.#world.timeUs,
      longestLabel: 0,
      types: new Map(),
      samples: [],
      isTold: false,
      toldUs: 0,
    };
    if (domain.clients.length >= MAX_CLIENTS) {
      domain.isCrowded = true;
      const now = this.#world.clockUs;
      let least = 0;
      domain.clients.forEach((one, i) => {
        if (one.hour.at(now, HOUR_US) < domain.clients[least].hour.at(now, HOUR_US)) least = i;
      });
      domain.clients.splice(least, 1);
    }
    domain.clients.push(client);
    return client;
  }

  #tell(domain: string, client: Client, event: DnsEvent, flowId: number): void {
    const { clockUs } = this.#world;
    const key = `${client.address} ${domain}`;
    if (clockUs - client.toldUs < TELL_US && this.#desk.has(key)) {
      if (!this.#waiting.has(client) && this.#waiting.size < MAX_WAITING) {
        const { server } = event;
        this.#waiting.set(client, () => this.#say(domain, client, server, flowId));
      }
      return;
    }
    if (client.toldUs > 0 && !this.#desk.has(key) && client.minute.at(clockUs, MINUTE_US) < 1) return;
    this.#say(domain, client, event.server, flowId);
  }

  #say(domain: string, client: Client, server: string, flowId: number): void {
    const { clockUs, timeUs } = this.#world;
    const key = `${client.address} ${domain}`;
    this.#waiting.delete(client);
    client.toldUs = clockUs;
    const seconds = Math.max((timeUs - client.firstUs) / 1e6, 0.001);
    const [up, down] = [Math.round(client.upBytes), Math.round(client.downBytes)];
    const carried = up >= down
      ? `about ${bytesText(up)} out${down > 0 ? ` and ${bytesText(down)} in` : ""}`
      : `about ${bytesText(down)} in${up > 0 ? ` and ${bytesText(up)} out` : ""}`;
    const names = Math.round(client.names);
    this.#desk.raise({
      key,
      source: client.address,
      target: server,
      targetPort: 53,
      flowId,
      firstUs: client.firstUs,
      count: Math.max(client.queries, names),
      severity: up + down >= GRAVE_BYTES ? 1 : 2,
      message: `${client.address} carries data in DNS: ${
        countText(client.names)
      } different names under ${domain} hold ${carried} within ${spanText(seconds)}`,
      evidence: {
        domain,
        queries: client.queries,
        distinct_names: names,
        bytes_up: up,
        bytes_down: down,
        bits_per_second: Math.round(8 * (up + down) / Math.max(seconds, 1)),
        record_types: Object.fromEntries(client.types),
        longest_label: client.longestLabel,
        names: [...client.samples],
      },
    });
  }
}

/** Whether a name is a digest in several labels, cut as all the domain's are: a service cuts them in one way. */
function isCutDigest(domain: Domain, sub: string): boolean {
  const split = splitOfDigest(sub);
  if (split === 0) return false;
  if (domain.split === 0) domain.split = split;
  else if (domain.split !== split) domain.split = MIXED;
  return domain.split === split;
}

function askedHash(client: string, name: string): number {
  return hashText(`${client} ${name}`);
}

function hasCarrier(answers: DnsEvent["answers"]): boolean {
  for (const { rrtype } of answers) if (CARRIERS.has(rrtype) || rrtype.startsWith("TYPE")) return true;
  return false;
}

/** Bytes that answers to a name carry: texts by their length, names only where they are the same owner's. */
function bytesOfAnswers(answers: DnsEvent["answers"], parts: NameParts): number {
  let bytes = 0;
  for (const { rrtype, rdata } of answers) {
    if (rdata === undefined) continue;
    if (
      rrtype === "TXT" || rrtype === "NULL" || rrtype === "SPF" || rrtype === "KEY" ||
      rrtype.startsWith("TYPE")
    ) {
      if (!KNOWN_TEXT.test(rdata)) bytes += bytesOfRecord(rdata);
    } else if (CARRIERS.has(rrtype)) {
      const target = rdata.toLowerCase();
      if (target.length > parts.domain.length && target.endsWith(`.${parts.domain}`)) {
        bytes += bytesOfNames(target.slice(0, -parts.domain.length - 1));
      }
    }
  }
  return bytes;
}

function textOf(answers: DnsEvent["answers"]): string {
  let text = "";
  for (const { rdata } of answers) if (rdata !== undefined) text += rdata;
  return text;
}

function cut(name: string): string {
  return name.length <= MAX_SAMPLE_CHARS ? name : `${name.slice(0, MAX_SAMPLE_CHARS - 1)}…`;
}
