/**
 * Traffic with an address, or about a name, that is on one of the user's lists.
 *
 * Addresses are looked up once a flow, as numbers, before anything else; names where they are said: questions to DNS,
 * TLS and HTTP, and QUIC once its name is known. What goes out counts by client and entry; what knocks from outside
 * is one alert for each host here and list, since listed scanners knock everywhere all the time.
 */
import { FactKind, FlowStep } from "../../model/facts.ts";
import { IpProtocol } from "../../model/flow.ts";
import type { FlowIdentity, Observation } from "../../model/observation.ts";
import type { Listing } from "../blocklist/listed.ts";
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import type { FlowFact } from "../flow_fact.ts";
import { Recent } from "../recent.ts";
import { isServerInside } from "../sides.ts";
import { bytesText, placeText } from "../words.ts";

const OPTIONS = {
  waitSeconds: {
    default: 1,
    range: [0, 60],
    unit: "s",
    help: "How long an answer is waited for before an attempt is told as one",
  },
  knocks: {
    default: 1,
    range: [1, 1_000_000],
    unit: "connections",
    help: "Attempts from listed addresses at one host here before they are told",
  },
} as const;

const ALL_STEPS = 0xff;
const MAX_CASES = 2_048;
const MAX_FLOWS = 8_192;
const MAX_LISTED = 32;
/** Entries of one list that one host may be told with, each by itself; what comes then is one alert. */
const MAX_ENTRIES = 64;
/** Evidence of a case is put together at most this often. */
const TELL_US = 1e6;

/** What is told as one. */
interface Case {
  key: string;
  listing: Listing;
  /** Out: to what is listed; in: from there, answered or not; name: a name that is listed. */
  way: "out" | "in" | "knock" | "name";
  /** The end that is not listed. */
  inside: string;
  /** Ends that are listed, or names. */
  others: string[];
  port: number;
  protocol: number;
  flowId: number;
  flows: number;
  established: number;
  bytesOut: number;
  bytesIn: number;
  /** How a name was said. */
  said: string[];
  /** Told from then on, unless it is answered before. */
  dueUs: number;
  toldUs: number;
  dirty: boolean;
}

interface Watched {
  /** The case, and for a caller from outside the one it becomes when it is let in. */
  case: Case;
  established: boolean;
  bytes0: number;
  bytes1: number;
}

/** @see RuleSpec */
export const blocklisted: RuleSpec<typeof OPTIONS> = {
  kind: "blocklisted",
  title: "Address or name on a blocklist",
  category: "Known bad",
  severity: 1,
  signatureId: 1_900_167,
  attack: { id: "T1071", name: "Application Layer Protocol" },
  notices:
    "Traffic with an address, or a question for or a connection to a name, on a list of yours: severity 1 when a connection outward stood, 2 when it was only asked or tried, or an inward one stood, 3 for knocks from outside.",
  why:
    "Who talks to a known command server, malware host or phishing site has most often been deceived already.",
  fooled:
    "Lists age: addresses change hands, and many names share one. Bad servers that are on no list, names inside encrypted DNS and hellos, and relays that are not listed are not seen.",
  options: OPTIONS,
  observes: ["dns", "tls", "http"],
  wants: { steps: ALL_STEPS },
  create: (context) => new Blocklisted(context),
};

