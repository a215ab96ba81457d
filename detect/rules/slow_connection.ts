/**
 * Slow connections: handshakes that take many times what they took between the same two hosts, or loss far above what
 * it was, for several connections in a row. Each pair is compared with its own past, so a satellite link is not slow
 * for being one.
 */
import { FactKind, FlowStep } from "../../model/facts.ts";
import { IpProtocol } from "../../model/flow.ts";
import { MAX_MEASURES, type UsualMeasure } from "../../model/usual.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState } from "../contract.ts";
import { Drift } from "../drift.ts";
import { FirstSeen, TIME_US, UP } from "../first_seen.ts";
import type { FlowFact } from "../flow_fact.ts";
import { Hashed, highHalf } from "../hashed.ts";
import { Maybe } from "../maybe.ts";
import { percentText, placeText, round, spanText } from "../words.ts";

/** Pairs with few connections, and those with a past worth keeping: the many do not push out the latter. */
const MAX_FRESH = 8_192;
const MAX_KEPT = 2_048;
const KEPT_VALUES = 8;
/** Pairs with one handshake, noted only. */
const MAX_ONCE = 8_192;
/** Flows that go on, for what was counted of them already. */
const MAX_FLOWS = 8_192;
/** Of a pair's handshakes one a second is enough. */
const EVERY_US = 1_000_000;
/** Packets of which a share of loss says something. */
const LOSS_PACKETS = 100;

const options = {
  latency: { default: 4, range: [1.5, 100], unit: "times", help: "The usual time of a handshake, at least" },
  latencyFloor: {
    default: 0.1,
    range: [0.001, 10],
    unit: "s",
    help: "Above the usual time, at least: less is not felt",
  },
  loss: {
    default: 5,
    range: [1.5, 100],
    unit: "times",
    help: "The usual share of segments sent again, at least",
  },
  lossFloor: {
    default: 0.05,
    range: [0.001, 1],
    unit: "",
    help: "Above the usual share, at least: TCP gets along with one in a hundred",
  },
  lasts: {
    default: 30,
    range: [1, 3_600],
    unit: "s",
    help: "Time over which the latest five measurements must be spread",
  },
} satisfies Record<string, RuleOption>;

type Options = { [K in keyof typeof options]: number };

interface Pair {
  client: string;
  server: string;
  latency: Drift;
  loss: Drift;
  values: number;
  /** Told, and for which of both. */
  told: "" | "latency" | "loss";
  sinceUs: number;
  /** When a handshake was measured last. */
  measuredUs: number;
}

class SlowConnection implements Rule {
  readonly #context: RuleContext<Options>;
  readonly #options: Readonly<Options>;
  readonly #once = new FirstSeen(MAX_ONCE);
  readonly #fresh = new Hashed<Pair>(MAX_FRESH);
  readonly #kept = new Hashed<Pair>(MAX_KEPT, (pair) => this.#close(pair));
  /** First halves of the keys of both. */
  readonly #known = new Maybe(32_768, (known) => {
    for (const table of [this.#fresh, this.#kept]) table.addTo(known);
  });
  /** Segments counted already, and those of them sent again. */
  readonly #flows = new Hashed<[number, number]>(MAX_FLOWS);
  /** Pasts of pairs in an earlier run, until they are seen again: how many latencies, these, and shares of loss. */
  readonly #before = new Map<string, readonly number[]>();

  constructor(context: RuleContext<Options>) {
    this.#context = context;
    this.#options = context.options;
    for (const [key, past] of context.measured) this.#before.set(key, past);
  }

