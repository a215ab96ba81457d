import assert from "node:assert/strict";
import { ntpDatagrams } from "../../../../capture/inspect/dpi/ntp.ts";
import { bytes, u32 } from "./dns/dns_bytes.ts";
import { exchange, latin1, probeDatagram, tormentDatagrams } from "./flow_recorder.ts";

function ntp(first: number, stratum: number, reference: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  return bytes(
    [first, stratum, 6, 0xe9],
    u32(0x0000_0100),
    u32(0x0000_0200),
    Array.from(reference),
    Array(24).fill(1),
    u32(0xe800_0000),
    u32(1),
  );
}
const REQUEST = ntp(0b00_100_011, 0, [0, 0, 0, 0]);
const ANSWER = ntp(0b00_100_100, 2, [192, 0, 2, 1]);

Deno.test("a request and its answer are told once a flow", () => {
  const flow = exchange(ntpDatagrams, [[0, REQUEST], [1, ANSWER], [0, REQUEST], [1, ANSWER]]);
  assert.deepEqual(flow.told.map(({ fields }) => fields.ntp), [
    { version: 4, mode: "client", stratum: 0 },
    { version: 4, mode: "server", stratum: 2, reference_id: "192.0.2.1" },
  ]);
});

Deno.test("the reference of a clock, or of a refusal, is four letters", () => {
  for (const [stratum, letters] of [[1, "GPS\0"], [0, "RATE"]] as const) {
    const answer = ntp(0b00_100_100, stratum, latin1(letters));
    // deno-lint-ignore no-explicit-any -- events are looked into by name
    const { reference_id } = exchange(ntpDatagrams, [[1, answer]]).told[0].fields.ntp as any;
    assert.equal(reference_id, letters.replace("\0", ""));
  }
});

Deno.test("recognised by plausible values; on its port by version and mode", () => {
  assert.equal(probeDatagram(ntpDatagrams, REQUEST), "yes");
  assert.equal(probeDatagram(ntpDatagrams, REQUEST.subarray(0, 47), 0, 40_000, 123), "no");
  assert.equal(
    probeDatagram(ntpDatagrams, bytes([0x23], latin1("some text that is long enough to be a packet of it"))),
    "no",
  );
  assert.equal(probeDatagram(ntpDatagrams, bytes([0x16, 2, 0, 1]), 0, 40_000, 123), "yes");
  assert.equal(probeDatagram(ntpDatagrams, bytes([0x16, 2, 0, 1])), "no");
});

Deno.test("damaged NTP never throws", () => tormentDatagrams(ntpDatagrams, [[0, REQUEST], [1, ANSWER]], 500));
