/** The detector and its desk: who is told what, alerts' lives, ceilings, and that a rule's failure stays its own. */
import assert from "node:assert/strict";
import { AlertBoard, AlertDesk, MAX_OPEN_ALERTS, MAX_OPEN_PER_RULE } from "../../detect/alert_desk.ts";
import type { Rule, RuleContext, RuleSpec } from "../../detect/contract.ts";
import { Detector } from "../../detect/mod.ts";
import { Recent } from "../../detect/recent.ts";
import { RULES } from "../../detect/registry.ts";
import { createFactBatch, type FactBatch, FactKind, FlowStep } from "../../model/facts.ts";
import type { Observation } from "../../model/observation.ts";
import { detect, Traffic } from "../support/traffic.ts";

const S = 1e6;

function spec(
  kind: string,
  create: (context: RuleContext) => Partial<Rule>,
  more: Partial<RuleSpec> = {},
): RuleSpec {
  return {
    kind,
    title: kind,
    category: "Test",
    severity: 2,
    signatureId: 1,
    attack: { id: "T1046", name: "Network Service Discovery" },
    notices: "",
    why: "",
    fooled: "",
    options: { most: { default: 3, range: [1, 10], unit: "", help: "" } },
    create: (context) => ({ state: { entries: 0, capacity: 0, evicted: 0 }, ...create(context) }),
    ...more,
  };
}

Deno.test("what rules measured goes to the next detector, also of rules that are off or fail at it", () => {
  const counting = (kind: string, measures?: () => never) =>
    spec(kind, ({ measured }) => ({
      measures: measures ?? (() => [...measured, [`${kind} ${measured.length}`, [measured.length]]]),
    }));
  const failed: string[] = [];
  const specs = [
    counting("a"),
    counting("b"),
    counting("c", () => {
      throw new Error("on purpose");
    }),
    spec("d", () => ({})),
  ];
  const known = (count: number) => ({ watchedSeconds: 0, entries: [], measures: [["x", [count]] as const] });
  const detector = new Detector({
    specs,
    tell: () => {},
    failed: (kind) => failed.push(kind),
    rules: { b: { enabled: false } },
    remembered: { b: known(2), c: known(3), nobodys: known(4) },
  });
  const usual = detector.usual();
  assert.deepEqual(
    Object.entries(usual).map(([kind, { measures }]) => [kind, measures]),
    [["b", [["x", [2]]]], ["c", [["x", [3]]]], ["a", [["a 0", [0]]]]],
  );
  assert.deepEqual(failed, ["c"]);
  assert.equal(detector.hasLearnt, false, "measures alone are no reason to write");

  const next = new Detector({ specs, tell: () => {}, remembered: usual });
  assert.deepEqual(next.usual().a.measures, [["a 0", [0]], ["a 1", [1]]]);
  next.configure({ a: { enabled: false } });
  next.configure({});
  assert.deepEqual(next.usual().a.measures!.map(([text]) => text), ["a 0", "a 1", "a 2"], "off and on again");
});

Deno.test("registered rules are unique, documented and within their own ranges", () => {
  assert.equal(new Set(RULES.map(({ kind }) => kind)).size, RULES.length);
  assert.equal(new Set(RULES.map(({ signatureId }) => signatureId)).size, RULES.length);
  for (const { kind, title, notices, why, fooled, options, attack } of RULES as readonly RuleSpec[]) {
    assert.match(kind, /^[a-z][a-z0-9_]+$/);
    for (const words of [title, notices, why, fooled]) assert(words.length > 3, `${kind} lacks words`);
    if (attack !== null) assert.match(attack.id, /^T\d{4}(\.\d{3})?$/);
    for (const [name, { default: value, range: [least, most], help }] of Object.entries(options)) {
      assert(value >= least && value <= most, `${kind}.${name} = ${value} is not from ${least} to ${most}`);
      assert(help.length > 3, `${kind}.${name} lacks words`);
    }
  }
});

Deno.test("a rule is told facts in order, with the world as it was then", () => {
  const seen: string[] = [];
  const rule = spec("watch", ({ world }) => ({
    fact: ({ client, server, serverPort, steps }) => {
      if ((steps & FlowStep.began) === 0) return;
      seen.push(`${client} ${server}:${serverPort} ${world.isLocal(client)} "${world.nameOf(server)}"`);
    },
    observation: ({ type }) => seen.push(type),
  }), { observes: ["dns"] });
  const traffic = new Traffic()
    .dns({ client: "10.0.0.1", name: "a.example", rdata: [192, 0, 2, 7] })
    .tcp({ client: "10.0.0.1", server: "192.0.2.7", port: 443 })
    .tcp({ client: "203.0.113.1", server: "10.0.0.1", port: 22 });
  detect(traffic, [rule]);
  assert.deepEqual(seen, [
    `10.0.0.1 10.0.0.53:53 true ""`,
    "dns",
    "dns",
    `10.0.0.1 192.0.2.7:443 true "a.example"`,
    `203.0.113.1 10.0.0.1:22 false ""`,
  ]);
});

