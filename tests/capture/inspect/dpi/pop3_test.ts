/** POP3: logins of all kinds, mails fetched, STLS. */
import assert from "node:assert/strict";
import { pop3 } from "../../../../capture/inspect/dpi/pop3.ts";
import { converse } from "./flow_recorder.ts";
import { allText, hold, holdProbes, turns } from "./dialogues.ts";

const LOGINS: [string, string, string, number][] = [
  ["USER and PASS", "C: USER alice\nS: +OK\nC: PASS s3cret\nS: %", "user_pass", 5],
  ["USER and PASS at once", "C: USER alice\nPASS s3cret\nS: +OK\n%", "user_pass", 5],
  ["APOP", "C: APOP alice c4c9334bac560ecc979e58001b3e22fb\nS: %", "apop", 5],
  ["AUTH PLAIN", `C: AUTH PLAIN ${btoa("\0alice\0s3cret")}\nS: %`, "plain", 5],
  [
    "AUTH LOGIN",
    `C: AUTH LOGIN\nS: + x\nC: ${btoa("alice")}\nS: + x\nC: ${btoa("s3cret")}\nS: %`,
    "login",
    5,
  ],
];
for (const [name, talk, kind, userLength] of LOGINS) {
  Deno.test(`login: ${name}`, () => {
    for (const answer of ["+OK", "-ERR"]) {
      const flow = hold(
        pop3,
        turns(`S: +OK ready\n${talk.replace("%", `${answer} x`)}\nC: STAT\nS: +OK 0 0`),
      );
      assert.deepEqual(flow.secrets, [{ direction: 0, kind, userLength }]);
      assert.deepEqual(flow.told.map(({ type, fields }) => [type, fields]), [
        ["pop3", { netpane: { login: answer === "+OK" ? "succeeded" : "failed" } }],
      ]);
      for (const secret of ["s3cret", btoa("s3cret"), "c4c933"]) assert.ok(!allText(flow).includes(secret));
    }
  });
}

Deno.test("lists and mails end with a full stop; dots are unstuffed", () => {
  const flow = hold(
    pop3,
    turns(`S: +OK ready
C: LIST
RETR 1
RETR 9
STAT
S: +OK
1 500
.
+OK 500 octets
Content-Transfer-Encoding: base64

${btoa("4111 1111 1111 1111")}
.
-ERR none
+OK 1 500`),
  );
  assert.equal(flow.scanned["1/1"], "Content-Transfer-Encoding: base64\r\n\r\n¶4111 1111 1111 1111¶");
  assert.ok(flow.scanned["1/0"].endsWith("+OK 1 500\r\n"));
});

Deno.test("STLS goes over when the server agrees", () => {
  assert.equal(converse(pop3, turns("S: +OK x\nC: STLS\nS: +OK go")).switched[0].protocol, "tls");
  assert.equal(converse(pop3, turns("S: +OK x\nC: STLS\nS: -ERR no")).switched.length, 0);
});

Deno.test("first lines", () =>
  holdProbes(pop3, [
    ["+OK POP3 ready <1@x>\r\n", 1, 9999, "yes"],
    ["+OK\r\n", 1, 6379, "more"],
    ["+OK\r\n", 1, 110, "yes"],
    ["+O", 1, 110, "more"],
    ["USER ann\r\n", 0, 110, "yes"],
    ["USER ann\r\n", 0, 21, "no"],
    ["STLS\r\n", 0, 9999, "yes"],
  ]));
