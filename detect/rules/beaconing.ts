/**
 * Beaconing: a program that calls home at a beat.
 *
 * A contact is a connection that was established (or a datagram that was answered), or what a client says in an open
 * connection after silence. Contacts of one client or program with one server, by name where it has one, are a series;
 * `rhythm.ts` says how improbable it is that its gaps are as regular by chance. A series is told when chance is
 * refuted, the beats are alike in size, and none of the ordinary reasons for a beat is seen in the traffic itself:
 * a protocol that is periodic by design, keep-alives within a connection, one poller with many servers, mere
 * connection checks, a stream fetched piece by piece.
 *
 * Through an HTTP proxy the server is who the request or the tunnel is for. Connections to the proxy, which carry
 * everybody's requests, are then nobody's beat.
 */
import { isPrivateText } from "../../model/address.ts";
import { FactKind, FlowStep } from "../../model/facts.ts";
import { IpProtocol } from "../../model/flow.ts";
import type { Observation } from "../../model/observation.ts";
import type { SystemFacts } from "../../model/system_facts.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState } from "../contract.ts";
import { hashWith } from "../contacts/address_hash.ts";
import { hashText } from "../dns_names.ts";
import { DOWN, FirstSeen, FLOW_ID, TIME_US, UP } from "../first_seen.ts";
import type { FlowFact } from "../flow_fact.ts";
import { Hashed, highHalf } from "../hashed.ts";
import { isHostInside, type Proxied, readProxied } from "../proxied.ts";
import { gapHistogram, MAX_EVENTS, mergeEvents, type Rhythm, rhythmOf } from "../rhythm.ts";
import { Maybe } from "../maybe.ts";
import { isClientInside, isServerInside } from "../sides.ts";
import { percentText, placeText, round, spanText } from "../words.ts";

const STEPS = FlowStep.established | FlowStep.spoke | FlowStep.ended;
/** Series with a few contacts, and those that may become a beacon: the many cannot push out the latter. */
const MAX_FRESH = 16_384;
const MAX_KEPT = 4_096;
/** Contacts from which on a series is kept apart. */
const KEPT_CONTACTS = 4;
/** Flows whose series is remembered, for their sizes. */
const MAX_FLOWS = 16_384;
/** Connections to proxies. */
const MAX_PROXIED = 8_192;
/** What is asked again within this in the same connection is the same contact, as `FlowStep.spoke` has it. */
const SILENCE_US = 2_000_000;
/** Live: contacts that wait until the program is known, and how long. */
const MAX_WAITING = 4_096;
const PROGRAM_WAIT_US = 3_000_000;
/** Contacts closer than this are one: a page and its parts, two connections for one purpose. */
const MERGE_US = 500_000;
const MERGE_STEP = 4;
/** Connections of one contact beyond which they are not looked at: a load test or a crawler. */
const MAX_CROWD = 16;
/** Contacts of a series with which its name is made sure of. */
const NAMED_EVERY = 8;
/** Sizes kept of a series. */
const MAX_SIZES = 32;
const MIN_SIZES = 4;
/** Sizes within this share of the median are alike. */
const ALIKE = 0.25;
/**
 * What both sides say at a beat that is but a keep-alive within a connection: WebSocket and HTTP/2 pings, TLS around
 * them, MQTT's PINGREQ are some dozen bytes each way. HTTP/1 has no such thing: whatever is said is a request.
 */
const KEEP_ALIVE_BYTES = 256;
/**
 * A beat that brings so much, most times, is a stream in pieces (HLS, DASH: ten seconds of the poorest sound, 32 kbit/s,
 * are 40 kB) or a page that is fetched again; most times an operator has no orders at all.
 */
const STREAM_BYTES = 32_768;
/** Beats that are not alike in size must be so much (powers of ten) more improbable. */
const UNLIKE_PENALTY = 4;
/** Periods are the same within this share. */
const SAME_PERIOD = 0.1;
/** An alert is over after so many periods without a beat, and not before so long. */
const QUIET_PERIODS = 5;
const MIN_QUIET_US = 60_000_000;
const DAY_S = 86_400;
/** So many looks in a row without a rhythm end an alert. */
const MAX_LOST = 4;
/** Clients of one server from which on it is a popular service. */
const POPULAR_CLIENTS = 5;
const MAX_SERVERS = 16_384;
/** Pairs that met once: no series yet. */
const MAX_ONCE = 65_536;

/**
 * Protocols that are periodic by design, or whose repetitions other rules judge, as the inspector recognised them by
 * content: clocks, names, leases, discovery, registration, keeping NAT open, management; logins and mail.
 */
