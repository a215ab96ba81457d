/**
 * What a rule is given and must give: the contract of every file in `rules/`.
 *
 * A rule notices one kind of thing. It is told facts in the order in which they happened, knows no other time than
 * theirs, keeps bounded state, and raises alerts at the desk. It decides by what traffic means, and says in its own
 * words what it notices, why that matters and how it can be fooled: page and documentation show them.
 */
import type { Observation } from "../model/observation.ts";
import type { SystemFacts } from "../model/system_facts.ts";
import type { UsualMeasure } from "../model/usual.ts";
import type { AlertDesk } from "./alert_desk.ts";
import type { Contact } from "./contacts/contact.ts";
import type { FirstContacts } from "./contacts/first_contacts.ts";
import type { Listed } from "./blocklist/listed.ts";
import type { FlowFact } from "./flow_fact.ts";
import type { UsualSet } from "./usual_set.ts";

/** One threshold of a rule. Settings file, documentation and validation all come from this. */
export interface RuleOption {
  default: number;
  /** Inclusive. */
  range: readonly [number, number];
  /** "s", "bytes", "ports", "" for a share ... */
  unit: string;
  help: string;
}

/** ATT&CK Enterprise technique, release 15. */
export interface Technique {
  id: string;
  name: string;
}

/** A rule as it is registered in `registry.ts`: words, thresholds, and how to make one. */
export interface RuleSpec<Options extends Record<string, RuleOption> = Record<string, RuleOption>> {
  /** `netpane.kind` of its alerts, snake_case; unique. */
  readonly kind: string;
  /** A few words for lists: "Port scan". */
  readonly title: string;
  /** EVE's `alert.category`. */
  readonly category: string;
  /** EVE's `alert.severity` unless the alert says otherwise: 1 act now, 2 look into it, 3 good to know. */
  readonly severity: 1 | 2 | 3;
  /** EVE's `alert.signature_id`; 1,900,100 and up, unique. */
  readonly signatureId: number;
  readonly attack: Technique | null;
  /** One or two sentences each. */
  readonly notices: string;
  readonly why: string;
  readonly fooled: string;
  readonly options: Options;
  /** Whether it is on without a settings file. @default {true} */
  readonly enabled?: boolean;
  /** An alert is over when nothing was added to it for so long, seconds of packet time. @default {300} */
  readonly quietSeconds?: number;
  /** Types of observations it is told, of `OBSERVED_TYPES`; "*" for all. */
  readonly observes?: readonly string[];
  /** Facts that `fact` is told; it is called for no others, so this must name all it looks at. @default all */
  readonly wants?: Wants;
  create(context: RuleContext<{ [K in keyof Options]: number }>): Rule;
}

/** A call for nothing is what most rules would cost: so they say beforehand what they want. */
export interface Wants {
  /** Of flows: those with any of these bits of `FlowStep`. @default none */
  readonly steps?: number;
  /** Of flows: of these IP protocols alone. @default all */
  readonly protocols?: readonly number[];
  /** Of `FactKind`, beside flows: `icmpError`, `arp`, `badFragment`. @default none */
  readonly kinds?: readonly number[];
}

/** What a rule may use. */
export interface RuleContext<Options = Record<string, number>> {
  /** Read at the time of use: the user may change them while it runs. */
  readonly options: Readonly<Options>;
  readonly desk: AlertDesk;
  /** What all rules know of hosts and flows. */
  readonly world: World;
  /** What this rule holds for usual here: live it is kept over a restart. */
  readonly usual: UsualSet;
  /** What its `measures()` said last, in this run or an earlier one; none in files. */
  readonly measured: readonly UsualMeasure[];
}

/** What is known beside the fact at hand. */
export interface World {
  /** The inspector's clock, microseconds: never goes back. For windows and timers. */
  readonly clockUs: number;
  /** Packet time of the fact at hand, microseconds since 1970: for what is told. */
  readonly timeUs: number;
  /** Whether an address is this machine's, or (from a file) in a private range. */
  isLocal(address: string): boolean;
  /** Program at this machine's end of a flow; "" while it is not known, and for all that come from files. */
  programOf(flowId: number): string;
  /** Name that `server` was seen to have (DNS answers, SNI, Host); "" for none. */
  nameOf(server: string): string;
  /** The same, by the address's hashes (`FlowFact.serverHash`, `serverSecond`): without putting its text together. */
  nameOfHashed(first: number, second: number): string;
  /** Who tries whom for the first time; it is told nothing where no rule wants contacts. */
  readonly contacts: FirstContacts;
  /** The user's lists of addresses and names; another object when they have changed. */
  readonly listed: Listed;
}

/** A rule at work. It implements what it wants to be told. */
export interface Rule {
  /** A step of a flow, or an ICMP error, or ARP: see `FlowFact.kind`. The object is used again: copy. */
  fact?(fact: FlowFact): void;
  observation?(observation: Observation): void;
  /** First contacts whose outcome has become known, a few at a time; the objects are used again: copy. */
  contacts?(contacts: readonly Contact[]): void;
  /** About once a second, live only. */
  system?(facts: SystemFacts): void;
  /** At least every half second of packet time while packets come, and with the wall clock while none do. */
  tick?(): void;
  /** The input is over: tell what is half known. */
  close?(): void;
  /**
   * What is usual by its measure, for the next run: a text and up to `MAX_MEASURED` numbers from 0 each, what matters
   * most last. Of more than `MAX_MEASURES` the first are lost. Called when something is kept (every ten seconds at
   * most) and at the end.
   */
  measures?(): UsualMeasure[];
  /** What it holds now, and what had to go for want of room. */
  readonly state: RuleState;
}

export interface RuleState {
  /** Entries held: sources, pairs, names ... */
  entries: number;
  /** The ceiling of `entries`. */
  capacity: number;
  /** Entries that had to go before their time. */
  evicted: number;
}
