import assert from "node:assert/strict";
import { Probe } from "../../../../capture/inspect/dpi/contract.ts";
import { RECOGNISED_DATAGRAMS } from "../../../../capture/inspect/dpi/recognised.ts";
import { Cursor } from "../../../../model/cursor.ts";
import { bytes, u16, u32 } from "./dns/dns_bytes.ts";
import { hex, latin1, seeded, tormentDatagrams } from "./flow_recorder.ts";

function recognise(datagram: Uint8Array, serverPort = 9): string {
  const found = RECOGNISED_DATAGRAMS.find((protocol) =>
    protocol.probe(new Cursor(datagram), 0, 40_000, serverPort) === Probe.yes
  );
  return found?.name ?? "";
}

const TRANSACTION = Array(12).fill(7);
const STUN = bytes(u16(1), u16(8), u32(0x2112a442), TRANSACTION, u16(0x8022), u16(3), latin1("abc"), [0]);
const OLD_STUN = bytes(u16(1), u16(8), Array(16).fill(7), u16(3), u16(4), u32(0));
const KERBEROS = hex("6a 81 9e 30 81 9b a1 03 02 01 05 a2 03 02 01 0a");
const IKE = bytes(Array(8).fill(1), Array(8).fill(0), [33, 0x20, 34, 8], u32(0), u32(28));
const WIREGUARD = bytes([1, 0, 0, 0], Array(144).fill(9));
const RADIUS = bytes([1, 1], u16(25), Array(16).fill(9), [1, 5], latin1("bob"));

/** What it is, by the bytes alone. */
const CASES: [string, Uint8Array, string][] = [
  ["STUN", STUN, "stun"],
  ["STUN cut short", STUN.subarray(0, STUN.length - 1), ""],
  ["STUN before the cookie", OLD_STUN, "stun"],
  ["Kerberos over UDP", KERBEROS, "krb5"],
  ["IKEv2", IKE, "ike"],
  ["IKEv2 behind NAT", bytes(u32(0), IKE), "ike"],
  ["IKE with another length", bytes(IKE, [0]), ""],
  ["WireGuard", WIREGUARD, "wireguard"],
  ["WireGuard of another length", WIREGUARD.subarray(1), ""],
  ["RADIUS", RADIUS, "radius"],
  ["RADIUS with bytes behind", bytes(RADIUS, [0]), ""],
  ["text", latin1("just some text in a datagram"), ""],
  ["nothing", new Uint8Array(0), ""],
];
for (const [what, datagram, expected] of CASES) {
  Deno.test(`recognised: ${what}`, () => assert.equal(recognise(datagram), expected));
}

Deno.test("an empty request is STUN on its port only", () => {
  const empty = bytes(u16(1), u16(0), Array(16).fill(7));
  assert.deepEqual([recognise(empty, 3478), recognise(empty, 9)], ["stun", ""]);
});

Deno.test("random bytes are none of them", () => {
  const random = seeded(3);
  for (let round = 0; round < 20_000; round++) {
    const datagram = Uint8Array.from({ length: 8 + random(200) }, () => random(256));
    assert.equal(recognise(datagram), "");
  }
});

Deno.test("damaged datagrams never throw", () => {
  for (const protocol of RECOGNISED_DATAGRAMS) {
    tormentDatagrams(protocol, CASES.map(([, datagram]): [number, Uint8Array] => [0, datagram]), 200);
  }
});