const SILENT_PROTOCOLS: ReadonlySet<string> = new Set([
  ...[
    "ntp",
    "dns",
    "mdns",
    "llmnr",
    "nbns",
    "dhcp",
    "dhcpv6",
    "ssdp",
    "snmp",
    "sip",
    "stun",
    "radius",
    "syslog",
  ],
  ...["tftp", "bgp", "ike", "ikev2", "wireguard", "rpcbind", "krb5", "bittorrent", "rtsp"],
  ...["ssh", "ftp", "telnet", "rlogin", "rdp", "rfb", "imap", "pop3", "smtp", "mysql", "pgsql", "tds"],
]);

/** Names by which systems ask whether they are online at all. */
const CONNECTIVITY_CHECK =
  /^(?:connectivity-?check|captive|detectportal|network-test|nmcheck|ncsi|dns\.msftncsi|www\.msft(?:ncsi|connecttest)|ipv6\.msft(?:ncsi|connecttest)|clients3\.google|ping\.archlinux|conncheck|connect\.rom)\b/;

const options = {
  beats: {
    default: 8,
    range: [5, 60],
    unit: "contacts",
    help: "Contacts from which on a rhythm is judged",
  },
  significance: {
    default: 5,
    range: [3, 30],
    unit: "powers of ten",
    help: "Chance must be less likely than one in ten to this power to be as regular",
  },
  jitter: {
    default: 0.35,
    range: [0.01, 0.5],
    unit: "",
    help: "Standard deviation of the gaps, as a share of the period, up to which it is a rhythm",
  },
  span: { default: 60, range: [10, 86_400], unit: "s", help: "How long it must have been going on" },
  insideSpan: {
    default: 3_600,
    range: [10, 864_000],
    unit: "s",
    help: "As span, towards servers inside, where polling is ordinary",
  },
  polled: {
    default: 4,
    range: [2, 1_000],
    unit: "servers",
    help: "Servers contacted at the same rhythm by one client from which on it is a poller, and not told",
  },
} satisfies Record<string, RuleOption>;

type Options = { [K in keyof typeof options]: number };

/** Contacts of one client (and program) with one server. */
interface Series {
  /** Of its alert; "" before there was one. */
  key: string;
  /** By which it is found. */
  first: number;
  second: number;
  /** It had to go for want of room. */
  gone: boolean;
  /** Hash of the server, for `#clients`. */
  popular: number;
  client: string;
  /** Name of the server, or its address. */
  server: string;
  address: string;
  serverHash: number;
  serverSecond: number;
  port: number;
  /** The server's: another than `port` where that is a proxy's. */
  serverPort: number;
  /** The server is reached through the proxy at `address` and `port`. */
  isProxied: boolean;
  /** Connections that turned out to be requests of a proxy: they are others' contacts. */
  ofProxy: number;
  protocol: number;
  program: string;
  inside: boolean;
  appProtocol: string;
  flowId: number;
  /** Begins of contacts, packet time, ascending; at most `MAX_EVENTS`. */
  times: number[];
  mergeUs: number;
  /** Contacts so far, and those of them inside an open connection. */
  contacts: number;
  within: number;
  nextLook: number;
  /** Contacts since the last that were merged with it. */
  crowd: number;
  /** Payload to the server and back, of the latest contacts. */
  up: number[];
  down: number[];
  sizes: number;
  /** The open connection that spoke last, and its payload then. */
  spokeFlow: number;
  spokeUp: number;
  spokeDown: number;
  /** Since when there is a rhythm, and which; 0 for none. */
  sinceUs: number;
  periodUs: number;
  lost: number;
  told: boolean;
  /** By the inspector's clock. */
  lastClockUs: number;
}

/** A connection to a proxy. */
interface ProxyFlow {
  /** What it was for last, and where that is worth a series. */
  asked: Proxied;
  series: Series | undefined;
  requests: number;
  /** The only request's bytes are not known before the connection is over. */
  isUnsized: boolean;
  lastUs: number;
}

interface Contact {
  /** Hashes of client, server, protocol and port. */
  first: number;
  second: number;
  clientHash: number;
  serverHash: number;
  serverSecond: number;
  /** "" until somebody asks: most contacts are the only one of their kind. */
  client: string;
  address: string;
  /** The server's name; "" for none. */
  name: string;
  /** Of the client with that name. */
  nameHash: number;
  port: number;
  protocol: number;
  inside: boolean;
  flowId: number;
  timeUs: number;
  clockUs: number;
}

