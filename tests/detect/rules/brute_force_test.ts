/** Guessing of passwords is found in each protocol and each of its shapes; what only logs in often is not. */
import assert from "node:assert/strict";
import { bruteForce } from "../../../detect/rules/brute_force.ts";
import { latin1, SSH_LOGIN, sshTurns } from "../../support/ssh_talk.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const CLIENT = "198.51.100.9";
const SERVER = "10.0.0.1";
const FROM = { client: CLIENT, server: SERVER };

/** An FTP login; passwords that are refused, then perhaps one that is not. */
function ftp(
  traffic: Traffic,
  ends: { client: string; server: string },
  refused: number,
  accepted = false,
): void {
  const turns: string[] = ["", "220 FTP ready\r\n"];
  for (let i = 0; i < refused; i++) {
    turns.push("USER ann\r\n", "331 Password\r\n", `PASS guess${i}\r\n`, "530 Login incorrect\r\n");
  }
  if (accepted) turns.push("USER ann\r\n", "331 Password\r\n", "PASS right\r\n", "230 Welcome\r\n");
  traffic.tcp({ ...ends, port: 21, turns });
}

Deno.test("FTP: ten failed logins are told, nine are not; over IPv6 too", () => {
  for (const ends of [FROM, { client: "2001:db8::9", server: "fd00::1" }]) {
    const [ten, nine] = [new Traffic(), new Traffic()];
    for (let i = 0; i < 10; i++) ftp(ten.wait(2), ends, 1);
    for (let i = 0; i < 9; i++) ftp(nine.wait(2), ends, 1);
    const { alerts } = detect(ten, [bruteForce]);
    assert.deepEqual(
      alerts.map((
        { source, target, targetPort, count, severity },
      ) => [source, target, targetPort, count, severity]),
      [[ends.client, ends.server, 21, 10, 2]],
    );
    assert.match(alerts[0].message, /failed to log in to .*21 over FTP 10 times within 1[89]/);
    assert.deepEqual(detect(nine, [bruteForce]).told, []);
  }
});

Deno.test("it is told with the packet that makes it ten", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 10; i++) ftp(traffic.wait(1), FROM, 1);
  const { told } = detect(traffic, [bruteForce], { framesABatch: 1 });
  // Eleven packets a connection; the refusal is the eighth.
  assert.equal(told[0].packets, 9 * 11 + 8);
});

Deno.test("a success after many failures makes it grave, at once", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 15; i++) ftp(traffic.wait(1), FROM, 2);
  ftp(traffic, FROM, 1, true);
  const [alert] = detect(traffic, [bruteForce]).alerts;
  assert.equal(alert.severity, 1);
  assert.match(alert.message, /31 times within .*, then a login succeeded$/);
});

Deno.test("slow guessing, one try every twenty minutes, is told within a day", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 60; i++) ftp(traffic.wait(1200), FROM, 1);
  assert.equal(detect(traffic, [bruteForce]).alerts.length >= 1, true);
});

Deno.test("many sources at one server, and one source at many servers", () => {
  const [distributed, sprayed] = [new Traffic(), new Traffic()];
  for (let i = 0; i < 40; i++) {
    ftp(distributed.wait(3), { client: `198.51.100.${i % 20}`, server: SERVER }, 1);
  }
  const crowd = new Traffic();
  for (let i = 0; i < 90; i++) ftp(crowd.wait(3), { client: `198.51.100.${i}`, server: SERVER }, 1);
  assert.match(detect(crowd, [bruteForce]).alerts[0].message, /^about (8[5-9]|9[0-5]) sources failed/);
  for (let i = 0; i < 20; i++) ftp(sprayed.wait(3), { client: CLIENT, server: `10.0.0.${i}` }, 1);
  const [many] = detect(distributed, [bruteForce]).alerts;
  assert.deepEqual([many.target, many.count, many.evidence.sources], [SERVER, 40, 20]);
  assert.match(many.message, /^20 sources failed/);
  const [one] = detect(sprayed, [bruteForce]).alerts;
  assert.deepEqual([one.source, one.target, one.count], [CLIENT, "", 20]);
  assert.equal(one.evidence.technique, "T1110.003 Password Spraying");
});

Deno.test("of many sources the most active is named, and others are listed", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 80; i++) {
    const last = i % 3 === 0 ? 77 : 100 + i % 40;
    ftp(traffic.wait(8), { client: `198.51.100.${last}`, server: SERVER }, 1);
  }
  const alert = detect(traffic, [bruteForce]).alerts.find(({ evidence }) => evidence.from !== undefined)!;
  const from = alert.evidence.from as string[];
  assert.deepEqual([alert.source, from[0], from.length], ["198.51.100.77", "198.51.100.77", 12]);
});

Deno.test("SSH: told by lengths alone, connection by connection", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 12; i++) traffic.wait(1).tcp({ ...FROM, port: 22, turns: sshTurns(SSH_LOGIN.refused) });
  const { alerts } = detect(traffic, [bruteForce]);
  assert.deepEqual(alerts.map(({ source, evidence }) => [source, evidence.protocol]), [[CLIENT, "ssh"]]);
});

