import assert from "node:assert/strict";
import { isTidy, networkHas, parseNetwork } from "../../model/network.ts";

Deno.test("a network has the addresses that begin as it does", () => {
  for (
    const [network, address, has] of [
      ["192.0.2.1", "192.0.2.1", true],
      ["192.0.2.1", "192.0.2.2", false],
      ["192.0.2.0/24", "192.0.2.255", true],
      ["192.0.2.0/24", "192.0.3.0", false],
      ["10.64.0.0/10", "10.127.255.255", true],
      ["10.64.0.0/10", "10.128.0.0", false],
      ["0.0.0.0/0", "255.255.255.255", true],
      ["0.0.0.0/0", "2001:db8::1", false],
      ["2001:db8::/33", "2001:db8:7fff::1", true],
      ["2001:db8::/33", "2001:db8:8000::1", false],
      ["::/0", "192.0.2.1", false],
      ["192.0.2.0/24", "::ffff:192.0.2.9", true], // one host in two spellings
      ["::ffff:192.0.2.9", "192.0.2.9", true],
      ["192.0.2.0/24", "", false],
    ] as const
  ) {
    assert.equal(networkHas(parseNetwork(network)!, address), has, `${network} ${address}`);
  }
});

Deno.test("what is no network is null", () => {
  for (
    const text of [
      "",
      "/8",
      "10.0.0.0/",
      "10.0.0.0/33",
      "10.0.0.0/-1",
      "10.0/8",
      "2001:db8::/129",
      "example.com",
      "fe80::1%eth0",
      "10.0.0.0/8/8",
      "10.0.0.0/8 ",
    ]
  ) assert.equal(parseNetwork(text), null, text);
});

Deno.test("bits beyond the prefix are noticed", () => {
  for (const text of ["10.0.0.0/8", "10.0.0.1", "10.64.0.0/10", "0.0.0.0/0", "2001:db8::/32"]) {
    assert(isTidy(parseNetwork(text)!), text);
  }
  for (const text of ["10.0.0.1/8", "10.96.0.0/10", "0.0.0.1/0", "2001:db8::1/64"]) {
    assert(!isTidy(parseNetwork(text)!), text);
  }
});
