/**
 * What a flood of new flows costs: two million five-tuples, one packet each, through the inspector.
 *
 * `deno run -A bench/flow_flood.ts [--flows N] [--ipv6] [--udp] [--payload]`
 *
 * A packet is a SYN, or with `--udp` a datagram of 24 bytes. `--payload` switches on payload inspection and the packet
 * log, as the server has them.
 *
 * Reports the rate, evictions and the process's memory (RSS), which must stay below 256 MB however long it lasts.
 */
import { parseArgs } from "node:util";
import { memoryUsage } from "node:process";
import { Inspector } from "../capture/inspect/mod.ts";
import { RECORD_HEADER_BYTES } from "../model/batch.ts";

const RSS_LIMIT_MB = 256;
const PER_BATCH = 10_000;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    flows: { type: "string", default: "2000000" },
    ipv6: { type: "boolean", default: false },
    udp: { type: "boolean", default: false },
    payload: { type: "boolean", default: false },
  },
});
const flows = Number(values.flows);
const ipHeader = values.ipv6 ? 40 : 20;
/** A TCP header, or a UDP header and 24 bytes of text. */
const transportBytes = values.udp ? 8 + 24 : 20;
const frameBytes = 14 + ipHeader + transportBytes;
const bytes = new Uint8Array(PER_BATCH * (RECORD_HEADER_BYTES + frameBytes));
const view = new DataView(bytes.buffer);

let seen = 0;
const inspector = new Inspector({
  maxEnded: 16_384,
  onFlowEnd: () => void seen++,
  ...(values.payload
    ? { payload: { fingerprintKey: new Uint8Array(32), tell: () => {} }, packetLog: { showPayload: false } }
    : {}),
});
const before = memoryUsage().rss;
let peak = before;
const start = performance.now();
for (let flow = 0; flow < flows; flow += PER_BATCH) {
  const count = Math.min(PER_BATCH, flows - flow);
  for (let i = 0; i < count; i++) writeSyn(i * (RECORD_HEADER_BYTES + frameBytes), flow + i);
  const length = count * (RECORD_HEADER_BYTES + frameBytes);
  inspector.inspect({ bytes, length, linkType: 1, nanosecond: false, interfaceIndex: 0 });
  inspector.drainPackets();
  peak = Math.max(peak, memoryUsage().rss);
}
const seconds = (performance.now() - start) / 1000;
const counters = inspector.counters();
const mb = (n: number) => (n / 2 ** 20).toFixed(0);
console.log(`${flows} flows in ${seconds.toFixed(2)} s, ${(flows / seconds / 1e6).toFixed(2)} M flows/s`);
console.log(
  `created ${counters.flows.created}, active ${counters.flows.active}, evicted ${counters.flows.evicted}, ` +
    `timed out ${counters.flows.timedOut}, ends told ${seen}, ends not kept ${inspector.endedLost}`,
);
console.log(`RSS ${mb(before)} MB before, ${mb(peak)} MB at most (limit ${RSS_LIMIT_MB} MB)`);
if (peak > RSS_LIMIT_MB * 2 ** 20) Deno.exit(1);

/** A record with the packet of conversation `flow`: its own client address and port each. */
function writeSyn(at: number, flow: number): void {
  // A million packets per second of packet time: faster than timeouts can help.
  view.setUint32(at, 1_700_000_000 + Math.floor(flow / 1e6), true);
  view.setUint32(at + 4, flow % 1e6, true);
  view.setUint32(at + 8, frameBytes, true);
  view.setUint32(at + 12, frameBytes, true);
  const protocol = values.udp ? 17 : 6;
  const ip = at + RECORD_HEADER_BYTES + 14;
  view.setUint16(ip - 2, values.ipv6 ? 0x86dd : 0x0800);
  if (values.ipv6) {
    view.setUint32(ip, 0x60000000);
    view.setUint32(ip + 4, transportBytes << 16 | protocol << 8 | 64);
    view.setUint32(ip + 8, 0x20010db8);
    view.setUint32(ip + 20, flow);
    view.setUint32(ip + 24, 0x20010db8);
    view.setUint32(ip + 36, 1);
  } else {
    view.setUint32(ip, 0x45000000 | 20 + transportBytes);
    view.setUint32(ip + 8, 64 << 24 | protocol << 16);
    view.setUint32(ip + 12, 0x0a000000 + (flow >>> 4));
    view.setUint32(ip + 16, 0xc0a80001);
  }
  const tcp = ip + ipHeader;
  view.setUint32(tcp, (1024 + (flow & 15)) << 16 | 80);
  if (values.udp) {
    view.setUint32(tcp + 4, transportBytes << 16);
    for (let i = 0; i < 24; i++) view.setUint8(tcp + 8 + i, 0x61 + (flow + i) % 26);
  } else view.setUint32(tcp + 12, 0x5002ffff);
}
