import assert from "node:assert/strict";
import { Cursor } from "../../model/cursor.ts";

const BYTES = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);

Deno.test("reads big- and little-endian numbers in turn", () => {
  const c = new Cursor(BYTES);
  assert.equal(c.u8(), 0x01);
  assert.equal(c.u16(), 0x0203);
  assert.equal(c.u24(), 0x040506);
  assert.equal(c.u32(), 0x0708090a);
  assert.equal(c.remaining, 0);
  assert.equal(c.failed, false);
  const le = new Cursor(BYTES, 4);
  assert.equal(le.u16le(), 0x0605);
  assert.equal(le.u32le(), 0x0a090807);
});

Deno.test("u32 is never negative, u64 joins two", () => {
  const c = new Cursor(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 2));
  assert.equal(c.u32(), 0xffffffff);
  assert.equal(c.u64(), 2 ** 32 + 2);
});

Deno.test("a short read yields 0, jumps to the end and latches", () => {
  const reads: ((c: Cursor) => number)[] = [
    (c) => c.u8(),
    (c) => c.u16(),
    (c) => c.u24(),
    (c) => c.u32(),
    (c) => c.u16le(),
    (c) => c.u32le(),
    (c) => c.u64(),
    (c) => c.ascii(2).length,
    (c) => c.view(2).length,
  ];
  const needs = [1, 2, 3, 4, 2, 4, 8, 2, 2];
  reads.forEach((read, i) => {
    const c = new Cursor(BYTES, 0, needs[i] - 1);
    read(c);
    assert.equal(c.failed, true);
    assert.equal(c.remaining, 0);
    assert.equal(c.u8(), 0);
  });
});

Deno.test("bounds outside of the bytes are drawn in", () => {
  assert.equal(new Cursor(BYTES, 0, 99).remaining, 10);
  assert.equal(new Cursor(BYTES, 99, 100).remaining, 0);
  assert.equal(new Cursor(BYTES, -5, 2).at, 0);
});

Deno.test("skip refuses negative and NaN counts", () => {
  for (const n of [-1, NaN, 11]) {
    const c = new Cursor(BYTES);
    assert.equal(c.skip(n), false);
    assert.equal(c.failed, true);
  }
});

Deno.test("peeks look ahead without moving or latching", () => {
  const c = new Cursor(BYTES, 2, 6);
  assert.equal(c.peek8(), 3);
  assert.equal(c.peek16(2), 0x0506);
  assert.equal(c.peek32(), 0x03040506);
  assert.equal(c.peekInt32(), 0x03040506);
  assert.equal(c.peekInt32(1), 0);
  assert.equal(new Cursor(Uint8Array.of(255, 255, 255, 254)).peekInt32(), -2);
  assert.equal(c.peek8(4), 0);
  assert.equal(c.peek16(3), 0);
  assert.equal(c.peek32(1), 0);
  assert.equal(c.peek8(-1), 0);
  assert.equal(c.at, 2);
  assert.equal(c.failed, false);
});

Deno.test("sub() bounds the inner structure and moves the outer one on", () => {
  const c = new Cursor(BYTES);
  const inner = c.sub(4);
  assert.equal(inner.remaining, 4);
  assert.equal(c.at, 4);
  const rest = c.sub(7);
  assert.equal(rest.remaining, 6);
  assert.equal(c.failed, true);
});

Deno.test("limit() only ever draws in", () => {
  const c = new Cursor(BYTES, 2);
  c.limit(100);
  assert.equal(c.remaining, 8);
  c.limit(3);
  assert.equal(c.remaining, 3);
});

Deno.test("text, views, copies and find", () => {
  const c = new Cursor(new TextEncoder().encode("GET /\r\n"));
  assert.equal(c.find(0x20), 3);
  assert.equal(c.find(0x20, 3), -1);
  assert.equal(c.ascii(3), "GET");
  assert.equal(c.view(2).length, 2);
  const copy = c.copy(2);
  assert.equal(copy.buffer.byteLength, 2);
});
