import assert from "node:assert/strict";
import {
  HeldBudget,
  MAX_HELD_BYTES,
  RELEASE_BYTES,
  TcpStream,
} from "../../../../capture/inspect/stream/tcp_stream.ts";

const TEXT = "The quick brown fox jumps over the lazy dog. ".repeat(4);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A stream, and what it handed on: text, with `|` for a gap. */
function recorder(budget = new HeldBudget(1 << 20)) {
  const told = { text: "" };
  const stream = new TcpStream(0, {
    data: (_, bytes, at, end) => told.text += new TextDecoder("latin1").decode(bytes.slice(at, end)),
    gap: () => told.text += "|",
  }, budget);
  return { stream, told, budget };
}

/** Sends `TEXT[from, to)` at its place after `base`. */
function send(stream: TcpStream, base: number, from: number, to: number, timeUs = 0) {
  const bytes = bytesOf(TEXT.slice(from, to));
  stream.segment((base + from) | 0, bytes, 0, bytes.length, bytes.length, timeUs);
}

Deno.test("any order, cut and repetition of segments gives the same text", () => {
  let seed = 7;
  const random = (below: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0, seed >>> 8) % below;
  for (let round = 0; round < 500; round++) {
    const base = [0, 0x7fff_fff0, -16, -1][round % 4]; // round the ends of the number space
    const cuts = [0, TEXT.length, ...Array.from({ length: random(12) }, () => random(TEXT.length))]
      .sort((a, b) => a - b);
    const pieces: [number, number][] = [];
    for (let i = 1; i < cuts.length; i++) {
      pieces.push([cuts[i - 1], cuts[i]]);
      if (random(3) === 0) pieces.push([random(cuts[i] + 1), cuts[i]]); // an overlapping copy
    }
    for (let i = pieces.length - 1; i > 0; i--) {
      const k = random(i + 1);
      [pieces[i], pieces[k]] = [pieces[k], pieces[i]];
    }
    const { stream, told, budget } = recorder();
    stream.begin(base);
    for (const [from, to] of pieces) send(stream, base, from, to);
    assert.equal(told.text, TEXT, JSON.stringify({ base, pieces }));
    assert.equal(budget.held, 0);
  }
});

Deno.test("of two versions that wait the first holds; one that is in order is taken whole, as Linux does", () => {
  const waiting = recorder();
  waiting.stream.begin(0);
  waiting.stream.segment(3, bytesOf("def"), 0, 3, 3, 0);
  waiting.stream.segment(2, bytesOf("cXYZg"), 0, 5, 5, 0);
  waiting.stream.segment(0, bytesOf("ab"), 0, 2, 2, 0);
  assert.equal(waiting.told.text, "abcdefg");
  const inOrder = recorder();
  inOrder.stream.begin(0);
  inOrder.stream.segment(3, bytesOf("def"), 0, 3, 3, 0);
  inOrder.stream.segment(0, bytesOf("abcXYZ"), 0, 6, 6, 0);
  assert.equal(inOrder.told.text, "abcXYZ");
});

Deno.test("a stream seen from the middle begins where it is first seen", () => {
  const { stream, told } = recorder();
  send(stream, 1000, 4, 9);
  send(stream, 1000, 0, 4); // before the beginning: unknown territory
  assert.equal(told.text, TEXT.slice(4, 9));
});

Deno.test("what was acknowledged and never came is a gap, but not at once", () => {
  const { stream, told } = recorder();
  stream.begin(0);
  send(stream, 0, 0, 4);
  send(stream, 0, 10, 15, 1_000_000);
  stream.acknowledged(15, 1_010_000);
  assert.equal(told.text, TEXT.slice(0, 4));
  stream.acknowledged(15, 1_060_000);
  assert.equal(told.text, TEXT.slice(0, 4) + "|" + TEXT.slice(10, 15));
});

Deno.test("what capture cut off is a gap", () => {
  const { stream, told } = recorder();
  stream.segment(0, bytesOf("abc"), 0, 3, 10, 0);
  stream.segment(10, bytesOf("xyz"), 0, 3, 3, 0);
  assert.equal(told.text, "abc|xyz");
});

Deno.test("flush hands on what waits, with its gaps", () => {
  const { stream, told, budget } = recorder();
  stream.begin(0);
  send(stream, 0, 5, 8);
  send(stream, 0, 10, 12);
  stream.flush();
  assert.equal(told.text, `|${TEXT.slice(5, 8)}|${TEXT.slice(10, 12)}`);
  assert.equal(budget.held, 0);
});

