/** SOCKS: logins, and what the proxy carries is found out anew. */
import assert from "node:assert/strict";
import { socks } from "../../../../capture/inspect/dpi/socks.ts";
import { converse, hex, latin1, probeStream, type Turn } from "./flow_recorder.ts";
import { allText, hold } from "./dialogues.ts";

const REQUEST = hex("05 01 00 03 0b 6578616d706c652e6f7267 01bb");
const GRANTED = hex("05 00 00 01 00000000 0000");
const INNER: Turn[] = [[0, hex("160301")], [1, hex("160303")]];

Deno.test("version 5 with a login", () => {
  const talk: Turn[] = [
    [0, hex("05 02 00 02")],
    [1, hex("05 02")],
    [0, Uint8Array.from([1, 5, ...latin1("alice"), 6, ...latin1("s3cret")])],
    [1, hex("01 00")],
    [0, REQUEST],
    [1, GRANTED],
  ];
  const flow = hold(socks, talk);
  assert.deepEqual(flow.secrets, [{ direction: 0, kind: "user_pass", userLength: 5 }]);
  assert.deepEqual(flow.told.map(({ fields }) => fields), [{ netpane: { login: "succeeded" } }]);
  assert.deepEqual(flow.switched.map(({ protocol }) => protocol), [null]);
  assert.ok(!allText(flow).includes("s3cret"));
});

Deno.test("version 5 without one, what follows in the same segment goes on", () => {
  const flow = converse(socks, [
    [0, hex("05 01 00")],
    [1, hex("05 00")],
    [0, REQUEST],
    [1, Uint8Array.from([...GRANTED, 1, 2, 3])],
  ]);
  assert.deepEqual(flow.switched, [{ protocol: null, direction: 1, rest: hex("010203") }]);
});

Deno.test("version 4 and 4a; refusals", () => {
  for (const request of [hex("04 01 0050 c0000201 616e6e 00"), hex("04 01 0050 00000001 00 782e6f7267 00")]) {
    assert.equal(hold(socks, [[0, request], [1, hex("00 5a 0050 c0000201")]]).switched.length, 1);
    assert.equal(hold(socks, [[0, request], [1, hex("00 5b 0050 c0000201")], ...INNER]).switched.length, 0);
  }
  const refused = hold(socks, [[0, hex("05 01 00")], [1, hex("05 ff")], ...INNER]);
  assert.equal(refused.switched.length, 0);
});

Deno.test("first bytes", () => {
  assert.equal(probeStream(socks, hex("05 02 00 02")), "yes");
  assert.equal(probeStream(socks, hex("05 01 01"), 0, 1080), "yes");
  assert.equal(probeStream(socks, hex("05 02 00 02 00")), "no");
  assert.equal(probeStream(socks, hex("04 01 0050 c0000201 616e6e 00")), "yes");
  assert.equal(probeStream(socks, hex("04 01 0050 c0000201 616e6e")), "no");
});
