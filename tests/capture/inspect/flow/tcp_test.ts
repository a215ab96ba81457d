import assert from "node:assert/strict";
import { batchOf, type Flow, segment, type SegmentOptions, START_US, watch } from "../helpers.ts";

/** [milliseconds after the start, segment]; returns the flows in the order of their ends. */
function play(...steps: [number, SegmentOptions][]): Flow[] {
  const { inspector, ended } = watch();
  for (const [ms, options] of steps) {
    inspector.inspect(batchOf([{ bytes: segment(options), atUs: START_US + ms * 1000 }]));
  }
  inspector.finish();
  return ended;
}

const SYN: SegmentOptions = { flags: "S", seq: 1000 };
const SYN_ACK: SegmentOptions = { fromServer: true, flags: "SA", seq: 5000 };
const ACK: SegmentOptions = { seq: 1001 };
const HANDSHAKE: [number, SegmentOptions][] = [[0, SYN], [20, SYN_ACK], [21, ACK]];

Deno.test("tcp: states of a whole connection", () => {
  const fin: SegmentOptions = { flags: "FA", seq: 1001 };
  const finBack: SegmentOptions = { fromServer: true, flags: "FA", seq: 5001 };
  const steps: [number, SegmentOptions, string][] = [
    [0, SYN, "synSent"],
    [1, SYN_ACK, "synReceived"],
    [2, ACK, "established"],
    [3, fin, "finWait"],
    [4, { fromServer: true, seq: 5001 }, "finWait"],
    [5, finBack, "closed"],
    [6, { seq: 1002 }, "closed"],
    [7, { flags: "R", seq: 1002 }, "reset"],
  ];
  for (let n = 1; n <= steps.length; n++) {
    const flows = play(...steps.slice(0, n).map(([ms, s]): [number, SegmentOptions] => [ms, s]));
    assert.equal(flows.length, 1);
    assert.equal(flows[0].state, steps[n - 1][2]);
  }
});

Deno.test("tcp: states of odd beginnings", () => {
  const cases: [string, [number, SegmentOptions][]][] = [
    ["new", [[0, ACK]]],
    ["new", [[0, ACK], [1, { seq: 1001, payload: 10 }]]],
    ["established", [[0, ACK], [1, { fromServer: true }]]],
    ["reset", [[0, { flags: "RA" }]]],
    ["reset", [[0, SYN], [1, { fromServer: true, flags: "RA" }]]],
    ["finWait", [[0, { flags: "FPU" }]]], // nmap's Xmas scan
    ["established", [[0, SYN], [1, ACK]]], // the answer was not captured
    ["synSent", [[0, SYN], [1, { fromServer: true }]]], // a challenge ACK
    ["synReceived", [[0, SYN_ACK]]],
    ["established", [[0, SYN_ACK], [1, ACK]]],
  ];
  for (const [state, steps] of cases) assert.equal(play(...steps)[0].state, state, JSON.stringify(steps));
});

Deno.test("tcp: a SYN-ACK that comes first turns the flow round", () => {
  const [flow] = play([0, SYN_ACK], [1, ACK]);
  assert.deepEqual([flow.client, flow.clientPort], ["10.0.0.1", 40000]);
  assert.deepEqual([flow.server, flow.serverPort], ["192.0.2.9", 443]);
  assert.deepEqual(flow.packets, [1, 1]);
  assert.deepEqual(flow.tcpFlags, [0x10, 0x12]);
});

Deno.test("tcp: data from a well-known port that comes first turns the flow round", () => {
  const word: SegmentOptions = { fromServer: true, flags: "PA", seq: 5000, payload: 10 };
  const [alone] = play([0, word]);
  assert.deepEqual([alone.client, alone.serverPort, alone.state], ["10.0.0.1", 443, "new"]);
  assert.deepEqual([alone.packets, alone.payloadBytes], [[0, 1], [0, 10]]);
  const [both] = play([0, word], [1, word], [2, ACK]);
  assert.deepEqual([both.client, both.packets, both.state], ["10.0.0.1", [1, 2], "established"]);
  assert.equal(play([0, { ...word, serverPort: 8080 }])[0].client, "10.0.0.1");
  // Not where both ports are such, or neither is; nor by an acknowledgement or a reset, which may be a scan's; nor from
  // ports that clients of remote procedure calls bind (GlusterFS, lockd, NFS).
  for (
    const other of [
      { serverPort: 8081 },
      { serverPort: 1015, clientPort: 49_152 },
      { serverPort: 900, clientPort: 32_803 },
      { serverPort: 80, clientPort: 2049 },
      { serverPort: 8080, clientPort: 9999 },
      { clientPort: 22 },
      { payload: 0 },
      { flags: "RA" },
      { flags: "P" },
    ]
  ) {
    assert.equal(play([0, { ...word, ...other }])[0].client, "192.0.2.9", JSON.stringify(other));
  }
});

Deno.test("tcp: a SYN on a closed or reset flow begins another", () => {
  const closed: [number, SegmentOptions][] = [
    ...HANDSHAKE,
    [30, { flags: "FA", seq: 1001 }],
    [31, { fromServer: true, flags: "FA", seq: 5001 }],
  ];
  for (const end of [closed, [...HANDSHAKE, [30, { flags: "R", seq: 1001 }] as [number, SegmentOptions]]]) {
    const flows = play(...end, [40, { ...SYN, seq: 90_000 }]);
    assert.deepEqual(flows.map((f) => f.end), ["reused", "shutdown"]);
    assert.deepEqual(flows.map((f) => f.state)[1], "synSent");
    assert.deepEqual(flows[1].packets, [1, 0]);
    assert.equal(flows[1].rttUs, 0);
  }
  // Opened from the other side: then that side is the client.
  const [, turned] = play(...closed, [40, { fromServer: true, flags: "S", seq: 7 }]);
  assert.equal(turned.client, "192.0.2.9");
  // A SYN on a live flow may be forged, and ends nothing.
  assert.equal(play(...HANDSHAKE, [40, { ...SYN, seq: 90_000 }]).length, 1);
});

