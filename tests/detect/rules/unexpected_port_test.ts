/** A protocol on another's port is told where the server speaks it; what only looks so is not. */
import assert from "node:assert/strict";
import { unexpectedPort } from "../../../detect/rules/unexpected_port.ts";
import { tls13 } from "../../capture/inspect/dpi/tls/handshakes.ts";
import { latin1, SSH_LOGIN, sshTurns } from "../../support/ssh_talk.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const ENDS = { client: "10.0.0.9", server: "203.0.113.7" };
const SSH = sshTurns(SSH_LOGIN.accepted);
const HTTP = ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"];
const FTP = ["", "220 FTP ready\r\n", "USER ann\r\n", "331 Password\r\n", "PASS x\r\n", "230 Welcome\r\n"];
const IRC = [
  "NICK ann\r\nUSER ann 0 * :Ann\r\n",
  ":irc.example NOTICE * :*** Looking up your hostname\r\n:irc.example 001 ann :Welcome\r\n",
];
const TLS = tls13.map(([, bytes]) => bytes).slice(0, 2);
type Talk = (string | number | Uint8Array)[];

Deno.test("what is told, with its severity", () => {
  const table: [string, Talk, number, number][] = [
    ["SSH on HTTPS's", SSH, 443, 2],
    ["SSH on HTTP's", SSH, 80, 2],
    ["SSH on DNS's", SSH, 53, 2],
    ["HTTP on SSH's", HTTP, 22, 3],
    ["HTTP on DNS's", HTTP, 53, 2],
    ["HTTP on mail's", HTTP, 25, 3],
    ["TLS on HTTP's", TLS, 80, 3],
    ["TLS on SSH's", TLS, 22, 3],
    ["FTP on HTTPS's", FTP, 443, 2],
    ["IRC on one of its own", IRC, 4_242, 2],
    ["IRC on HTTPS's", IRC, 443, 2],
  ];
  for (const [name, turns, port, severity] of table) {
    for (const ends of [ENDS, { client: "fd00::9", server: "2001:db8::7" }]) {
      const { alerts } = detect(new Traffic().tcp({ ...ends, port, turns }), [unexpectedPort]);
      assert.deepEqual(alerts.map((alert) => [alert.targetPort, alert.severity]), [[port, severity]], name);
    }
  }
  const [alert] = detect(new Traffic().tcp({ ...ENDS, port: 443, turns: SSH }), [unexpectedPort]).alerts;
  assert.equal(alert.message, "10.0.0.9 spoke SSH with 203.0.113.7:443, a port of HTTPS");
});

Deno.test("DNS on a port of its own at a stranger, and not at home", () => {
  const ask = latin1("\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04host\x07example\0\0\x01\0\x01");
  const answer = latin1(
    "\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x04host\x07example\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x01",
  );
  const told = (server: string, port: number) =>
    detect(new Traffic().udp({ client: "10.0.0.9", server, port, ask, answer }), [unexpectedPort]).alerts
      .length;
  assert.equal(told("203.0.113.7", 9_999), 1);
  assert.equal(told("203.0.113.7", 53), 0);
  assert.equal(told("10.0.0.53", 9_999), 0);
});

Deno.test("told once, and again only as flows double", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 100; i++) traffic.wait(2).tcp({ ...ENDS, port: 443, turns: SSH });
  const { alerts, told } = detect(traffic, [unexpectedPort]);
  assert.deepEqual([alerts.length, alerts[0].count], [1, 64]);
  assert(told.length <= 8);
});

const BENIGN: Record<string, [Talk, number]> = {
  "HTTP where developers serve": [HTTP, 8080],
  "SSH on a free port": [SSH, 2222],
  "TLS on any port": [TLS, 9443],
  "TLS on its own": [TLS, 443],
  "HTTP on HTTPS's, refused": [[HTTP[0], "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"], 443],
  "IRC at home": [IRC, 6667],
  "a version scan that asks in HTTP": [[
    "GET / HTTP/1.0\r\n\r\n",
    "SSH-2.0-OpenSSH_9.6\r\nProtocol mismatch.\r\n",
  ], 22],
  "a version scan that asks in TLS": [[TLS[0], "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"], 80],
  "TLS through a proxy": [
    [
      "CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n",
      ...TLS,
    ],
    80,
  ],
  "mail that goes over to TLS": [
    ["", "220 mx ESMTP\r\n", "EHLO a\r\n", "250 STARTTLS\r\n", "STARTTLS\r\n", "220 go\r\n", ...TLS],
    25,
  ],
  "unknown bytes": [[100, 200, 300, 400], 53],
};

for (const [name, [turns, port]] of Object.entries(BENIGN)) {
  Deno.test(`quiet: ${name}`, () => {
    const traffic = new Traffic();
    for (let i = 0; i < 3; i++) traffic.tcp({ ...ENDS, port, turns });
    assert.deepEqual(detect(traffic, [unexpectedPort]).told.map(({ message }) => message), []);
  });
}

Deno.test("places are forgotten beyond a ceiling", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 500; i++) {
    traffic.tcp({ ...ENDS, server: `198.51.${i >> 8}.${i & 255}`, port: 443, turns: FTP });
  }
  const { entries, capacity } = detect(traffic, [unexpectedPort]).counters.rules.unexpected_port;
  assert.deepEqual([entries, capacity], [500, 8_192]);
});

Deno.test("quiet: a version scan asks a web server in other tongues", () => {
  const traffic = new Traffic().tcp({ ...ENDS, port: 80, turns: HTTP });
  traffic.tcp({
    ...ENDS,
    port: 80,
    turns: [IRC[0], "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"],
  });
  assert.deepEqual(detect(traffic, [unexpectedPort]).alerts, []);
});