Deno.test("what is held is bounded, in bytes, segments and over all streams", () => {
  const block = new Uint8Array(1000);
  for (const [count, size] of [[2 * MAX_HELD_BYTES / 1000, 1000], [1000, 1]]) {
    const { stream, budget } = recorder();
    stream.begin(0);
    for (let i = 0; i < count; i++) stream.segment(10 + i * (size + 1), block, 0, size, size, 0);
    assert(budget.held <= MAX_HELD_BYTES);
    assert(budget.exceeded > 0);
  }
  const small = recorder(new HeldBudget(100));
  small.stream.begin(0);
  small.stream.segment(5, block, 0, 1000, 1000, 0);
  assert.equal(small.budget.held, 0);
});

Deno.test("a sequence number from elsewhere starts over", () => {
  const { stream, told } = recorder();
  stream.begin(0);
  send(stream, 0, 0, 4);
  const bytes = bytesOf("new");
  stream.segment(0x6000_0000, bytes, 0, 3, 3, 0);
  assert.equal(told.text, `${TEXT.slice(0, 4)}|new`);
});

Deno.test("who listens may drop the stream at any time", () => {
  for (const dropAt of ["gap", "data"]) {
    const drop = (what: string) => what === dropAt && stream.drop();
    const budget = new HeldBudget(1 << 20);
    const stream: TcpStream = new TcpStream(
      0,
      { data: () => drop("data"), gap: () => drop("gap") },
      budget,
    );
    const hold = () => {
      for (const sequence of [5, 10]) stream.segment(sequence, bytesOf("xyz"), 0, 3, 3, 0);
    };
    stream.begin(0);
    hold();
    stream.acknowledged(20, 1_000_000);
    hold();
    stream.flush();
    assert.equal(budget.held, 0);
  }
});

/** A text of which each place can be told. */
const LONG = Uint8Array.from({ length: 60_000 }, (_, i) => (i * 2654435761 >>> 13) & 0xff);

/** A stream that counts what it hands on, by call. */
function counted() {
  const out = new Uint8Array(2 * LONG.length);
  const told = { bytes: 0, gaps: 0 };
  const budget = new HeldBudget(1 << 20);
  const stream = new TcpStream(0, {
    data: (_, bytes, at, end) => {
      out.set(bytes.subarray(at, end), told.bytes);
      told.bytes += end - at;
    },
    gap: () => told.gaps++,
  }, budget);
  stream.begin(0);
  const send = (from: number, to: number, bytes = LONG) => {
    const before = told.bytes;
    stream.segment(from, bytes, from, to, to - from, 0);
    return told.bytes - before;
  };
  return { stream, told, budget, send, text: () => out.subarray(0, told.bytes) };
}

Deno.test("what a filled hole sets free goes with the packets that follow, some of it with each", () => {
  const { stream, told, budget, send, text } = counted();
  for (let at = 1000; at < 50_000; at += 1000) assert.equal(send(at, at + 1000), 0);
  let most = send(0, 1000);
  assert(stream.isBehind);
  for (let at = 50_000; at < 60_000; at += 1000) most = Math.max(most, send(at, at + 1000));
  assert(most <= RELEASE_BYTES + 1000, `${most} bytes with a packet`);
  assert.deepEqual(text(), LONG);
  assert.deepEqual([told.gaps, budget.held, stream.isBehind], [0, 0, false]);
});

Deno.test("what waits goes on being handed on by release, and all of it by flush", () => {
  for (const end of ["release", "flush"]) {
    const { stream, send, text } = counted();
    send(1000, 60_000);
    assert(send(0, 1000) <= RELEASE_BYTES + 1000);
    if (end === "flush") stream.flush();
    while (stream.isBehind) assert(stream.release(500) <= 500);
    assert.deepEqual(text(), LONG);
  }
});

Deno.test("while it is behind a stream takes the same bytes for its text as one that is not", () => {
  let seed = 11;
  const random = (below: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0, seed >>> 8) % below;
  const other = LONG.map((byte) => byte ^ 0xff);
  for (let round = 0; round < 300; round++) {
    const slow = counted();
    const quick = counted();
    for (let i = 0; i < 60; i++) {
      const from = random(4) === 0 ? slow.told.bytes : random(50_000);
      const to = Math.min(LONG.length, from + 1 + random(8_000));
      const bytes = random(3) === 0 ? other : LONG;
      for (const each of [slow, quick]) each.send(from, to, bytes);
      while (quick.stream.isBehind) quick.stream.release(1 << 20);
    }
    slow.stream.flush();
    quick.stream.flush();
    assert.deepEqual(slow.text(), quick.text());
    assert.equal(slow.told.gaps, quick.told.gaps);
    assert.equal(slow.budget.held, 0);
  }
});