Deno.test("SSH: five short guesses and a success in one connection are no person's", () => {
  const guesses = [60, 52, 76, 52, 76, 52, 76, 52, 76, 52, 76, 52];
  const traffic = new Traffic();
  for (let i = 0; i < 2; i++) traffic.wait(30).tcp({ ...FROM, port: 22, turns: sshTurns(guesses) });
  traffic.wait(30).tcp({ ...FROM, port: 22, turns: sshTurns([...guesses, ...SSH_LOGIN.accepted.slice(4)]) });
  const [alert] = detect(traffic, [bruteForce]).alerts;
  assert.deepEqual([alert.count, alert.severity], [15, 1]);
});

Deno.test("HTTP: Basic, forms that come back, forms that say 401", () => {
  const login =
    "POST /login HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
    "Content-Length: 23\r\n\r\nuser=ann&password=guess";
  const page =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 30\r\n\r\n<form>wrong password </form>..";
  const talks: [string, string][] = [
    [
      "GET /admin HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YW5uOmd1ZXNz\r\n\r\n",
      "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    ],
    [login, page],
    [login, "HTTP/1.1 302 Found\r\nLocation: /login?error=1\r\nContent-Length: 0\r\n\r\n"],
    [login, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"],
  ];
  for (const [ask, answer] of talks) {
    const traffic = new Traffic();
    for (let i = 0; i < 14; i++) traffic.wait(1).tcp({ ...FROM, port: 80, turns: [ask, answer] });
    assert.deepEqual(detect(traffic, [bruteForce]).alerts.map(({ count }) => count), [14], answer);
  }
});

Deno.test("Remote Desktop and VNC: by the shape of connections", () => {
  const traffic = new Traffic();
  const request = latin1("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x0b\x00\x00\x00");
  for (let i = 0; i < 12; i++) {
    traffic.wait(2).tcp({ ...FROM, port: 3389, turns: [request, 19, 900, 2500] });
    traffic.wait(2).tcp({
      ...FROM,
      port: 5900,
      turns: ["", "RFB 003.008\n", "RFB 003.008\n", 2, 1, 16, 16, 26],
    });
  }
  const kinds = detect(traffic, [bruteForce]).alerts.map(({ evidence }) => evidence.protocol);
  assert.deepEqual(kinds.toSorted(), ["rdp", "rfb"]);
});

function post(path: string, type: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

Deno.test("HTTP: where the body cannot be read, the path decides", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 12; i++) {
    const ask = post("/xmlrpc.php", "text/xml", `<value>guess${i}</value>`);
    const answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    traffic.wait(1).tcp({ ...FROM, port: 80, turns: [ask, answer] });
  }
  assert.deepEqual(detect(traffic, [bruteForce]).alerts.map(({ count }) => count), [12]);
});

Deno.test("HTTP: a plain refusal where people log in counts, whatever the fields are called", () => {
  const form = "application/x-www-form-urlencoded";
  const asks = [
    post("/login", form, "user=ann&code=100001"),
    post("/login", "application/json", '{"user":"ann","p\\u0061ssword":"guess"}'),
  ];
  for (const ask of asks) {
    const traffic = new Traffic();
    for (let i = 0; i < 12; i++) {
      const answer = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
      traffic.wait(1).tcp({ ...FROM, port: 80, turns: [ask, answer] });
    }
    assert.deepEqual(detect(traffic, [bruteForce]).alerts.map(({ count }) => count), [12], ask);
  }
});

/** A login with JSON, answered 200 with a body of so many bytes. */
function jsonLogin(traffic: Traffic, user: string, password: string, bytes: number, cookie = ""): void {
  const ask = post("/api/login", "application/json", JSON.stringify({ username: user, password }));
  const head =
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${cookie}Content-Length: ${bytes}\r\n\r\n`;
  traffic.tcp({ ...FROM, port: 80, turns: [ask, head + "x".repeat(bytes)] });
}

Deno.test("HTTP: different passwords for one account, all answered alike with data, are guesses", () => {
  for (const isFound of [false, true]) {
    const traffic = new Traffic();
    for (let i = 0; i < 20; i++) jsonLogin(traffic.wait(1), "admin", `guess${i}`, 48 + i % 3);
    if (isFound) jsonLogin(traffic.wait(1), "admin", "right", 300);
    const { alerts } = detect(traffic, [bruteForce]);
    assert.deepEqual(alerts.map(({ count, severity }) => [count, severity]), [[19, isFound ? 1 : 2]]); // the first says nothing
  }
});

const BENIGN: Record<string, (traffic: Traffic, i: number) => void> = {
  "a script with a key": (traffic) => traffic.tcp({ ...FROM, port: 22, turns: sshTurns(SSH_LOGIN.accepted) }),
  "a key after two that are refused": (traffic) => {
    traffic.tcp({
      ...FROM,
      port: 22,
      turns: sshTurns([...SSH_LOGIN.refused, ...SSH_LOGIN.accepted.slice(2)]),
    });
  },
  "forty connections at once, each with two keys that are refused first": (traffic, i) => {
    if (i > 0) return;
    const turns = sshTurns([...SSH_LOGIN.refused, ...SSH_LOGIN.accepted.slice(2)]);
    for (let k = 0; k < 40; k++) {
      const one = new Traffic();
      one.now = traffic.now + 0.002 * k;
      traffic.with(one.tcp({ ...FROM, port: 22, clientPort: 50_000 + k, turns, stepS: 0.05 }));
    }
  },
  "a check that reads the banner": (traffic) => {
    traffic.tcp({ ...FROM, port: 22, turns: ["", "SSH-2.0-OpenSSH_9.6\r\n"] });
  },
  "mail programs with a right password": (traffic) => ftp(traffic, FROM, 0, true),
  "people who mistype and then do not": (traffic, i) => ftp(traffic, FROM, i % 6 === 0 ? 2 : 0, true),
  "an expired session, polled": (traffic) => {
    const ask = "GET /api/me HTTP/1.1\r\nHost: h\r\n\r\n";
    traffic.tcp({
      ...FROM,
      port: 80,
      turns: [ask, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"],
    });
  },
  "telemetry posted": (traffic) => {
    const ask = "POST /collect HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";
    traffic.tcp({ ...FROM, port: 80, turns: [ask, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"] });
  },
  "an application's own logins": (traffic) => {
    const ask =
      "POST /api/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n" +
      '{"user":"svc","password":"abc"}';
    const answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    traffic.tcp({ ...FROM, port: 80, turns: [ask, answer] });
  },
  "a device that waits to be admitted (RFC 8628)": (traffic) => {
    const body = "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=Gm&client_id=tv";
    traffic.tcp({
      ...FROM,
      port: 80,
      turns: [
        post("/oauth/token", "application/x-www-form-urlencoded", body),
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}",
      ],
    });
  },
  "a token that ran out, and a body that is wrong, where sessions are made": (traffic, i) => {
    const [path, body, status] = i % 2 === 0
      ? ["/api/auth/refresh", '{"refresh_token":"abc"}', "401 Unauthorized"]
      : ["/api/sessions", '{"event":"start"}', "422 Unprocessable Entity"];
    traffic.tcp({
      ...FROM,
      port: 80,
      turns: [post(path, "application/json", body), `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`],
    });
  },
  "a gateway that passes logins of many people on": (traffic, i) => {
    jsonLogin(traffic, `user${i}`, `secret${i}`, 48);
  },
  "a client that is told how to log in, each time": (traffic) => {
    const turns = [
      post("/session.asmx", "text/xml", ""),
      "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n",
    ];
    traffic.tcp({ ...FROM, port: 80, turns });
  },
  "codes for one use, each another": (traffic, i) => {
    const ask = post(
      "/validate",
      "application/json",
      `{"username":"user${i % 20}","passcode":"${100_003 * i}"}`,
    );
    const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n";
    traffic.tcp({ ...FROM, port: 80, turns: [ask, head + '{"result":"allow"}'] });
  },
  "a program that sends its password encrypted, each time anew": (traffic, i) => {
    jsonLogin(traffic, "admin", `${i}`.padStart(44, "a"), 48);
  },
  "one account with new passwords, each let in": (traffic, i) => {
    jsonLogin(traffic, "admin", `secret${i}`, 48, "Set-Cookie: sid=1\r\n");
  },
  "checks of a Remote Desktop's port": (traffic) => {
    const request = latin1("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x0b\x00\x00\x00");
    traffic.tcp({ ...FROM, port: 3389, turns: [request, 19] });
  },
};

for (const [name, talk] of Object.entries(BENIGN)) {
  Deno.test(`quiet: ${name}`, () => {
    const traffic = new Traffic();
    for (let i = 0; i < 60; i++) talk(traffic.wait(3), i);
    assert.deepEqual(detect(traffic, [bruteForce]).told.map(({ message }) => message), []);
  });
}

Deno.test("quiet: one who mistypes five times", () => {
  const traffic = new Traffic();
  ftp(traffic, FROM, 3);
  ftp(traffic, FROM, 2, true);
  assert.deepEqual(detect(traffic, [bruteForce]).told, []);
});

Deno.test("failures from many addresses grow nothing without bound", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 1_500; i++) {
    ftp(traffic, { client: `100.64.${i >> 8}.${i & 255}`, server: `10.${i % 7}.0.${i & 255}` }, 1);
  }
  const { entries, capacity } = detect(traffic, [bruteForce]).counters.rules.brute_force;
  assert(entries <= capacity && capacity <= 32_768);
});

Deno.test("many guesses in one SSH connection all count: some servers allow ten", () => {
  const guesses = Array.from({ length: 5 }, () => SSH_LOGIN.refused.slice(2)).flat();
  const turns = sshTurns([...SSH_LOGIN.refused, ...guesses]);
  const { alerts } = detect(new Traffic().wait(1).tcp({ ...FROM, port: 22, turns }).wait(9), [bruteForce]);
  assert.equal(alerts.length, 1);
});
