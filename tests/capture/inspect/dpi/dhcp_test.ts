import assert from "node:assert/strict";
import { dhcpDatagrams } from "../../../../capture/inspect/dpi/dhcp.ts";
import { bytes, string, u16, u32 } from "./dns/dns_bytes.ts";
import { exchange, FlowRecorder, latin1, probeDatagram, tormentDatagrams } from "./flow_recorder.ts";

const MAC = [2, 0, 0, 0, 0, 1];

function option(code: number, data: ArrayLike<number>): number[] {
  return [code, data.length, ...Array.from(data)];
}

/** The fixed part, RFC 2131 §2, then cookie and options. */
function dhcp(
  operation: number,
  given: number[],
  options: number[],
  file: number[] = [],
): Uint8Array<ArrayBuffer> {
  const fixed = bytes(
    [operation, 1, 6, 0],
    u32(0x11223344),
    u16(0),
    u16(0),
    [0, 0, 0, 0],
    given,
    [192, 0, 2, 1],
    [0, 0, 0, 0],
    MAC,
    Array(10 + 64).fill(0),
    file,
    Array(128 - file.length).fill(0),
  );
  return bytes(fixed, u32(0x63825363), options);
}

const DISCOVER = dhcp(1, [0, 0, 0, 0], [
  ...option(53, [1]),
  ...option(61, [1, ...MAC]),
  ...option(50, [192, 0, 2, 50]),
  ...option(12, latin1("laptop")),
  ...option(60, latin1("MSFT 5.0")),
  ...option(55, [1, 3, 6, 15, 252]),
  0,
  255,
]);
const ACK = dhcp(2, [192, 0, 2, 50], [
  ...option(53, [5]),
  ...option(54, [192, 0, 2, 1]),
  ...option(51, u32(3600)),
  ...option(58, u32(1800)),
  ...option(59, u32(3150)),
  ...option(1, [255, 255, 255, 0]),
  ...option(3, [192, 0, 2, 1]),
  ...option(6, [192, 0, 2, 2, 192, 0, 2, 3]),
  ...option(15, latin1("example.org")),
  ...option(81, [1, 255, 255, ...string("laptop"), ...string("example"), 0]),
  255,
]);

Deno.test("a discover tells who asks, in Suricata's words", () => {
  assert.deepEqual(exchange(dhcpDatagrams, [[0, DISCOVER]]).told[0], {
    type: "dhcp",
    direction: 0,
    fields: {
      dhcp: {
        type: "request",
        id: 0x11223344,
        client_mac: "02:00:00:00:00:01",
        assigned_ip: "0.0.0.0",
        client_ip: "0.0.0.0",
        dhcp_type: "discover",
        client_id: "02:00:00:00:00:01",
        requested_ip: "192.0.2.50",
        hostname: "laptop",
        vendor_class_identifier: "MSFT 5.0",
        params: ["subnet_mask", "router", "dns_server", "domain"],
      },
      netpane: { params: [1, 3, 6, 15, 252] },
    },
  });
});

Deno.test("an ack tells what was given, and the address is learnt by the client's name", () => {
  const flow = exchange(dhcpDatagrams, [[1, ACK]]);
  assert.deepEqual(flow.told[0].fields, {
    dhcp: {
      type: "reply",
      id: 0x11223344,
      client_mac: "02:00:00:00:00:01",
      assigned_ip: "192.0.2.50",
      client_ip: "0.0.0.0",
      relay_ip: "0.0.0.0",
      next_server_ip: "192.0.2.1",
      dhcp_type: "ack",
      lease_time: 3600,
      renewal_time: 1800,
      rebinding_time: 3150,
      subnet_mask: "255.255.255.0",
      routers: ["192.0.2.1"],
      dns_servers: ["192.0.2.2", "192.0.2.3"],
    },
    netpane: { server_id: "192.0.2.1", domain: "example.org", fqdn: "laptop.example" },
  });
  assert.deepEqual(flow.learnt, [["192.0.2.50", "laptop.example", 3600]]);
});

Deno.test("options go on in the file field when option 52 says so", () => {
  const overloaded = dhcp(2, [0, 0, 0, 0], [...option(52, [1]), ...option(53, [2]), 255], [
    ...option(12, latin1("printer")),
    255,
  ]);
  // deno-lint-ignore no-explicit-any -- events are looked into by name
  const { dhcp: told } = exchange(dhcpDatagrams, [[1, overloaded]]).told[0].fields as any;
  assert.deepEqual([told.dhcp_type, told.hostname], ["offer", "printer"]);
});

Deno.test("what is cut short is not believed, what was before it is kept", () => {
  const cut = DISCOVER.subarray(0, DISCOVER.length - 8);
  // deno-lint-ignore no-explicit-any -- events are looked into by name
  const { dhcp: told } = exchange(dhcpDatagrams, [[0, cut]], new FlowRecorder(68, 67)).told[0].fields as any;
  assert.deepEqual([told.hostname, told.params], ["laptop", undefined]);
});

Deno.test("recognised by operation and cookie", () => {
  assert.equal(probeDatagram(dhcpDatagrams, DISCOVER), "yes");
  assert.equal(probeDatagram(dhcpDatagrams, DISCOVER.subarray(0, 239)), "no");
  assert.equal(probeDatagram(dhcpDatagrams, bytes([3], DISCOVER.subarray(1))), "no");
});

Deno.test("damaged DHCP never throws", () => tormentDatagrams(dhcpDatagrams, [[0, DISCOVER], [1, ACK]]));
