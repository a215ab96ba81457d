/** The demo capture in, its events and alerts out: what `netpane analyze` says of a whole capture. */
import assert from "node:assert/strict";
import { netpane, ROOT } from "./support/server.ts";

// deno-lint-ignore no-explicit-any -- events are looked into by name
type Event = any;

/** Made by tools/make_demo.ts; a change of these numbers is a change of what is seen. */
const COUNTS = { alert: 6, arp: 64, dns: 290, flow: 404, http: 73, icmp: 15, ssh: 2, stats: 1, tls: 11 };
const ALERTS = [
  "alert amex 0005 toserver ×1",
  "alert mastercard 4444 toserver ×1",
  "alert visa 1111 toserver ×1",
  "alert beaconing: 192.168.1.77 contacts telemetry.lamp.example:80 every 5 s, give or take 0.573 %, 20 times within 95 s",
  "alert port_scan: 192.168.1.66 tried 100 ports of 192.168.1.20 within 2.78 ms (SYN scan): 100 refused",
  "alert port_scan: 192.168.1.66 tried 100 ports of 192.168.1.5 within 2.74 ms (SYN scan): 1 open, 99 refused",
];

Deno.test("the demo capture: events by type, and every alert, of cards the last four digits", async () => {
  const { code, stdout, stderr } = await netpane(["analyze", "--quiet", `${ROOT}assets/demo.pcap.gz`]);
  assert.equal(code, 0, stderr);
  const events: Event[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));

  const counts: Record<string, number> = {};
  for (const { event_type } of events) counts[event_type] = (counts[event_type] ?? 0) + 1;
  assert.deepEqual(counts, COUNTS);

  const alerts = events
    .filter(({ event_type }) => event_type === "alert" || event_type === "note")
    .map(({ event_type, netpane: { kind, brand, masked, message, direction, count } }) =>
      kind === "cardholder_data"
        ? `${event_type} ${brand} ${masked.slice(-4)} ${direction} ×${count}`
        : `${event_type} ${kind}: ${message}`
    );
  assert.deepEqual(alerts.toSorted(), ALERTS.toSorted());
  assert.doesNotMatch(stdout, /4111.?1111.?1111.?1111|5555.?5555.?5555.?4444|3782.?822463.?10005/);
});
