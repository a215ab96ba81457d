import assert from "node:assert/strict";
import { dhcpv6Datagrams } from "../../../../capture/inspect/dpi/dhcpv6.ts";
import { bytes, name, u16, u32 } from "./dns/dns_bytes.ts";
import { exchange, latin1, probeDatagram, tormentDatagrams } from "./flow_recorder.ts";

function option(code: number, ...parts: (number[] | Uint8Array)[]): number[] {
  const data = bytes(...parts);
  return [...u16(code), ...u16(data.length), ...data];
}
/** 2001:db8::`last` */
function address(last: number): number[] {
  return [0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), last];
}

const CLIENT = option(1, u16(1), u16(1), u32(5), [2, 0, 0, 0, 0, 1]); // DUID-LLT
const SERVER = option(2, u16(3), u16(1), [2, 0, 0, 0, 0, 2]); // DUID-LL
const SOLICIT = bytes(
  [1, 0x12, 0x34, 0x56],
  CLIENT,
  option(3, u32(1), u32(0), u32(0)),
  option(6, u16(23), u16(24)),
  option(16, u32(311), u16(8), latin1("MSFT 5.0")),
  option(39, [0], name("laptop")),
);
const REPLY = bytes(
  [7, 0x12, 0x34, 0x56],
  CLIENT,
  SERVER,
  option(3, u32(1), u32(100), u32(200), option(5, address(0x50), u32(300), u32(600))),
  option(25, u32(1), u32(100), u32(200), option(26, u32(300), u32(600), [56], address(0))),
  option(23, address(0x53)),
  option(24, name("example.org"), name("example.net")),
  option(39, [1], name("laptop.example.org")),
);

Deno.test("a solicit tells who asks", () => {
  assert.deepEqual(exchange(dhcpv6Datagrams, [[0, SOLICIT]]).told[0].fields.dhcpv6, {
    type: "solicit",
    id: 0x123456,
    client_duid: "0001000100000005020000000001",
    client_mac: "02:00:00:00:00:01",
    renewal_time: 0,
    rebinding_time: 0,
    params: [23, 24],
    vendor_enterprise: 311,
    vendor_class_identifier: "MSFT 5.0",
    hostname: "laptop",
  });
});

Deno.test("a reply tells what was given; its address is learnt", () => {
  const flow = exchange(dhcpv6Datagrams, [[1, REPLY]]);
  assert.deepEqual(flow.told[0].fields.dhcpv6, {
    type: "reply",
    id: 0x123456,
    client_duid: "0001000100000005020000000001",
    client_mac: "02:00:00:00:00:01",
    server_duid: "00030001020000000002",
    server_mac: "02:00:00:00:00:02",
    renewal_time: 100,
    rebinding_time: 200,
    addresses: ["2001:db8::50"],
    lease_time: 600,
    prefixes: ["2001:db8::/56"],
    dns_servers: ["2001:db8::53"],
    domains: ["example.org", "example.net"],
    hostname: "laptop.example.org",
  });
  assert.deepEqual(flow.learnt, [["2001:db8::50", "laptop.example.org", 0]]);
});

Deno.test("what a relay forwards is told with the relay's link", () => {
  const relayed = bytes([12, 0], address(1), address(2), option(9, SOLICIT));
  assert.equal(probeDatagram(dhcpv6Datagrams, relayed), "yes");
  // deno-lint-ignore no-explicit-any -- events are looked into by name
  const told = exchange(dhcpv6Datagrams, [[0, relayed]]).told[0].fields.dhcpv6 as any;
  assert.deepEqual([told.type, told.relay, told.link_ip], ["solicit", "relay_forward", "2001:db8::1"]);
});

Deno.test("recognised by options that fill the message and an identifier", () => {
  assert.equal(probeDatagram(dhcpv6Datagrams, SOLICIT), "yes");
  assert.equal(probeDatagram(dhcpv6Datagrams, SOLICIT.subarray(0, SOLICIT.length - 1)), "no");
  assert.equal(probeDatagram(dhcpv6Datagrams, bytes([1, 0, 0, 0], option(6, u16(23)))), "no");
  assert.equal(probeDatagram(dhcpv6Datagrams, new Uint8Array(0)), "no");
});

Deno.test("damaged DHCPv6 never throws", () => tormentDatagrams(dhcpv6Datagrams, [[0, SOLICIT], [1, REPLY]]));
