/** RFC 4231's cases that are short enough, and the same as `node:crypto` for every length. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { MAX_SHORT_MESSAGE, ShortHmac } from "../../../../capture/inspect/card/short_hmac.ts";
import { seeded } from "../dpi/flow_recorder.ts";

Deno.test("RFC 4231 §4.2 and §4.3", () => {
  const text = (characters: string) => new TextEncoder().encode(characters);
  const hi = new ShortHmac(new Uint8Array(20).fill(0x0b));
  assert.equal(
    hi.hex(text("Hi There"), 8, 32),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  );
  const jefe = new ShortHmac(text("Jefe"));
  assert.equal(
    jefe.hex(text("what do ya want for nothing?"), 28, 32),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

Deno.test("the same as node:crypto, for keys and messages of every length it takes", () => {
  const random = seeded(1);
  for (let round = 0; round < 300; round++) {
    const key = Uint8Array.from({ length: random(65) }, () => random(256));
    const message = Uint8Array.from({ length: round % (MAX_SHORT_MESSAGE + 1) }, () => random(256));
    const expected = createHmac("sha256", key).update(message).digest("hex");
    const hmac = new ShortHmac(key);
    assert.equal(hmac.hex(message, message.length, 32), expected);
    assert.equal(hmac.hex(message, message.length, 12), expected.slice(0, 24));
  }
  assert.throws(() => new ShortHmac(new Uint8Array(65)), RangeError);
  assert.throws(() => new ShortHmac(new Uint8Array(1)).hex(new Uint8Array(56), 56, 32), RangeError);
});
