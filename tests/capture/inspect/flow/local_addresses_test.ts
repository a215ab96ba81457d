import assert from "node:assert/strict";
import { parseAddress } from "../../../../model/address.ts";
import { LocalAddresses } from "../../../../capture/inspect/flow/local_addresses.ts";

const words = new Int32Array(8);
const bytes = new Uint8Array(words.buffer);

/** Puts the address at word 4, where a packet has its destination. */
function place(text: string): number {
  const address = parseAddress(text)!;
  words.fill(0);
  bytes.set(address, 16);
  return address.length === 4 ? 4 : 6;
}

const has = (locals: LocalAddresses, text: string) => {
  const version = place(text);
  return locals.has(words, bytes, 4, version);
};
const hears = (locals: LocalAddresses, text: string, fromLocal: boolean) => {
  const version = place(text);
  return locals.hears(words, bytes, 4, version, fromLocal);
};

Deno.test("local addresses: many of both versions, and nobody else", () => {
  const mine = Array.from(
    { length: 1500 },
    (_, i) => i % 3 === 0 ? `2001:db8::${i.toString(16)}` : `10.7.${i >> 8}.${i & 255}`,
  );
  const locals = new LocalAddresses(mine);
  for (const text of mine) assert.equal(has(locals, text), true, text);
  for (const text of ["10.8.0.1", "2001:db8:1::3", "2001:db8::2", "0.0.0.0", "::", "10.7.0.0"]) {
    assert.equal(has(locals, text), text === "10.7.0.0" ? mine.includes(text) : false, text);
  }
});

Deno.test("local addresses: the same bits of the other version are another address", () => {
  const locals = new LocalAddresses(["32.1.13.184"]);
  assert.equal(has(locals, "2001:db8::"), false);
  assert.equal(has(new LocalAddresses(["2001:db8::"]), "32.1.13.184"), false);
});

Deno.test("local addresses: groups are heard from strangers; in a file they stay near", () => {
  const live = new LocalAddresses(["192.0.2.1"]);
  const file = new LocalAddresses();
  for (const group of ["224.0.0.251", "255.255.255.255", "ff02::fb"]) {
    assert.equal(hears(live, group, false), true);
    assert.equal(hears(live, group, true), false);
    assert.equal(hears(file, group, true), true);
    assert.equal(has(live, group), false);
  }
  assert.equal(hears(live, "192.0.2.1", true), true);
});

Deno.test("local addresses: more than the ceiling, and none at all", () => {
  const many = Array.from({ length: 5000 }, (_, i) => `10.${i >> 8}.0.${i & 255}`);
  const locals = new LocalAddresses(many);
  assert.equal(has(locals, many[4095]), true);
  assert.equal(has(locals, many[4096]), false);
  assert.equal(new LocalAddresses(["nonsense"]).byRange, true);
});
