/** Remote Desktop: what is agreed on, and no user's name. */
import assert from "node:assert/strict";
import { rdp } from "../../../../capture/inspect/dpi/rdp.ts";
import { converse, hex, latin1, probeStream, type Turn } from "./flow_recorder.ts";
import { hold } from "./dialogues.ts";

function tpkt(type: number, ...parts: Uint8Array[]): Uint8Array {
  const body = parts.flatMap((part) => [...part]);
  const length = 11 + body.length;
  return Uint8Array.from([3, 0, length >> 8, length, length - 5, type, 0, 0, 0, 0, 0, ...body]);
}
const REQUEST = tpkt(0xe0, latin1("Cookie: mstshash=alice\r\n"), hex("01 00 0800 0b000000"));

Deno.test("TLS: goes over with what is left", () => {
  const talk: Turn[] = [[0, REQUEST], [1, tpkt(0xd0, hex("02 1f 0800 02000000"))], [0, hex("160301")]];
  const flow = hold(rdp, talk);
  assert.deepEqual(flow.told.map(({ type, fields }) => [type, fields]), [["rdp", {
    rdp: { event_type: "initial_response", protocol: "hybrid" },
    netpane: { user_length: 5 },
  }]]);
  assert.equal(flow.switched[0].protocol, "tls");
  assert.deepEqual(flow.names, ["rdp"]);
  assert.ok(!JSON.stringify(flow.told).includes("alice"));
});

Deno.test("RDP's own encryption, a refusal, and a request without an answer", () => {
  for (const confirm of [tpkt(0xd0), tpkt(0xd0, hex("02 00 0800 00000000"))]) {
    const flow = hold(rdp, [[0, REQUEST], [1, confirm]]);
    assert.deepEqual(flow.told[0].fields.rdp, { event_type: "initial_response", protocol: "rdp" });
    assert.ok(flow.isDone);
  }
  const refused = hold(rdp, [[0, REQUEST], [1, tpkt(0xd0, hex("03 00 0800 05000000"))]]);
  assert.deepEqual(refused.told[0].fields.rdp, { event_type: "initial_response", error_code: 5 });
  assert.deepEqual(converse(rdp, [[0, REQUEST]]).told[0].fields.rdp, { event_type: "initial_request" });
});

Deno.test("first bytes", () => {
  assert.equal(probeStream(rdp, REQUEST), "yes");
  assert.equal(probeStream(rdp, REQUEST.subarray(0, 5)), "more");
  assert.equal(probeStream(rdp, tpkt(0xe0), 0, 3389), "yes");
  assert.equal(probeStream(rdp, tpkt(0xe0, hex("c00109c1020100"))), "no", "ISO transport of another kind");
  assert.equal(probeStream(rdp, hex("0300 0016 02f080")), "no");
});
