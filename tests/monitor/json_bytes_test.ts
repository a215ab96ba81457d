/** JSON put together as bytes is what `JSON.stringify` makes. */
import assert from "node:assert/strict";
import { JsonBytes, JsonText } from "../../monitor/json_bytes.ts";
import { createRandom } from "../../bench/packet_mix.ts";

const NUMBERS = [
  0,
  -0,
  1,
  9,
  10,
  99,
  100,
  999,
  1000,
  9999,
  10_000,
  99_999,
  100_000,
  999_999,
  1e6,
  1e7 - 1,
  1e7,
  1e8,
  1e9 - 1,
  1e9,
  1e9 + 1,
  2 ** 31,
  4_294_967_295,
  4_294_967_296,
  1_700_000_000_123_456,
  999_999_999_999_999,
  1e15,
  2 ** 53,
  1e21,
  -1,
  -5000,
  0.5,
  1.25e-7,
  NaN,
  Infinity,
  -Infinity,
  123456.789,
]; // deno-fmt-ignore
const TEXTS = ["", "a", 'say "hi"', "back\\slash", "\0\n\r\t\x1f\x7f", "ü", "日本", "😀", "\ud800 alone", "</script>", "\u2028"];

function written(value: unknown): string {
  const out = new JsonBytes(8);
  out.value(value);
  return out.toString();
}

Deno.test("numbers and texts are written as JSON.stringify() does", () => {
  for (const value of [...NUMBERS, ...TEXTS, true, false, null]) {
    assert.equal(written(value), JSON.stringify(value));
  }
});

Deno.test("objects and lists are written as JSON.stringify() does, whatever their nesting", () => {
  const random = createRandom(7);
  const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)];
  const make = (depth: number): unknown => {
    const kind = Math.floor(random() * (depth > 3 ? 3 : 5));
    if (kind === 0) return pick(NUMBERS);
    if (kind === 1) return pick(TEXTS) + pick(TEXTS);
    if (kind === 2) return pick([true, false, null, undefined]);
    const parts = Array.from({ length: Math.floor(random() * 5) }, () => make(depth + 1));
    return kind === 3 ? parts : Object.fromEntries(parts.map((part, i) => [`${pick(TEXTS)}${i}`, part]));
  };
  for (let i = 0; i < 2000; i++) {
    const value = { first: make(0), second: make(0) };
    assert.equal(written(value), JSON.stringify(value));
  }
});

Deno.test("what is put grows the buffer and stays in order", () => {
  const out = new JsonBytes(1);
  out.text("plain, ");
  out.text("größer, ");
  out.constant(new JsonText("constant, "));
  out.sixDigits(1234);
  out.byte(0x20);
  out.dotted(Uint8Array.of(1, 0, 10, 99, 255), 1);
  assert.equal(out.toString(), "plain, größer, constant, 001234 0.10.99.255");
  out.clear();
  out.text('{"x":0');
  out.constant(new JsonText(',"y":'));
  out.members({ a: 1, b: undefined, c: "d" }, true);
  out.object(11);
  out.byte(0x7d);
  assert.equal(out.toString(), `{"x":0,"y":{"a":1,"c":"d"}}`);
  for (const follows of [false, true]) {
    out.clear();
    out.members({ none: undefined }, follows);
    assert.equal(out.toString(), "");
    out.members({ one: "ü" }, follows);
    assert.equal(out.toString(), `${follows ? "," : ""}"one":"ü"`);
  }
});
