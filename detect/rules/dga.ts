/**
 * Domains made by an algorithm: malware that looks for its master under hundreds of names, of which one is registered.
 *
 * A client's failed look-ups are summed by different registered labels, each weighed by whether its letters look drawn
 * by chance and by its length (see `letters.ts`), in two fading sums. Names put together from words are told by their
 * number alone, where most of all a client asks for fails.
 */
import type { Observation } from "../../model/observation.ts";
import type { AlertDesk } from "../alert_desk.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState, World } from "../contract.ts";
import { countText, Distinct, Fading } from "../distinct.ts";
import { type DnsEvent, HOME_SUFFIX, type NameParts, nameParts, readDns } from "../dns_names.ts";
import { MIN_JUDGED_LETTERS } from "../letters.ts";
import { Recent } from "../recent.ts";
import { spanText } from "../words.ts";

const BURST_US = 300e6;
const LONG_US = 6 * 3600e6;
/** Clients watched; made with the first failed look-up of one. */
const MAX_CLIENTS = 8_192;
/** Servers known to answer, and labels with who asked for them first. */
const MAX_SERVERS = 2_048;
const MAX_ASKED = 16_384;
const LABEL_BITS = 2_048;
/** Labels of this length and more count in full: short ones are abbreviations now and then. */
const FULL_WEIGHT_LETTERS = 12;
/** Of all that fails, so much must look generated: when a resolver fails, ordinary names fail. */
const MIN_GENERATED_SHARE = 0.4;
/** Names of words: failed ones by those that exist. */
const MIN_FAILED_TO_FOUND = 3;
const MAX_SAMPLES = 12;
const MAX_SAMPLE_CHARS = 80;
const TELL_US = 250_000;
/** Clients whose alert waits to be told again. */
const MAX_WAITING = 256;

/** What programs ask to connect somewhere; mail servers check senders and lists by other types. */
const ADDRESS_TYPES = new Set(["A", "AAAA", "HTTPS", "SVCB"]);
/** Where a policy, not the registry, may be what says no: counted for names that look generated only. */
const REFUSALS = new Set(["SERVFAIL", "REFUSED"]);
/** Addresses by which filters say that a name shall not exist. */
const SINKHOLES = new Set(["0.0.0.0", "127.0.0.1", "::", "::1"]);
const LONGEST_SINKHOLE = 9;
const OPTIONS = {
  names: {
    default: 8,
    range: [3, 1000],
    unit: "names",
    help:
      "Different generated-looking domains (of full length) that failed for one client within about 5 minutes",
  },
  namesLong: {
    default: 25,
    range: [5, 10_000],
    unit: "names",
    help: "The same within about 6 hours",
  },
  anyNames: {
    default: 40,
    range: [10, 10_000],
    unit: "names",
    help:
      "Different domains of any look that failed within about 5 minutes, three times as many as were found",
  },
} satisfies Record<string, RuleOption>;

type Options = { [K in keyof typeof OPTIONS]: number };

export const dga: RuleSpec<typeof OPTIONS> = {
  kind: "dga",
  title: "Look-ups of generated domains",
  category: "Domain generation algorithm",
  severity: 2,
  signatureId: 1_900_121,
  attack: { id: "T1568.002", name: "Dynamic Resolution: Domain Generation Algorithms" },
  notices:
    "Bursts of failed look-ups of different registered domains whose letters look drawn by chance, or of very many of any kind where most of what a host asks for fails.",
  why:
    "Malware finds its master by trying names that an algorithm makes each day: a host that does so is infected.",
  fooled:
    "By short or pronounceable names, by few tries an hour, by names that all exist, and by DNS over HTTPS. A mail server or a crawler of dead links can look alike.",
  options: OPTIONS,
  observes: ["dns"],
  create: (context) => new Dga(context),
};

interface Client {
  failed: Distinct;
  found: Distinct;
  generated: Fading;
  generatedLong: Fading;
  anyFailed: Fading;
  anyFailedLong: Fading;
  anyFound: Fading;
  /** Since it began, without fading. */
  count: number;
  generatedCount: number;
  firstUs: number;
  lastUs: number;
  samples: string[];
  codes: Map<string, number>;
  suffixes: Set<string>;
  isTold: boolean;
  toldUs: number;
}

