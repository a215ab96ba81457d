import assert from "node:assert/strict";
import { App } from "fresh";
import { Access, setAccess, visitorOf } from "../../http/access.ts";
import { doorCounters, guarded, type GuardOptions, isHostName, isOwnHost } from "../../http/guard.ts";

const ADMIN = "a".repeat(48);
const READER = "b".repeat(48);

const fresh = new App().all("/", (ctx) => new Response(visitorOf(ctx.req).role))
  .post("/written", async (ctx) => new Response(await ctx.req.text()))
  .post("/api/connections/filter", () => new Response("filtered"))
  .get("/login", () => new Response("login"))
  .get("/api/x", () => new Response("x"))
  .handler();

interface Asked {
  method?: string;
  path?: string;
  body?: BodyInit;
  from?: string;
  options?: GuardOptions;
}

/** Asks a guard of its own, unless `app` is given. */
function ask(
  headers: Record<string, string>,
  asked: Asked = {},
  app = door(asked.options),
): Promise<Response> {
  const { method = "GET", path = "/", body, from = "127.0.0.1" } = asked;
  const host = headers.Host ?? "127.0.0.1:8000";
  const init = { method, headers: { Host: host, ...headers }, body };
  const info: Deno.ServeHandlerInfo = {
    remoteAddr: { transport: "tcp", hostname: from, port: 1 },
    completed: Promise.resolve(),
  };
  return Promise.resolve(app(new Request(`http://${host}${path}`, init), info));
}

function door(options?: GuardOptions) {
  return guarded((request) => fresh(request), options);
}

async function locked(test: (access: Access) => Promise<void>): Promise<void> {
  const access = new Access({ admin: ADMIN, reader: READER });
  setAccess(access);
  try {
    await test(access);
  } finally {
    setAccess(null);
  }
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

Deno.test("only addresses and localhost are hosts of this machine", () => {
  for (
    const host of [
      "127.0.0.1:8000",
      "localhost",
      "localhost.",
      "LOCALHOST:80",
      "[::1]:8000",
      "192.168.1.5",
      "app.localhost",
    ]
  ) {
    assert(isOwnHost(host), host);
  }
  for (
    const host of [
      null,
      "",
      "evil.example",
      "127.0.0.1.evil.example:8000",
      "localhost.evil.example",
      "0x7f.1",
    ]
  ) {
    assert(!isOwnHost(host), String(host));
  }
});

Deno.test("another site's name is refused, so that it cannot be pointed here; one that is allowed is not", async () => {
  const answer = await ask({ Host: "evil.example" });
  assert.equal(answer.status, 421);
  assert.equal(answer.headers.get("Content-Type"), "application/problem+json");
  const options = { hosts: ["netpane.example.org"] };
  assert.equal((await ask({ Host: "netpane.example.org" }, { options })).status, 200);
  assert.equal((await ask({ Host: "NETPANE.example.org:443" }, { options })).status, 200);
  assert.equal((await ask({ Host: "x.netpane.example.org" }, { options })).status, 421);
  // The address in the first line of a request counts as much as the header does.
  const request = new Request("http://evil.example/", { headers: { Host: "127.0.0.1" } });
  const info = { remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 } } as Deno.ServeHandlerInfo;
  assert.equal((await door()(request, info)).status, 421);
  for (const name of ["a.example", "box", "xn--d1a.example"]) assert(isHostName(name), name);
  for (const name of ["", "a b", "http://a", "a:80", "*.a", "-a", "a..b", "ä.example"]) {
    assert(!isHostName(name), name);
  }
});

