import assert from "node:assert/strict";
import { LocalEnd } from "../../../../model/flow.ts";
import { ACTIVITY_GRAIN_US } from "../../../../capture/inspect/flow/flow_table.ts";
import { TIMEOUT_US, TimeoutClass } from "../../../../capture/inspect/flow/timeouts.ts";
import { batchOf, createRandom, describe, type Flow, flowAt, segment, START_US, watch } from "../helpers.ts";
import { PACKET_CASES } from "../packet_cases.ts";
import { hex } from "../helpers.ts";

interface Packet {
  protocol: number;
  from: number;
  to: number;
  fromPort: number;
  toPort: number;
  vlan: number;
  flags: number;
  payload: number;
  atUs: number;
}

const ADDRESSES = [0x0a000001, 0x0a000002, 0x08080808, 0xc0000209];
const text = (address: number) => [24, 16, 8, 0].map((shift) => address >>> shift & 0xff).join(".");

function frameOf(p: Packet): Uint8Array {
  const tag = p.vlan === 0 ? 0 : 4;
  const header = p.protocol === 6 ? 20 : 8;
  const frame = new Uint8Array(14 + tag + 20 + header + p.payload);
  const view = new DataView(frame.buffer);
  if (tag > 0) view.setUint32(12, 0x81000000 | p.vlan);
  view.setUint16(12 + tag, 0x0800);
  const ip = 14 + tag;
  view.setUint16(ip, 0x4500);
  view.setUint16(ip + 2, 20 + header + p.payload);
  view.setUint16(ip + 8, 64 << 8 | p.protocol);
  view.setUint32(ip + 12, p.from);
  view.setUint32(ip + 16, p.to);
  view.setUint16(ip + 20, p.fromPort);
  view.setUint16(ip + 22, p.toPort);
  if (p.protocol === 17) view.setUint16(ip + 24, 8 + p.payload);
  else view.setUint16(ip + 32, 0x5000 | p.flags);
  return frame;
}

/** The plain version: a map from the key's text to an object, and whole scans for everything. */
class Oracle {
  ended: string[] = [];
  #flows = new Map<string, OracleFlow>();
  #clock = 0;
  #nextExpiry = 0;
  #moves = 0;

  constructor(readonly capacity: number) {}

  packet(p: Packet): void {
    this.#clock = Math.max(this.#clock, p.atUs);
    if (this.#clock >= this.#nextExpiry) {
      this.#nextExpiry = this.#clock + 500_000;
      for (const flow of this.#inOrderOfIdleness()) {
        if (flow.movedUs + TIMEOUT_US[flow.timeoutClass] + ACTIVITY_GRAIN_US <= this.#clock) {
          this.#end(flow, "timeout");
        }
      }
    }
    const a = `${text(p.from)}:${p.fromPort}`;
    const b = `${text(p.to)}:${p.toPort}`;
    const key = [p.protocol, p.vlan, ...[a, b].sort()].join(" ");
    const syn = p.protocol === 6 && (p.flags & 0x16) === 2;
    let flow = this.#flows.get(key);
    if (flow !== undefined && syn && (flow.state === "closed" || flow.state === "reset")) {
      this.#end(flow, "reused");
      flow = undefined;
    }
    if (flow === undefined) {
      if (this.#flows.size === this.capacity) this.#end(this.#inOrderOfIdleness()[0], "evicted");
      const answer = p.protocol === 6 && (p.flags & 0x16) === 0x12;
      flow = {
        key,
        client: answer ? b : a,
        server: answer ? a : b,
        protocol: p.protocol,
        state: "new",
        packets: [0, 0],
        payload: [0, 0],
        flags: [0, 0],
        fins: [false, false],
        lastUs: 0,
        movedUs: this.#clock,
        timeoutClass: p.protocol === 6 ? TimeoutClass.tcpOpening : TimeoutClass.datagramNew,
        moves: this.#moves++,
      };
      this.#flows.set(key, flow);
    }
    const d = flow.client === a ? 0 : 1;
    flow.packets[d]++;
    flow.payload[d] += p.payload;
    flow.lastUs = Math.max(flow.lastUs, p.atUs);
    if (p.protocol === 6) this.#tcp(flow, p.flags, d, p.payload);
    else if (d === 1) flow.state = "established";
    const timeoutClass = this.#classOf(flow);
    if (timeoutClass !== flow.timeoutClass || this.#clock - flow.movedUs >= ACTIVITY_GRAIN_US) {
      flow.timeoutClass = timeoutClass;
      flow.movedUs = this.#clock;
      flow.moves = this.#moves++;
    }
  }

  finish(): void {
    for (const flow of this.#inOrderOfIdleness()) this.#end(flow, "shutdown");
  }

  #tcp(flow: OracleFlow, flags: number, d: number, payload: number): void {
    flow.flags[d] |= flags;
    const [fin, syn, rst, ack] = [1, 2, 4, 16].map((bit) => (flags & bit) !== 0);
    if (rst) flow.state = "reset";
    else if (flow.state === "closed" || flow.state === "reset") return;
    else if (syn && ack) {
      if (d === 1 && ["new", "synSent", "synReceived"].includes(flow.state)) flow.state = "synReceived";
    } else if (syn) {
      if (flow.state === "new" && d === 0) flow.state = "synSent";
    } else {
      if (flow.state === "new" && d === 1) flow.state = "established";
      if (flow.state === "synSent" || flow.state === "synReceived") {
        if ((d === 0 && ack) || (d === 1 && payload > 0)) flow.state = "established";
      }
      if (fin) {
        flow.fins[d] = true;
        flow.state = flow.fins[0] && flow.fins[1] ? "closed" : "finWait";
      }
    }
  }

  #classOf(flow: OracleFlow): number {
    if (flow.protocol !== 6) {
      return flow.state === "new" ? TimeoutClass.datagramNew : TimeoutClass.datagramEstablished;
    }
    if (flow.state === "established") return TimeoutClass.tcpEstablished;
    if (flow.state === "finWait") return TimeoutClass.tcpClosing;
    return flow.state === "closed" || flow.state === "reset"
      ? TimeoutClass.tcpClosed
      : TimeoutClass.tcpOpening;
  }

