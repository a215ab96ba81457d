import assert from "node:assert/strict";
import { arpEvent } from "../../../../capture/inspect/dpi/arp_event.ts";
import { icmpEvent } from "../../../../capture/inspect/dpi/icmp_event.ts";
import { Cursor } from "../../../../model/cursor.ts";
import { bytes, u16, u32 } from "./dns/dns_bytes.ts";
import { seeded } from "./flow_recorder.ts";

const MAC_A = [2, 0, 0, 0, 0, 0xa];
const MAC_B = [2, 0, 0, 0, 0, 0xb];
const NONE = [0, 0, 0, 0, 0, 0];

function arp(operation: number, from: number[], fromIp: number[], to: number[], toIp: number[]): Uint8Array {
  return bytes(u16(1), u16(0x0800), [6, 4], u16(operation), from, fromIp, to, toIp);
}
const REQUEST = arp(1, MAC_A, [192, 0, 2, 1], NONE, [192, 0, 2, 2]);

Deno.test("ARP as an event", () => {
  assert.deepEqual(arpEvent(new Cursor(REQUEST))!.fields, {
    arp: {
      hw_type: "ethernet",
      proto_type: "ipv4",
      opcode: "request",
      src_mac: "02:00:00:00:00:0a",
      src_ip: "192.0.2.1",
      dest_mac: "00:00:00:00:00:00",
      dest_ip: "192.0.2.2",
    },
  });
});

const ARPS: [Uint8Array, string][] = [
  [REQUEST, "ARP who has 192.0.2.2? tell 192.0.2.1"],
  [arp(2, MAC_B, [192, 0, 2, 2], MAC_A, [192, 0, 2, 1]), "ARP 192.0.2.2 is at 02:00:00:00:00:0b"],
  [arp(1, MAC_A, [0, 0, 0, 0], NONE, [192, 0, 2, 2]), "ARP is 192.0.2.2 free? asks 02:00:00:00:00:0a"],
  [arp(1, MAC_A, [192, 0, 2, 1], NONE, [192, 0, 2, 1]), "ARP 192.0.2.1 is at 02:00:00:00:00:0a (announced)"],
  [arp(3, MAC_A, [0, 0, 0, 0], MAC_A, [0, 0, 0, 0]), "RARP who is 02:00:00:00:00:0a? tell 02:00:00:00:00:0a"],
];
for (const [packet, summary] of ARPS) {
  Deno.test(summary, () => {
    const event = arpEvent(new Cursor(packet));
    assert.equal(event!.summary, summary);
    for (let length = 0; length < packet.length; length++) {
      assert.equal(arpEvent(new Cursor(packet, 0, length)), null);
    }
  });
}

const UDP_HEAD = bytes(u16(40_000), u16(53), u16(20), u16(0));
const IPV4_HEAD = bytes([0x45, 0], u16(28), u32(0), [64, 17], u16(0), [192, 0, 2, 1], [192, 0, 2, 53]);
function v6(last: number): number[] {
  return [0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), last];
}
const IPV6_HEAD = bytes(u32(0x6000_0000), u16(16), [0, 64], v6(1), v6(0x53), [17, 0, 0, 0, 0, 0, 0, 0]);

