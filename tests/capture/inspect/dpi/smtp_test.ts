/** SMTP: envelopes, logins, mails in every coding, STARTTLS, BDAT; no secret in what comes out. */
import assert from "node:assert/strict";
import { smtp } from "../../../../capture/inspect/dpi/smtp.ts";
import { converse, latin1, type Turn } from "./flow_recorder.ts";
import { allText, hold, holdProbes, turns } from "./dialogues.ts";

const CARD_BASE64 = btoa("card,4111 1111 1111 1111,12/29\r\n").replace(/.{20}/g, "$&\n");

const MAIL = turns(`S: 220 mx.example ESMTP
C: EHLO shop.example
S: 250-mx.example
250 PIPELINING
C: MAIL FROM:<a@shop.example> SIZE=500
RCPT TO:<b@mx.example>
RCPT TO:<c@mx.example>
DATA
S: 250 2.1.0 Ok
250 2.1.5 Ok
250 2.1.5 Ok
354 End data with <CR><LF>.<CR><LF>
C: Subject: order
MIME-Version: 1.0
Content-Type: multipart/mixed;
	boundary="one"

Not read by anyone.
--one
Content-Type: multipart/alternative; boundary=two

--two
Content-Type: text/plain
Content-Transfer-Encoding: quoted-printable

Card =34111=
1111=20 and ..dots
--two
Content-Type: text/html

<b>5555</b>
--two--
--one
Content-Type: text/csv
Content-Transfer-Encoding: base64

${CARD_BASE64}
--one--
.
QUIT
S: 250 2.0.0 Ok: queued
221 Bye`);

Deno.test("a mail: one event, and every part a text of its own, undone", () => {
  const flow = hold(smtp, MAIL);
  assert.deepEqual(flow.told.map(({ type, fields }) => [type, fields]), [["smtp", {
    smtp: {
      helo: "shop.example",
      mail_from: "<a@shop.example>",
      rcpt_to: ["<b@mx.example>", "<c@mx.example>"],
    },
    netpane: { reply_code: 250 },
  }]]);
  const texts = flow.scanned["0/1"].split("¶");
  assert.ok(texts.includes("Card 41111111  and ..dots\r\n"));
  assert.ok(texts.includes("<b>5555</b>\r\n"));
  assert.ok(texts.includes("card,4111 1111 1111 1111,12/29\r\n"));
  assert.deepEqual(flow.encodings, new Set(["plain", "quoted_printable", "base64"]));
  assert.ok(flow.scanned["0/0"].startsWith("EHLO shop.example"));
});

const LOGINS: [string, string, string, number, boolean][] = [
  ["PLAIN at once", `C: AUTH PLAIN ${btoa("\0alice\0s3cret-word")}\nS: 235 ok`, "plain", 5, true],
  [
    "PLAIN after asking",
    `C: AUTH PLAIN\nS: 334 \nC: ${btoa("\0alice\0s3cret-word")}\nS: 535 no`,
    "plain",
    5,
    false,
  ],
  [
    "LOGIN",
    `C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: ${btoa("alice")}\nS: 334 UGFzc3dvcmQ6\nC: ${
      btoa("s3cret-word")
    }\nS: 535 no`,
    "login",
    5,
    false,
  ],
  [
    "LOGIN with the user at once",
    `C: AUTH LOGIN ${btoa("bob")}\nS: 334 x\nC: ${btoa("s3cret-word")}\nS: 235 ok`,
    "login",
    3,
    true,
  ],
  [
    "CRAM-MD5",
    `C: AUTH CRAM-MD5\nS: 334 PDE+\nC: ${btoa("alice b913a602c7eda7a495b4e6e7334d3890")}\nS: 235 ok`,
    "cram_md5",
    5,
    true,
  ],
  [
    "XOAUTH2",
    `C: AUTH XOAUTH2 ${btoa("user=al@x.org\x01auth=Bearer s3cret-word\x01\x01")}\nS: 235 ok`,
    "xoauth2",
    8,
    true,
  ],
];
for (const [name, talk, kind, userLength, succeeded] of LOGINS) {
  Deno.test(`login: ${name}`, () => {
    const flow = hold(smtp, turns(`S: 220 x ESMTP\nC: EHLO c\nS: 250 AUTH\n${talk}\nC: QUIT\nS: 221 bye`));
    assert.deepEqual(flow.secrets, [{ direction: 0, kind, userLength }]);
    assert.deepEqual(flow.told.map(({ fields }) => fields), [{
      netpane: { login: succeeded ? "succeeded" : "failed" },
    }]);
    const all = allText(flow) + JSON.stringify(flow.told);
    for (const secret of ["s3cret-word", btoa("s3cret-word"), btoa("\0alice\0s3cret-word"), "b913a6"]) {
      assert.ok(!all.includes(secret));
    }
  });
}