class Blocklisted implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  readonly #cases = new Recent<string, Case>(MAX_CASES);
  readonly #flows = new Recent<number, Watched>(MAX_FLOWS);
  readonly #waiting = new Set<Case>();
  /** Cases that a host and a list have had. */
  readonly #entries = new Recent<string, number>(MAX_CASES);

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
  }

  fact(fact: FlowFact): void {
    if (fact.kind !== FactKind.flow) return;
    const { listed } = this.#context.world;
    const { steps } = fact;
    if ((steps & FlowStep.began) !== 0) {
      if (listed.hasAddresses) this.#began(fact);
    } else if (this.#flows.size === 0 && !listed.hasNames) return;
    if (this.#flows.size > 0) this.#goesOn(fact);
    if (
      listed.hasNames && (steps & (FlowStep.progress | FlowStep.ended)) !== 0 && fact.appProtocol === "quic"
    ) {
      this.#said(
        fact.serverName,
        "QUIC",
        fact.client,
        fact.server,
        fact.serverPort,
        fact.protocol,
        fact.flowId,
      );
    }
  }

  observation({ type, flow, fields }: Observation): void {
    if (!this.#context.world.listed.hasNames) return;
    if (type === "dns") {
      const dns = fields.dns as { type?: string; rrname?: string } | undefined;
      if (dns?.type === "query") this.#observed(dns.rrname, "DNS", flow);
    } else if (type === "tls") this.#observed((fields.tls as { sni?: string } | undefined)?.sni, "TLS", flow);
    else {
      const host = (fields.http as { hostname?: string } | undefined)?.hostname;
      this.#observed(host?.replace(/:\d+$/, ""), "HTTP", flow);
    }
  }

  tick(): void {
    const { clockUs } = this.#context.world;
    for (const one of this.#waiting) {
      if (clockUs >= one.dueUs && clockUs - one.toldUs >= TELL_US) this.#tell(one);
    }
  }

  close(): void {
    for (const one of this.#waiting) this.#tell(one);
  }

  get state(): RuleState {
    return {
      entries: this.#cases.size + this.#flows.size + this.#entries.size,
      capacity: 2 * MAX_CASES + MAX_FLOWS,
      evicted: this.#cases.evicted + this.#flows.evicted + this.#entries.evicted,
    };
  }

  #began(fact: FlowFact): void {
    const { listed } = this.#context.world;
    const server = listed.address(fact.addressBytes, fact.serverAt, fact.ipVersion);
    if (server !== null) this.#open(fact, server, "out", fact.client, fact.server);
    const client = listed.address(fact.addressBytes, fact.clientAt, fact.ipVersion);
    if (client === null || server !== null) return;
    const way = isServerInside(fact) ? "knock" : "out"; // between strangers nobody is called
    this.#open(fact, client, way, fact.server, fact.client);
  }

  #open(fact: FlowFact, listing: Listing, way: Case["way"], inside: string, other: string): void {
    // Knocks from a million listed addresses at one host are one case.
    const key = way === "knock"
      ? `knock ${listing.list} ${inside}`
      : `${way} ${listing.list} ${listing.entry} ${inside}`;
    const one = this.#case(key, listing, way, inside);
    one.flows++;
    one.port = fact.serverPort;
    one.protocol = fact.protocol;
    one.flowId = fact.flowId;
    note(one.others, other);
    this.#flows.set(fact.flowId, { case: one, established: false, bytes0: 0, bytes1: 0 });
    this.#changed(one);
  }

  /** A flow that is watched has gone a step further. */
  #goesOn(fact: FlowFact): void {
    const watched = this.#flows.peek(fact.flowId);
    if (watched === undefined) return;
    const { steps } = fact;
    const stands = fact.protocol === IpProtocol.tcp ? FlowStep.established : FlowStep.answered;
    if (!watched.established && (steps & stands) !== 0) {
      watched.established = true;
      if (watched.case.way === "knock") this.#letIn(watched, fact);
      watched.case.established++;
      watched.case.dueUs = 0;
    }
    const outward = watched.case.way === "out" ? 0 : 1;
    const [bytes0, bytes1] = [fact.bytes(0), fact.bytes(1)];
    const [more0, more1] = [bytes0 - watched.bytes0, bytes1 - watched.bytes1];
    watched.bytes0 = bytes0;
    watched.bytes1 = bytes1;
    watched.case.bytesOut += outward === 0 ? more0 : more1;
    watched.case.bytesIn += outward === 0 ? more1 : more0;
    if ((steps & FlowStep.ended) !== 0) this.#flows.delete(fact.flowId);
    this.#changed(watched.case);
  }

  /** A knock was answered: that is told by its own address. */
  #letIn(watched: Watched, fact: FlowFact): void {
    const { listing, inside, port, protocol } = watched.case;
    const { client } = fact;
    const own = this.#context.world.listed.address(fact.addressBytes, fact.clientAt, fact.ipVersion) ??
      listing;
    watched.case.flows--;
    if (watched.case.flows === 0) this.#waiting.delete(watched.case);
    const one = this.#case(`in ${own.list} ${own.entry} ${inside}`, own, "in", inside);
    one.flows++;
    one.port = port;
    one.protocol = protocol;
    one.flowId = fact.flowId;
    note(one.others, client);
    watched.case = one;
  }

  #observed(name: string | undefined, said: string, flow: FlowIdentity): void {
    if (name === undefined || name === "") return;
    const { clientAddress, serverAddress, serverPort, protocol, id } = flow;
    this.#said(name, said, clientAddress, serverAddress, serverPort, protocol, id);
  }

  #said(
    name: string,
    said: string,
    client: string,
    server: string,
    port: number,
    protocol: number,
    flowId: number,
  ): void {
    const listing = this.#context.world.listed.name(name.toLowerCase());
    if (listing === null) return;
    const one = this.#case(`name ${listing.list} ${listing.entry} ${client}`, listing, "name", client);
    one.flows++;
    if (said !== "DNS") {
      one.established++;
      note(one.others, server);
    }
    if (said !== "DNS" || one.established === 0) {
      one.port = port;
      one.protocol = protocol;
      one.flowId = flowId;
    }
    note(one.said, `${said} ${name}`);
    one.dueUs = 0;
    this.#changed(one);
  }

  #case(key: string, listing: Listing, way: Case["way"], inside: string): Case {
    let known = this.#cases.get(key);
    if (known !== undefined) return known;
    const { world, options } = this.#context;
    const group = `${way} ${listing.list} ${inside}`;
    const entries = (this.#entries.get(group) ?? 0) + 1;
    this.#entries.set(group, entries);
    if (entries > MAX_ENTRIES) {
      key = `${group} and more`;
      known = this.#cases.get(key);
      if (known !== undefined) return known;
    }
    const one: Case = {
      key,
      listing,
      way,
      inside,
      others: [],
      port: 0,
      protocol: 0,
      flowId: 0,
      flows: 0,
      established: 0,
      bytesOut: 0,
      bytesIn: 0,
      said: [],
      dueUs: world.clockUs + options.waitSeconds * 1e6,
      toldUs: -Infinity,
      dirty: false,
    };
    this.#cases.set(key, one);
    return one;
  }

  #changed(one: Case): void {
    const { clockUs } = this.#context.world;
    if (one.flows === 0) return;
    if (this.#waiting.size < MAX_CASES) this.#waiting.add(one);
    if (clockUs >= one.dueUs && clockUs - one.toldUs >= TELL_US) this.#tell(one);
  }

  #tell(one: Case): void {
    const { desk, world, options } = this.#context;
    this.#waiting.delete(one);
    if (one.flows === 0 || (one.way === "knock" && one.flows < options.knocks)) return;
    one.toldUs = world.clockUs;
    const inward = one.way === "in" || one.way === "knock";
    const other = one.others.at(-1) ?? "";
    desk.raise({
      key: one.key,
      source: inward ? other : one.inside,
      target: inward ? one.inside : other,
      targetPort: one.flows === 1 || !inward ? one.port : 0,
      protocol: one.protocol,
      flowId: one.flowId,
      severity: one.way === "knock" ? 3 : one.established > 0 && !inward ? 1 : 2,
      message: messageOf(one, world.nameOf(other)),
      evidence: {
        list: one.listing.list,
        entry: one.listing.entry,
        connections: one.flows,
        established: one.established,
        bytes_out: one.bytesOut,
        bytes_in: one.bytesIn,
        ...(one.others.length > 0 ? { addresses: one.others } : {}),
        ...(one.said.length > 0 ? { names: one.said } : {}),
      },
      count: one.flows,
    });
  }
}

