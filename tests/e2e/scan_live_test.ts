/** Scans on real wires: the alert is on the feed within a second of the packet that convicts. */
import assert from "node:assert/strict";
import { createPair } from "../support/netns.ts";
import { needs } from "../support/needs.ts";
import { Server } from "../support/server.ts";
import { until } from "../support/wait.ts";
import type { Anomaly, InterfaceStatus } from "../../model/api.ts";

const need = needs("root", "netns", "curl", "nmap");

/** What is promised; machines that run tests are busy, so what is asserted is more. */
const PROMISED_MS = 1_000;
const ASSERTED_MS = 5_000;

interface FeedAlert {
  kind: string;
  source: string;
  /** Milliseconds between the last packet known to the alert and its arrival here. */
  lateMs: number;
  message: string;
}

Deno.test({
  name: need.name("live: nmap's port scan, UDP scan and sweep are on the feed within a second"),
  ignore: need.ignore,
  async fn() {
    using pair = createPair();
    await using server = await Server.start(["--interface", "eth0"], { namespace: pair.left });
    await until("eth0 is captured", async () => {
      const answer = await server.json<{ interfaces: InterfaceStatus[] } | InterfaceStatus[]>(
        "/api/interfaces",
      );
      const interfaces = Array.isArray(answer) ? answer : answer.interfaces;
      return interfaces.find(({ name }) => name === "eth0")?.capture === "open";
    });
    const alerts: FeedAlert[] = [];
    const events = server.events();
    const listening = (async () => {
      for await (const { event, data } of events) {
        if (event === "alert") alerts.push(alertOf(JSON.parse(data)));
      }
    })().catch(() => {}); // the server ends before the feed does
    // On the other side is who scans, and who owns a second address that sweeps come from.
    const scans: [string, string[]][] = [
      ["port_scan", ["-n", "-Pn", "-sS", "-p", "1-200", "192.0.2.1"]],
      ["port_scan", [
        "-n",
        "-Pn",
        "-sU",
        "-p",
        "1-40",
        "--max-retries",
        "1",
        "-S",
        "192.0.2.3",
        "-e",
        "eth0",
        "192.0.2.1",
      ]],
      ["host_sweep", ["-n", "-sn", "192.0.2.0/24"]],
    ];
    pair.right.run("ip", "address", "add", "192.0.2.3/24", "dev", "eth0");
    for (const [kind, args] of scans) {
      const before = alerts.length;
      const scan = pair.right.output("nmap", ...args);
      const alert = await until(
        `${kind} by nmap ${args.join(" ")}`,
        () => Promise.resolve(alerts.slice(before).find((alert) => alert.kind === kind)),
      );
      const { code, stderr } = await scan;
      assert.equal(code, 0, stderr);
      console.error(
        `nmap ${args[2] === "-sn" ? args[1] : args[2]}: ${alert.message}; ${
          Math.round(alert.lateMs)
        } ms after it`,
      );
      assert(alert.lateMs < ASSERTED_MS, `${alert.lateMs} ms late, promised are ${PROMISED_MS}`);
    }
    await server[Symbol.asyncDispose]();
    await listening;
  },
});

function alertOf({ kind, src_ip, message, last }: Anomaly): FeedAlert {
  return { kind, source: src_ip, message, lateMs: Date.now() - last };
}