Deno.test("a login called off, and one that nothing can be read of", () => {
  const off = hold(
    smtp,
    turns(
      "S: 220 x ESMTP\nC: EHLO c\nS: 250 AUTH\nC: AUTH LOGIN\nS: 334 x\nC: *\nS: 501 off\nC: NOOP\nS: 250 ok",
    ),
  );
  assert.deepEqual(off.secrets, []);
  const kerberos = hold(
    smtp,
    turns(`S: 220 x ESMTP\nC: EHLO c\nS: 250 AUTH\nC: AUTH GSSAPI ${btoa("token")}\nS: 235 ok`),
  );
  assert.deepEqual(kerberos.secrets, []);
});

Deno.test("STARTTLS goes over only when the server agrees", () => {
  const yes = converse(
    smtp,
    turns("S: 220 x ESMTP\nC: EHLO c\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go ahead"),
  );
  assert.deepEqual(yes.switched.map(({ protocol }) => protocol), ["tls"]);
  const no = converse(
    smtp,
    turns("S: 220 x ESMTP\nC: EHLO c\nS: 250 x\nC: STARTTLS\nS: 454 not now\nC: NOOP\nS: 250 ok"),
  );
  assert.deepEqual(no.switched, []);
});

Deno.test("a mail that is refused before it is sent, then one that is not", () => {
  const flow = hold(
    smtp,
    turns(`S: 220 x ESMTP
C: EHLO c
S: 250 x
C: MAIL FROM:<a@b>
S: 250 ok
C: DATA
S: 503 no recipients
C: RCPT TO:<d@e>
S: 250 ok
C: DATA
S: 354 go
C: X: y

text
.
S: 250 ok`),
  );
  assert.deepEqual(flow.told.map(({ fields }) => fields), [{
    smtp: { helo: "c", mail_from: "<a@b>", rcpt_to: ["<d@e>"] },
    netpane: { reply_code: 250 },
  }]);
  assert.equal(flow.scanned["0/1"], "X: y\r\n\r\n¶text\r\n¶");
});

Deno.test("BDAT: chunks cut lines anywhere", () => {
  const talk: Turn[] = [
    ...turns(
      "S: 220 x ESMTP\nC: EHLO c\nS: 250 CHUNKING\nC: MAIL FROM:<a@b>\nRCPT TO:<d@e>\nS: 250 ok\n250 ok",
    ),
    [0, latin1("BDAT 10\r\nX: y\r\n\r\n41")],
    [1, latin1("250 10 octets\r\n")],
    [0, latin1("BDAT 5 LAST\r\n11\r\n.QUIT\r\n")],
    [1, latin1("250 ok\r\n221 bye\r\n")],
  ];
  const flow = hold(smtp, talk);
  assert.equal(flow.scanned["0/1"], "X: y\r\n\r\n¶4111\r\n.¶");
  assert.ok(flow.scanned["0/0"].endsWith("QUIT\r\n"));
  assert.equal((flow.told[0].fields.netpane as { reply_code: number }).reply_code, 250);
});

Deno.test("card numbers in names are masked; recipients are bounded", () => {
  const many = Array.from({ length: 300 }, (_, i) => `RCPT TO:<${i}@x>`).join("\n");
  const flow = converse(smtp, turns(`S: 220 x ESMTP\nC: EHLO 4111111111111111\nMAIL FROM:<a@b>\n${many}`));
  const { smtp: event, netpane } = flow.told[0].fields as Record<string, Record<string, unknown>>;
  assert.equal(event.helo, "xxxxxxxxxxxx1111");
  assert.equal((event.rcpt_to as string[]).length, 100);
  assert.equal(netpane.recipients, 300);
});

Deno.test("first lines", () =>
  holdProbes(smtp, [
    ["220 mx.example ESMTP Postfix\r\n", 1, 9999, "yes"],
    ["220 mx.example ready\r\n", 1, 25, "yes"],
    ["220 mx.example ready\r\n", 1, 9999, "more"],
    ["220 mx", 1, 25, "more"],
    ["22", 1, 25, "more"],
    ["EHLO x\r\n", 0, 9999, "yes"],
    ["MAIL FROM:<a@b>\r\n", 0, 9999, "yes"],
    ["GET / HTTP/1.1\r\n", 0, 25, "no"],
    ["\x16\x03\x01", 0, 25, "no"],
  ]));
