/** FTP: commands with their answers, logins, data connections; no user and no password in what comes out. */
import assert from "node:assert/strict";
import { ftp } from "../../../../capture/inspect/dpi/ftp.ts";
import { converse } from "./flow_recorder.ts";
import { allText, hold, holdProbes, turns } from "./dialogues.ts";

// deno-lint-ignore no-explicit-any
type Fields = any;

const SESSION = turns(`S: 220-Welcome to the FTP service.
220 line that looks like the last one is it
C: USER alice
S: 331 Password required for alice.
C: PASS s3cret
S: 230-Hello alice
 230 not yet
230 Logged in.
C: PASV
S: 227 Entering Passive Mode (198,51,100,2,19,137).
C: RETR cards-4111111111111111.csv
S: 150 Here it comes.
226 Done.
C: EPSV
S: 229 Entering Extended Passive Mode (|||40001|)
C: PORT 192,0,2,1,4,1
S: 200 ok
C: EPRT |2|2001:db8::1|5282|
S: 522 no
C: QUIT
S: 221 Bye`);

Deno.test("a session: commands, codes, replies, and where data goes", () => {
  const flow = hold(ftp, SESSION);
  const events = flow.told.map(({ fields }) => fields as Fields);
  assert.deepEqual(events.map(({ ftp, netpane }) => ftp?.command ?? netpane), [
    "USER",
    "PASS",
    { login: "succeeded" },
    "PASV",
    "RETR",
    "EPSV",
    "PORT",
    "EPRT",
    "QUIT",
  ]);
  assert.deepEqual(events[1].ftp, {
    command: "PASS",
    command_data: "***",
    completion_code: ["230"],
    reply_received: "yes",
  });
  assert.deepEqual(events[4].ftp, {
    command: "RETR",
    command_data: "cards-xxxxxxxxxxxx1111.csv",
    completion_code: ["150", "226"],
    reply: ["Here it comes.", "Done."],
    reply_received: "yes",
  });
  assert.equal(events[3].ftp.mode, "passive");
  assert.equal(events[3].ftp.dynamic_port, 5001);
  assert.deepEqual(flow.expected, [
    ["198.51.100.2", 5001, "ftp-data"],
    ["198.51.100.2", 40_001, "ftp-data"],
    ["192.0.2.1", 1025, "ftp-data"],
    ["192.0.2.1", 5282, "ftp-data"],
  ]);
  assert.deepEqual(flow.secrets, [{ direction: 0, kind: "user_pass", userLength: 5 }]);
  assert.ok(!JSON.stringify(flow.told).includes("alice"));
  assert.ok(!(JSON.stringify(flow.told) + allText(flow)).includes("s3cret"));
});

Deno.test("nobody in particular has no credentials; a refused login is told", () => {
  const anonymous = hold(ftp, turns("S: 220 FTP\nC: USER anonymous\nS: 331 x\nC: PASS me@x\nS: 230 ok"));
  assert.deepEqual(anonymous.secrets, []);
  assert.equal((anonymous.told[0].fields as Fields).ftp.command_data, "anonymous");
  const refused = hold(
    ftp,
    turns(
      "S: 220 FTP\nC: USER bob\nS: 331 x\nC: PASS a\nS: 530 no\nC: USER bob\nS: 331 x\nC: PASS b\nS: 530 no",
    ),
  );
  assert.deepEqual(refused.secrets.length, 2);
  assert.deepEqual(refused.told.flatMap(({ fields }) => fields.netpane ?? []), [{ login: "failed" }, {
    login: "failed",
  }]);
});

Deno.test("AUTH TLS goes over when the server agrees", () => {
  assert.equal(converse(ftp, turns("S: 220 FTP\nC: AUTH TLS\nS: 234 ok")).switched[0].protocol, "tls");
  assert.equal(
    converse(ftp, turns("S: 220 FTP\nC: AUTH TLS\nS: 500 what\nC: USER x\nS: 331 y")).switched.length,
    0,
  );
});

Deno.test("behind address translation both addresses are awaited; impossible ones are not", () => {
  const flow = converse(
    ftp,
    turns("S: 220 FTP\nC: PASV\nS: 227 ok (10,0,0,7,1,2)\nC: PASV\nS: 227 (300,0,0,7,1,2)"),
  );
  assert.deepEqual(flow.expected, [["198.51.100.2", 258, "ftp-data"], ["10.0.0.7", 258, "ftp-data"]]);
});

Deno.test("events of one flow are bounded", () => {
  const talk = "C: NOOP\nS: 200 ok\n".repeat(1500).trimEnd();
  assert.equal(converse(ftp, turns(`S: 220 FTP\n${talk}`)).told.length, 1000);
});

Deno.test("first lines", () =>
  holdProbes(ftp, [
    ["220 (vsFTPd 3.0.5)\r\n", 1, 9999, "yes"],
    ["220-Welcome\r\n220-to our FTP\r\n", 1, 9999, "yes"],
    ["220 ready\r\n", 1, 21, "yes"],
    ["220 ready\r\n", 1, 9999, "more"],
    ["220 mx ESMTP\r\n", 1, 21, "no"],
    ["USER ann\r\n", 0, 9999, "yes"],
    ["USER ann\r\n", 0, 110, "no"],
    ["USER ann 0 * :Ann\r\n", 0, 6667, "no"],
    ["AUTH TLS\r\n", 0, 9999, "yes"],
    ["GET / HTTP/1.1\r\n", 0, 21, "no"],
  ]));
