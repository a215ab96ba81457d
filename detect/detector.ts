/**
 * The detector: facts in, alerts out. It hands each fact to the rules that want it, in the order in which things
 * happened, and keeps what all rules know. `analyze` and tests call it directly; the worker around it only passes
 * messages.
 */
import { isPrivate, normalizeAddress, parseAddress } from "../model/address.ts";
import type { DetectCounters, RuleSettings } from "../model/detection.ts";
import { type FactBatch, FactKind, FlowStep } from "../model/facts.ts";
import { IpProtocol } from "../model/flow.ts";
import type { Observation } from "../model/observation.ts";
import type { SystemFacts } from "../model/system_facts.ts";
import { AlertBoard, AlertDesk, MAX_OPEN_ALERTS } from "./alert_desk.ts";
import type { Rule, RuleSpec, Wants, World } from "./contract.ts";
import { hashesOf } from "./contacts/address_hash.ts";
import type { Contact } from "./contacts/contact.ts";
import { CONTACT_STEPS, FirstContacts } from "./contacts/first_contacts.ts";
import { FlowFact } from "./flow_fact.ts";
import { Hashed } from "./hashed.ts";
import { Recent } from "./recent.ts";
import { RULES } from "./registry.ts";
import type { Blocklist } from "../model/blocklist.ts";
import { MAX_MEASURES, type Usual } from "../model/usual.ts";
import { Listed } from "./blocklist/listed.ts";
import { UsualSet } from "./usual_set.ts";

/** Programs of flows, and names of servers, remembered. */
const MAX_PROGRAMS = 32_768;
const MAX_NAMES = 32_768;
/** Addresses whose being local is remembered. */
const MAX_JUDGED = 16_384;
/** Classes of IP protocols by which rules are told: TCP, UDP, the others. */
const [TCP, UDP, OTHER] = [0, 1, 2];
const STEPS = 256;
/** Names come from DNS before a flow begins, or from what is said in it. */
const NAMING = FlowStep.began | FlowStep.progress | FlowStep.ended;
/** Rules are given time to look round this often, by the inspector's clock. */
const TICK_US = 500_000;

export interface DetectorOptions {
  /** Takes alerts as they are made; see `Observation.alert`. */
  tell: (observation: Observation) => void;
  rules?: RuleSettings;
  /** Addresses of this machine, as text. None: private ranges count as local. */
  localAddresses?: readonly string[];
  /** See `AlertBoard`. */
  idPrefix?: string;
  /** Addresses and names that nobody should talk to. */
  blocklists?: readonly Blocklist[];
  /** What rules had learnt to be usual before; see `usual`. */
  remembered?: Usual;
  /** For tests. @default all that are registered */
  specs?: readonly RuleSpec[];
  /** For tests: what a rule threw, which is only counted otherwise. */
  failed?: (kind: string, error: unknown) => void;
}

interface Running {
  spec: RuleSpec;
  rule: Rule;
  options: Record<string, number>;
  /** `rule.fact` and `rule.observation`, bound: looking them up in rules of so many classes costs as much as a rule. */
  fact: (fact: FlowFact) => void;
  observation: (observation: Observation) => void;
}

/**
 * @example
 * ```ts
 * import { Detector } from "./mod.ts";
 *
 * const detector = new Detector({ tell: (alert) => console.log(alert.fields) });
 * detector.close();
 * ```
 */
export class Detector {
  readonly #specs: readonly RuleSpec[];
  readonly #board: AlertBoard;
  readonly #fact = new FlowFact();
  readonly #failed: DetectorOptions["failed"];
  readonly #world: World & { clockUs: number; timeUs: number; listed: Listed; contacts: FirstContacts };
  readonly #programs = new Recent<number, string>(MAX_PROGRAMS);
  /** Of servers, by hashes of their addresses. */
  readonly #names = new Hashed<string>(MAX_NAMES);
  readonly #judged = new Map<string, boolean>();
  readonly #failures: Record<string, number> = {};
  readonly #usual = new Map<string, UsualSet>();
  /** What was known at the start; of rules that are off now, when they were switched off. */
  readonly #remembered: Usual = {};
  #locals: Set<string> | null = null;
  #running: Running[] = [];
  /** By class of IP protocol and steps: rules that want them. */
  readonly #onFlow: (readonly Running[])[] = [];
  /** By kind of fact. */
  readonly #onKind: (readonly Running[])[] = [];
  #onTick: Running[] = [];
  #onContacts: Running[] = [];
  #onObservation = new Map<string, Running[]>();
  #facts = 0;
  #nextTickUs = 0;

