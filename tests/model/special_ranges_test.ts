import assert from "node:assert/strict";
import { parseAddress } from "../../model/address.ts";
import { addressKind, bareAddress, SPECIAL_RANGES, specialRange } from "../../model/special_ranges.ts";

Deno.test("addresses say which special range they are in, if any", () => {
  for (
    const [address, kind] of [
      ["0.0.0.0", "unspecified"],
      ["0.1.2.3", "this-network"],
      ["10.255.255.255", "private"],
      ["11.0.0.0", "global"],
      ["100.63.255.255", "global"],
      ["100.64.0.0", "shared"],
      ["100.127.255.255", "shared"],
      ["100.128.0.0", "global"],
      ["127.0.0.53", "loopback"],
      ["169.254.169.254", "link-local"],
      ["172.15.255.255", "global"],
      ["172.16.0.1", "private"],
      ["172.31.255.255", "private"],
      ["172.32.0.0", "global"],
      ["192.0.0.9", "anycast"],
      ["192.0.0.171", "protocol"],
      ["192.0.0.200", "protocol"],
      ["192.0.1.1", "global"],
      ["192.0.2.7", "documentation"],
      ["192.168.1.1", "private"],
      ["198.17.255.255", "global"],
      ["198.19.255.255", "benchmarking"],
      ["198.51.100.1", "documentation"],
      ["203.0.113.9", "documentation"],
      ["223.255.255.255", "global"],
      ["224.0.0.251", "multicast"],
      ["240.0.0.1", "reserved"],
      ["255.255.255.255", "broadcast"],
      ["::", "unspecified"],
      ["::1", "loopback"],
      ["::2", "reserved"],
      ["::ffff:10.0.0.1", "private"],
      ["::ffff:8.8.8.8", "global"],
      ["64:ff9b::192.168.0.1", "private"],
      ["64:ff9b::8.8.8.8", "global"],
      ["64:ff9b:1::1", "translation"],
      ["100::1", "discard"],
      ["2001::1", "tunnel"],
      ["2001:1::1", "anycast"],
      ["2001:2::1", "benchmarking"],
      ["2001:20::1", "identifier"],
      ["2001:1ff::1", "protocol"],
      ["2001:200::1", "global"],
      ["2001:db8::1", "documentation"],
      ["2002:808:808::1", "tunnel"],
      ["3fff:fff::1", "documentation"],
      ["3fff:1000::1", "global"],
      ["4000::1", "reserved"],
      ["fd00::1", "private"],
      ["fe80::1", "link-local"],
      ["fe80::1%eth0", "link-local"],
      ["ff02::fb", "multicast"],
      ["example.org", null],
    ] as const
  ) assert.equal(addressKind(address), kind, address);
});

Deno.test("the table says of each range where it is from, and no row is hidden by one before it", () => {
  for (const range of SPECIAL_RANGES) {
    const [address, bits] = range.prefix.split("/");
    const first = parseAddress(address)!;
    const last = first.slice();
    const middle = first.slice();
    for (let bit = Number(bits); bit < 8 * first.length; bit++) last[bit >> 3] |= 0x80 >> (bit & 7);
    if (Number(bits) < 8 * first.length) middle[Number(bits) >> 3] |= 0x80 >> (Number(bits) & 7);
    assert.ok([first, middle, last].some((each) => specialRange(each) === range), range.prefix);
    assert.match(range.source, /^RFC \d+/);
  }
  assert.equal(bareAddress("no"), null);
});