  #inOrderOfIdleness(): OracleFlow[] {
    return [...this.#flows.values()].sort((x, y) =>
      x.movedUs - y.movedUs || x.timeoutClass - y.timeoutClass || x.moves - y.moves
    );
  }

  #end(flow: OracleFlow, why: string): void {
    this.#flows.delete(flow.key);
    this.ended.push(summary({ ...flow, why }));
  }
}

interface OracleFlow {
  key: string;
  client: string;
  server: string;
  protocol: number;
  state: string;
  packets: number[];
  payload: number[];
  flags: number[];
  fins: boolean[];
  lastUs: number;
  movedUs: number;
  timeoutClass: number;
  moves: number;
}

function summary(
  f: Omit<OracleFlow, "key" | "fins" | "movedUs" | "timeoutClass" | "moves"> & { why: string },
): string {
  return [f.protocol, f.client, f.server, f.state, f.packets, f.payload, f.flags, f.lastUs, f.why].join(" ");
}

function summaryOf(flow: Flow): string {
  return summary({
    protocol: flow.protocol,
    client: `${flow.client}:${flow.clientPort}`,
    server: `${flow.server}:${flow.serverPort}`,
    state: flow.state,
    packets: flow.packets,
    payload: flow.payloadBytes,
    flags: flow.tcpFlags,
    lastUs: flow.lastUs,
    why: flow.end,
  });
}