Deno.test("a page of another site cannot write, and not ask either; it can link", async () => {
  for (const origin of ["http://evil.example", "null", "http://127.0.0.1:9000"]) {
    assert.equal((await ask({ Origin: origin }, { method: "POST" })).status, 403, origin);
  }
  assert.equal((await ask({ Origin: "http://127.0.0.1:8000" }, { method: "POST" })).status, 200);
  assert.equal((await ask({}, { method: "POST" })).status, 200);
  for (const site of ["cross-site", "same-site"]) {
    const from = { "Sec-Fetch-Site": site };
    const link = { ...from, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" };
    assert.equal(
      (await ask({ ...from, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image" })).status,
      403,
    );
    assert.equal((await ask({ ...link, "Sec-Fetch-Dest": "iframe" })).status, 403);
    assert.equal((await ask(link, { method: "POST" })).status, 403, "a form");
    assert.equal((await ask(link)).status, 200);
  }
});

Deno.test("answers carry the usual headers, and what is data can do nothing", async () => {
  const { headers } = await ask({ Host: "localhost" });
  assert.equal(headers.get("X-Content-Type-Options"), "nosniff");
  assert.equal(headers.get("Referrer-Policy"), "same-origin");
  assert.equal(headers.get("X-Frame-Options"), "DENY");
  assert.equal(headers.get("Cache-Control"), "no-store");
  assert.match(headers.get("Content-Security-Policy")!, /^default-src 'none'.*frame-ancestors 'none'/);
  assert.equal(headers.get("Strict-Transport-Security"), null);
  assert.equal(headers.get("Access-Control-Allow-Origin"), null);
  const tls = await ask({ Host: "192.0.2.1" }, { options: { tls: true } });
  assert.match(tls.headers.get("Strict-Transport-Security")!, /^max-age=\d+$/);
  const local = await ask({ Host: "localhost" }, { options: { tls: true } });
  assert.equal(local.headers.get("Strict-Transport-Security"), null, "would hold for other servers here");
});

Deno.test("an answer to HEAD does not say that there is nothing", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, door());
  const head = async (path: string) =>
    (await fetch(`http://127.0.0.1:${server.addr.port}${path}`, { method: "HEAD" })).headers.get(
      "content-length",
    );
  assert.equal(await head("/api/x"), null);
  assert.notEqual(await head("/nothing-here"), "0");
});

Deno.test("with tokens set, only those who have one come in; programs are told how, people are led to a form", () =>
  locked(async () => {
    const stranger = await ask({}, { path: "/api/x" });
    assert.equal(stranger.status, 401);
    assert.match(stranger.headers.get("WWW-Authenticate")!, /^Bearer/);
    assert.equal(stranger.headers.get("Content-Type"), "application/problem+json");
    assert.equal((await ask(bearer("wrong"), { path: "/api/x" })).status, 401);
    assert.equal((await ask(bearer(ADMIN.slice(1)), { path: "/api/x" })).status, 401);
    assert.equal((await ask(bearer(ADMIN), { path: "/api/x" })).status, 200);
    assert.equal(await (await ask(bearer(READER))).text(), "reader");
    const page = await ask({ Accept: "text/html,*/*" }, { path: "/dns?q=a%20b&token=secret" });
    assert.deepEqual([page.status, page.headers.get("Location")], [303, "/login?next=%2Fdns%3Fq%3Da%2Bb"]);
    for (const path of ["/api/x", `/?token=${ADMIN}`]) {
      assert.equal((await ask({}, { path })).status, 401, path);
    }
    assert.equal((await ask({}, { path: "/login" })).status, 200);
    assert.equal((await ask(bearer("wrong"), { path: "/login" })).status, 200);
    for (const path of ["/login/", "/css/../api/x", "/css/a.css/x", "/theme.js.map", "//login"]) {
      assert.equal((await ask({}, { path })).status, 401, path);
    }
  }));

Deno.test("the read-only token reads, asks by POST, and writes nothing", () =>
  locked(async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      assert.equal((await ask(bearer(READER), { method })).status, 403, method);
      assert.equal((await ask(bearer(ADMIN), { method })).status, 200, method);
    }
    const filter = { method: "POST", path: "/api/connections/filter" };
    assert.equal((await ask(bearer(READER), filter)).status, 200);
    assert.equal((await ask({}, filter)).status, 401);
  }));

Deno.test("a session writes only when the browser says that our own page asks", () =>
  locked(async (access) => {
    const cookie = { Cookie: `a=b; netpane=${access.signIn("admin")}` };
    assert.equal(await (await ask(cookie)).text(), "admin");
    assert.equal((await ask(cookie, { method: "POST" })).status, 403);
    assert.equal((await ask({ ...cookie, Origin: "http://127.0.0.1:8000" }, { method: "POST" })).status, 200);
    assert.equal((await ask({ ...cookie, Origin: "http://evil.example" }, { method: "POST" })).status, 403);
    for (const broken of ["netpane=", "netpane=x", "=x", "netpane", `netpane=${ADMIN}`, "netpane=%00; =;"]) {
      assert.equal((await ask({ Cookie: broken })).status, 401, broken);
    }
  }));

