/** A run of echo requests, moved on by a clock of the test's own. */
import assert from "node:assert/strict";
import { echoRequest, replySequence } from "../../../enrich/ping/echo.ts";
import { type EchoSocket, PingRun } from "../../../enrich/ping/run.ts";
import { summarize } from "../../../enrich/ping/summary.ts";
import { checksum, hex } from "../../support/packets.ts";

const NONCE = hex("0102030405060708");

/** A network whose round trips the test decides: ms by sequence number, null for a loss. */
class Network implements EchoSocket {
  readonly hasIpHeader = false;
  nowMs = 1_000;
  sent: number[] = [];
  isClosed = false;
  #onTheWay: { atMs: number; what: Uint8Array | number }[] = [];
  constructor(readonly trips: (number | null)[]) {}

  /** Wall clock, which `shiftMs` sets. */
  shiftMs = 0;
  real = () => 1.7e12 + this.nowMs + this.shiftMs;

  send(message: Uint8Array<ArrayBuffer>): number {
    const sequence = message[6] << 8 | message[7];
    this.sent.push(this.nowMs);
    const trip = this.trips[sequence - 1];
    if (trip !== null && trip !== undefined) this.deliver(trip, answerTo(message));
    return 0;
  }

  deliver(inMs: number, what: Uint8Array | number): void {
    this.#onTheWay.push({ atMs: this.nowMs + inMs, what });
  }

  receive(): { bytes: Uint8Array; atMs: number } | number | null {
    const i = this.#onTheWay.findIndex(({ atMs }) => atMs <= this.nowMs);
    if (i < 0) return null;
    const [{ atMs, what }] = this.#onTheWay.splice(i, 1);
    return typeof what === "number" ? what : { bytes: what, atMs: 1.7e12 + atMs + this.shiftMs };
  }

  close(): void {
    this.isClosed = true;
  }
}

function answerTo(request: Uint8Array): Uint8Array {
  const answer = request.slice();
  answer[0] = 0;
  return answer;
}

function runOn(network: Network, count = network.trips.length): PingRun {
  return new PingRun(network, {
    version: 4,
    count,
    intervalMs: 200,
    timeoutMs: 1_000,
    identifier: 7,
    nonce: NONCE,
  }, { steady: () => network.nowMs, real: network.real });
}

/** Turns every `stepMs` to the end; @returns the time it took. */
function finish(run: PingRun, network: Network, stepMs = 5): number {
  const began = network.nowMs;
  for (let i = 0; i < 10_000; i++) {
    if (run.turn()) return network.nowMs - began;
    network.nowMs += stepMs;
  }
  assert.fail("it does not end");
}

Deno.test("echo requests have the form of RFC 792 and RFC 4443", () => {
  const four = echoRequest(4, { identifier: 0x1234, sequence: 5, nonce: NONCE });
  assert.deepEqual(four.slice(0, 2), hex("0800"));
  assert.deepEqual(four.slice(4, 16), hex("1234 0005 0102030405060708"));
  assert.equal(checksum(four), 0, "the sum over all with the sum in it");
  const six = echoRequest(6, { identifier: 1, sequence: 2, nonce: NONCE });
  assert.deepEqual(six.slice(0, 8), hex("8000 0000 0001 0002"));
});

Deno.test("only answers to our own requests count", () => {
  const request = echoRequest(4, { identifier: 1, sequence: 513, nonce: NONCE });
  assert.equal(replySequence(4, answerTo(request), NONCE, false), 513);
  const withHeader = new Uint8Array([0x46, ...new Array(23).fill(0), ...answerTo(request)]);
  assert.equal(replySequence(4, withHeader, NONCE, true), 513, "a header with options");
  assert.equal(replySequence(4, request, NONCE, false), null, "a request");
  assert.equal(replySequence(6, answerTo(request), NONCE, false), null, "of the other family");
  assert.equal(replySequence(4, answerTo(request), hex("0102030405060709"), false), null, "somebody else's");
  for (let cut = 0; cut < 16; cut++) {
    assert.equal(replySequence(4, answerTo(request).slice(0, cut), NONCE, false), null);
  }
  assert.equal(replySequence(4, new Uint8Array(), NONCE, true), null);
});