class Beaconing implements Rule {
  readonly #options: Readonly<Options>;
  readonly #context: RuleContext<Options>;
  readonly #once = new FirstSeen(MAX_ONCE);
  readonly #fresh = new Hashed<Series>(MAX_FRESH, (series) => series.gone = true);
  readonly #kept = new Hashed<Series>(MAX_KEPT, (series) => {
    series.gone = true;
    this.#close(series);
  });
  /** By names and further addresses of servers, with their client. */
  readonly #alias = new Hashed<Series>(MAX_FRESH);
  /** First halves of all keys of these three. */
  readonly #known = new Maybe(32_768, (known) => {
    for (const table of [this.#fresh, this.#kept, this.#alias]) table.addTo(known);
  });
  readonly #byFlow = new Hashed<Series>(MAX_FLOWS);
  readonly #proxied = new Hashed<ProxyFlow>(MAX_PROXIED);
  /** Clients seen with a server, by hash: [check, count] each; who is seen often is not pushed out by those who are not. */
  readonly #clients = new Int32Array(2 * MAX_SERVERS);
  readonly #open = new Set<Series>();
  /** Contacts whose program is not known yet, in order of time; live only. */
  #waiting: Contact[] = [];
  #live = false;
  /** Used again and again where contacts need not wait. */
  readonly #hand: Contact = {
    ...{
      first: 0,
      second: 0,
      clientHash: 0,
      serverHash: 0,
      serverSecond: 0,
      client: "",
      address: "",
      name: "",
    },
    ...{ nameHash: 0, port: 0, protocol: 0, inside: false, flowId: 0, timeUs: 0, clockUs: 0 },
  };

  constructor(context: RuleContext<Options>) {
    this.#context = context;
    this.#options = context.options;
  }

  get state(): RuleState {
    return {
      entries: this.#once.size + this.#fresh.size + this.#kept.size + this.#proxied.size,
      capacity: MAX_ONCE + MAX_FRESH + MAX_KEPT + MAX_PROXIED,
      evicted: this.#once.evicted + this.#fresh.evicted + this.#kept.evicted + this.#proxied.evicted,
    };
  }

  fact(fact: FlowFact): void {
    if (fact.kind !== FactKind.flow) return;
    const { steps, protocol } = fact;
    if ((steps & STEPS) === 0) return;
    if (protocol !== IpProtocol.tcp && protocol !== IpProtocol.udp) return;
    if ((steps & FlowStep.ended) !== 0) this.#ended(fact);
    else if ((steps & FlowStep.established) !== 0) this.#established(fact);
    else this.#spoke(fact);
  }

  observation(observation: Observation): void {
    const proxied = readProxied(observation);
    if (proxied === null) return;
    const { flow, direction, timeUs } = observation;
    const [client, proxy, port] = direction === 1
      ? [flow.serverAddress, flow.clientAddress, flow.clientPort]
      : [flow.clientAddress, flow.serverAddress, flow.serverPort];
    // A server outside that is asked like a proxy may be a beacon's own: its address is what counts. And what others ask
    // our proxy is not ours.
    if (!this.#isInside(proxy) || !this.#isInside(client)) return;
    const { id } = flow;
    let known = this.#proxied.get(id | 0, highHalf(id));
    if (known === undefined) {
      known = { asked: proxied, series: undefined, requests: 0, isUnsized: false, lastUs: -Infinity };
      this.#proxied.set(id | 0, highHalf(id), known);
      this.#isOfProxy(id);
    }
    known.asked = proxied;
    const before = known.series;
    known.requests++;
    const contact = this.#hand;
    this.#layProxied(contact, proxied, { client, proxy, port, flowId: id, timeUs });
    const series = this.#seriesOfProxied(contact, proxied);
    const isPart = series !== undefined && series === before && timeUs - known.lastUs < SILENCE_US;
    known.series = series;
    known.lastUs = timeUs;
    known.isUnsized = known.requests === 1 && proxied.down < 0;
    if (series === undefined || isPart) return;
    if (proxied.down >= 0) addSize(series, proxied.up, proxied.down);
    series.flowId = id;
    series.program = this.#context.world.programOf(id) || series.program;
    if (!proxied.isTunnel) series.appProtocol = "http";
    series.spokeFlow = 0;
    this.#add(series, timeUs, contact.clockUs);
  }

  #isInside(address: string): boolean {
    return isPrivateText(address) || this.#context.world.isLocal(address);
  }

  /** The connection was counted, or will be, for the proxy's address. */
  #isOfProxy(flowId: number): void {
    const series = this.#byFlow.take(flowId | 0, highHalf(flowId));
    if (series !== undefined) series.ofProxy++;
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      if (this.#waiting[i].flowId !== flowId) continue;
      this.#waiting.splice(i, 1);
      return;
    }
  }

  #layProxied(
    contact: Contact,
    { host, port }: Proxied,
    { client, proxy, ...seen }: {
      client: string;
      proxy: string;
      port: number;
      flowId: number;
      timeUs: number;
    },
  ): void {
    const place = `${host}:${port} ${proxy}`;
    contact.serverHash = hashText(place);
    contact.serverSecond = hashText(`${place} ${host}`);
    contact.clientHash = hashText(client);
    contact.first = hashWith(contact.clientHash, contact.serverHash);
    contact.second = hashText(`${client} ${place}`);
    contact.client = client;
    contact.address = proxy;
    contact.name = "";
    contact.nameHash = 0;
    contact.port = seen.port;
    contact.protocol = IpProtocol.tcp;
    contact.inside = isHostInside(host);
    contact.flowId = seen.flowId;
    contact.timeUs = seen.timeUs;
    contact.clockUs = this.#context.world.clockUs;
  }

  /** `undefined` where it is the first contact. */
  #seriesOfProxied(contact: Contact, { host, port, up, down }: Proxied): Series | undefined {
    const { first, second } = contact;
    const known = this.#find(first, second);
    if (known !== undefined && !known.gone) return known;
    const place = this.#once.find(first, second);
    if (place < 0) {
      this.#meets(contact);
      const { values } = this.#once;
      const noted = this.#once.find(first, second);
      if (down >= 0) [values[noted + UP], values[noted + DOWN]] = [up, down];
      return undefined;
    }
    const series = this.#begin(contact, place, "", null);
    series.isProxied = true;
    series.server = host;
    series.serverPort = port;
    return series;
  }

  /** Live: programs are told of once a second. */
  system(_: SystemFacts): void {
    this.#live = true;
  }

  tick(): void {
    const { clockUs } = this.#context.world;
    let due = 0;
    while (due < this.#waiting.length && clockUs - this.#waiting[due].clockUs >= PROGRAM_WAIT_US) due++;
    if (due > 0) { for (const contact of this.#waiting.splice(0, due)) this.#contact(contact, null); }
    for (const series of this.#open) {
      const quietUs = Math.max(MIN_QUIET_US, QUIET_PERIODS * series.periodUs);
      if (clockUs - series.lastClockUs < quietUs) continue;
      this.#close(series);
      forget(series);
    }
  }

  close(): void {
    for (const contact of this.#waiting) this.#contact(contact, null);
    this.#waiting = [];
    for (const series of this.#kept.values()) this.#look(series);
  }

  #established(fact: FlowFact): void {
    const { appProtocol } = fact;
    if (appProtocol !== "" && SILENT_PROTOCOLS.has(appProtocol)) return;
    const inside = isServerInside(fact);
    if (inside && !isClientInside(fact)) return; // others' beats towards our servers are not ours
    const contact = this.#live ? { ...this.#hand } : this.#hand;
    this.#lay(contact, fact, inside);
    if (!this.#live) this.#contact(contact, fact);
    else {
      if (this.#waiting.length >= MAX_WAITING) this.#contact(this.#waiting.shift()!, null);
      contact.client = fact.client;
      contact.address = fact.server;
      this.#waiting.push(contact);
    }
  }

  #lay(contact: Contact, fact: FlowFact, inside: boolean): void {
    const { world } = this.#context;
    const ends = fact.protocol << 16 | fact.serverPort;
    contact.first = hashWith(fact.pair, ends);
    contact.second = fact.secondPair ^ ends;
    contact.clientHash = fact.clientHash;
    contact.serverHash = fact.serverHash;
    contact.serverSecond = fact.serverSecond;
    contact.client = contact.address = "";
    contact.name = fact.serverName || world.nameOfHashed(contact.serverHash, contact.serverSecond);
    contact.port = fact.serverPort;
    contact.protocol = fact.protocol;
    contact.nameHash = contact.name === "" ? 0 : nameHash(contact);
    contact.inside = inside;
    contact.flowId = fact.flowId;
    contact.timeUs = fact.firstUs;
    contact.clockUs = world.clockUs;
  }

  /** @param fact What it was laid from; null where its texts are in it. */
  #contact(contact: Contact, fact: FlowFact | null): void {
    const series = this.#seriesOf(contact, fact);
    if (series === undefined) return;
    series.flowId = contact.flowId;
    this.#add(series, contact.timeUs, contact.clockUs);
    if (series.crowd > MAX_CROWD) return;
    series.spokeFlow = 0;
    this.#byFlow.set(contact.flowId | 0, highHalf(contact.flowId), series);
  }

  /** What is said in the first tunnel to a host makes it worth a series. */
  #seriesOfTunnel(proxied: ProxyFlow, fact: FlowFact): Series | undefined {
    if (proxied.series !== undefined || !proxied.asked.isTunnel) return proxied.series;
    const { client, server: proxy, serverPort: port, flowId, firstUs: timeUs } = fact;
    this.#layProxied(this.#hand, proxied.asked, { client, proxy, port, flowId, timeUs });
    return proxied.series = this.#seriesOfProxied(this.#hand, proxied.asked);
  }

  #spoke(fact: FlowFact): void {
    const proxied = this.#proxied.get(fact.flowId | 0, highHalf(fact.flowId));
    if (proxied?.asked.isTunnel === false) return; // its requests are told one by one
    const series = proxied !== undefined
      ? this.#seriesOfTunnel(proxied, fact)
      : this.#byFlow.get(fact.flowId | 0, highHalf(fact.flowId)) ?? this.#spokeFirst(fact);
    if (series === undefined) return;
    const [up, down] = [fact.payloadBytes(0), fact.payloadBytes(1)];
    if (series.spokeFlow === fact.flowId) addSize(series, up - series.spokeUp, down - series.spokeDown);
    series.spokeFlow = fact.flowId;
    series.spokeUp = up;
    series.spokeDown = down;
    series.within++;
    this.#find(series.first, series.second); // used now
    if (fact.appProtocol !== "") series.appProtocol = fact.appProtocol;
    this.#add(series, fact.timeUs, this.#context.world.clockUs);
  }

  #ended(fact: FlowFact): void {
    const { flowId } = fact;
    const proxied = this.#proxied.take(flowId | 0, highHalf(flowId));
    const counted = this.#byFlow.take(flowId | 0, highHalf(flowId));
    if (proxied !== undefined && !proxied.isUnsized) return;
    const series = proxied !== undefined ? proxied.series : counted;
    if (series === undefined) {
      if (proxied !== undefined) return;
      if (fact.appProtocol !== "" && SILENT_PROTOCOLS.has(fact.appProtocol)) return;
      const place = this.#onceOf(fact);
      if (place < 0) return;
      this.#once.values[place + UP] = fact.payloadBytes(0);
      this.#once.values[place + DOWN] = fact.payloadBytes(1);
      return;
    }
    if (series.spokeFlow === flowId) series.spokeFlow = 0;
    else addSize(series, fact.payloadBytes(0), fact.payloadBytes(1));
    if (fact.appProtocol !== "") series.appProtocol = fact.appProtocol;
    if (fact.serverName !== "" && !series.isProxied) series.server = fact.serverName;
  }

  /** Place of the pair that met for the first time in this flow; -1 where it was another, or not the first. */
  #onceOf(fact: FlowFact): number {
    const ends = fact.protocol << 16 | fact.serverPort;
    const place = this.#once.find(hashWith(fact.pair, ends), fact.secondPair ^ ends);
    return place >= 0 && this.#once.values[place + FLOW_ID] === fact.flowId ? place : -1;
  }

  /** What is said in the first connection of a pair makes it worth a series. */
  #spokeFirst(fact: FlowFact): Series | undefined {
    const place = this.#onceOf(fact);
    if (place < 0) return undefined;
    const contact = this.#hand;
    this.#lay(contact, fact, isServerInside(fact));
    const { flowId } = contact;
    const series = this.#begin(contact, place, this.#live ? this.#context.world.programOf(flowId) : "", fact);
    if (contact.name !== "") this.#named(series, contact);
    this.#byFlow.set(flowId | 0, highHalf(flowId), series);
    return series;
  }

  /**
   * The series a contact belongs to: that of the address, or of another address under the same name. In this order,
   * since what an address is called changes with whoever asked for it last. `undefined` where it is the first contact.
   */
  #seriesOf(contact: Contact, fact: FlowFact | null): Series | undefined {
    const { flowId, clientHash, nameHash: name } = contact;
    let { first, second } = contact;
    const isNamed = contact.name !== "";
    const known = this.#known;
    let series = known.has(first) ? this.#find(first, second) ?? this.#alias.get(first, second) : undefined;
    if ((series === undefined || series.gone) && isNamed) {
      series = known.has(name) ? this.#alias.get(name, clientHash) : undefined;
    }
    if (series?.gone) series = undefined;
    const program = this.#live ? this.#context.world.programOf(flowId) : "";
    if (series !== undefined && program !== "" && series.program !== program) {
      if (series.program === "") series.program = program;
      else {
        first = hashWith(first, hashText(program));
        second = hashWith(second, hashText(program));
        series = this.#find(first, second);
        if (series === undefined) series = this.#create(contact, { first, second, program, fact });
      }
    }
    if (series === undefined) {
      let place = this.#once.find(first, second);
      if (place < 0 && isNamed) place = this.#once.find(name, clientHash);
      if (place < 0) {
        this.#meets(contact);
        return undefined;
      }
      series = this.#begin(contact, place, program, fact);
    } else if (series.serverHash !== contact.serverHash || series.serverSecond !== contact.serverSecond) {
      series.serverHash = contact.serverHash;
      series.serverSecond = contact.serverSecond;
      series.address = fact === null ? contact.address : fact.server;
      this.#alias.set(contact.first, contact.second, series);
      this.#known.add(contact.first);
    }
    if (isNamed) this.#named(series, contact);
    return series;
  }

  #create(
    contact: Contact,
    { first, second, program, fact }: Pick<Series, "first" | "second" | "program"> & {
      fact: FlowFact | null;
    },
  ): Series {
    if (fact !== null) {
      contact.client = fact.client;
      contact.address = fact.server;
    }
    const series = createSeries(contact, { first, second, program });
    this.#fresh.set(first, second, series);
    this.#known.add(first);
    return series;
  }

  /** Notes a first contact. */
  #meets(contact: Contact): void {
    const { timeUs, flowId } = contact;
    this.#once.add(contact.first, contact.second, timeUs, flowId);
    if (contact.name !== "") this.#once.add(contact.nameHash, contact.clientHash, timeUs, flowId);
    const popular = popularityHash(contact);
    const at = 2 * (popular & (MAX_SERVERS - 1));
    const clients = this.#clients;
    if (clients[at] === popular) clients[at + 1]++;
    else if (clients[at + 1] > 0) clients[at + 1]--;
    else {
      clients[at] = popular;
      clients[at + 1] = 1;
    }
  }

  /** A series begins with the contact that was noted, and the one at hand. */
  #begin(contact: Contact, place: number, program: string, fact: FlowFact | null): Series {
    const { first, second } = contact;
    const once = this.#once;
    const series = this.#create(contact, { first, second, program, fact });
    const { values } = once;
    series.times.push(values[place + TIME_US]);
    series.contacts = 1;
    const flowId = values[place + FLOW_ID];
    if (values[place + UP] >= 0) addSize(series, values[place + UP], values[place + DOWN]);
    else this.#byFlow.set(flowId | 0, highHalf(flowId), series);
    once.delete(place);
    return series;
  }

  #named(series: Series, contact: Contact): void {
    if (series.server === contact.name && series.contacts % NAMED_EVERY !== 1) return;
    series.server = contact.name;
    const { nameHash, clientHash } = contact;
    const known = this.#alias.get(nameHash, clientHash);
    if (known !== undefined && !known.gone) return;
    this.#alias.set(nameHash, clientHash, series);
    this.#known.add(nameHash);
  }

  #find(first: number, second: number): Series | undefined {
    return this.#kept.get(first, second) ?? this.#fresh.get(first, second);
  }

  #add(series: Series, timeUs: number, clockUs: number): void {
    const { times } = series;
    const last = times.length - 1;
    series.lastClockUs = clockUs;
    if (last >= 0 && timeUs - times[last] < series.mergeUs) {
      series.crowd++;
      return;
    }
    series.crowd = 0;
    if (times.length >= MAX_EVENTS) makeRoom(series);
    times.push(timeUs);
    series.contacts++;
    if (times.length === KEPT_CONTACTS && this.#fresh.delete(series.first, series.second)) {
      this.#kept.set(series.first, series.second, series);
    }
    if (series.told || series.contacts >= series.nextLook) this.#look(series);
  }

  #look(series: Series): void {
    const { beats, significance, jitter, span, insideSpan } = this.#options;
    series.nextLook = series.contacts + Math.max(1, series.times.length >> 3);
    if (series.times.length < beats || SILENT_PROTOCOLS.has(series.appProtocol)) return;
    if (series.ofProxy > series.contacts / 2) return this.#arrhythmic(series);
    const rhythm = rhythmOf(series.times, series.mergeUs, beats);
    if (rhythm === null || rhythm.log10P > -significance || rhythm.jitter > jitter) {
      this.#arrhythmic(series);
      return;
    }
    const sizes = sizesOf(series);
    if ((sizes === null || sizes.alike < 0.5) && rhythm.log10P > -significance - UNLIKE_PENALTY) {
      this.#arrhythmic(series);
      return;
    }
    if (series.sinceUs === 0 || !isSame(series.periodUs, rhythm.periodUs)) series.sinceUs = series.times[0];
    series.periodUs = rhythm.periodUs;
    series.lost = 0;
    const spanS = (series.times.at(-1)! - series.sinceUs) / 1e6;
    if (spanS < (series.inside ? insideSpan : span) || sizes === null) return;
    if (sizes.up === 0) return; // connected and said nothing: a check that somebody listens
    if (sizes.down >= STREAM_BYTES) return;
    const isWithin = series.within > series.contacts / 2;
    if (isWithin && sizes.up + sizes.down < KEEP_ALIVE_BYTES && series.appProtocol !== "http") return;
    if (!series.told && this.#isPoller(series)) return;
    if (!series.told) {
      series.told = true;
      this.#open.add(series);
    }
    this.#tell(series, rhythm, sizes);
  }

  #arrhythmic(series: Series): void {
    if (++series.lost < MAX_LOST) return;
    series.sinceUs = 0;
    this.#close(series);
  }

  /** Whether the client has the same rhythm with several servers: then it polls them. */
  #isPoller({ client, periodUs }: Series): boolean {
    const servers = new Set<string>();
    for (const other of this.#kept.values()) {
      if (other.client !== client || other.times.length < KEPT_CONTACTS) continue;
      // Near the rhythm where it was looked at, or by its middle gap where it has not been yet.
      const period = other.periodUs || medianGap(other.times);
      if (isSame(period, periodUs)) servers.add(other.isProxied ? other.server : other.address);
      if (servers.size >= this.#options.polled) return true;
    }
    return false;
  }

  #tell(series: Series, rhythm: Rhythm, sizes: Sizes): void {
    const { client, server, port, serverPort, protocol, program, isProxied } = series;
    const spanS = (series.times.at(-1)! - series.sinceUs) / 1e6;
    const at = 2 * (series.popular & (MAX_SERVERS - 1));
    const clients = Math.max(1, this.#clients[at] === series.popular ? this.#clients[at + 1] : 1);
    const isCheck = CONNECTIVITY_CHECK.test(server);
    const scores = {
      regularity: round(Math.min(1, -rhythm.log10P / (3 * this.#options.significance)), 2),
      sizes: round(sizes.alike, 2),
      duration: round(Math.min(1, rhythm.beats / MAX_EVENTS + spanS / DAY_S), 2),
      popularity: clients >= POPULAR_CLIENTS ? 1 : 0,
    };
    const confidence = 0.5 + 0.2 * scores.regularity + 0.15 * scores.sizes + 0.15 * scores.duration -
      0.2 * scores.popularity - (series.inside || isCheck ? 0.2 : 0);
    const proxy = isProxied ? placeText(series.address, port) : "";
    if (series.key === "") {
      const place = isProxied ? `${server}:${serverPort} ${series.address}` : series.address;
      series.key = `${client} ${place} ${protocol}:${port} ${program}`;
    }
    const who = program === "" ? client : `${program} on ${client}`;
    const period = rhythm.periodUs / 1e6;
    this.#context.desk.raise({
      key: series.key,
      source: client,
      target: series.address,
      targetPort: port,
      protocol,
      flowId: series.flowId,
      program,
      severity: series.inside || isCheck ? 3 : 2,
      confidence,
      count: series.contacts,
      firstUs: series.sinceUs,
      message:
        `${who} contacts ${placeText(server, serverPort)}${
          isProxied ? ` through the proxy ${proxy}` : ""
        } every ${spanText(period)}, give or take ` +
        `${percentText(rhythm.jitter)}, ${series.contacts} times within ${spanText(spanS)}`,
      evidence: {
        server,
        ...(isProxied ? { proxy } : {}),
        period_s: Number(period.toPrecision(5)),
        jitter: round(rhythm.jitter, 4),
        beats: rhythm.beats,
        gaps_left_out: rhythm.leftOut,
        beats_missed: rhythm.missed,
        merged_within_s: rhythm.mergeUs / 1e6,
        span_s: round(spanS),
        chance: `below 1e${Math.ceil(rhythm.log10P)}`,
        bytes_to_server: sizes.up,
        bytes_to_client: sizes.down,
        within_open_connections: series.within,
        clients_of_server: clients,
        scores,
        histogram: gapHistogram(series.times, rhythm),
        ...(series.appProtocol === "" ? {} : { app_proto: series.appProtocol }),
        ...(isCheck ? { known_as: "connectivity check" } : {}),
      },
    });
  }

  #close(series: Series): void {
    if (!series.told) return;
    series.told = false;
    this.#open.delete(series);
    this.#context.desk.close(series.key);
  }
}