Deno.test("flow table: agrees with a plain map under random traffic", () => {
  for (const [seed, capacity, ports] of [[1, 1000, 4], [2, 20, 3], [3, 1, 2], [4, 60, 8], [5, 1000, 2]]) {
    const random = createRandom(seed);
    const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)];
    const { inspector, ended } = watch({ maxFlows: capacity });
    const oracle = new Oracle(capacity);
    let atUs = START_US;
    for (let n = 0; n < 6000; n++) {
      // Mostly milliseconds, now and then minutes, so that every timeout is met; sometimes a little backwards.
      const roll = random();
      atUs += roll < 0.01 ? Math.floor(random() * 4e9) : roll < 0.1 ? Math.floor(random() * 2e7) : 1000;
      const packet: Packet = {
        protocol: pick([6, 6, 17]),
        from: pick(ADDRESSES),
        to: pick(ADDRESSES),
        fromPort: 1 + Math.floor(random() * ports),
        toPort: 1 + Math.floor(random() * ports),
        vlan: pick([0, 0, 0, 5]),
        flags: pick([0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x10]),
        payload: pick([0, 0, 1, 100]),
        atUs: atUs - (random() < 0.05 ? 3000 : 0),
      };
      inspector.inspect(batchOf([{ bytes: frameOf(packet), atUs: packet.atUs }]));
      oracle.packet(packet);
      if (n % 500 !== 0) continue;
      // A packet has time for so many idle flows only: where more were due, the rest ends with those that follow.
      const late = oracle.ended.length - ended.length;
      assert(late >= 0 && late <= inspector.counters().flows.active, `${late} flows late`);
      if (late === 0) assert.deepEqual(ended.map(summaryOf).toSorted(), oracle.ended.toSorted());
    }
    inspector.finish();
    oracle.finish();
    assert.deepEqual(ended.map(summaryOf).toSorted(), oracle.ended.toSorted());
    const { flows } = inspector.counters();
    assert.equal(flows.active + flows.tcp + flows.udp, 0);
    assert.equal(flows.created, flows.ended);
    assert.equal(flows.ended, ended.length);
  }
});

Deno.test("flow table: with one packet no more than 32 idle flows end, and none lives on with a packet of its own", () => {
  const { inspector, ended } = watch({});
  const send = (port: number, atUs: number) => {
    inspector.inspect(batchOf([{ bytes: frameOf(udp(port, atUs)), atUs }]));
  };
  for (let port = 1; port <= 100; port++) send(port, START_US);
  const later = START_US + 600e6;
  send(1000, later);
  assert.equal(ended.length, 32);
  send(100, later + 1); // due since long, and not ended yet
  assert.equal(ended.length, 65);
  assert(ended.some((flow) => flow.clientPort === 100 && flow.packets[0] === 1 && flow.end === "timeout"));
  send(1000, later + 2);
  send(1000, later + 3);
  assert.equal(ended.length, 100);
  assert(ended.every((flow) => flow.end === "timeout" && flow.lastUs === START_US));
  inspector.finish();
  assert.deepEqual(ended.slice(100).map((flow) => [flow.clientPort, flow.end]).toSorted(), [
    [100, "shutdown"],
    [1000, "shutdown"],
  ]);
});

const udp = (fromPort: number, atUs: number, reply = false): Packet => ({
  protocol: 17,
  from: ADDRESSES[reply ? 2 : 0],
  to: ADDRESSES[reply ? 0 : 2],
  fromPort: reply ? 53 : fromPort,
  toPort: reply ? fromPort : 53,
  vlan: 0,
  flags: 0,
  payload: 10,
  atUs,
});

Deno.test("flow table: the flow idle longest is evicted, and counted", () => {
  const { inspector, ended } = watch({ maxFlows: 3 });
  const send = (port: number, seconds: number) => {
    const packet = udp(port, START_US + seconds * 1e6);
    inspector.inspect(batchOf([{ bytes: frameOf(packet), atUs: packet.atUs }]));
  };
  send(1, 0);
  send(2, 1);
  send(3, 2);
  send(1, 3); // now 2 is the oldest
  send(4, 4);
  assert.deepEqual(ended.map((f) => [f.clientPort, f.end]), [[2, "evicted"]]);
  assert.equal(inspector.counters().flows.evicted, 1);
  assert.equal(inspector.counters().flows.active, 3);
});

Deno.test("flow table: each state has its timeout, never early, at most a second and a half late", () => {
  const tcp = (flags: string, fromServer = false) => segment({ flags, fromServer });
  const cases: [string, Uint8Array[], number][] = [
    ["SYN only", [tcp("S")], 60],
    ["established", [tcp("S"), tcp("SA", true), tcp("A")], 3600],
    ["one FIN", [tcp("S"), tcp("SA", true), tcp("A"), tcp("FA")], 120],
    ["both FINs", [tcp("FA"), tcp("FA", true)], 30],
    ["reset", [tcp("S"), tcp("RA", true)], 30],
    ["UDP question", [frameOf(udp(7, 0))], 30],
    ["UDP both ways", [frameOf(udp(7, 0)), frameOf(udp(7, 0, true))], 300],
  ];
  for (const [name, frames, seconds] of cases) {
    const { inspector, ended } = watch();
    inspector.inspect(batchOf(frames.map((bytes) => ({ bytes, atUs: START_US }))));
    inspector.advance(START_US + seconds * 1e6 - 1);
    assert.equal(ended.length, 0, name);
    inspector.advance(START_US + (seconds + 1.5) * 1e6);
    assert.equal(ended.length, 1, name);
    assert.equal(ended[0].end, "timeout");
    assert.equal(inspector.counters().flows.timedOut, 1);
  }
});

