/** What the kernel tells is read right, and damage to it harms nobody. */
import assert from "node:assert/strict";
import {
  createDiagRow,
  inetDiagRequest,
  parseInetDiag,
  SOCK_DIAG_BY_FAMILY,
} from "../../enrich/inet_diag.ts";
import { parseInterfaceAddress, parseLink } from "../../enrich/interfaces.ts";
import { AttributeReader, NetlinkReader, netlinkRequest } from "../../enrich/netlink.ts";
import { parseProcNetLine } from "../../enrich/proc_net.ts";
import {
  isUsable,
  parseTraceFormat,
  parseTraceRecord,
  type TraceEventName,
  type TraceFormat,
} from "../../enrich/trace_events.ts";
import { Cursor } from "../../model/cursor.ts";
import {
  ADDRESS_V4,
  ADDRESS_V6,
  CONNECTING,
  hex,
  LINK,
  NAMED,
  REFUSED,
  SENDING,
  TCP_DIAG,
  TCP_FORMAT,
  UDP_FORMAT,
} from "./kernel_bytes.ts";

const formats = new Map<TraceEventName, TraceFormat>([
  ["tcp", parseTraceFormat(TCP_FORMAT)!],
  ["udp4", parseTraceFormat(UDP_FORMAT)!],
]);

Deno.test("parseInetDiag() reads addresses, state, owner and tcp_info", () => {
  const row = createDiagRow();
  assert.ok(parseInetDiag(new Cursor(TCP_DIAG), row));
  const { bytes: _bytes, localAt, remoteAt, ...rest } = row;
  assert.deepEqual([localAt, remoteAt], [8, 24]);
  assert.deepEqual(rest, {
    family: 10,
    state: 1,
    localPort: 55676,
    remotePort: 40080,
    cookie: 0xd1,
    uid: 0,
    inode: 79172,
    hasInfo: true,
    rttUs: 47,
    rttVarUs: 22,
    sendIdleMs: 0,
    retransmits: 0,
    bytesSent: 1000,
    bytesReceived: 0,
  });
});

Deno.test("parseInetDiag() takes the shorter tcp_info of older kernels", () => {
  const info = TCP_DIAG.indexOf(0x1c, 72); // the attribute's length, 0x011c
  for (const [bytes, sent] of [[104, 0], [136, 1001], [208, 1000]]) {
    const older = TCP_DIAG.slice(0, info + 4 + bytes);
    new DataView(older.buffer).setUint16(info, 4 + bytes, true);
    const row = createDiagRow();
    assert.ok(parseInetDiag(new Cursor(older), row));
    assert.ok(row.hasInfo);
    assert.equal(row.rttUs, 47);
    assert.equal(row.bytesSent, sent); // bytes_acked counts the SYN
  }
});

Deno.test("inetDiagRequest() is struct inet_diag_req_v2", () => {
  const request = inetDiagRequest({ family: 2, protocol: 6, states: 0xffe, tcpInfo: true });
  assert.equal(request.length, 56);
  assert.deepEqual(request.slice(0, 12), hex("02 06 02 00 fe0f0000 00000000"));
  const ofPort = inetDiagRequest({ family: 2, protocol: 6, states: 0xffe, tcpInfo: true, localPort: 8000 });
  assert.deepEqual(ofPort.slice(8, 12), hex("1f40 0000"));
});

Deno.test("NetlinkReader steps through messages and stops at damage", () => {
  const message = netlinkRequest({ type: SOCK_DIAG_BY_FAMILY, flags: 2, sequence: 7, body: TCP_DIAG });
  const two = new Uint8Array(2 * message.length);
  two.set(message);
  two.set(message, message.length);
  const reader = new NetlinkReader();
  reader.reset(two, two.length);
  let messages = 0;
  while (reader.next()) {
    messages++;
    assert.deepEqual([reader.type, reader.sequence, reader.body.remaining], [20, 7, TCP_DIAG.length]);
  }
  assert.equal(messages, 2);
  assert.equal(reader.damaged, false);
  for (let length = 0; length < two.length; length++) {
    reader.reset(two, length);
    messages = 0;
    while (reader.next()) messages++;
    assert.equal(messages, length < message.length ? 0 : 1);
    assert.equal(reader.damaged, length % message.length !== 0);
  }
});

Deno.test("parseLink() reads name, flags and 64-bit counters", () => {
  assert.deepEqual(parseLink(new Cursor(LINK)), {
    index: 2,
    name: "eth0",
    mac: "02:fc:00:00:00:01",
    mtu: 1500,
    up: true,
    running: true,
    loopback: false,
    addresses: [],
    receivedPackets: 1,
    sentPackets: 2,
    receivedBytes: 2 ** 32 + 3,
    sentBytes: 4,
    receivedErrors: 5,
    sentErrors: 6,
    receivedDropped: 7,
    sentDropped: 8,
  });
});

Deno.test("parseInterfaceAddress() reads both families", () => {
  assert.deepEqual(parseInterfaceAddress(new Cursor(ADDRESS_V4)), {
    index: 1,
    address: "127.0.0.1",
    prefixLength: 8,
  });
  assert.deepEqual(parseInterfaceAddress(new Cursor(ADDRESS_V6)), {
    index: 4,
    address: "fd00::2",
    prefixLength: 64,
  });
});

