/** What goes into the EVE log: alerts twice, expected ones not at all, those that may be expected after a moment. */
import assert from "node:assert/strict";
import type { Observation } from "../../model/observation.ts";
import { emptyCounters } from "../../monitor/counters.ts";
import { EveFile } from "../../monitor/eve_file.ts";
import { EveLog, type EveStats, type Verdict } from "../../monitor/eve_log.ts";

const STATS: EveStats = {
  counters: emptyCounters(),
  detect: {
    facts: 0,
    alertsOpen: 0,
    alertsCapacity: 0,
    alertsRaised: 0,
    alertsEvicted: 0,
    rules: {},
    alerts_expected: 3,
    alerts_off: 0,
  },
  dropped: { kernel: 7, app: 0 },
  clockMs: 1_700_000_000_000,
};

function alert(id: string, phase: "new" | "update" | "final"): Observation {
  return {
    type: "alert",
    timeUs: 1_700_000_000_000_000,
    flow: {
      id: 9,
      ipVersion: 4,
      protocol: 6,
      clientAddress: "10.0.0.1",
      clientPort: 40_000,
      serverAddress: "192.0.2.7",
      serverPort: 80,
      vlan: 0,
      tunnel: 0,
      interfaceIndex: 1,
      communityId: "1:x",
    },
    direction: 0,
    fields: { alert: { signature: "s", severity: 2 }, netpane: { kind: "port_scan", count: 1 } },
    alert: { id, phase },
  };
}

interface Rig extends AsyncDisposable {
  log: EveLog;
  verdicts: Map<string, Verdict>;
  // deno-lint-ignore no-explicit-any -- any event
  lines(): Promise<any[]>;
}

function rig(): Rig {
  const path = Deno.makeTempFileSync();
  const file = EveFile.open({ path, rotateBytes: 0, rotateHours: 0, keep: 0, onProblem: () => {} });
  const verdicts = new Map<string, Verdict>();
  const log = new EveLog(file, {
    interfaceName: (index) => `eth${index}`,
    verdict: (id) => verdicts.get(id) ?? "alarm",
  }, 0);
  return {
    log,
    verdicts,
    lines: async () => {
      await log.close(STATS);
      return Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line));
    },
    [Symbol.asyncDispose]: async () => await Deno.remove(path),
  };
}

Deno.test("an alert is written when it is new and when it is final, and the counts at the end", async () => {
  await using r = rig();
  r.log.takeAlerts([alert("a", "new"), alert("a", "update"), alert("a", "final")], 0);
  const lines = await r.lines();
  assert.deepEqual(lines.map(({ event_type }) => event_type), ["alert", "alert", "stats"]);
  assert.deepEqual(lines.slice(0, 2).map(({ netpane: { id, phase } }) => [id, phase]), [["a", "new"], [
    "a",
    "final",
  ]]);
  assert.deepEqual([lines[0].in_iface, lines[0].src_ip, lines[0].flow_id], ["eth1", "10.0.0.1", 9]);
  assert.deepEqual(lines[2].netpane, { kernel_dropped: 7, app_dropped: 0, lines_lost: 0 });
  assert.equal(lines[2].timestamp, "2023-11-14T22:13:20.000000+0000");
});

Deno.test("what is expected, or switched off, is not written", async () => {
  await using r = rig();
  r.verdicts.set("a", "expected").set("b", "off");
  r.log.takeAlerts([alert("a", "new"), alert("b", "new"), alert("a", "final"), alert("b", "final")], 0);
  assert.equal((await r.lines()).length, 1);
});

Deno.test("one that may turn out to be expected waits for a moment", async () => {
  await using r = rig();
  for (const id of ["a", "b", "c", "d"]) r.verdicts.set(id, "undecided");
  r.log.takeAlerts(["a", "b", "c", "d"].map((id) => alert(id, "new")), 1000);
  r.verdicts.set("a", "expected").set("b", "alarm");
  r.log.tick(2000, () => STATS);
  r.log.takeAlerts([alert("d", "final")], 2000); // over before it was decided
  r.log.tick(6001, () => STATS); // nobody knew the program of c
  const told = (await r.lines()).filter(({ netpane }) => netpane.id).map(({ netpane }) => netpane);
  assert.deepEqual(told.map(({ id, phase }) => id + phase), ["bnew", "dnew", "dfinal", "cnew"]);
});

Deno.test("counts are written each 30 seconds", async () => {
  await using r = rig();
  for (let second = 1; second <= 95; second++) r.log.tick(second * 1000, () => STATS);
  assert.equal((await r.lines()).length, 3 + 1);
});
