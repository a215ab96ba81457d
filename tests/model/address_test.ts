import assert from "node:assert/strict";
import {
  formatAddress,
  formatIpv6,
  isBroadcast,
  isGlobalText,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isPrivateText,
  isUnspecified,
  normalizeAddress,
  parseAddress,
} from "../../model/address.ts";

/** Text in, RFC 5952 text out. */
const SPELLINGS: [string, string][] = [
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["2001:DB8::1", "2001:db8::1"],
  ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], // §4.2.2: one group is not shortened
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"], // §4.2.3: the longest run
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"], // §4.2.3: the first of equal runs
  ["0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"],
  ["1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"],
  ["1:0:0:2:3:4:5:6", "1::2:3:4:5:6"],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
  ["fe80::1%eth0", "fe80::1"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
];

Deno.test("addresses are written as RFC 5952 wants", () => {
  for (const [text, want] of SPELLINGS) {
    const bytes = parseAddress(text);
    assert.notEqual(bytes, null, text);
    assert.equal(formatAddress(bytes!, 0, bytes!.length === 4 ? 4 : 6), want);
    assert.equal(normalizeAddress(text), want);
  }
  assert.equal(formatIpv6(parseAddress("::ffff:192.0.2.1")!), "::ffff:192.0.2.1");
  assert.equal(normalizeAddress("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(formatAddress(new Uint8Array(16), 0, 0), "");
});

Deno.test("what is no address is null", () => {
  const wrong = [
    "",
    " ",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.-4",
    "1.2.3.4 ",
    "1.2.3.4%eth0",
    ":",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "1:2:3:4:5:6:7::8", // "::" for nothing
    "12345::",
    "g::",
    "::1.2.3",
    "1.2.3.4::",
    "localhost",
    "10.0.0.0/8",
    "f".repeat(100),
  ];
  for (const text of wrong) assert.equal(parseAddress(text), null, text);
});

Deno.test("every formatted address parses back to its bytes", () => {
  let seed = 7;
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let round = 0; round < 2000; round++) {
    const bytes = new Uint8Array(16);
    // Many zeros, so that every run is met.
    for (let i = 0; i < 16; i++) bytes[i] = random() < 0.7 ? 0 : Math.floor(random() * 256);
    assert.deepEqual(parseAddress(formatIpv6(bytes)), bytes);
  }
});

Deno.test("kinds of addresses", () => {
  const at = (text: string) => parseAddress(text)!;
  assert.equal(isUnspecified(at("0.0.0.0"), 0, 4), true);
  assert.equal(isUnspecified(at("::"), 0, 6), true);
  assert.equal(isLoopback(at("127.8.9.1"), 0, 4), true);
  assert.equal(isLoopback(at("::1"), 0, 6), true);
  assert.equal(isLoopback(at("::ffff:127.0.0.1"), 0, 6), true);
  assert.equal(isLoopback(at("::2"), 0, 6), false);
  assert.equal(isMulticast(at("239.1.2.3"), 0, 4), true);
  assert.equal(isMulticast(at("ff02::fb"), 0, 6), true);
  assert.equal(isMulticast(at("240.0.0.1"), 0, 4), false);
  assert.equal(isBroadcast(at("255.255.255.255"), 0, 4), true);
  assert.equal(isBroadcast(at("255.255.255.254"), 0, 4), false);
  assert.equal(isLinkLocal(at("169.254.1.1"), 0, 4), true);
  assert.equal(isLinkLocal(at("febf::1"), 0, 6), true);
  assert.equal(isLinkLocal(at("fec0::1"), 0, 6), false);
});

Deno.test("private and global ranges end where their RFCs say", () => {
  const isPrivate = [
    "10.0.0.0",
    "10.255.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.168.9.9",
    "100.64.0.0",
  ];
  isPrivate.push("100.127.255.255", "169.254.0.1", "127.0.0.1", "fc00::", "fdff::1", "fe80::1", "::1");
  isPrivate.push("::ffff:10.0.0.1");
  for (const text of isPrivate) {
    assert.equal(isPrivateText(text), true, text);
    assert.equal(isGlobalText(text), false, text);
  }
  const isGlobal = ["9.255.255.255", "11.0.0.0", "172.15.0.1", "172.32.0.1", "192.167.1.1", "100.63.1.1"];
  isGlobal.push("100.128.0.1", "8.8.8.8", "2606:4700::1111", "2001:db9::1", "::ffff:8.8.8.8");
  for (const text of isGlobal) {
    assert.equal(isPrivateText(text), false, text);
    assert.equal(isGlobalText(text), true, text);
  }
  const neither = ["0.1.2.3", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1"];
  neither.push("198.18.0.1", "2001:db8::1", "ff02::1", "::", "4000::1", "no address");
  for (const text of neither) {
    assert.equal(isPrivateText(text), false, text);
    assert.equal(isGlobalText(text), false, text);
  }
});