  /** Pairs that have a past; those seen in this run last. */
  measures(): UsualMeasure[] {
    const measures: UsualMeasure[] = [...this.#before];
    for (const pair of this.#kept.values()) {
      const [latency, loss] = [pair.latency.past(), pair.loss.past()];
      if (latency.length + loss.length === 0) continue;
      const past = [...latency.map((value) => round(value, 6)), ...loss.map((value) => round(value, 4))];
      measures.push([keyOf(pair), [latency.length, ...past]]);
    }
    return measures;
  }

  get state(): RuleState {
    const before = { size: this.#before.size, capacity: MAX_MEASURES, evicted: 0 };
    const parts = [this.#once, this.#fresh, this.#kept, this.#flows, before];
    return {
      entries: parts.reduce((sum, { size }) => sum + size, 0),
      capacity: parts.reduce((sum, { capacity }) => sum + capacity, 0),
      evicted: parts.reduce((sum, { evicted }) => sum + evicted, 0),
    };
  }

  fact(fact: FlowFact): void {
    if (fact.kind !== FactKind.flow || fact.protocol !== IpProtocol.tcp) return;
    const { steps } = fact;
    if ((steps & FlowStep.established) !== 0) {
      if (fact.rttUs > 0) this.#latency(fact);
    } else if ((steps & (FlowStep.progress | FlowStep.ended)) !== 0) this.#loss(fact);
  }

  #latency(fact: FlowFact): void {
    const known = this.#find(fact);
    const { latency: factor, latencyFloor: floor, lasts } = this.#options;
    let first = -1;
    if (known === undefined) {
      const once = this.#once;
      first = once.find(fact.pair, fact.secondPair);
      if (first < 0) {
        const place = once.add(fact.pair, fact.secondPair, fact.timeUs, fact.flowId);
        once.values[place + UP] = fact.rttUs;
        return;
      }
      if (fact.timeUs - once.values[first + TIME_US] < EVERY_US) return;
    } else if (fact.timeUs - known.measuredUs < EVERY_US) return;
    const pair = this.#pairOf(fact, known);
    pair.measuredUs = fact.timeUs;
    const { latency } = pair;
    if (first >= 0) {
      pair.values++;
      const { values } = this.#once;
      latency.add(values[first + UP] / 1e6, values[first + TIME_US], { factor, floor });
      this.#once.delete(first);
    }
    const isFar = latency.add(fact.rttUs / 1e6, fact.timeUs, { factor, floor });
    if (!isFar) return this.#end(pair, "latency");
    if (pair.told !== "latency" && latency.spanUs < lasts * 1e6) return;
    const { now, median } = latency;
    this.#tell(pair, fact, "latency", {
      message: `takes ${spanText(now)} to answer`,
      usual: `usually ${spanText(median)}`,
      evidence: {
        handshake_s: round(now, 6),
        handshake_usual_s: round(median, 6),
        handshake_deviation_s: round(latency.deviation, 6),
        handshake_lowest_s: round(latency.lowest, 6),
        handshake_highest_s: round(latency.highest, 6),
        handshakes_compared: latency.pastValues,
      },
    });
  }