  constructor(options: DetectorOptions) {
    this.#specs = options.specs ?? RULES;
    this.#failed = options.failed;
    for (const { kind } of this.#specs) {
      const known = options.remembered?.[kind];
      if (known !== undefined) this.#remembered[kind] = known;
    }
    this.#board = new AlertBoard(options.tell, options.idPrefix, (address) => this.nameOf(address));
    this.#world = {
      clockUs: 0,
      timeUs: 0,
      isLocal: (address) => this.#isLocal(address),
      programOf: (flowId) => this.#programs.peek(flowId) ?? "",
      nameOf: (server) => this.nameOf(server),
      nameOfHashed: (first, second) => this.#names.get(first, second) ?? "",
      listed: new Listed(options.blocklists),
      contacts: new FirstContacts(),
    };
    this.setLocalAddresses(options.localAddresses ?? []);
    this.configure(options.rules ?? {});
  }

  /** Rules are switched on and off and given thresholds; those that go on keep what they know. */
  configure(settings: RuleSettings): void {
    const before = new Map(this.#running.map((running) => [running.spec.kind, running]));
    this.#running = [];
    for (const spec of this.#specs) {
      const { enabled = spec.enabled ?? true, options = {} } = settings[spec.kind] ?? {};
      const known = before.get(spec.kind);
      if (!enabled) {
        if (known !== undefined) {
          this.#remember(known);
          this.#board.closeKind(spec.kind);
        }
        continue;
      }
      const running = known ?? this.#create(spec);
      for (const [name, { default: value }] of Object.entries(spec.options)) {
        running.options[name] = options[name] ?? value;
      }
      this.#running.push(running);
    }
    this.#listWants();
    this.#onTick = this.#running.filter(({ rule }) => rule.tick !== undefined);
    this.#onContacts = this.#running.filter(({ rule }) => rule.contacts !== undefined);
    this.#onObservation.clear();
    for (const running of this.#running) {
      for (const type of running.spec.observes ?? []) {
        const rules = this.#onObservation.get(type) ?? [];
        rules.push(running);
        this.#onObservation.set(type, rules);
      }
    }
  }

  setLocalAddresses(addresses: readonly string[]): void {
    const known = addresses.map(normalizeAddress).filter((address) => address !== null);
    this.#locals = known.length === 0 ? null : new Set(known);
    this.#judged.clear();
  }

  /** The user's lists have changed. */
  setBlocklists(lists: readonly Blocklist[]): void {
    this.#world.listed = new Listed(lists);
  }

  /** Takes facts in. Nothing of `batch` is kept but its observations. */
  take(batch: FactBatch): void {
    const fact = this.#fact;
    const world = this.#world;
    this.#facts += batch.rows;
    for (let row = 0; row < batch.rows; row++) {
      const clockUs = batch.clockUs[row];
      world.clockUs = clockUs;
      world.timeUs = batch.timeUs[row];
      this.#board.at(clockUs, world.timeUs);
      if (clockUs >= this.#nextTickUs) this.#tick();
      const kind = batch.kind[row];
      if (kind === FactKind.observation) {
        this.#observe(batch.observations[row]!);
        continue;
      }
      if (kind === FactKind.time) continue;
      fact.lay(batch, row);
      let rules = this.#onKind[kind];
      if (kind === FactKind.flow) {
        const name = (fact.steps & NAMING) === 0 ? "" : batch.flows.serverName[row];
        if (name !== "") this.#names.set(fact.serverHash, fact.serverSecond, name);
        const { protocol } = fact;
        rules = this.#onFlow[
          (protocol === IpProtocol.tcp ? TCP : protocol === IpProtocol.udp ? UDP : OTHER) * STEPS + fact.steps
        ];
      }
      if (this.#onContacts.length > 0 && (kind !== FactKind.flow || (fact.steps & CONTACT_STEPS) !== 0)) {
        this.#takeContacts(fact);
      }
      for (let i = 0; i < rules.length; i++) {
        try {
          rules[i].fact(fact);
        } catch (error) {
          this.#fail(rules[i], error);
        }
      }
    }
  }

  #listWants(): void {
    const all = this.#running.filter(({ rule }) => rule.fact !== undefined);
    for (const protocol of [TCP, UDP, OTHER]) {
      for (let steps = 0; steps < STEPS; steps++) {
        this.#onFlow[protocol * STEPS + steps] = all.filter(({ spec: { wants } }) =>
          wants === undefined || ((wants.steps ?? 0) & steps) !== 0 && wantsClass(wants, protocol)
        );
      }
    }
    for (const kind of Object.values(FactKind)) {
      this.#onKind[kind] = kind === FactKind.flow || kind === FactKind.observation || kind === FactKind.time
        ? []
        : all.filter(({ spec: { wants } }) => wants === undefined || wants.kinds?.includes(kind));
    }
  }

  /** What main knows of the machine. */
  takeSystem(facts: SystemFacts): void {
    for (const { flowId, program } of facts.owners) this.#programs.set(flowId, program);
    if (facts.atUs > this.#world.clockUs) this.#world.clockUs = facts.atUs;
    this.#world.timeUs = facts.atUs;
    this.#board.at(this.#world.clockUs, facts.atUs);
    for (const running of this.#running) {
      try {
        running.rule.system?.(facts);
      } catch (error) {
        this.#fail(running, error);
      }
    }
    this.#board.tick();
  }

  /** The input is over: alerts are told for the last time. */
  close(): void {
    this.#judgeContacts(true);
    for (const running of this.#running) {
      try {
        running.rule.close?.();
      } catch (error) {
        this.#fail(running, error);
      }
    }
    this.#board.closeAll();
  }

  /** Name that an address was seen to have; "" for none. */
  nameOf(address: string): string {
    const bytes = parseAddress(address);
    if (bytes === null) return "";
    return this.#names.get(...hashesOf(bytes)) ?? "";
  }

  counters(): DetectCounters {
    const desk = this.#board.counters();
    const rules: DetectCounters["rules"] = {};
    for (const { spec: { kind }, rule } of this.#running) {
      rules[kind] = { alerts: desk.byKind[kind] ?? 0, failures: this.#failures[kind] ?? 0, ...rule.state };
    }
    return {
      facts: this.#facts,
      alertsOpen: desk.open,
      alertsCapacity: MAX_OPEN_ALERTS,
      alertsRaised: desk.raised,
      alertsEvicted: desk.evicted,
      rules,
    };
  }

  #create(spec: RuleSpec): Running {
    const options: Record<string, number> = {};
    for (const [name, { default: value }] of Object.entries(spec.options)) options[name] = value;
    const rule = spec.create({
      options,
      desk: new AlertDesk(this.#board, spec),
      world: this.#world,
      usual: this.#usualOf(spec.kind),
      measured: this.#remembered[spec.kind]?.measures ?? [],
    });
    const nothing = () => {};
    return {
      spec,
      rule,
      options,
      fact: rule.fact?.bind(rule) ?? nothing,
      observation: rule.observation?.bind(rule) ?? nothing,
    };
  }

  /** What rules have learnt to be usual, to be handed to the next detector. */
  usual(): Usual {
    for (const running of this.#running) this.#remember(running);
    return { ...this.#remembered };
  }

  #remember(running: Running): void {
    const { spec: { kind }, rule } = running;
    const set = this.#usual.get(kind)!;
    let measures = this.#remembered[kind]?.measures;
    try {
      measures = rule.measures?.().slice(-MAX_MEASURES) ?? measures;
    } catch (error) {
      this.#fail(running, error);
    }
    if (set.size === 0 && !measures?.length) return;
    this.#remembered[kind] = { ...set.kept(), ...(measures?.length ? { measures } : {}) };
  }

  /** Whether anything was learnt since `usual` was asked for. */
  get hasLearnt(): boolean {
    for (const set of this.#usual.values()) if (set.changed) return true;
    return false;
  }

  /** It outlives the rule: one that is switched off and on again goes on with what it knew. */
  #usualOf(kind: string): UsualSet {
    let set = this.#usual.get(kind);
    if (set === undefined) {
      set = new UsualSet(this.#remembered[kind]);
      this.#usual.set(kind, set);
    }
    return set;
  }

  #observe(observation: Observation): void {
    const rules = this.#onObservation.get(observation.type);
    if (rules === undefined) return;
    for (const running of rules) {
      try {
        running.observation(observation);
      } catch (error) {
        this.#fail(running, error);
      }
    }
  }

  #takeContacts(fact: FlowFact): void {
    try {
      this.#tellContacts(this.#world.contacts.take(fact, this.#world.clockUs));
    } catch (error) {
      this.#fail(this.#onContacts[0], error);
    }
  }

  /** @param atEnd The input is over: nothing more will come of attempts. */
  #judgeContacts(atEnd: boolean): void {
    if (this.#onContacts.length === 0) return;
    const { contacts, clockUs } = this.#world;
    try {
      this.#tellContacts(atEnd ? contacts.close(clockUs) : contacts.tick(clockUs));
    } catch (error) {
      this.#fail(this.#onContacts[0], error);
    }
  }

  #tellContacts(contacts: readonly Contact[]): void {
    if (contacts.length === 0) return;
    for (const running of this.#onContacts) {
      try {
        running.rule.contacts!(contacts);
      } catch (error) {
        this.#fail(running, error);
      }
    }
  }

  #tick(): void {
    this.#nextTickUs = this.#world.clockUs + TICK_US;
    this.#judgeContacts(false);
    for (const running of this.#onTick) {
      try {
        running.rule.tick!();
      } catch (error) {
        this.#fail(running, error);
      }
    }
    this.#board.tick();
  }

  #fail({ spec: { kind } }: Running, error: unknown): void {
    this.#failures[kind] = (this.#failures[kind] ?? 0) + 1;
    this.#failed?.(kind, error);
  }

  #isLocal(address: string): boolean {
    if (this.#locals !== null) return this.#locals.has(address);
    let local = this.#judged.get(address);
    if (local === undefined) {
      const bytes = parseAddress(address);
      local = bytes !== null && isPrivate(bytes, 0, bytes.length === 4 ? 4 : 6);
      if (this.#judged.size >= MAX_JUDGED) this.#judged.clear();
      this.#judged.set(address, local);
    }
    return local;
  }
}

/** Whether a rule wants any protocol of a class. */
function wantsClass({ protocols }: Wants, protocol: number): boolean {
  if (protocols === undefined) return true;
  return protocols.some((one) =>
    (one === IpProtocol.tcp ? TCP : one === IpProtocol.udp ? UDP : OTHER) === protocol
  );
}
