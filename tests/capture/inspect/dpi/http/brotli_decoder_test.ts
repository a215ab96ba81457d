/**
 * The decoder against Deno's native encoder: every kind of text, quality, window and segmentation; and against damage.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { brotliCompressSync, constants } from "node:zlib";
import context from "brotli/dec/context.js";
import dictionary from "brotli/dec/dictionary.js";
import transform from "brotli/dec/transform.js";
import { BrotliDecoder } from "../../../../../capture/inspect/dpi/http/brotli_decoder.ts";
import { useBrotli } from "../../../../../capture/inspect/dpi/http/brotli_text.ts";

const TABLES = useBrotli({ dictionary, transform, context });
const SEGMENT = 1460;

function seeded(seed: number) {
  return (below: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0, seed >>> 8) % below;
}

const WORDS =
  ("the of and to in that is was for with his as on be at by from this have not are but had which her or they " +
    "you were we all would there their what so if has more when will who no out do said up its about than into them can")
    .split(" ");

/** Text of several kinds: noise, a pattern, words with tags. */
function textOf(kind: number, size: number, random: (below: number) => number): Uint8Array {
  if (kind === 0) return Uint8Array.from({ length: size }, () => random(256));
  if (kind === 1) return Uint8Array.from({ length: size }, (_, i) => i * i >> 5 & 15);
  let text = "";
  while (text.length < size) {
    text += WORDS[random(WORDS.length)] + (random(10) === 0 ? `<a href="/x${random(1e6)}">Ü` : " ");
  }
  return new TextEncoder().encode(text);
}

function coded(text: Uint8Array, quality: number, window: number, mode: number): Uint8Array {
  return brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: window,
      [constants.BROTLI_PARAM_MODE]: mode,
    },
  });
}

/** What comes of `bytes` in segments, and the most that came of one. */
function decode(bytes: Uint8Array, segment: () => number, maxHeld = Infinity) {
  const pieces: Uint8Array[] = [];
  let held = 0;
  let made = 0;
  let most = 0;
  const decoder = new BrotliDecoder(TABLES, (text, at, end) => {
    pieces.push(text.slice(at, end));
    made += end - at;
    return true;
  }, (more) => {
    if (held + more > maxHeld) return false;
    held += more;
    return true;
  });
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + segment());
    const before = made;
    decoder.push(bytes, at, end);
    most = Math.max(most, made - before);
    at = end;
  }
  decoder.finish();
  const { done, failed } = decoder;
  decoder.close();
  assert.equal(held, 0);
  return { text: Buffer.concat(pieces), done, failed, most };
}

Deno.test("brotli: any text, quality, window and segmentation", () => {
  const random = seeded(3);
  for (let round = 0; round < 90; round++) {
    const text = textOf(round % 4, 1 + random(round % 9 === 0 ? 300_000 : 9_000), random);
    const bytes = coded(text, round % 12, 10 + random(13), random(3));
    const cuts = [() => 1e9, () => SEGMENT, () => 1 + random(300)];
    if (bytes.length < 3000) cuts.push(() => 1);
    for (const cut of cuts) {
      const found = decode(bytes, cut);
      assert(found.done, `round ${round}`);
      assert(found.text.equals(text), `round ${round}`);
    }
  }
});

Deno.test("brotli: nothing, and what is not coded at all", () => {
  assert.deepEqual(decode(coded(new Uint8Array(0), 5, 16, 0), () => 1).text.length, 0);
  const plain = decode(new TextEncoder().encode('{"some":"text that says it is brotli"}'), () => 5);
  assert(plain.failed || !plain.done || plain.text.length < 64);
});

Deno.test("brotli: text comes with the segments it is in, and a segment brings no more than it can hold", () => {
  const text = textOf(2, 600_000, seeded(9));
  for (const quality of [4, 9, 11]) {
    const { most, done } = decode(coded(text, quality, 22, 1), () => SEGMENT);
    assert(done);
    assert(most < text.length / 10, `${most} bytes of text with one segment`);
  }
});

Deno.test("brotli: of damaged and cut text what was before is told, and nothing throws", () => {
  const random = seeded(17);
  for (let round = 0; round < 400; round++) {
    const text = textOf(round % 4, 1 + random(5000), random);
    const bytes = Uint8Array.from(coded(text, round % 12, 16, 0));
    const cut = bytes.subarray(0, random(bytes.length));
    const begun = decode(cut, () => 1 + random(SEGMENT));
    assert(!begun.done && text.subarray(0, begun.text.length).every((byte, i) => byte === begun.text[i]));
    for (let flips = 0; flips <= round % 5; flips++) bytes[random(bytes.length)] ^= 1 << random(8);
    decode(bytes, () => SEGMENT);
  }
});

Deno.test("brotli: without memory it fails", () => {
  const text = textOf(2, 100_000, seeded(5));
  for (const maxHeld of [0, 5_000, 50_000]) {
    const { failed, text: begun } = decode(coded(text, 9, 22, 1), () => SEGMENT, maxHeld);
    assert(failed && begun.length < text.length);
  }
});

Deno.test("brotli: code tables that cost no bits are taken for damage before they cost time", () => {
  const bytes: number[] = [];
  let bit = 0;
  const put = (value: number, bits: number) => {
    for (let i = 0; i < bits; i++, bit++) bytes[bit >> 3] |= (value >> i & 1) << (bit & 7);
  };
  /** A code whose symbols all have `length` bits, each said without a bit. */
  const putEven = (length: number) => {
    put(0, 2);
    for (const each of [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15]) {
      put(each === length ? 1 : 0, 2);
    }
  };
  /** A code of one symbol. */
  const putOne = (bits: number) => put(1, 4 + bits);
  put(0, 4); // a window of 64 KiB; not the last block; a length of four nibbles
  put(1, 17); // of two bytes, coded
  put(0, 1); // one type of literals
  put(1 | 7 << 1 | 127 << 4, 11); // 256 types of commands
  putOne(9);
  putOne(5);
  put(0, 2 + 1 + 2 + 4 + 2 + 1 + 1); // a count; one type of distances, nothing special, one tree each
  putEven(8);
  for (let i = 0; i < 256; i++) putEven(9);
  assert(bytes.length > 1000 && decode(Uint8Array.from(bytes), () => SEGMENT).failed);
  assert(decode(Uint8Array.from({ length: 100_000 }, (_, i) => bytes[i % bytes.length]), () => 7).failed);
});
