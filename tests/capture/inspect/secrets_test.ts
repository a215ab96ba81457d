/** Nothing secret leaves the inspector: planted in every text that a parser tells, it is in no event and no line. */
import assert from "node:assert/strict";
import { secretPattern } from "../../../bench/fuzz/secrets.ts";
import { carry } from "../../support/carriage.ts";
import { inspect } from "../../support/inspected.ts";
import { ethernet, ipv4, PROTOCOL, udp } from "../../support/packets.ts";
import { type Talk, talkOf } from "../../support/talk.ts";

const CARDS = {
  Visa: "4111111111111111",
  "Visa of 13 digits": "4222222222222",
  Amex: "378282246310005",
  Mastercard: "5555555555554444",
};

function framesOf({ turns, port, datagrams }: Talk): Uint8Array[] {
  if (!datagrams) return carry(turns, port, { cut: () => 1460 });
  const ends = ["192.0.2.10", "198.51.100.20"];
  const ports = [port === 137 || port === 5353 ? port : 40_000, port];
  return turns.map(([side, payload]) => {
    const [src, dst] = [ends[side], ends[1 - side]];
    const [srcPort, dstPort] = [ports[side], ports[1 - side]];
    return ethernet(
      {},
      ipv4({ src, dst, protocol: PROTOCOL.udp }, udp({ src, dst, srcPort, dstPort }, payload)),
    );
  });
}

/** Everything that leaves, by what it is. */
function outputsOf(talk: Talk): [string, string][] {
  const { observations, packets, servers, counters } = inspect(framesOf(talk), true);
  assert.deepEqual(counters.payload.failures, {}, talk.name);
  return [
    ...observations.map((one): [string, string] => [`${one.type} event`, JSON.stringify(one)]),
    ...packets.flatMap((one): [string, string][] => [
      ["summary", one.summary],
      ["payload shown", one.payload ?? ""],
    ]),
    ...servers.map((one): [string, string] => ["server name", one]),
  ];
}

for (const [brand, card] of Object.entries(CARDS)) {
  Deno.test(`a ${brand} number in every text of every protocol comes out of none`, () => {
    const pattern = secretPattern([card], []);
    const groups = card.length === 15
      ? [card.slice(0, 4), card.slice(4, 10), card.slice(10)]
      : card.match(/.{1,4}/g)!;
    const coats: [string, string][] = [
      [card, card],
      [groups.join("-"), groups.join("-")],
      [groups.join("."), groups.join(".")],
      [`n${card}`, `n${card}`],
      [`${card}-${card}`, card],
      [btoa(`card=${card}`).replaceAll("=", ""), card],
      [[...card].map((c) => `3${c}`).join(""), card],
    ];
    const leaks = coats.flatMap(([text, domain]) =>
      talkOf(text, domain).flatMap((talk) =>
        outputsOf(talk)
          .filter(([, output]) => pattern.test(output))
          .map(([what, output]) => `${talk.name}: ${text} in ${what}: ${output}`)
      )
    );
    assert.deepEqual(leaks, []);
  });
}

Deno.test("the conversations are understood, so that the tests above look at something", () => {
  const silent = new Set(["syslog", "Redis", "RDP", "SOCKS", "Telnet", "POP3"]);
  for (const talk of talkOf("benign-words", "benign")) {
    const { observations } = inspect(framesOf(talk));
    const told = observations.filter(({ alert }) => alert === undefined).length;
    if (!silent.has(talk.name)) assert.ok(told > 0, `${talk.name} tells nothing`);
  }
});
