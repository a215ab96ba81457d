/** The payload that is shown: its structure, and no secret in any coat, whole or cut. */
import assert from "node:assert/strict";
import { maskedPayload } from "../../../capture/inspect/masked_payload.ts";
import { CONVERSATIONS, PASSWORD } from "../../support/conversations.ts";
import { talkOf } from "../../support/talk.ts";
import { latin1, seeded } from "./dpi/flow_recorder.ts";

function shown(text: string): string {
  const bytes = latin1(text);
  return maskedPayload(bytes, 0, bytes.length);
}

const TABLE: [string, string][] = [
  [
    "GET /a?b=1 HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 12\r\n\r\n",
    "GET … HTTP/#.#\nHost: …\nContent-Length: #\n\n",
  ],
  [
    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8",
    "HTTP/#.# # OK\nContent-Type: text/html; charset=utf-8",
  ],
  ["*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n", "*#\n$#\nAUTH\n$#\n…\n"],
  ["USER alice\r\nPASS hunter2\r\n", "USER …\nPASS …\n"],
  ['{"password":"hunter2"}', '{"password":"…'],
  ["4111 1111 1111 1111", "# # # #"],
  ["hunter", "…"],
  ["!$%&", "…"],
  ["password!?", "password…"],
  ["NDEx MTEx MTEx MTEx MTEx MQ==", "…"],
  ["h\0u\0n\0t\0e\0r\0", "….…."],
  ["\x16\x03\x01", "..."],
];

/** Words of the list that have digits. */
const WITH_DIGITS = /base64|utf-8|iso-8859-1|8bitmime|smtputf8|cram-md5|xoauth2|imap4rev1|pop3/gi;

Deno.test("structure is shown, and nothing else", () => {
  for (const [text, expected] of TABLE) {
    if (text.startsWith("h\0")) assert.doesNotMatch(shown(text), /[a-z]/);
    else assert.equal(shown(text), expected);
  }
});

Deno.test("no digit, no part of a password and of its coats comes out, wherever packets are cut", () => {
  const word = /tr0ub|ub4dor|dor-and|three|dHIwdWI0|ub4dor|YW5kLXRo|7472307/i;
  const random = seeded(1);
  const secret = [PASSWORD, btoa(PASSWORD), btoa(`\0alice\0${PASSWORD}`), encodeURIComponent(PASSWORD)];
  const payloads = [
    ...CONVERSATIONS.flatMap(({ turns }) => turns.map(([, bytes]) => bytes)),
    ...secret.flatMap((text) =>
      talkOf(text.replaceAll("=", "")).flatMap(({ turns }) => turns.map(([, b]) => b))
    ),
    ...secret.map(latin1),
  ];
  for (const bytes of payloads) {
    for (let round = 0; round < 20; round++) {
      const at = round === 0 ? 0 : random(bytes.length);
      const end = round === 0 ? bytes.length : at + 1 + random(bytes.length - at);
      const output = maskedPayload(bytes, at, end);
      assert.doesNotMatch(output, word);
      assert.doesNotMatch(output.replaceAll(WITH_DIGITS, ""), /\d/);
    }
  }
});

Deno.test("only the beginning is looked at", () => {
  const text = "GET ".repeat(10_000);
  assert.equal(shown(text).length, 256);
});
