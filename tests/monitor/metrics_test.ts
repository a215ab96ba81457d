/** Metrics as Prometheus reads them, and the dashboard and rules that ask for them. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { InterfaceStatus } from "../../model/api.ts";
import { doorCounters } from "../../http/guard.ts";
import { Monitor } from "../../monitor/mod.ts";
import { METRICS, type MetricsState, metricsText } from "../../monitor/metrics.ts";
import { needs } from "../support/needs.ts";

const GRAFANA = fileURLToPath(new URL("../../docs/grafana/", import.meta.url));

function state(): MetricsState {
  const monitor = new Monitor({ version: "1.2.3", mode: "live", startedMs: Date.now() - 5000 });
  const stats = monitor.stats();
  stats.system.cpu = 0.25;
  stats.notify = [{
    name: "siem",
    type: "webhook",
    host: "siem.example.com",
    waiting: 0,
    sent: 4,
    failed: 1,
    dropped: 0,
    retries: 2,
    failing: "refused",
  }];
  stats.eve = { file: "/x", lines: 9, bytes: 900, lost: 1, rotations: 0, waiting_bytes: 0, failing: "" };
  stats.door = { ...doorCounters(), log_lines_lost: 5 };
  stats.payload.failures = { dns: 0 };
  const received = { received_bytes: 17, received_packets: 3, received_errors: 0, received_dropped: 0 };
  const sent = { sent_bytes: 2, sent_packets: 1, sent_errors: 0, sent_dropped: 0 };
  const device = { ...received, ...sent, up: true, running: true } as InterfaceStatus;
  const tick = {
    ...monitor.tick(),
    interfaces: [{ ...device, name: 'a"b\\c\nd' }, { ...device, name: "eth0" }],
  };
  tick.anomalies = { ...tick.anomalies, open: 1, kinds: { port_scan: 2 } };
  return { stats, tick, rules: monitor.rules() };
}

/** Samples by name with labels, read as the format says; everything else is an error. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const families = new Map<string, string>();
  let family = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const meta = /^# (HELP|TYPE) ([a-z][a-z0-9_]*) (.+)$/.exec(line);
    if (meta !== null) {
      if (meta[1] === "TYPE") {
        assert(!families.has(meta[2]), `${meta[2]} begins twice`);
        families.set(meta[2], meta[3]);
      }
      family = meta[2];
      continue;
    }
    if (line === "# EOF") continue;
    const found = /^([a-z][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (-?[0-9.e+-]+)$/.exec(
      line,
    );
    assert(found !== null, line);
    assert(found[1] === family || found[1] === `${family}_total`, `${found[1]} belongs to ${family}`);
    const key = found[1] + (found[2] ?? "");
    assert(!samples.has(key), `${key} is told twice`);
    samples.set(key, Number(found[3]));
  }
  return samples;
}

Deno.test("metrics have names, units and types as Prometheus wants them", () => {
  const names = METRICS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, help } of METRICS) {
    assert.match(name, /^netpane_[a-z]+(_[a-z]+)*$/);
    assert(!/_(total|count|sum|bucket|ms|kb|mb|bits|percent)$/.test(name), name);
    assert(help !== "" && !help.endsWith("."), name);
  }
});

Deno.test("every metric is told, in both formats; labels are escaped", () => {
  const plain = metricsText(state(), false);
  const samples = parse(plain);
  for (const { name, type } of METRICS) {
    const sample = type === "counter" ? `${name}_total` : name;
    assert([...samples.keys()].some((key) => key.split("{")[0] === sample), sample);
  }
  assert.equal(samples.get('netpane_interface_receive_bytes_total{interface="a\\"b\\\\c\\nd"}'), 17);
  assert.equal(samples.get('netpane_notify_notices_total{target="siem",result="failed"}'), 1);
  assert.equal(samples.get("netpane_machine_cpu_ratio"), 0.25);
  assert.equal(samples.get("netpane_access_log_lost_lines_total"), 5);
  const open = metricsText(state(), true);
  assert(open.endsWith("\n# EOF\n"));
  assert.match(open, /^# TYPE netpane_inspected_packets counter\nnetpane_inspected_packets_total 0$/m);
  assert.deepEqual([...parse(open).keys()], [...samples.keys()]);
});

Deno.test("no label holds an address or a name from the network", () => {
  const labels = new Set([...metricsText(state(), false).matchAll(/([a-z_]+)="/g)].map(([, name]) => name));
  const known = [
    "version",
    "mode",
    "severity",
    "worker",
    "where",
    "protocol",
    "reason",
    "direction",
    "table",
  ];
  known.push("interface", "kind", "target", "result");
  assert.deepEqual([...labels].filter((name) => !known.includes(name)), []);
});

Deno.test("the dashboard and the alert rules ask only for metrics that there are", () => {
  const told = new Set(METRICS.map(({ name, type }) => type === "counter" ? `${name}_total` : name));
  const dashboard = JSON.parse(Deno.readTextFileSync(`${GRAFANA}dashboard.json`));
  const asked = [
    JSON.stringify([dashboard.panels, dashboard.templating]),
    Deno.readTextFileSync(`${GRAFANA}alerts.yml`),
  ].flatMap((text) => [...text.matchAll(/\bnetpane_[a-z_]+/g)].map(([name]) => name));
  assert(asked.length > 30);
  assert.deepEqual([...new Set(asked)].filter((name) => !told.has(name)), []);
  const ids = dashboard.panels.map(({ id }: { id: number }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

const need = needs("promtool");
Deno.test({
  name: need.name("promtool finds nothing to complain of"),
  ignore: need.ignore,
  async fn() {
    assert.equal(await promtool(["check", "metrics"], metricsText(state(), false)), "0 ");
    assert.equal(await promtool(["check", "rules", `${GRAFANA}alerts.yml`], ""), "0 ");
  },
});

async function promtool(args: string[], input: string): Promise<string> {
  const child = new Deno.Command("promtool", { args, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return `${code} ${new TextDecoder().decode(stderr)}${code === 0 ? "" : new TextDecoder().decode(stdout)}`;
}
