/** IMAP: logins as words and as literals, STARTTLS, mails fetched and stored. */
import assert from "node:assert/strict";
import { imap } from "../../../../capture/inspect/dpi/imap.ts";
import { converse, latin1, type Turn } from "./flow_recorder.ts";
import { allText, hold, holdProbes, turns } from "./dialogues.ts";

const LOGINS: [string, string, string, number][] = [
  ["atoms", "C: a1 LOGIN alice s3cret", "user_pass", 5],
  ["quoted", 'C: a1 LOGIN "al \\"ice" "s3cret word"', "user_pass", 7],
  ["literals", "C: a1 LOGIN {5}\nS: + go\nC: alice {6}\nS: + go\nC: s3cret", "user_pass", 5],
  ["literals that do not wait", "C: a1 LOGIN {5+}\nalice {6+}\ns3cret", "user_pass", 5],
  ["AUTHENTICATE", `C: a1 AUTHENTICATE PLAIN\nS: + \nC: ${btoa("\0alice\0s3cret")}`, "plain", 5],
  ["AUTHENTICATE at once", `C: a1 AUTHENTICATE PLAIN ${btoa("\0alice\0s3cret")}`, "plain", 5],
];
for (const [name, talk, kind, userLength] of LOGINS) {
  Deno.test(`login: ${name}`, () => {
    for (const answer of ["OK", "NO"]) {
      const flow = hold(
        imap,
        turns(`S: * OK ready\n${talk}\nS: * CAPABILITY IMAP4\na1 ${answer} x\nC: a2 NOOP\nS: a2 OK x`),
      );
      assert.deepEqual(flow.secrets, [{ direction: 0, kind, userLength }]);
      assert.deepEqual(flow.told.map(({ fields }) => fields), [{
        netpane: { login: answer === "OK" ? "succeeded" : "failed" },
      }]);
      assert.ok(!allText(flow).includes("s3cret"));
      assert.ok(!allText(flow).includes(btoa("\0alice\0s3cret")));
      assert.ok(allText(flow).includes("a2 NOOP"));
    }
  });
}

Deno.test("a mail fetched and a mail stored are read like any mail", () => {
  const mail = `Content-Transfer-Encoding: base64\r\n\r\n${btoa("card 4111 1111 1111 1111")}\r\n`;
  const talk: Turn[] = [
    ...turns("S: * OK ready\nC: a1 FETCH 1 (FLAGS BODY[])"),
    [1, latin1(`* 1 FETCH (FLAGS () BODY[] {${mail.length}}\r\n${mail})\r\na1 OK done\r\n`)],
    [0, latin1(`a2 APPEND Sent (\\Seen) {${mail.length}}\r\n`)],
    [1, latin1("+ go\r\n")],
    [0, latin1(`${mail}\r\na3 LOGOUT\r\n`)],
    [1, latin1("a2 OK\r\n* 1 FETCH (BODY[TEXT] {3}\r\nabc BODY[1] {3}\r\ndef)\r\n")],
  ];
  const flow = hold(imap, talk);
  for (const direction of [0, 1]) {
    assert.ok(flow.scanned[`${direction}/1`].includes("card 4111 1111 1111 1111"));
  }
  assert.ok(flow.scanned["0/0"].includes("a3 LOGOUT"));
  assert.ok(flow.scanned["1/0"].includes("abc¶ BODY[1] {3}\r\n¶def¶)"));
});

Deno.test("STARTTLS and COMPRESS", () => {
  assert.equal(converse(imap, turns("S: * OK x\nC: a STARTTLS\nS: a OK go")).switched[0].protocol, "tls");
  assert.equal(converse(imap, turns("S: * OK x\nC: a STARTTLS\nS: a NO go")).switched.length, 0);
  assert.ok(converse(imap, turns("S: * OK x\nC: a COMPRESS DEFLATE\nS: a OK go")).isDone);
});

Deno.test("first lines", () =>
  holdProbes(imap, [
    ["* OK Dovecot ready.\r\n", 1, 9999, "yes"],
    ["* ", 1, 9999, "more"],
    ["*1\r\n", 1, 143, "no"],
    ["a001 LOGIN x y\r\n", 0, 9999, "yes"],
    ["GET / HTTP/1.1\r\n", 0, 143, "no"],
  ]));
