/** PostgreSQL, MySQL and Redis: logins, and every value a text of its own. */
import assert from "node:assert/strict";
import { mysql } from "../../../../capture/inspect/dpi/mysql.ts";
import { postgresql } from "../../../../capture/inspect/dpi/postgresql.ts";
import { redis } from "../../../../capture/inspect/dpi/redis.ts";
import { converse, hex, latin1, probeStream, type Turn } from "./flow_recorder.ts";
import { allText, hold, holdProbes } from "./dialogues.ts";

const CARD = "4111111111111111";

function joined(...parts: (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...(typeof part === "string" ? latin1(part) : part)]));
}

function u32(n: number): Uint8Array {
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

// ------------------------------------------------------------ PostgreSQL

/** A message; without a type where it is "". */
function pg(type: string, ...parts: (Uint8Array | string)[]): Uint8Array {
  const body = joined(...parts);
  return joined(type, u32(body.length + 4), body);
}
const PG_SSL = pg("", u32(80877103));
const PG_START = pg("", u32(196608), "user\0alice\0database\0shop\0\0");
const pgAuth = (code: number, rest = "") => pg("R", u32(code), rest);
const PG_READY = joined(pgAuth(0), pg("S", "server_version\x0015.3\0"), pg("Z", "I"));
const field = (text: string | null) => text === null ? u32(0xffffffff) : joined(u32(text.length), text);

const PG_SESSION: Turn[] = [
  [0, PG_SSL],
  [1, latin1("N")],
  [0, PG_START],
  [1, pgAuth(5, "salt")],
  [0, pg("p", "md5a3556571e93b0d20722ba62be61e8c2d\0")],
  [1, PG_READY],
  [0, pg("Q", `select '${CARD}'\0`)],
  [
    1,
    joined(
      pg(
        "T",
        hex("0003"),
        ...["id", "card_number", "note"].map((name) => joined(name, "\0", new Uint8Array(18))),
      ),
      pg("D", hex("0003"), field("12345678901234"), field(CARD), field(null)),
      pg("D", hex("0003"), field("1"), field(CARD), field("")),
      pg("C", "SELECT 2\0"),
      pg("Z", "I"),
    ),
  ],
  [
    0,
    joined(
      pg("P", "s1\0insert into t values ($1,$2)\0", hex("0000")),
      pg("B", "\0s1\0", hex("0001 0000 0002"), field(CARD), field("5555555555554444"), hex("0000")),
      pg("S"),
    ),
  ],
  [0, joined(pg("d", "1,411111"), pg("d", "1111111111\n"), pg("c"), pg("X"))],
];

Deno.test("PostgreSQL: login, query, rows, parameters, copied data", () => {
  const flow = hold(postgresql, PG_SESSION, [40_000, 5432]);
  assert.deepEqual(flow.told.map(({ type, fields }) => [type, fields]), [["pgsql", {
    netpane: { login: "succeeded", method: "md5" },
    pgsql: { request: { protocol_version: "3.0" } },
  }]]);
  assert.deepEqual(flow.secrets, [{ direction: 0, kind: "md5", userLength: 5 }]);
  assert.equal(flow.scanned["1/1"], `12345678901234¶${CARD}¶${CARD}¶`);
  assert.deepEqual(flow.contexts, ["id", "card_number", "card_number"]);
  assert.equal(flow.scanned["0/1"], `${CARD}¶5555555555554444¶`);
  assert.ok(flow.scanned["0/0"].startsWith(`select '${CARD}'\0¶`));
  assert.ok(flow.scanned["0/0"].endsWith("1,4111111111111111\n"));
  assert.ok(!allText(flow).includes("md5a"));
});

Deno.test("PostgreSQL: TLS, refused logins, secrets that cannot be read", () => {
  const tls = converse(postgresql, [[0, PG_SSL], [1, latin1("S")], [0, hex("1603")]]);
  assert.deepEqual(tls.switched.map(({ protocol }) => protocol), ["tls"]);
  const refused = hold(postgresql, [
    [0, PG_START],
    [1, pgAuth(3)],
    [0, pg("p", "s3cret\0")],
    [1, pg("E", "SFATAL\0C28P01\0Mpassword authentication failed\0\0")],
  ]);
  assert.deepEqual(refused.secrets, [{ direction: 0, kind: "password", userLength: 5 }]);
  assert.equal((refused.told[0].fields.netpane as { login: string }).login, "failed");
  assert.ok(!allText(refused).includes("s3cret"));
  const scram = hold(postgresql, [
    [0, PG_START],
    [1, pgAuth(10, "SCRAM-SHA-256\0\0")],
    [0, pg("p", "SCRAM-SHA-256\0n,,n=,r=x")],
    [1, PG_READY],
  ]);
  assert.deepEqual(scram.secrets, []);
  assert.deepEqual(scram.told[0].fields.netpane, { login: "succeeded", method: "scram-sha-256" });
});

Deno.test("PostgreSQL: first bytes", () => {
  assert.equal(probeStream(postgresql, PG_START), "yes");
  assert.equal(probeStream(postgresql, PG_SSL), "yes");
  assert.equal(probeStream(postgresql, PG_START.subarray(0, 5)), "more");
  assert.equal(probeStream(postgresql, pgAuth(5, "salt"), 1), "yes");
  assert.equal(probeStream(postgresql, latin1("RTSP/1.0 200 OK\r\n"), 1), "no");
  assert.equal(probeStream(postgresql, hex("0000001d abcd 0100 0001 0000 0000 0000")), "no");
});

// ------------------------------------------------------------ MySQL

function my(sequence: number, ...parts: (Uint8Array | string)[]): Uint8Array {
  const body = joined(...parts);
  return joined(Uint8Array.of(body.length, body.length >> 8, body.length >> 16, sequence), body);
}
const lenenc = (text: string) => joined(Uint8Array.of(text.length), text);
const MY_GREETING = my(
  0,
  "\x0a",
  "8.0.36\0",
  hex("01000000 6161616161616161 00 fff7 2d 0200 ff81 15"),
  new Uint8Array(10),
);
const myLogin = (flags: string, rest: Uint8Array | string) =>
  my(1, hex(flags), hex("00000001 2d"), new Uint8Array(23), rest);
const column = (name: string) =>
  joined(...["def", "shop", "t", "t", name, name].map(lenenc), hex("0c 2d00 50000000 fd 0000 00 0000"));

Deno.test("MySQL: version, login, query and rows", () => {
  const flow = hold(mysql, [
    [1, MY_GREETING],
    [0, myLogin("05a60300", joined("alice\0", lenenc("x".repeat(20)), "caching_sha2_password\0"))],
    [1, my(2, hex("00 00 00 0200 0000"))],
    [0, my(0, "\x03select card from t")],
    [
      1,
      joined(
        my(1, "\x02"),
        my(2, column("id")),
        my(3, column("card")),
        my(4, lenenc("1"), lenenc(CARD)),
        my(5, hex("fb"), lenenc(CARD)),
        my(6, hex("fe 0000 0200")),
      ),
    ],
  ], [40_000, 3306]);
  assert.deepEqual(flow.told.map(({ type, fields }) => [type, fields]), [
    ["mysql", { netpane: { login: "succeeded", server_version: "8.0.36" } }],
  ]);
  assert.deepEqual(flow.secrets, []);
  assert.equal(flow.scanned["0/0"], "select card from t¶");
  assert.equal(flow.scanned["1/1"], `${CARD}¶${CARD}¶`);
  assert.deepEqual(flow.contexts, ["card", "card"]);
});

Deno.test("MySQL: TLS, a refused login, a password in clear text", () => {
  const tls = converse(mysql, [[1, MY_GREETING], [0, joined(myLogin("05ae0300", ""), hex("160301"))]]);
  assert.deepEqual(tls.switched, [{ protocol: "tls", direction: 0, rest: hex("160301") }]);
  const refused = hold(mysql, [
    [1, MY_GREETING],
    [0, myLogin("05a60300", joined("alice\0", hex("00"), "mysql_clear_password\0"))],
    [1, my(2, "\xfe", "mysql_clear_password\0")],
    [0, my(3, "s3cret\0")],
    [1, my(4, "\xff", hex("1504"), "#28000Access denied")],
  ]);
  assert.deepEqual(refused.secrets, [{ direction: 0, kind: "password", userLength: 5 }]);
  assert.deepEqual(refused.told[0].fields.netpane, {
    login: "failed",
    server_version: "8.0.36",
    method: "mysql_clear_password",
  });
  assert.ok(!allText(refused).includes("s3cret"));
});

const MY_REFUSAL = my(0, "\xff", hex("6a04"), "Host '192.0.2.1' is not allowed to connect to this server");

Deno.test("MySQL: a client that is refused before it is greeted has not failed to log in", () => {
  const flow = hold(mysql, [[1, MY_REFUSAL]], [40_000, 3306]);
  assert.deepEqual(flow.told.map(({ type, fields }) => [type, fields]), [["mysql", {
    netpane: { refused: 1130 },
  }]]);
  assert.ok(flow.scanned["1/0"].startsWith("Host '192.0.2.1' is not"));
});

Deno.test("MySQL: long packets are searched as they come", () => {
  const long = `insert into t values ('${CARD}')`.padEnd(20_000);
  const flow = converse(mysql, [[1, MY_GREETING], [0, my(0, `\x03${long}`)]]);
  assert.ok(flow.scanned["0/0"].includes(CARD));
});

Deno.test("MySQL: first bytes", () => {
  assert.equal(probeStream(mysql, MY_GREETING, 1), "yes");
  assert.equal(probeStream(mysql, MY_GREETING.subarray(0, 6), 1), "more");
  assert.equal(probeStream(mysql, MY_REFUSAL, 1), "yes");
  for (let n = 1; n < 19; n++) assert.equal(probeStream(mysql, MY_REFUSAL.subarray(0, n), 1), "more");
  assert.equal(probeStream(mysql, my(0, "\xff", hex("1004"), "#08004Too many connections"), 1), "yes");
  assert.equal(probeStream(mysql, my(0, "\xff", hex("9713"), "number 5015 is none of its own"), 1), "no");
  assert.equal(probeStream(mysql, my(0, "\xff", hex("1004"), "no\0text, thus no message"), 1), "no");
  assert.equal(probeStream(mysql, myLogin("05a60300", "a\0"), 0), "yes");
  assert.equal(probeStream(mysql, latin1("HTTP/1.1 200 OK\r\n"), 1), "no");
  assert.equal(probeStream(mysql, latin1("GET / HTTP/1.1\r\n"), 0), "no");
});

// ------------------------------------------------------------ Redis

const resp = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;

Deno.test("Redis: values are texts of their own, the key is near them", () => {
  const flow = hold(redis, [
    [0, latin1(resp("AUTH", "alice", "s3cret") + resp("SET", "card:17", CARD))],
    [1, latin1("+OK\r\n+OK\r\n")],
    [0, latin1(resp("MGET", "a", "b") + "GET card:17\r\n")],
    [1, latin1(`*2\r\n$16\r\n${CARD}\r\n*1\r\n$16\r\n5555555555554444\r\n$16\r\n${CARD}\r\n`)],
    [0, latin1(resp("AUTH", "s3cret"))],
    [1, latin1("-WRONGPASS invalid\r\n")],
    [0, latin1(resp("HELLO", "3", "AUTH", "bob", "s3cret") + "AUTH s3cret\r\n")],
    [1, latin1("%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n+OK\r\n")],
  ]);
  assert.equal(flow.scanned["0/1"], `${CARD}¶`);
  assert.deepEqual(flow.contexts, ["card:17"]);
  assert.equal(flow.scanned["1/1"], `${CARD}¶5555555555554444¶${CARD}¶`);
  assert.deepEqual(flow.secrets.map(({ userLength }) => userLength), [5, 0, 3, 0]);
  assert.deepEqual(flow.told.map(({ fields }) => (fields.netpane as { login: string }).login), [
    "succeeded",
    "failed",
    "succeeded",
    "succeeded",
  ]);
  assert.ok(!allText(flow).includes("s3cret"));
});

Deno.test("Redis: new passwords are secret, too", () => {
  const flow = converse(redis, [[0, latin1(resp("CONFIG", "SET", "requirepass", "s3cret-long-word-1"))]]);
  assert.ok(!allText(flow).includes("s3cret"));
});

Deno.test("Redis: first bytes", () => {
  holdProbes(redis, [
    ["*2\r\n$3\r\nGET", 0, 9999, "yes"],
    ["*2\r\n$", 0, 9999, "more"],
    ["*", 0, 9999, "more"],
    ["* OK", 1, 6379, "no"],
    ["+OK\r\n", 1, 6379, "yes"],
    ["+OK\r\n", 1, 110, "no"],
    ["PING\r\n", 0, 6379, "yes"],
  ]);
});