Deno.test("flow table: packets keep a flow alive beyond its timeout", () => {
  const { inspector, ended } = watch();
  for (let seconds = 0; seconds < 300; seconds += 20) {
    const packet = udp(7, START_US + seconds * 1e6);
    inspector.inspect(batchOf([{ bytes: frameOf(packet), atUs: packet.atUs }]));
  }
  assert.equal(ended.length, 0);
});

Deno.test("flow table: times that jump neither break nor split flows", () => {
  const { inspector, ended } = watch();
  const at = (us: number, interfaceIndex = 0) =>
    inspector.inspect(batchOf([{ bytes: frameOf(udp(7, 0)), atUs: us }], 1, interfaceIndex));
  for (let i = 0; i < 10; i++) at(START_US + i * 1000);
  // Another interface whose clock is an hour behind, packets between each other.
  for (let i = 0; i < 10; i++) {
    at(START_US - 3600e6 + i * 1000, 1);
    at(START_US + 10_000 + i * 1000, 0);
  }
  assert.equal(ended.length, 0);
  // The clock is set back by a day, and goes on.
  for (let i = 0; i < 10; i++) at(START_US - 86_400e6 + i * 1000);
  assert.equal(ended.length, 0);
  // One packet from the year 2106 ends what is idle by then; after it, life goes on as before.
  at(0xffff_ffff * 1e6);
  assert.equal(ended.length, 1);
  for (let i = 0; i < 10; i++) at(START_US + i * 1000);
  assert.equal(ended.length, 1);
  inspector.finish();
  assert.equal(ended.length, 2);
  assert.equal(ended[1].packets[0], 11);
});

Deno.test("flow table: VLANs, tunnels and VXLAN networks keep five-tuples apart", () => {
  const named = (name: string) => hex(PACKET_CASES.find((c) => c.name === name)!.hex);
  const { inspector, ended } = watch();
  for (const name of ["Ethernet, IPv4, UDP", "802.1Q", "QinQ 0x88a8", "GRE", "IPv4 in IPv4"]) {
    inspector.inspect(batchOf([{ bytes: named(name) }, { bytes: named(name) }]));
  }
  const vxlan = named("VXLAN");
  inspector.inspect(batchOf([{ bytes: vxlan }]));
  vxlan[14 + 20 + 8 + 6]++; // the network identifier
  inspector.inspect(batchOf([{ bytes: vxlan }]));
  inspector.finish();
  const same = ended.filter((f) => f.client === "10.0.0.1");
  assert.deepEqual(
    same.map(describe).map((d) => d.slice("udp 10.0.0.1:1111 192.0.2.9:2222 ".length)).toSorted(),
    [
      "10",
      "10 gre",
      "10 ipInIp",
      "10 vlan 100.42",
      "10 vlan 42",
      "5 vxlan",
      "5 vxlan",
    ],
  );
});

Deno.test("flow table: ICMP answers join their question, errors do not join each other", () => {
  const [a, , b] = ADDRESSES;
  const make = (from: number, to: number, type: number, code: number) => {
    const bytes = new Uint8Array(14 + 20 + 8);
    const view = new DataView(bytes.buffer);
    view.setUint16(12, 0x0800);
    view.setUint32(14, 0x4500001c);
    view.setUint16(22, 64 << 8 | 1);
    view.setUint32(26, from);
    view.setUint32(30, to);
    view.setUint16(34, type << 8 | code);
    return { bytes };
  };
  const { inspector, ended } = watch();
  inspector.inspect(batchOf([make(a, b, 8, 0), make(b, a, 0, 0), make(a, b, 3, 3), make(b, a, 3, 3)]));
  inspector.finish();
  assert.deepEqual(
    ended.map((f) => [f.client, f.clientPort, f.serverPort, ...f.packets, f.state]).toSorted(),
    [
      ["10.0.0.1", 3, 3, 1, 0, "new"],
      ["10.0.0.1", 8, 0, 1, 1, "established"],
      ["8.8.8.8", 3, 3, 1, 0, "new"],
    ],
  );
});

