import assert from "node:assert/strict";
import { snmpDatagrams } from "../../../../capture/inspect/dpi/snmp.ts";
import { bytes } from "./dns/dns_bytes.ts";
import { exchange, hex, latin1, probeDatagram, tormentDatagrams } from "./flow_recorder.ts";

/** An element of X.690: tag, length (long form from 128), contents. */
function element(tag: number, ...parts: (number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const body = bytes(...parts);
  return bytes([tag], body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255], body);
}
function integer(value: number): Uint8Array<ArrayBuffer> {
  return element(2, [value]);
}
const SYS_NAME = element(6, hex("2b06010201010500"));
const ENTERPRISE = element(6, hex("2b060104 01 868d1f 01"));
const NULL = element(5);

function pdu(tag: number, ...variables: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return element(tag, integer(1), integer(0), integer(0), element(0x30, ...variables));
}
const GET = element(0x30, integer(0), element(4, latin1("public")), pdu(0xa0, element(0x30, SYS_NAME, NULL)));
const RESPONSE = element(
  0x30,
  integer(1),
  element(4, latin1("s3cret")),
  pdu(0xa2, element(0x30, SYS_NAME, element(4, latin1("router"))), element(0x30, ENTERPRISE, integer(5))),
);
const TRAP = element(
  0x30,
  integer(0),
  element(4, latin1("public")),
  element(
    0xa4,
    ENTERPRISE,
    element(0x40, [192, 0, 2, 1]),
    integer(3),
    integer(0),
    element(0x43, [9]),
    element(0x30, element(0x30, SYS_NAME, NULL)),
  ),
);
const GLOBAL = element(0x30, integer(9), element(2, [0, 0xff, 0xe3]), element(4, [4]), integer(3));
const SECURITY = element(4, element(0x30, element(4, latin1("engine")), element(4, latin1("operator"))));
const REPORT = element(
  0x30,
  integer(3),
  GLOBAL,
  SECURITY,
  element(0x30, element(4, latin1("engine")), element(4), pdu(0xa8, element(0x30, SYS_NAME, NULL))),
);
const ENCRYPTED = element(0x30, integer(3), GLOBAL, SECURITY, element(4, [1, 2, 3, 4]));

/** Message, and what is told of it. */
const MESSAGES: [string, Uint8Array, Record<string, unknown>][] = [
  ["version 1", GET, { version: 1, pdu_type: "get_request", vars: ["1.3.6.1.2.1.1.5.0"] }],
  ["version 2c", RESPONSE, {
    version: 2,
    pdu_type: "response",
    vars: ["1.3.6.1.2.1.1.5.0", "1.3.6.1.4.1.99999.1"],
  }],
  ["a trap", TRAP, {
    version: 1,
    pdu_type: "trap_v1",
    trap_oid: "1.3.6.1.4.1.99999.1",
    trap_address: "192.0.2.1",
    trap_type: "link_up",
    vars: ["1.3.6.1.2.1.1.5.0"],
  }],
  ["version 3", REPORT, { version: 3, pdu_type: "report", vars: ["1.3.6.1.2.1.1.5.0"] }],
  ["version 3, encrypted", ENCRYPTED, { version: 3, pdu_type: "encrypted" }],
];
for (const [what, datagram, expected] of MESSAGES) {
  Deno.test(`SNMP ${what}`, () => {
    assert.equal(probeDatagram(snmpDatagrams, datagram), "yes");
    assert.deepEqual(exchange(snmpDatagrams, [[0, datagram]]).told[0].fields, { snmp: expected });
  });
}

Deno.test("communities are told by their presence only, once for whoever knows it", () => {
  const flow = exchange(snmpDatagrams, [[0, GET], [1, RESPONSE], [0, GET], [1, RESPONSE], [1, ENCRYPTED]]);
  assert.deepEqual(flow.secrets, [{ direction: 0, kind: "community", userLength: 0 }]);
  assert.doesNotMatch(JSON.stringify(flow.told), /public|s3cret|operator/);
});

Deno.test("what everybody tries is no secret until it is answered; another is one at once", () => {
  const other = element(0x30, integer(1), element(4, latin1("s3cret-of-ours")), pdu(0xa0));
  assert.deepEqual(exchange(snmpDatagrams, [[0, GET], [0, GET]]).secrets, []);
  assert.deepEqual(exchange(snmpDatagrams, [[0, other]]).secrets, [
    { direction: 0, kind: "community", userLength: 0 },
  ]);
});

Deno.test("requests told of a flow are bounded", () => {
  const walk = Array.from({ length: 1000 }, (): [number, Uint8Array] => [0, GET]);
  assert.equal(exchange(snmpDatagrams, walk).told.length, 64);
});

Deno.test("other elements are not SNMP", () => {
  const cases = [
    element(0x30, integer(2), element(4), pdu(0xa0)),
    element(0x30, integer(0), pdu(0xa0)),
    latin1("0"),
  ];
  for (const datagram of cases) assert.equal(probeDatagram(snmpDatagrams, datagram), "no");
});

Deno.test("damaged SNMP never throws", () => {
  tormentDatagrams(snmpDatagrams, MESSAGES.map(([, datagram]): [number, Uint8Array] => [0, datagram]), 1000);
});