/** By address: the name may not be known when a client is first seen with it. */
function popularityHash({ serverHash, protocol, port }: Contact): number {
  return hashWith(serverHash, protocol << 16 | port);
}

/** Of a client with a server's name. */
function nameHash({ clientHash, name, protocol, port }: Contact): number {
  return hashWith(clientHash ^ hashText(name), protocol << 16 | port);
}

interface Sizes {
  up: number;
  down: number;
  /** Share of contacts whose bytes to the server are near the middle. */
  alike: number;
}

function createSeries(
  contact: Contact,
  { first, second, program }: { first: number; second: number; program: string },
): Series {
  const { client, name, address, serverHash, serverSecond, port, protocol, inside, flowId, clockUs } =
    contact;
  return {
    key: "",
    first,
    second,
    gone: false,
    popular: popularityHash(contact),
    client,
    server: name || address,
    address,
    serverHash,
    serverSecond,
    port,
    serverPort: port,
    isProxied: false,
    ofProxy: 0,
    protocol,
    program,
    inside,
    flowId,
    appProtocol: "",
    times: [],
    mergeUs: MERGE_US,
    contacts: 0,
    within: 0,
    nextLook: 0,
    crowd: 0,
    up: [],
    down: [],
    sizes: 0,
    spokeFlow: 0,
    spokeUp: 0,
    spokeDown: 0,
    sinceUs: 0,
    periodUs: 0,
    lost: 0,
    told: false,
    lastClockUs: clockUs,
  };
}