Deno.test("thresholds may change while a rule runs; a rule switched off ends what it had open", () => {
  const told: string[] = [];
  const options: number[] = [];
  const rule = spec("watch", (context) => ({
    fact: () => {
      options.push(context.options.most);
      context.desk.raise(suspicion("a"));
    },
  }));
  const detector = new Detector({ specs: [rule], tell: ({ alert }) => told.push(alert!.phase) });
  detector.take(facts(1));
  detector.configure({ watch: { options: { most: 7 } } });
  detector.take(facts(2));
  assert.deepEqual(options, [3, 7]);
  detector.configure({ watch: { enabled: false } });
  assert.deepEqual(told, ["new", "update", "final"]);
  detector.take(facts(3));
  assert.deepEqual(options, [3, 7]);
  assert.deepEqual(detector.counters().rules, {});
});

Deno.test("a rule that throws is counted and disturbs no other", () => {
  let others = 0;
  const broken = spec("broken", () => ({
    fact: () => {
      throw new Error("a defect");
    },
  }));
  const sound = spec("sound", () => ({ fact: () => void others++ }));
  const detector = new Detector({ specs: [broken, sound], tell: () => {} });
  detector.take(facts(1));
  detector.take(facts(2));
  assert.equal(others, 2);
  assert.equal(detector.counters().rules.broken.failures, 2);
});

Deno.test("rules get time while no flow does anything", () => {
  let ticks = 0;
  const detector = new Detector({
    specs: [spec("clock", () => ({ tick: () => void ticks++ }))],
    tell: () => {},
  });
  const batch = createFactBatch(8);
  for (let i = 0; i < 8; i++) {
    batch.kind[i] = FactKind.time;
    batch.clockUs[i] = batch.timeUs[i] = (i + 1) * S / 2;
  }
  batch.rows = 8;
  detector.take(batch);
  assert.equal(ticks, 8);
});

Deno.test("one thing going on is one alert: told at once, then once a second, then when it is over", () => {
  const { board, desk, told } = createBoard();
  for (let ms = 0; ms < 3000; ms += 10) {
    board.at(ms * 1000, ms * 1000);
    desk.raise({ ...suspicion("a"), count: ms });
    board.tick();
  }
  assert.deepEqual(
    told.map(({ alert, fields }) => [alert!.phase, (fields.netpane as { count: number }).count]),
    [
      ["new", 0],
      ["update", 1000],
      ["update", 2000],
    ],
  );
  board.at(3.5 * S, 3.5 * S);
  board.tick();
  assert.equal((told.at(-1)!.fields.netpane as { count: number }).count, 2990, "the last word is not lost");
  board.at(400 * S, 400 * S);
  board.tick();
  assert.equal(told.at(-1)!.alert!.phase, "final");
  assert.equal(new Set(told.map(({ alert }) => alert!.id)).size, 1);
  assert.equal(board.counters().open, 0);
});

Deno.test("alerts open at once are bounded, by rule and in all, and those that had to go are told and counted", () => {
  const { board, desk, told } = createBoard();
  for (let i = 0; i < MAX_OPEN_PER_RULE + 10; i++) desk.raise(suspicion(`${i}`));
  assert.equal(board.counters().open, MAX_OPEN_PER_RULE);
  assert.equal(board.counters().evicted, 10);
  assert.equal(told.filter(({ alert }) => alert!.phase === "final").length, 10);
  for (let kind = 0; kind < 5; kind++) {
    const other = new AlertDesk(board, spec(`other_${kind}`, () => ({})));
    for (let i = 0; i < MAX_OPEN_PER_RULE; i++) other.raise(suspicion(`${i}`));
  }
  assert.equal(board.counters().open, MAX_OPEN_ALERTS);
});

Deno.test("Recent forgets what was used longest ago, and says so", () => {
  const gone: string[] = [];
  const recent = new Recent<string, number>(2, (key) => gone.push(key));
  recent.set("a", 1);
  recent.set("b", 2);
  recent.get("a");
  recent.set("c", 3);
  assert.deepEqual(gone, ["b"]);
  assert.deepEqual([recent.peek("a"), recent.peek("b"), recent.size, recent.evicted], [1, undefined, 2, 1]);
});

function suspicion(key: string) {
  return { key, source: "10.0.0.1", target: "10.0.0.2", message: "x", evidence: {}, count: 1 };
}

function createBoard() {
  const told: Observation[] = [];
  const board = new AlertBoard((observation) => told.push(observation));
  return { board, desk: new AlertDesk(board, spec("watch", () => ({}))), told };
}

/** One flow begins. */
function facts(second: number): FactBatch {
  const batch = createFactBatch(1);
  batch.rows = 1;
  batch.kind[0] = FactKind.flow;
  batch.steps[0] = FlowStep.began;
  batch.clockUs[0] = batch.timeUs[0] = second * S;
  batch.flows.ipVersion[0] = 4;
  return batch;
}