function icmp(type: number, code: number, ...rest: (Uint8Array | number[])[]): Uint8Array {
  return bytes([type, code, 0, 0], ...rest);
}
/** Version, message, summary, `netpane.icmp`. */
const ICMPS: [number, Uint8Array, string, Record<string, unknown>][] = [
  [4, icmp(8, 0, u16(7), u16(1)), "ICMP echo request id 7 sequence 1", {
    name: "echo request",
    id: 7,
    sequence: 1,
  }],
  [
    4,
    icmp(3, 3, u32(0), IPV4_HEAD, UDP_HEAD),
    "ICMP destination unreachable (port) for UDP → 192.0.2.53:53",
    {
      name: "destination unreachable",
      reason: "port",
      about: { proto: "UDP", src_ip: "192.0.2.1", dest_ip: "192.0.2.53", src_port: 40_000, dest_port: 53 },
    },
  ],
  [
    4,
    icmp(3, 4, u32(1400), IPV4_HEAD, UDP_HEAD),
    "ICMP destination unreachable (fragmentation needed) MTU 1400 for UDP → 192.0.2.53:53",
    {
      name: "destination unreachable",
      reason: "fragmentation needed",
      mtu: 1400,
      about: { proto: "UDP", src_ip: "192.0.2.1", dest_ip: "192.0.2.53", src_port: 40_000, dest_port: 53 },
    },
  ],
  [4, icmp(5, 1, [192, 0, 2, 254]), "ICMP redirect to 192.0.2.254", {
    name: "redirect",
    gateway: "192.0.2.254",
  }],
  [4, icmp(11, 0), "ICMP time exceeded (hop limit)", { name: "time exceeded", reason: "hop limit" }],
  [4, icmp(99, 1), "ICMP type 99", { name: "type 99" }],
  [6, icmp(129, 0, u16(7), u16(2)), "ICMPv6 echo reply id 7 sequence 2", {
    name: "echo reply",
    id: 7,
    sequence: 2,
  }],
  [
    6,
    icmp(1, 4, u32(0), IPV6_HEAD, UDP_HEAD),
    "ICMPv6 destination unreachable (port) for UDP → [2001:db8::53]:53",
    {
      name: "destination unreachable",
      reason: "port",
      about: {
        proto: "UDP",
        src_ip: "2001:db8::1",
        dest_ip: "2001:db8::53",
        src_port: 40_000,
        dest_port: 53,
      },
    },
  ],
  [6, icmp(2, 0, u32(1280)), "ICMPv6 packet too big MTU 1280", { name: "packet too big", mtu: 1280 }],
  [6, icmp(135, 0, u32(0), v6(2), [1, 1], MAC_A), "ICMPv6 neighbor solicitation who has 2001:db8::2?", {
    name: "neighbor solicitation",
    target: "2001:db8::2",
    mac: "02:00:00:00:00:0a",
  }],
  [
    6,
    icmp(136, 0, u32(0), v6(2), [2, 1], MAC_B),
    "ICMPv6 neighbor advertisement 2001:db8::2 is at 02:00:00:00:00:0b",
    {
      name: "neighbor advertisement",
      target: "2001:db8::2",
      mac: "02:00:00:00:00:0b",
    },
  ],
  [
    6,
    icmp(
      134,
      0,
      [64, 0],
      u16(1800),
      u32(0),
      u32(0),
      [3, 4, 64, 0],
      u32(1),
      u32(1),
      u32(0),
      v6(0),
      [25, 3, 0, 0],
      u32(60),
      v6(0x53),
    ),
    "ICMPv6 router advertisement prefix 2001:db8::/64",
    {
      name: "router advertisement",
      lifetime: 1800,
      prefixes: ["2001:db8::/64"],
      dns_servers: ["2001:db8::53"],
    },
  ],
  [6, icmp(143, 0, u32(1)), "ICMPv6 multicast listener report v2", { name: "multicast listener report v2" }],
];
for (const [version, message, summary, expected] of ICMPS) {
  Deno.test(summary, () => {
    assert.deepEqual(icmpEvent(new Cursor(message), version), {
      fields: { icmp_type: message[0], icmp_code: message[1], netpane: { icmp: expected } },
      summary,
    });
  });
}

Deno.test("damaged ARP and ICMP never throw", () => {
  const random = seeded(7);
  for (const [version, message] of ICMPS) {
    for (let length = 0; length <= message.length; length++) {
      assert.equal(icmpEvent(new Cursor(message, 0, length), version) === null, length < 2);
    }
    for (let round = 0; round < 500; round++) {
      const damaged = message.slice();
      for (let flips = random(8); flips >= 0; flips--) damaged[random(damaged.length)] ^= 1 << random(8);
      icmpEvent(new Cursor(damaged), version);
      arpEvent(new Cursor(damaged));
    }
  }
});