/** What comes after a long silence is another matter. */
function forget(series: Series): void {
  series.times = [];
  series.contacts =
    series.ofProxy =
    series.within =
    series.nextLook =
    series.sinceUs =
    series.periodUs =
    series.lost =
      0;
}

/** Drops the oldest contacts; or, where most are parts of bursts, takes bursts for one contact from now on. */
function makeRoom(series: Series): void {
  const { times } = series;
  const coarser: number[] = [];
  mergeEvents(times, series.mergeUs * MERGE_STEP, coarser);
  if (coarser.length <= times.length / 2) {
    times.splice(0, times.length, ...coarser);
    series.mergeUs *= MERGE_STEP;
  } else times.splice(0, 1);
}

function addSize(series: Series, up: number, down: number): void {
  const at = series.sizes++ % MAX_SIZES;
  series.up[at] = up;
  series.down[at] = down;
}

function sizesOf({ up, down }: Series): Sizes | null {
  if (up.length < MIN_SIZES) return null;
  const middle = median(up);
  const alike = up.filter((bytes) => Math.abs(bytes - middle) <= ALIKE * middle).length;
  return { up: middle, down: median(down), alike: alike / up.length };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function medianGap(times: readonly number[]): number {
  return median(times.slice(1).map((time, i) => time - times[i]));
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= SAME_PERIOD * Math.max(a, b);
}

export const beaconing: RuleSpec<typeof options> = {
  kind: "beaconing",
  title: "Beaconing",
  category: "A Network Trojan was detected",
  severity: 2,
  signatureId: 1_900_140,
  attack: { id: "T1071", name: "Application Layer Protocol" },
  notices:
    "A client contacts the same server again and again at a beat that chance would hardly produce, with " +
    "messages of like size. Jitter, missed beats and several connections a beat are allowed for. Through an HTTP " +
    "proxy it is whom the requests and tunnels are for.",
  why:
    "Programs under remote control ask their operator for orders at intervals. Updaters, telemetry and pages that " +
    "refresh themselves have a beat as well: the program and the server's name tell which it is.",
  fooled:
    "Waiting times drawn at random over a wide range, contacts hidden among a person's, servers that change " +
    "names and addresses, answers blown up to the size of pages, very few contacts, or a protocol that is periodic " +
    "by nature; a proxy that is asked over TLS or SOCKS. What is wanted and what is not cannot be told from the beat.",
  options,
  quietSeconds: 7 * DAY_S, // the rule itself ends alerts, by their period
  observes: ["http"],
  wants: { steps: STEPS, protocols: [IpProtocol.tcp, IpProtocol.udp] },
  create: (context) => new Beaconing(context),
};