class Dga implements Rule {
  readonly #options: Readonly<Options>;
  readonly #desk: AlertDesk;
  readonly #world: World;
  readonly #clients = new Recent<string, Client>(MAX_CLIENTS);
  readonly #servers = new Recent<string, true>(MAX_SERVERS);
  /** Told too lately to be told again at once. */
  readonly #waiting = new Map<Client, () => void>();
  #lastServer = "";
  /** Whether both what is asked of a resolver here and what it asks itself was seen. */
  #hasResolver = false;
  /** By hash of a label: who asked for it first. */
  readonly #asked = new Recent<number, string>(MAX_ASKED);

  constructor({ options, desk, world }: RuleContext<Options>) {
    this.#options = options;
    this.#desk = desk;
    this.#world = world;
  }

  get state(): RuleState {
    return {
      entries: this.#clients.size + this.#servers.size + this.#asked.size,
      capacity: MAX_CLIENTS + MAX_SERVERS + MAX_ASKED,
      evicted: this.#clients.evicted,
    };
  }

  observation(observation: Observation): void {
    const event = readDns(observation);
    if (!ADDRESS_TYPES.has(event.type)) return;
    if (!event.isAnswer) return this.#asks(event);
    const refused = REFUSALS.has(event.code) || isSinkhole(event);
    if (event.code === "NOERROR" && !refused) {
      // A name without this type of address exists all the same.
      const client = this.#clients.size === 0 ? undefined : this.#clients.peek(event.client);
      if (client !== undefined) this.#finds(client, nameParts(event.name));
      return;
    }
    if (!refused && event.code !== "NXDOMAIN") return;
    const parts = nameParts(event.name);
    if (parts.domain === "" || HOME_SUFFIX.test(parts.domain)) return;
    const { labelHash: hash, isGenerated } = parts;
    if (refused && (!isGenerated || parts.isPrivate)) {
      if (REFUSALS.has(event.code)) this.#fails(event, parts, hash, 0, observation.flow.id);
      return;
    }
    if (this.#isPassedOn(event.client, hash, isGenerated)) return;
    const letters = Math.min(parts.label.length, FULL_WEIGHT_LETTERS);
    const weight = isGenerated
      ? (letters - MIN_JUDGED_LETTERS + 2) / (FULL_WEIGHT_LETTERS - MIN_JUDGED_LETTERS + 2)
      : 0;
    this.#fails(event, parts, hash, weight, observation.flow.id);
  }

  tick(): void {
    for (const tell of [...this.#waiting.values()]) tell();
  }

  close(): void {
    this.tick();
  }

  #asks(event: DnsEvent): void {
    if (event.server !== this.#lastServer) {
      this.#lastServer = event.server;
      if (this.#servers.peek(event.server) === undefined) this.#servers.set(event.server, true);
    }
    if (!this.#hasResolver) {
      // Who asked first matters only where a server asks as well.
      if (this.#servers.size < 2 || this.#servers.peek(event.client) === undefined) return;
      this.#hasResolver = true;
    }
    const { labelHash: hash, isGenerated } = nameParts(event.name);
    if (!isGenerated) return;
    if (this.#asked.peek(hash) === undefined) this.#asked.set(hash, event.client);
  }

  /** Whether a resolver only passes on what another asked it. */
  #isPassedOn(client: string, hash: number, isGenerated: boolean): boolean {
    if (this.#servers.peek(client) === undefined) return false;
    if (!isGenerated) return true;
    const first = this.#asked.peek(hash);
    return first !== undefined && first !== client;
  }

  #finds(client: Client, parts: NameParts): void {
    if (parts.domain === "") return;
    if (client.found.fill > 0.75) client.found.clear();
    const isNew = client.found.add(parts.labelHash);
    if (isNew > 0) client.anyFound.add(isNew, this.#world.clockUs, BURST_US);
  }

  #fails(event: DnsEvent, parts: NameParts, hash: number, weight: number, flowId: number): void {
    const client = this.#clients.get(event.client) ?? this.#admit(event.client);
    const { clockUs: now, timeUs } = this.#world;
    if (client.failed.fill > 0.75 || timeUs - client.lastUs > LONG_US) client.failed.clear();
    const isNew = client.failed.add(hash);
    if (isNew === 0) return;
    client.lastUs = timeUs;
    const any = client.anyFailed.add(isNew, now, BURST_US);
    const anyLong = client.anyFailedLong.add(isNew, now, LONG_US);
    const generated = client.generated.add(weight * isNew, now, BURST_US);
    const generatedLong = client.generatedLong.add(weight * isNew, now, LONG_US);
    client.count += isNew;
    if (weight > 0) client.generatedCount += isNew;
    client.codes.set(event.code, (client.codes.get(event.code) ?? 0) + 1);
    if (weight > 0 || client.generatedCount === 0) this.#sample(client, parts);
    const { names, namesLong, anyNames } = this.#options;
    const isBurst = generated >= names && generated >= MIN_GENERATED_SHARE * any;
    const isLong = generatedLong >= namesLong && generatedLong >= MIN_GENERATED_SHARE * anyLong;
    const isMany = any >= anyNames && any >= MIN_FAILED_TO_FOUND * client.anyFound.at(now, BURST_US) &&
      (client.codes.get("NXDOMAIN") ?? 0) > 0.9 * client.count;
    if (isBurst || isLong || isMany) client.isTold = true;
    if (client.isTold) this.#tell(event, client, flowId);
  }

  #sample(client: Client, parts: NameParts): void {
    if (client.samples.length < MAX_SAMPLES) client.samples.push(parts.domain.slice(0, MAX_SAMPLE_CHARS));
    if (client.suffixes.size < MAX_SAMPLES) client.suffixes.add(parts.domain.slice(parts.label.length + 1));
  }

  #admit(address: string): Client {
    const client: Client = {
      failed: new Distinct(LABEL_BITS),
      found: new Distinct(LABEL_BITS),
      generated: new Fading(),
      generatedLong: new Fading(),
      anyFailed: new Fading(),
      anyFailedLong: new Fading(),
      anyFound: new Fading(),
      count: 0,
      generatedCount: 0,
      firstUs: this.#world.timeUs,
      lastUs: this.#world.timeUs,
      samples: [],
      codes: new Map(),
      suffixes: new Set(),
      isTold: false,
      toldUs: 0,
    };
    this.#clients.set(address, client);
    return client;
  }

  #tell(event: DnsEvent, client: Client, flowId: number): void {
    const { clockUs } = this.#world;
    const key = event.client;
    const isOpen = this.#desk.has(key);
    if (isOpen && clockUs - client.toldUs < TELL_US) {
      if (!this.#waiting.has(client) && this.#waiting.size < MAX_WAITING) {
        const { server } = event;
        this.#waiting.set(client, () => this.#say(key, server, client, flowId));
      }
      return;
    }
    if (!isOpen && client.toldUs > 0) {
      // It was over: what comes now must be enough by itself.
      const again = client.generated.at(clockUs, BURST_US) >= this.#options.names ||
        client.anyFailed.at(clockUs, BURST_US) >= this.#options.anyNames;
      if (!again) return;
    }
    this.#say(key, event.server, client, flowId);
  }

  #say(address: string, server: string, client: Client, flowId: number): void {
    const { clockUs, timeUs } = this.#world;
    this.#waiting.delete(client);
    client.toldUs = clockUs;
    const count = Math.round(client.count);
    const generated = Math.round(client.generatedCount);
    const seconds = Math.max((timeUs - client.firstUs) / 1e6, 0.001);
    this.#desk.raise({
      key: address,
      source: address,
      target: server,
      targetPort: 53,
      flowId,
      firstUs: client.firstUs,
      count,
      message: `${address} asked for ${countText(client.count)} different domains that do not exist within ${
        spanText(seconds)
      }; ${countText(client.generatedCount)} of them look generated, such as ${
        client.samples.slice(0, 2).join(" and ")
      }`,
      evidence: {
        failed_domains: count,
        generated_domains: generated,
        names_per_minute: Math.round(60 * count / Math.max(seconds, 1)),
        answers: Object.fromEntries(client.codes),
        suffixes: [...client.suffixes],
        names: [...client.samples],
      },
    });
  }
}

function isSinkhole(event: DnsEvent): boolean {
  const answer = event.answers[0];
  return event.answers.length === 1 && answer.rdata !== undefined &&
    answer.rdata.length <= LONGEST_SINKHOLE && SINKHOLES.has(answer.rdata);
}