function messageOf(one: Case, name: string): string {
  const { inside, listing: { list, entry }, others, flows, established } = one;
  const on = `on the list "${list}"`;
  const times = flows === 1 ? "once" : `${flows} times`;
  const bytes = `${bytesText(one.bytesOut)} out, ${bytesText(one.bytesIn)} in`;
  if (one.way === "name") {
    return established > 0
      ? `${inside} connects to ${entry}, ${on}, ${times}`
      : `${inside} asks for ${entry}, ${on}, ${times}; no connection was seen`;
  }
  const other = others.at(-1) ?? "";
  const who = `${other}${name === "" ? "" : ` (${name})`}${entry === other ? "" : ` of ${entry}`}`;
  if (one.way === "out") {
    const place = one.port === 0 ? who : `${placeText(other, one.port)}${who.slice(other.length)}`;
    return established > 0
      ? `${inside} talks to ${place}, ${on}: ${established} of ${flows} connections stood, ${bytes}`
      : `${inside} tries to reach ${place}, ${on}, ${times}, in vain`;
  }
  if (one.way === "in") {
    return `${who}, ${on}, was let in by ${placeText(inside, one.port)} ${times}: ${bytes}`;
  }
  return others.length === 1
    ? `${who}, ${on}, knocks at ${placeText(inside, one.port)}, ${times}`
    : `${
      others.length === MAX_LISTED ? `${MAX_LISTED} or more` : others.length
    } addresses ${on} knock at ${inside}, ${times}`;
}

function note(list: string[], text: string): void {
  const at = list.indexOf(text);
  if (at >= 0) {
    if (at < list.length - 1) list.push(...list.splice(at, 1));
  } else {
    if (list.length >= MAX_LISTED) list.shift();
    list.push(text);
  }
}