Deno.test("tcp: a SYN with another sequence number asks anew, one sent again does not", () => {
  const withData: SegmentOptions = { ...SYN, payload: 100 };
  for (const again of [[SYN, SYN], [withData, withData], [withData, SYN]]) {
    assert.equal(play([0, again[0]], [1000, again[1]]).length, 1);
    assert.equal(play([0, again[0]], [20, SYN_ACK], [1000, again[1]]).length, 1);
  }
  assert.equal(play([0, SYN_ACK], [1, SYN], [2, ACK]).length, 1, "the answer captured before the question");
  for (const before of [[], [[20, SYN_ACK]], [[20, { fromServer: true }]]] as [number, SegmentOptions][][]) {
    const flows = play([0, SYN], ...before, [1000, { ...SYN, seq: 90_000 }], [2000, { ...SYN, seq: 7 }]);
    assert.deepEqual(flows.map((f) => f.end), ["reused", "reused", "shutdown"]);
    assert.deepEqual(flows.map((f) => f.packets[0]), [1, 1, 1]);
  }
});

Deno.test("tcp: handshake round trip", () => {
  assert.equal(play(...HANDSHAKE)[0].rttUs, 21_000);
  assert.equal(play([0, SYN], [21, ACK])[0].rttUs, 21_000);
  // Karn's algorithm: no round trip where the SYN was sent twice; but a copy of the same packet does no harm.
  assert.equal(play([0, SYN], [1000, SYN], [1020, SYN_ACK], [1021, ACK])[0].rttUs, 0);
  assert.equal(play([0, SYN], [0.01, SYN], [20, SYN_ACK], [21, ACK])[0].rttUs, 21_000);
  // Nothing to measure from.
  assert.equal(play([0, SYN_ACK], [1, ACK])[0].rttUs, 0);
  assert.equal(play([0, ACK], [1, { fromServer: true }], [2, ACK])[0].rttUs, 0);
  // A clock that steps back gives no negative time.
  assert.equal(play([50, SYN], [20, SYN_ACK], [21, ACK])[0].rttUs, 0);
});

const data = (seq: number, payload: number): SegmentOptions => ({ flags: "PA", seq, payload });

Deno.test("tcp: retransmissions by sequence number", () => {
  const cases: [string, number, [number, SegmentOptions][]][] = [
    ["in order", 0, [[30, data(1001, 100)], [31, data(1101, 100)]]],
    ["the same again", 1, [[30, data(1001, 100)], [250, data(1001, 100)]]],
    ["again, and joined with new data", 1, [[30, data(1001, 100)], [250, data(1001, 300)], [
      251,
      data(1301, 10),
    ]]],
    ["part of what was sent", 1, [[30, data(1001, 100)], [250, data(1051, 50)]]],
    ["keep-alive with the last byte", 0, [[30, data(1001, 100)], [5000, data(1100, 1)], [
      9000,
      data(1100, 1),
    ]]],
    ["keep-alive without a byte", 0, [[30, data(1001, 100)], [5000, { seq: 1100 }]]],
    ["pure ACKs", 0, [[30, data(1001, 100)], [31, { seq: 1101 }], [32, { seq: 1101 }], [33, { seq: 1101 }]]],
    ["overtaken on the way", 0, [[30, data(1101, 100)], [31, data(1001, 100)], [32, data(1201, 100)]]],
    ["lost before us, sent again", 1, [[30, data(1101, 100)], [80, data(1001, 100)], [81, data(1201, 100)]]],
    ["FIN again", 1, [[30, { flags: "FA", seq: 1001 }], [300, { flags: "FA", seq: 1001 }]]],
    ["SYN again", 1, [[500, SYN]]],
    ["RST with a text", 0, [[30, data(1001, 100)], [31, { flags: "R", seq: 1001, payload: 20 }]]],
    ["another stream's numbers", 0, [[30, data(0x7000_0000, 100)], [31, data(0x7000_0064, 100)]]],
  ];
  for (const [name, count, steps] of cases) {
    const [flow] = play(...HANDSHAKE, ...steps);
    assert.deepEqual(flow.retransmissions, [count, 0], name);
  }
});

Deno.test("tcp: sequence numbers wrap", () => {
  const [flow] = play(
    [0, { flags: "S", seq: 0xffff_ff00 }],
    [10, SYN_ACK],
    [11, { seq: 0xffff_ff01 }],
    [20, data(0xffff_ff01, 1000)],
    [21, data(0x2e9, 1000)],
    [300, data(0xffff_ff01, 1000)],
  );
  assert.deepEqual(flow.retransmissions, [1, 0]);
});

Deno.test("tcp: each direction has its own numbers", () => {
  const back = (seq: number): SegmentOptions => ({ fromServer: true, flags: "PA", seq, payload: 10 });
  const [flow] = play(...HANDSHAKE, [30, back(5001)], [300, back(5001)], [301, back(5001)], [
    302,
    data(1001, 9),
  ]);
  assert.deepEqual(flow.retransmissions, [0, 2]);
  assert.deepEqual(flow.payloadBytes, [9, 30]);
});
