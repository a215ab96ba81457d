import assert from "node:assert/strict";
import { radiusDatagrams } from "../../../../capture/inspect/dpi/radius.ts";
import { stunDatagrams } from "../../../../capture/inspect/dpi/stun.ts";
import { bytes, u16, u32 } from "./dns/dns_bytes.ts";
import { exchange, latin1, probeDatagram, seeded, tormentDatagrams } from "./flow_recorder.ts";

const TRANSACTION = Array(12).fill(7);
const STUN = bytes(u16(1), u16(8), u32(0x2112a442), TRANSACTION, u16(0x8022), u16(3), latin1("abc"), [0]);
const OLD_STUN = bytes(u16(1), u16(8), Array(16).fill(7), u16(3), u16(4), u32(0));
const RADIUS = bytes([1, 1], u16(25), Array(16).fill(9), [1, 5], latin1("bob"));

/** What it is, by the bytes alone. */
const CASES: [string, Uint8Array, string][] = [
  ["STUN", STUN, "stun"],
  ["STUN with something behind", bytes(STUN, [0]), "stun"],
  ["STUN cut short", STUN.subarray(0, STUN.length - 1), ""],
  ["STUN before the cookie", OLD_STUN, "stun"],
  ["STUN before the cookie, cut short", OLD_STUN.subarray(0, OLD_STUN.length - 1), ""],
  ["RADIUS", RADIUS, "radius"],
  ["RADIUS with bytes behind", bytes(RADIUS, [0]), ""],
  ["text", latin1("just some text in a datagram"), ""],
  ["nothing", new Uint8Array(0), ""],
];
for (const [what, datagram, expected] of CASES) {
  Deno.test(`recognised: ${what}`, () => assert.equal(recognise(datagram), expected));
}

function recognise(datagram: Uint8Array, serverPort = 9): string {
  const found = [stunDatagrams, radiusDatagrams].find((protocol) =>
    probeDatagram(protocol, datagram, 0, 40_000, serverPort) === "yes"
  );
  return found?.name ?? "";
}

Deno.test("an empty request without the cookie is STUN on its port only", () => {
  const empty = bytes(u16(1), u16(0), Array(16).fill(7));
  assert.deepEqual([recognise(empty, 3478), recognise(empty, 9)], ["stun", ""]);
});

Deno.test("random bytes are neither", () => {
  const random = seeded(3);
  for (let round = 0; round < 20_000; round++) {
    assert.equal(recognise(Uint8Array.from({ length: 8 + random(200) }, () => random(256))), "");
  }
});

Deno.test("what else such flows carry is looked at for card numbers", () => {
  assert.deepEqual(exchange(stunDatagrams, [[0, latin1("a")], [1, latin1("b")]]).scanned, {
    "0/0": "a¶",
    "1/0": "b¶",
  });
});

Deno.test("damaged STUN and RADIUS never throw", () => {
  for (const protocol of [stunDatagrams, radiusDatagrams]) {
    tormentDatagrams(protocol, CASES.map(([, datagram]): [number, Uint8Array] => [0, datagram]), 200);
  }
});
