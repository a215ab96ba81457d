/** Nothing secret leaves the inspector: planted in every text that a parser tells, it is in no event and no line. */
import assert from "node:assert/strict";
import { secretPattern } from "../../../bench/fuzz/secrets.ts";
import { carry } from "../../support/carriage.ts";
import { inspect } from "../../support/inspected.ts";
import { ethernet, ipv4, PROTOCOL, udp } from "../../support/packets.ts";
import { CONVERSATIONS, PASSWORD } from "../../support/conversations.ts";
import { type Talk, talkOf } from "../../support/talk.ts";
import { turns as dialogue } from "./dpi/dialogues.ts";
import { latin1 } from "./dpi/flow_recorder.ts";
import { latin1 as latin1Of } from "../../../model/latin1.ts";

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

/** The first `length` of its digits, whatever stands between. */
function beginningOf(card: string, length: number): RegExp {
  return new RegExp([...card.slice(0, length)].join("(?:[ .+-]|%2[0bde])?"), "i");
}

const CUT_CARD = "4917610000000000";
/** Of a number that goes on, as many digits may be shown as name its issuer. */
const TOO_MANY_DIGITS = beginningOf(CUT_CARD, 7);

Deno.test("of a number that the capture cuts no more comes out than its issuer's digits", () => {
  const leaks: string[] = [];
  let cuts = 0;
  for (const talk of talkOf(CUT_CARD, CUT_CARD)) {
    talk.turns.forEach(([side, payload], turn) => {
      const at = latin1Of(payload, 0, payload.length).indexOf(CUT_CARD);
      if (at < 0) return;
      for (const digits of [7, 12, 15]) {
        cuts++;
        const turns = [
          ...talk.turns.slice(0, turn),
          [side, payload.subarray(0, at + digits)] as Talk["turns"][0],
        ];
        for (const [what, output] of outputsOf({ ...talk, turns })) {
          if (TOO_MANY_DIGITS.test(output)) leaks.push(`${talk.name}, ${digits} digits: ${what}: ${output}`);
        }
      }
    });
  }
  assert(cuts > 100, `${cuts} cuts`);
  assert.deepEqual(leaks, []);
});

Deno.test("of a number that a ceiling of ours cuts no more comes out than its issuer's digits", () => {
  const leaks = new Set<string>();
  for (const ceiling of [64, 255, 320, 1024, 2048, 8192]) {
    for (const digits of [8, 14]) {
      // Verbs, names of fields and brackets before the text count in some of them.
      for (const before of [0, 6, 12]) {
        const text = "y".repeat(Math.max(0, ceiling - digits - before - 1)) + "-" + CUT_CARD;
        for (const talk of talkOf(text, "d")) {
          for (const [what, output] of outputsOf(talk)) {
            if (TOO_MANY_DIGITS.test(output)) leaks.add(`${talk.name}: ${what}, of ${ceiling}`);
          }
        }
      }
    }
  }
  assert.deepEqual([...leaks], []);
});

const P = PASSWORD;
const line = (text: string) => latin1(text.replaceAll("\n", "\r\n"));
/** Passwords wherever a protocol has a place for them. */
const LOGINS: Talk[] = [
  ...CONVERSATIONS.map(({ name, serverPort, turns }) => ({ name, port: serverPort, turns })),
  {
    name: "HTTP",
    port: 80,
    turns: dialogue(`C: GET http://ann:${P}@x.example/a?password=${P}&x=1#access_token=${P} HTTP/1.1
Host: ann:${P}@x.example
Referer: https://ann:${P}@x.example/?pwd=${P}
Authorization: Bearer ${P}
Proxy-Authorization: Basic ${btoa(`ann:${P}`)}
Cookie: session=${P}
X-Api-Key: ${P}

S: HTTP/1.1 302 Found
Location: /next?user_password=${P}&client_secret=${P}
Set-Cookie: session=${P}
Content-Length: 0

C: POST /login HTTP/1.1
Host: x.example
Content-Type: application/json
Content-Length: ${P.length + 15}

{"password":"${P}"}`),
  },
  {
    name: "IMAP in a literal",
    port: 143,
    turns: dialogue(`S: * OK IMAP4rev1
C: a1 LOGIN {3}
S: + go on
C: ann {${P.length}}
S: + go on
C: ${P}
S: a1 NO [AUTHENTICATIONFAILED] not ${P}
C: a2 AUTHENTICATE PLAIN ${btoa(`\0ann\0${P}`)}
S: a2 OK`),
  },
  {
    name: "POP3",
    port: 110,
    turns: dialogue(`S: +OK ready
C: USER ann
S: +OK
C: PASS ${P} with blanks
S: -ERR wrong
C: AUTH PLAIN
S: +
C: ${btoa(`\0ann\0${P}`)}
S: +OK`),
  },
  {
    name: "FTP",
    port: 21,
    turns: dialogue(`S: 220 FTP
C: USER ann
S: 331 go on
C: pass ${P}
S: 530 no
C: PASS  ${P}
S: 230 in
C: ACCT ${P}
S: 230 in
C: SITE PSWD old ${P}
S: 200 changed
C: XPWDX ${P}
S: 500 what`),
  },
  {
    name: "SIP",
    port: 5060,
    datagrams: true,
    turns: [[0, line(`REGISTER sip:ann:${P}@x SIP/2.0\nFrom: <sip:ann:${P}@x>\n\n`)]],
  },
  {
    name: "SSDP",
    port: 1900,
    datagrams: true,
    turns: [[0, line(`NOTIFY * HTTP/1.1\nLOCATION: http://a:${P}@x/?password=${P}\nNT: a\nNTS: b\n\n`)]],
  },
  {
    name: "syslog",
    port: 514,
    datagrams: true,
    turns: [[0, latin1(`<34>Oct 11 22:14:15 host app: password=${P}`)]],
  },
  {
    name: "Redis",
    port: 6379,
    turns: [
      [0, line(`*5\n$5\nHELLO\n$1\n3\n$4\nAUTH\n$3\nann\n$${P.length}\n${P}\n`)],
      [1, line("-ERR no\n")],
      [0, line(`AUTH ann ${P}\nCONFIG SET requirepass ${P}\nACL SETUSER ann >${P}\n`)],
      [1, line(`-WRONGPASS ${P}\n`)],
    ],
  },
  {
    name: "SOCKS",
    port: 1080,
    turns: [
      [0, Uint8Array.of(5, 1, 2)],
      [1, Uint8Array.of(5, 2)],
      [0, latin1(`\x01\x03ann${String.fromCharCode(P.length)}${P}`)],
      [1, Uint8Array.of(1, 1)],
    ],
  },
];

Deno.test("no password comes out, of any login", () => {
  const pattern = secretPattern([], [PASSWORD]);
  const leaks = LOGINS.flatMap((talk) =>
    outputsOf(talk)
      .filter(([, output]) => pattern.test(output))
      .map(([what, output]) => `${talk.name} in ${what}: ${output}`)
  );
  assert.deepEqual(leaks, []);
});

Deno.test("the conversations are understood, so that the tests above look at something", () => {
  const silent = new Set(["syslog", "Redis", "RDP", "SOCKS", "Telnet", "POP3"]);
  for (const talk of talkOf("benign-words", "benign")) {
    const { observations } = inspect(framesOf(talk));
    const told = observations.filter(({ alert }) => alert === undefined).length;
    if (!silent.has(talk.name)) assert.ok(told > 0, `${talk.name} tells nothing`);
  }
});
