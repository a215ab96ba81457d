import assert from "node:assert/strict";
import { App } from "fresh";
import { guarded, isOwnHost, requireToken } from "../../http/guard.ts";

const fresh = new App().get("/", () => new Response("page")).post("/", () => new Response("written"))
  .handler();
const app = guarded((request) => fresh(request));
const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  completed: Promise.resolve(),
};

function ask(headers: Record<string, string>, method = "GET", path = "/"): Promise<Response> {
  return Promise.resolve(app(new Request(`http://127.0.0.1:8000${path}`, { method, headers }), INFO));
}

Deno.test("only addresses and localhost are hosts of this machine", () => {
  for (
    const host of [
      "127.0.0.1:8000",
      "localhost",
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

Deno.test("another site's name is refused, so that it cannot be pointed here", async () => {
  const answer = await ask({ Host: "evil.example" });
  assert.equal(answer.status, 421);
  assert.equal(answer.headers.get("Content-Type"), "application/problem+json");
});

Deno.test("a page of another site cannot write", async () => {
  const host = { Host: "127.0.0.1:8000" };
  for (const origin of ["http://evil.example", "null", "http://127.0.0.1:9000"]) {
    assert.equal((await ask({ ...host, Origin: origin }, "POST")).status, 403, origin);
  }
  assert.equal((await ask({ ...host, Origin: "http://127.0.0.1:8000" }, "POST")).status, 200);
  assert.equal((await ask(host, "POST")).status, 200);
});

Deno.test("answers carry the usual headers", async () => {
  const { headers } = await ask({ Host: "localhost" });
  assert.equal(headers.get("X-Content-Type-Options"), "nosniff");
  assert.equal(headers.get("Referrer-Policy"), "no-referrer");
  assert.equal(headers.get("X-Frame-Options"), "DENY");
});

Deno.test("with a token set, only those who have it come in", async () => {
  const host = { Host: "192.168.1.5:8000" };
  requireToken("a".repeat(48));
  try {
    assert.equal((await ask(host)).status, 401);
    assert.equal((await ask({ ...host, Authorization: "Bearer wrong" })).status, 401);
    assert.equal((await ask({ ...host, Authorization: `Bearer ${"a".repeat(48)}` })).status, 200);
    const opened = await ask(host, "GET", `/?token=${"a".repeat(48)}`);
    assert.deepEqual([opened.status, opened.headers.get("Location")], [303, "/"]);
    const cookie = opened.headers.get("Set-Cookie")!;
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Strict/);
    assert.equal((await ask({ ...host, Cookie: cookie.split(";")[0] })).status, 200);
  } finally {
    requireToken(null);
  }
});

Deno.test("what the app answers outside of its middlewares carries the headers too", async () => {
  const { status, headers } = await ask({ Host: "localhost" }, "GET", "/nowhere");
  assert.equal(status, 404);
  assert.match(headers.get("Content-Security-Policy")!, /default-src 'none'/);
  const api = await ask({ Host: "localhost" }, "GET", "/api/nowhere");
  assert.equal(api.headers.get("Content-Type"), "application/problem+json");
  assert.equal((await api.json()).status, 404);
});
