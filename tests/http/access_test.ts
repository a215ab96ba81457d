import assert from "node:assert/strict";
import { Access, IDLE_MS, LINK_MS, MAX_SESSIONS, SESSION_MS } from "../../http/access.ts";
import { clientKey, isThisMachine } from "../../model/client_address.ts";
import { safeNext } from "../../http/next_page.ts";
import { Attempts, RateLimit } from "../../http/throttle.ts";

const TOKENS = { admin: "a".repeat(48), reader: "b".repeat(48) };

function createAccess() {
  const clock = { ms: 1_000_000 };
  return { access: new Access(TOKENS, () => clock.ms), clock };
}

Deno.test("a token is worth its role, everything else nothing", () => {
  const { access } = createAccess();
  assert.equal(access.judge(TOKENS.admin, "x"), "admin");
  assert.equal(access.judge(TOKENS.reader, "x"), "reader");
  for (const [i, token] of ["", "a", TOKENS.admin + "a", TOKENS.admin.toUpperCase(), "\0"].entries()) {
    assert.equal(access.judge(token, `y${i}`), null, token);
  }
});

Deno.test("sessions end when idle, after a week, when signed out, and when there are too many", () => {
  const { access, clock } = createAccess();
  const id = access.signIn("reader");
  assert.equal(id.length, 43, "256 bits");
  assert(!id.includes(TOKENS.reader));
  assert.deepEqual(access.session(id), { role: "reader", session: id });
  clock.ms += IDLE_MS + 1;
  assert.equal(access.session(id), null);

  const busy = access.signIn("admin");
  for (let ms = 0; ms < SESSION_MS; ms += IDLE_MS / 2) {
    assert(access.session(busy) !== null);
    clock.ms += IDLE_MS / 2;
  }
  clock.ms += 1;
  assert.equal(access.session(busy), null);

  const gone = access.signIn("admin");
  access.signOut(gone);
  assert.equal(access.session(gone), null);

  const first = access.signIn("admin");
  const second = access.signIn("admin");
  access.session(first); // used later than the second
  for (let i = 0; i < MAX_SESSIONS - 1; i++) access.signIn("admin");
  assert.equal(access.counters.sessions, MAX_SESSIONS);
  assert.equal(access.session(second), null);
  assert(access.session(first) !== null);
});

Deno.test("a link opens once, and not for long", () => {
  const { access, clock } = createAccess();
  const key = access.createLink();
  assert.equal(access.takeLink("guess", "x"), null);
  assert.equal(access.takeLink(key, "x"), "admin");
  assert.equal(access.takeLink(key, "x"), null);
  const late = access.createLink();
  clock.ms += LINK_MS;
  assert.equal(access.takeLink(late, "x"), null);
});

Deno.test("waits double up to a minute, and are forgotten", () => {
  const attempts = new Attempts();
  const waits: number[] = [];
  let now = 0;
  for (let i = 0; i < 14; i++) {
    attempts.fail("x", now);
    const wait = attempts.wait("x", now);
    waits.push(wait);
    now += wait * 1000;
  }
  assert.deepEqual(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
  now += 16 * 60_000;
  attempts.fail("x", now);
  assert.equal(attempts.wait("x", now), 0);
});

Deno.test("many addresses together are slowed down, those who were right before are not", () => {
  const attempts = new Attempts();
  attempts.succeed("friend");
  for (let i = 0; i < 60; i++) attempts.fail(`192.0.2.${i}`, 0);
  assert(attempts.wait("192.0.2.200", 0) > 0);
  assert.equal(attempts.wait("friend", 0), 0);
  assert.equal(attempts.wait("192.0.2.200", 60_000), 0);
});

Deno.test("tables of addresses are bounded", () => {
  const attempts = new Attempts();
  const limit = new RateLimit({ perSecond: 1, burst: 2 });
  for (let i = 0; i < 10_000; i++) {
    attempts.fail(`a${i}`, i);
    limit.take(`a${i}`, i);
  }
  assert.equal(attempts.size, 4096);
  assert.equal(limit.size, 4096);
});

Deno.test("a bucket fills again, and a clock that jumps back harms nobody", () => {
  const limit = new RateLimit({ perSecond: 2, burst: 3 });
  assert.deepEqual([0, 0, 0, 0].map((ms) => limit.take("x", ms)), [0, 0, 0, 1]);
  assert.equal(limit.take("x", 500), 0);
  assert.equal(limit.take("x", 500), 1);
  assert.equal(limit.take("x", -9_000), 1);
  assert.equal(limit.take("x", 5_000), 0);
});

Deno.test("a client is an IPv4 address or a /64", () => {
  assert.equal(clientKey("192.0.2.1"), "192.0.2.1");
  assert.equal(clientKey("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(clientKey("2001:db8::1"), clientKey("2001:db8::ffff:2"));
  assert.notEqual(clientKey("2001:db8::1"), clientKey("2001:db8:0:1::1"));
  assert.equal(clientKey("fe80::1%eth0"), clientKey("fe80::2"));
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    assert(isThisMachine(address), address);
  }
  for (const address of ["192.0.2.1", "::", "", "localhost"]) assert(!isThisMachine(address), address);
});

Deno.test("after signing in one goes to a path of ours, whatever was asked for", () => {
  for (const next of ["/", "/dns", "/hosts/192.0.2.1?q=a+b", "/findings?tab=open"]) {
    assert.equal(safeNext(next), next);
  }
  assert.equal(safeNext("/dns?token=secret&q=x"), "/dns?q=x");
  for (
    const next of [
      null,
      "",
      "dns",
      "//evil.example",
      "/\\evil.example",
      "/\t/evil.example",
      "/..//evil.example",
      "/%0d%0aSet-Cookie:x",
      "http://evil.example/",
      "javascript:alert(1)",
      "/login?next=/",
      "/logout",
      `/${"a".repeat(3000)}`,
    ]
  ) {
    const safe = safeNext(next);
    assert(safe === "/" || /^\/%0d%0a/.test(safe), `${next}: ${safe}`);
  }
});
