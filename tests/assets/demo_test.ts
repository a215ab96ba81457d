/** The demo capture holds what it is shown for. It is made by `tools/make_demo.ts`. */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { netpane, ROOT } from "../support/server.ts";

const PATH = `${ROOT}assets/demo.pcap.gz`;

interface Event {
  event_type: string;
  proto: string;
  src_ip: string;
  dest_ip: string;
  dest_port?: number;
  ip_v: number;
  flow: { start: string; bytes_toclient: number };
  stats: {
    packets: number;
    undecoded: Record<string, number>;
    snapped_packets: number;
    traffic: Record<string, { packets: number }>;
  };
}

Deno.test("the demo capture is small enough to be part of every copy", () => {
  assert.ok(Deno.statSync(PATH).size < 400_000);
});

Deno.test("the demo capture has a minute and a half of many people's traffic, all of it understood", async () => {
  const { code, stdout, stderr } = await netpane(["analyze", PATH]);
  assert.equal(code, 0, stderr);
  const events: Event[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const { stats } = events.at(-1)!;
  assert.deepEqual(stats.undecoded, {});
  assert.equal(stats.snapped_packets, 0);
  assert.ok(stats.packets > 5_000);
  for (const kind of ["tcp", "udp", "icmp", "icmpv6", "arp"]) {
    assert.ok(stats.traffic[kind].packets > 0, kind);
  }

  const flows = events.filter(({ event_type }) => event_type === "flow");
  const has = (what: string, test: (flow: Event) => boolean) => assert.ok(flows.some(test), what);
  has("web", ({ proto, dest_port }) => proto === "TCP" && dest_port === 80);
  has("web, encrypted", ({ proto, dest_port }) => proto === "TCP" && dest_port === 443);
  has("a login", ({ proto, dest_port }) => proto === "TCP" && dest_port === 22);
  has("names asked for", ({ proto, dest_port }) => proto === "UDP" && dest_port === 53);
  has("IPv6", ({ ip_v }) => ip_v === 6);
  has("a large download", ({ flow }) => flow.bytes_toclient > 1_000_000);
  const scanned = new Set(
    flows.filter(({ src_ip, proto }) => src_ip === "192.168.1.66" && proto === "TCP").map(({ dest_port }) =>
      dest_port
    ),
  );
  assert.ok(scanned.size >= 90, `the scan touched ${scanned.size} ports`);
  assert.ok(new Set(flows.map(({ src_ip }) => src_ip)).size >= 5, "several machines");

  // Something begins in each ten seconds, the first included: nobody looks at an empty page.
  const starts = flows.map(({ flow }) => Date.parse(flow.start)).sort((a, b) => a - b);
  for (let second = 0; second < 90; second += 10) {
    const begin = starts[0] + 1000 * second;
    assert.ok(starts.some((start) => start >= begin && start < begin + 10_000), `second ${second}`);
  }
  assert.ok(starts[10] - starts[0] < 3_000);
});

Deno.test("the demo capture carries the brands' published test card numbers in clear text", () => {
  const bytes = new TextDecoder("latin1").decode(gunzipSync(Deno.readFileSync(PATH)));
  for (const number of ["4111+1111+1111+1111", "5555-5555-5555-4444", "378282246310005"]) {
    assert.ok(bytes.includes(number), number);
  }
});