Deno.test("flow table: which end is local, by range and by address, also when addresses change", () => {
  const both = [frameOf(udp(7, START_US)), frameOf({ ...udp(8, START_US), to: ADDRESSES[1] })];
  const seen = (localAddresses: string[]) => {
    const { inspector } = watch({ localAddresses });
    inspector.inspect(batchOf(both.map((bytes) => ({ bytes }))));
    return inspector;
  };
  const ends = (inspector: ReturnType<typeof seen>) => {
    const flows = inspector.snapshotActive(10);
    return Array.from({ length: flows.rows }, (_, row) => flowAt(flows, row)).toSorted((x, y) => x.id - y.id)
      .map((f) => f.localEnd);
  };
  const byRange = seen([]);
  assert.deepEqual(ends(byRange), [LocalEnd.client, LocalEnd.both]);
  assert.equal(byRange.counters().bytesOut, both[0].length);
  assert.equal(byRange.counters().bytesLocal, both[1].length);
  const byAddress = seen(["10.0.0.2", "fe80::1", "not an address"]);
  assert.deepEqual(ends(byAddress), [LocalEnd.neither, LocalEnd.server]);
  assert.equal(byAddress.counters().bytesIn, both[1].length);
  assert.equal(byAddress.counters().bytesOther, both[0].length);
  byAddress.setLocalAddresses(["8.8.8.8", "::ffff:10.0.0.1"]);
  assert.deepEqual(ends(byAddress), [LocalEnd.both, LocalEnd.client]);
});

Deno.test("flow table: snapshots give the latest first, within bounds", () => {
  const { inspector } = watch();
  for (let i = 1; i <= 50; i++) {
    const packet = udp(i, START_US + i * 1e6);
    inspector.inspect(batchOf([{ bytes: frameOf(packet), atUs: packet.atUs }]));
  }
  const ports = (rows: number) => {
    const flows = inspector.snapshotActive(rows);
    return Array.from({ length: flows.rows }, (_, row) => flows.port[2 * row]);
  };
  assert.deepEqual(ports(3), [50, 49, 48]);
  assert.deepEqual(ports(0), []);
  assert.deepEqual(ports(-1), []);
  assert.deepEqual(ports(NaN), []);
  assert.equal(ports(1e9).length, 31); // those of the last 30 seconds, the others have timed out
});

Deno.test("flow table: ended flows wait in order, up to their ceiling", () => {
  const { inspector } = watch({ maxFlows: 1, maxEnded: 5 });
  const send = (port: number) => inspector.inspect(batchOf([{ bytes: frameOf(udp(port, START_US)) }]));
  const drain = (rows: number) => {
    const flows = inspector.drainEnded(rows);
    return Array.from({ length: flows.rows }, (_, row) => flows.port[2 * row]);
  };
  for (let port = 1; port <= 9; port++) send(port);
  assert.equal(inspector.endedLost, 3);
  assert.deepEqual(drain(2), [1, 2]);
  for (let port = 10; port <= 11; port++) send(port);
  assert.deepEqual(drain(100), [3, 4, 5, 9, 10]);
  assert.deepEqual(drain(100), []);
  assert.equal(inspector.endedLost, 3);
});

Deno.test("flow table: a known hash does not help to fill one chain", () => {
  // Two inspectors hash the same keys differently, each with a secret of its own; both stay correct.
  const run = (secret: Int32Array) => {
    const { inspector, ended } = watch({ secret, maxFlows: 5000 });
    for (let port = 1; port <= 5000; port++) {
      inspector.inspect(batchOf([{ bytes: frameOf(udp(port, START_US)) }]));
    }
    inspector.finish();
    return ended.length;
  };
  assert.equal(run(new Int32Array(48)), 5000); // the worst secret: every flow in one chain, slow but right
  assert.equal(run(crypto.getRandomValues(new Int32Array(48))), 5000);
});