  #loss(fact: FlowFact): void {
    const packets = fact.packets(0) + fact.packets(1);
    const hasEnded = (fact.steps & FlowStep.ended) !== 0;
    if (packets < LOSS_PACKETS) return;
    const again = fact.retransmissions(0) + fact.retransmissions(1);
    const [low, high] = [fact.flowId | 0, highHalf(fact.flowId)];
    const before = this.#flows.get(low, high);
    const count = packets - (before?.[0] ?? 0);
    const lost = again - (before?.[1] ?? 0);
    if (hasEnded && before !== undefined) this.#flows.delete(low, high);
    if (count < LOSS_PACKETS) return;
    if (!hasEnded) this.#flows.set(low, high, [packets, again]);
    const pair = this.#pairOf(fact, this.#find(fact));
    const { loss: factor, lossFloor: floor, lasts } = this.#options;
    const { loss } = pair;
    const isFar = loss.add(lost / count, fact.lastUs, { factor, floor });
    if (!isFar) return this.#end(pair, "loss");
    if (pair.told !== "loss" && loss.spanUs < lasts * 1e6) return;
    const { now, median } = loss;
    this.#tell(pair, fact, "loss", {
      message: `loses ${percentText(now)} of segments`,
      usual: `usually ${percentText(median)}`,
      evidence: {
        sent_again_share: round(now, 4),
        sent_again_usual_share: round(median, 4),
        sent_again_highest_share: round(loss.highest, 4),
        stretches_compared: loss.pastValues,
      },
    });
  }

  #find(fact: FlowFact): Pair | undefined {
    if (!this.#known.has(fact.pair)) return undefined;
    return this.#kept.get(fact.pair, fact.secondPair) ?? this.#fresh.get(fact.pair, fact.secondPair);
  }

  #pairOf(fact: FlowFact, known: Pair | undefined): Pair {
    const { pair: first, secondPair: second } = fact;
    let pair = known;
    if (pair === undefined) {
      pair = this.#goOn(createPair(fact.client, fact.server));
      this.#fresh.set(first, second, pair);
      this.#known.add(first);
    }
    if (++pair.values === KEPT_VALUES && this.#fresh.delete(first, second)) {
      this.#kept.set(first, second, pair);
    }
    return pair;
  }

  /** With what was known of it in an earlier run: then it is one to be kept. */
  #goOn(pair: Pair): Pair {
    const key = keyOf(pair);
    const before = this.#before.get(key);
    if (before === undefined) return pair;
    this.#before.delete(key);
    const [latencies, ...past] = before;
    pair.latency.restore(past.slice(0, latencies));
    pair.loss.restore(past.slice(latencies));
    pair.values = KEPT_VALUES - 1;
    return pair;
  }

  #tell(
    pair: Pair,
    fact: FlowFact,
    what: "latency" | "loss",
    told: { message: string; usual: string; evidence: Record<string, unknown> },
  ): void {
    const { world, desk } = this.#context;
    if (pair.told !== "" && pair.told !== what) return; // it is told already, for the other reason
    const drift = pair[what];
    if (pair.told === "") pair.sinceUs = drift.sinceUs;
    pair.told = what;
    const server = fact.serverName || world.nameOf(pair.server) || pair.server;
    desk.raise({
      key: keyOf(pair),
      source: pair.client,
      target: pair.server,
      targetPort: fact.serverPort,
      protocol: fact.protocol,
      flowId: fact.flowId,
      program: world.programOf(fact.flowId),
      count: drift.farCount,
      firstUs: pair.sinceUs,
      message:
        `${placeText(server, fact.serverPort)} ${told.message} for ${pair.client}, ${told.usual}, since ` +
        spanText(Math.max(1, (world.timeUs - pair.sinceUs) / 1e6)),
      evidence: { server, ...told.evidence },
    });
  }

  #end(pair: Pair, what: "latency" | "loss"): void {
    if (pair.told === what) this.#close(pair);
  }

  #close(pair: Pair): void {
    if (pair.told === "") return;
    pair.told = "";
    this.#context.desk.close(keyOf(pair));
  }
}

function createPair(client: string, server: string): Pair {
  return {
    client,
    server,
    latency: new Drift(),
    loss: new Drift(),
    values: 0,
    told: "",
    sinceUs: 0,
    measuredUs: -Infinity,
  };
}

function keyOf({ client, server }: Pair): string {
  return `${client} ${server}`;
}

export const slowConnection: RuleSpec<typeof options> = {
  kind: "slow_connection",
  title: "Slow connection",
  category: "Not Suspicious Traffic",
  severity: 3,
  signatureId: 1_900_143,
  attack: null,
  notices:
    "A server answers connections several times later than it used to answer this client, or far more of what " +
    "they send has to be sent again, for five measurements in a row over at least half a minute.",
  why:
    "A line, a route or a server is in trouble, or overloaded by somebody; or traffic takes another way than it did.",
  fooled:
    "Only connections that are opened, or carry a hundred segments, are measured: an open one that is slow for " +
    "other reasons is not. A capture that loses packets sees loss that there is none of.",
  options,
  quietSeconds: 900,
  wants: { steps: FlowStep.established | FlowStep.progress | FlowStep.ended, protocols: [IpProtocol.tcp] },
  create: (context) => new SlowConnection(context),
};