Deno.test("parseProcNetLine() reads what netlink would have told", () => {
  const row = createDiagRow();
  row.bytes = new Uint8Array(32);
  const v4 =
    "   3: 0100007F:BC67 0200007F:0050 01 00000000:00000000 00:00000000 00000000  1000        0 58399 1 0000000000000000 100 0 0 10 0";
  assert.ok(parseProcNetLine(v4, 2, row));
  assert.deepEqual([row.state, row.localPort, row.remotePort, row.uid, row.inode], [
    1,
    48231,
    80,
    1000,
    58399,
  ]);
  assert.deepEqual(row.bytes.slice(0, 4), hex("7f000001"));
  assert.deepEqual(row.bytes.slice(16, 20), hex("7f000002"));
  const v6 =
    "   0: 0000000000000000FFFF00000100007F:9C90 00000000000000000000000001000000:D97C 06 00000000:00000000 03:0000176E 00000000     0        0 0 3 000000004d6aa56a";
  assert.ok(parseProcNetLine(v6, 10, row));
  assert.deepEqual(row.bytes, hex("00000000000000000000ffff7f000001 00000000000000000000000000000001"));
  for (let n = 0; n < v4.length; n++) parseProcNetLine(v4.slice(0, n), 2, row);
  assert.equal(parseProcNetLine("  sl  local_address rem_address   st tx_queue", 2, row), false);
  assert.equal(parseProcNetLine(v6, 2, row), false);
});

Deno.test("parseTraceRecord() tells who opens which connection", () => {
  const read = (bytes: Uint8Array) => parseTraceRecord(new Cursor(bytes), formats);
  assert.ok(isUsable("tcp", formats.get("tcp")!) && isUsable("udp4", formats.get("udp4")!));
  const socket = 0x8881743d0940;
  assert.deepEqual(read(CONNECTING), { kind: "connecting", pid: 13955, timeNs: 0x20b5f36b297, socket });
  assert.deepEqual(read(REFUSED), {
    kind: "connected",
    timeNs: 0x20b5f36b2aa,
    socket,
    localAddress: "127.0.0.1",
    localPort: 50464,
    remoteAddress: "127.0.0.1",
    remotePort: 1,
  });
  assert.deepEqual(read(NAMED), { kind: "named", pid: 13955, timeNs: 0x20b600c69fa, name: "curl" });
  assert.deepEqual(read(SENDING), {
    kind: "sending",
    pid: 13956,
    timeNs: 0x20b600c69fa,
    localAddress: "0.0.0.0", // not chosen yet: the route being looked up decides
    localPort: 49793,
    remoteAddress: "127.0.0.1",
    remotePort: 53,
  });
  const thread = NAMED.slice();
  thread[5] = 0; // misc without the mark of exec: a thread named itself
  assert.equal(read(thread), null);
  const softirq = SENDING.slice();
  softirq[28 + 2] = 0x10; // a packet met while this process happened to run
  assert.equal(read(softirq), null);
});

Deno.test("parsers answer every truncation and stay calm under bit flips", () => {
  const row = createDiagRow();
  const attributes = new AttributeReader();
  const reader = new NetlinkReader();
  const parsers: [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
    ["inet_diag", TCP_DIAG, (bytes) => parseInetDiag(new Cursor(bytes), row) || null],
    ["link", LINK, (bytes) => parseLink(new Cursor(bytes))],
    ["address 4", ADDRESS_V4, (bytes) => parseInterfaceAddress(new Cursor(bytes))],
    ["address 6", ADDRESS_V6, (bytes) => parseInterfaceAddress(new Cursor(bytes))],
    ["connecting", CONNECTING, (bytes) => parseTraceRecord(new Cursor(bytes), formats)],
    ["refused", REFUSED, (bytes) => parseTraceRecord(new Cursor(bytes), formats)],
    ["sending", SENDING, (bytes) => parseTraceRecord(new Cursor(bytes), formats)],
    ["named", NAMED, (bytes) => parseTraceRecord(new Cursor(bytes), formats)],
    ["attributes", TCP_DIAG.slice(72), (bytes) => {
      attributes.reset(new Cursor(bytes));
      let count = 0;
      while (attributes.next()) count++;
      assert.ok(count <= bytes.length / 4);
      return null;
    }],
    ["messages", netlinkRequest({ type: 20, flags: 2, sequence: 1, body: TCP_DIAG }), (bytes) => {
      reader.reset(bytes, bytes.length);
      let count = 0;
      while (reader.next()) count++;
      assert.ok(count <= bytes.length / 16);
      return null;
    }],
  ];
  const random = xorshift(20_240_607);
  for (const [name, good, parse] of parsers) {
    for (let n = 0; n < good.length; n++) {
      const result = parse(good.slice(0, n));
      if (n < 12) assert.equal(result, null, `${name} cut to ${n}`);
    }
    for (let round = 0; round < 2_000; round++) {
      const bytes = good.slice();
      for (let flips = 1 + random() % 8; flips > 0; flips--) {
        bytes[random() % bytes.length] ^= 1 << random() % 8;
      }
      parse(bytes);
    }
  }
});

Deno.test("parseTraceFormat() wants a number and the fields", () => {
  assert.equal(parseTraceFormat("name: x\nformat:\n"), null);
  const poor = parseTraceFormat("ID: 5\n\tfield:int newstate;\toffset:20;\tsize:4;\tsigned:1;")!;
  assert.deepEqual(poor.fields.get("newstate"), { offset: 20, size: 4 });
  assert.equal(isUsable("tcp", poor), false);
  for (let n = 0; n < TCP_FORMAT.length; n += 3) parseTraceFormat(TCP_FORMAT.slice(0, n));
});

/** Marsaglia's xorshift32: the same numbers each run. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
