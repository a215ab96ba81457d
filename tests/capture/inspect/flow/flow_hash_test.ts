import assert from "node:assert/strict";
import { PacketView } from "../../../../capture/inspect/decode/packet_view.ts";
import { hashOfFlow, SECRET_WORDS } from "../../../../capture/inspect/flow/flow_hash.ts";
import { createRandom } from "../helpers.ts";

function secretOf(seed: number): Int32Array {
  const random = createRandom(seed);
  return Int32Array.from({ length: SECRET_WORDS }, () => random() * 2 ** 32 | 0);
}

function turn(v: PacketView): void {
  const source = v.address.slice(0, 4);
  v.address.copyWithin(0, 4, 8);
  v.address.set(source, 4);
  [v.sourcePort, v.destinationPort] = [v.destinationPort, v.sourcePort];
}

Deno.test("hash: the same for both directions, another for any other key", () => {
  const random = createRandom(11);
  const secret = secretOf(12);
  for (let round = 0; round < 2000; round++) {
    const v = new PacketView();
    v.ipVersion = round % 2 === 0 ? 4 : 6;
    const words = v.ipVersion === 4 ? [0, 4] : [0, 1, 2, 3, 4, 5, 6, 7];
    // Few values, so that the ends often agree in some words.
    for (const word of words) v.address[word] = [0, -1, 5, random() * 2 ** 32 | 0][Math.floor(random() * 4)];
    v.protocol = 6;
    v.sourcePort = Math.floor(random() * 3);
    v.destinationPort = Math.floor(random() * 3);
    const hash = hashOfFlow(v, secret);
    turn(v);
    assert.equal(hashOfFlow(v, secret), hash);
    const changes: ((v: PacketView) => void)[] = [
      (v) => v.protocol = 17,
      (v) => v.vlan = 0x1005,
      (v) => v.tunnel = 3,
      (v) => v.tunnelId = 77,
      (v) => v.sourcePort += 1000,
      (v) => v.address[words[Math.floor(random() * words.length)]] ^= 0x40000,
    ];
    const changed = changes[round % changes.length];
    changed(v);
    assert.notEqual(hashOfFlow(v, secret), hash);
  }
});

Deno.test("hash: keys in a row spread over the buckets, whatever the secret", () => {
  const BUCKETS = 65_536;
  for (const seed of [1, 2, 3]) {
    const secret = secretOf(seed);
    // A port scan, an address sweep, and a sweep whose ports count along: what floods look like.
    const series: ((v: PacketView, i: number) => void)[] = [
      (v, i) => v.destinationPort = i,
      (v, i) => v.address[4] = i << 16,
      (v, i) => {
        v.address[0] = i;
        v.sourcePort = i & 0xffff;
      },
    ];
    for (const make of series) {
      const load = new Uint16Array(BUCKETS);
      const v = new PacketView();
      v.ipVersion = 4;
      v.protocol = 6;
      v.address[0] = 0x0100000a;
      for (let i = 0; i < BUCKETS; i++) {
        make(v, i);
        load[hashOfFlow(v, secret) & (BUCKETS - 1)]++;
      }
      // Of as many random keys as buckets the fullest holds about eight.
      assert.ok(Math.max(...load) <= 24, `fullest bucket ${Math.max(...load)}`);
    }
  }
});