Deno.test("requests go out at their interval, round trips are by the kernel's clock, losses time out", () => {
  const network = new Network([10, null, 30.5, 12]);
  const run = runOn(network);
  const took = finish(run, network);
  assert.deepEqual(network.sent, [1_000, 1_200, 1_400, 1_600]);
  assert.deepEqual(run.replies, [
    { sequence: 1, rtt_ms: 10, error: "" },
    { sequence: 2, rtt_ms: null, error: "timeout" },
    { sequence: 3, rtt_ms: 30.5, error: "" },
    { sequence: 4, rtt_ms: 12, error: "" },
  ]);
  assert.equal(took, 1_200, "until the lost one is given up");
});

Deno.test("a thread that comes late shows neither in round trips nor as a burst", () => {
  const network = new Network([3, 3, 3]);
  const run = runOn(network);
  finish(run, network, 70);
  assert.deepEqual(run.replies.map(({ rtt_ms }) => rtt_ms), [3, 3, 3]);
  const gaps = network.sent.slice(1).map((at, i) => at - network.sent[i]);
  assert.ok(gaps.every((gap) => gap >= 100), String(gaps));
});

Deno.test("a wall clock that is set meanwhile does no harm", () => {
  for (const shift of [-3_600_000, 3_600_000]) {
    const network = new Network([20]);
    const run = runOn(network);
    run.turn();
    network.shiftMs = shift;
    finish(run, network);
    assert.equal(run.replies[0].rtt_ms, 20);
  }
});

Deno.test("answers that come twice are counted, late and foreign ones are not believed", () => {
  const network = new Network([10, 1_100]);
  const run = runOn(network);
  run.turn();
  network.deliver(11, answerTo(echoRequest(4, { identifier: 9, sequence: 1, nonce: NONCE })));
  network.deliver(
    5,
    answerTo(echoRequest(4, { identifier: 9, sequence: 1, nonce: hex("ffffffffffffffff") })),
  );
  network.deliver(6, answerTo(echoRequest(4, { identifier: 9, sequence: 99, nonce: NONCE })));
  finish(run, network);
  assert.deepEqual([run.replies[0].rtt_ms, run.replies[1].error, run.duplicates], [10, "timeout", 1]);
});

Deno.test("what the network says in place of an answer is told", () => {
  const network = new Network([null, null, null]);
  const run = runOn(network);
  run.turn();
  network.deliver(3, -113); // EHOSTUNREACH
  network.nowMs += 200;
  run.turn();
  network.deliver(3, -111);
  network.nowMs += 200;
  run.turn();
  network.deliver(3, -71);
  finish(run, network);
  assert.deepEqual(run.replies.map(({ error }) => error), ["unreachable", "refused", "error 71"]);
  run.close();
  assert.ok(network.isClosed);
});

Deno.test("a run is summed up: nearest-rank p95, share lost, mean difference of successive round trips", () => {
  const replies = (...trips: (number | null)[]) =>
    trips.map((rtt_ms, i) => ({ sequence: i + 1, rtt_ms, error: rtt_ms === null ? "timeout" : "" }));
  assert.deepEqual(summarize(replies(10, 14, null, 12)), {
    sent: 4,
    received: 3,
    loss: 0.25,
    rtt_ms: { min: 10, median: 12, mean: 12, p95: 14, max: 14 },
    jitter_ms: 3,
  });
  assert.equal(summarize(replies(...Array.from({ length: 20 }, (_, i) => i + 1))).rtt_ms!.p95, 19);
  assert.equal(summarize(replies(1, 2)).rtt_ms!.median, 1.5);
  assert.deepEqual(summarize(replies(5)).jitter_ms, null);
  assert.deepEqual(summarize(replies(null)), {
    sent: 1,
    received: 0,
    loss: 1,
    rtt_ms: null,
    jitter_ms: null,
  });
  assert.equal(summarize([]).loss, 0);
});