Deno.test("who is wrong too often waits, also with the right token; others do not", () =>
  locked(async () => {
    const app = door();
    const from = "192.0.2.66";
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) statuses.push((await ask(bearer(`${i}`), { from }, app)).status);
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 401, 429, 429]);
    const waiting = await ask(bearer(ADMIN), { from }, app);
    assert.equal(waiting.status, 429);
    assert.match(waiting.headers.get("Retry-After")!, /^[1-9]\d*$/);
    assert.equal((await ask(bearer(ADMIN), { from: "192.0.2.67" }, app)).status, 200);
  }));

Deno.test("other machines have a rate, this one has none", async () => {
  const app = door({ now: () => 0 });
  const count = async (from: string) => {
    let refused = 0;
    for (let i = 0; i < 1500; i++) if ((await ask({}, { from }, app)).status === 429) refused++;
    return refused;
  };
  assert.equal(await count("192.0.2.1"), 500);
  assert.equal(await count("127.0.0.1"), 0);
  const refused = await ask({}, { from: "192.0.2.1" }, app);
  assert.equal(refused.status, 429);
  assert(Number(refused.headers.get("Retry-After")) >= 1);
  assert.equal((await ask({}, { from: "192.0.2.2" }, app)).status, 200);
});

Deno.test("addresses, headers and bodies have ceilings", async () => {
  assert.equal((await ask({}, { path: `/?q=${"a".repeat(9000)}` })).status, 414);
  assert.equal((await ask({ "X-Long": "a".repeat(20_000) })).status, 431);
  const many = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`x-${i}`, "1"]));
  assert.equal((await ask(many)).status, 431);
  for (const path of ["/%", "/%ff", "/a/%e2%82/b"]) assert.equal((await ask({}, { path })).status, 400, path);
  const post = { method: "POST", path: "/written" };
  assert.equal(await (await ask({}, { ...post, body: "ä".repeat(1000) })).text(), "ä".repeat(1000));
  assert.equal((await ask({}, { ...post, body: "a".repeat(70_000) })).status, 413);
  assert.equal((await ask({ "Content-Length": "99999999999" }, { ...post, body: "a" })).status, 413);
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) });
  assert.equal((await ask({}, { ...post, body: endless })).status, 413);
});

Deno.test("where no token is set, a proxy is turned away: through it everybody would come in", async () => {
  for (const sign of ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"]) {
    assert.equal((await ask({ [sign]: "for=192.0.2.1" })).status, 403, sign);
  }
  await locked(async () => {
    assert.equal((await ask({ "X-Forwarded-For": "192.0.2.1", ...bearer(ADMIN) })).status, 200);
  });
});

Deno.test("what is turned away is counted", async () => {
  const before = doorCounters().refused.host;
  await ask({ Host: "evil.example" });
  assert.equal(doorCounters().refused.host, before + 1);
  assert.equal(doorCounters().access, null);
});

Deno.test("what the app answers outside of its middlewares carries the headers too", async () => {
  const { status, headers } = await ask({ Host: "localhost" }, { path: "/nowhere" });
  assert.equal(status, 404);
  assert.match(headers.get("Content-Security-Policy")!, /default-src 'none'/);
  const api = await ask({ Host: "localhost" }, { path: "/api/nowhere" });
  assert.equal(api.headers.get("Content-Type"), "application/problem+json");
  assert.equal((await api.json()).status, 404);
});

Deno.test("methods that no route can have are refused here: Fresh would fail on them", async () => {
  for (const method of ["PURGE", "PROPFIND", "FOO"]) {
    const refused = await ask({}, { method });
    assert.equal(refused.status, 501, method);
    assert.equal(refused.headers.get("content-type"), "application/problem+json");
  }
  // Requests that come in may have methods that `new Request()` refuses.
  const trace = Object.defineProperty(new Request("http://127.0.0.1:8000/"), "method", { value: "TRACE" });
  const info = {
    remoteAddr: { transport: "tcp" as const, hostname: "127.0.0.1", port: 1 },
    completed: Promise.resolve(),
  };
  assert.equal((await door()(trace, info)).status, 501);
});
