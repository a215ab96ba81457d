/**
 * The door of the real program, tried from outside: strangers, other sites' pages, foreign names, paths that lead
 * elsewhere, requests of no measure, half requests without end, TLS. docs/THREAT_MODEL.md names these tests.
 */
import assert from "node:assert/strict";
import type { Stats } from "../../model/api.ts";
import { bearer, DataFolder, lockedServer, raw, TOKENS } from "../support/door.ts";
import { needs } from "../support/needs.ts";
import { freePort, netpane, Server } from "../support/server.ts";
import { until } from "../support/wait.ts";

const curl = needs("curl");
const openssl = needs("curl", "openssl");

/** Statuses of a request on each path, in order. */
async function statuses(server: Server, paths: string[], init: RequestInit = {}): Promise<number[]> {
  const found: number[] = [];
  for (const path of paths) {
    const answer = await fetch(server.url(path), { redirect: "manual", ...init });
    await answer.body?.cancel();
    found.push(answer.status);
  }
  return found;
}

const status = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

Deno.test({
  name: curl.name("beyond this machine nothing is had without a token, and roles are kept"),
  ignore: curl.ignore,
  async fn() {
    using folder = new DataFolder();
    const log = `${folder.path}/access.log`;
    await using server = await lockedServer(folder, ["--access-log", log]);
    const paths = [
      "/",
      "/healthz",
      "/api/stats",
      "/api/connections",
      "/api/stream",
      "/api/nowhere",
      "/packets",
      `/?token=${TOKENS.admin}`,
      `/api/stats?token=${TOKENS.admin}`,
    ];
    assert.deepEqual(await statuses(server, paths), paths.map(() => 401));
    const pages = { headers: { Accept: "text/html" } };
    assert.deepEqual(await statuses(server, ["/", "/packets", `/?token=${TOKENS.admin}`], pages), [
      303,
      303,
      303,
    ]);
    assert.deepEqual(await statuses(server, ["/login", "/theme.js", "/css/base.css", "/favicon.svg"]), [
      ...[200, 200, 200, 200],
    ]);

    const reader = { headers: bearer(TOKENS.reader) };
    assert.deepEqual(await statuses(server, ["/", "/api/stats", "/api/stream", "/dns"], reader), [
      ...[200, 200, 200, 200],
    ]);
    const sending = [
      "/api/ping?ip=127.0.0.1",
      "/api/resolve?domain=localhost",
      "/api/hosts/127.0.0.1?resolve=1",
    ];
    assert.deepEqual(await statuses(server, sending, reader), [403, 403, 403]);
    assert.deepEqual(await statuses(server, ["/api/expected/1"], { ...reader, method: "DELETE" }), [403]);
    assert.deepEqual(await statuses(server, ["/api/anomalies/1/expect"], { ...reader, method: "POST" }), [
      403,
    ]);
    const admin = { headers: bearer(TOKENS.admin), method: "DELETE" };
    assert.deepEqual(await statuses(server, ["/api/expected/1"], admin), [404]);

    // No secret is written anywhere, nor told.
    const session = await signIn(server, TOKENS.reader);
    const stats = await server.get("/api/stats");
    const lines = await until("the log has them", async () => {
      const text = await Deno.readTextFile(log);
      return text.includes('"/login"') && text;
    });
    for (const secret of [TOKENS.admin, TOKENS.reader, session]) {
      assert(!(lines + stats + server.log).includes(secret));
    }
    assert(!lines.includes("token="));
    for (const name of ["access.log", "token", "token.read", "fingerprint.key"]) {
      assert.equal((await Deno.stat(`${folder.path}/${name}`)).mode! & 0o077, 0, name);
    }
    const { door } = JSON.parse(stats) as Stats;
    assert(door!.refused.no_token >= paths.length && door!.refused.role >= 2);
    assert.equal(door!.access!.sessions, 1);
    assert.equal(door!.log_lines_lost, 0);
  },
});

/** @returns The id of the session, which the cookie holds. */
async function signIn(server: Server, token: string): Promise<string> {
  const answer = await fetch(server.url("/login"), {
    method: "POST",
    body: new URLSearchParams({ token, next: "//evil.example/" }),
    redirect: "manual",
  });
  await answer.body?.cancel();
  assert.deepEqual([answer.status, answer.headers.get("Location")], [303, "/"]);
  const cookie = answer.headers.get("Set-Cookie")!;
  assert.match(cookie, /; HttpOnly/);
  assert.match(cookie, /; SameSite=Strict/);
  assert(!cookie.includes(token));
  const id = /^netpane=([\w-]{43});/.exec(cookie)![1];
  const page = await fetch(server.url("/"), { headers: { Cookie: `netpane=${id}` } });
  assert(
    (await page.text()).includes(token === TOKENS.admin ? "Signed in as admin" : "Signed in to look only"),
  );
  return id;
}

Deno.test({
  name: curl.name("guessing tokens is slowed down, by Bearer and by form alike; sessions go on"),
  ignore: curl.ignore,
  async fn() {
    using folder = new DataFolder();
    await using server = await lockedServer(folder);
    const id = await signIn(server, TOKENS.admin);
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) {
      seen.push(...await statuses(server, ["/api/stats"], { headers: bearer(`guess ${i}`) }));
      const body = new URLSearchParams({ token: `guess ${i}` });
      seen.push(...await statuses(server, ["/login"], { method: "POST", body }));
    }
    assert.deepEqual(seen, [401, 401, 401, 401, 401, 401, 429, 429]);
    const right = await fetch(server.url("/api/stats"), { headers: bearer(TOKENS.admin) });
    assert.equal(right.status, 429, "nor is the right one looked at meanwhile");
    assert(Number(right.headers.get("Retry-After")) >= 1);
    await right.body?.cancel();
    assert.deepEqual(await statuses(server, ["/"], { headers: { Cookie: `netpane=${id}` } }), [200]);
    await until("the wait is over", () => server.get("/healthz"));
    // Signing out ends the session here, not only in the browser.
    const cookie = { Cookie: `netpane=${id}`, Origin: `http://127.0.0.1:${server.port}` };
    assert.deepEqual(await statuses(server, ["/logout"], { method: "POST", headers: cookie }), [303]);
    assert.deepEqual(await statuses(server, ["/api/stats"], { headers: cookie }), [401]);
  },
});

Deno.test({
  name: curl.name(
    "foreign names, foreign pages, paths that lead out, and requests of no measure get nothing",
  ),
  ignore: curl.ignore,
  async fn() {
    await using server = await Server.start(["--demo"]);
    const { port } = server;
    const ask = (line: string, ...headers: string[]) =>
      raw(port, [`${line} HTTP/1.1`, ...headers, "Connection: close", "", ""].join("\r\n"));
    const own = `Host: 127.0.0.1:${port}`;

    // DNS rebinding: a foreign name, however it is written.
    for (
      const host of [
        "evil.example",
        `evil.example:${port}`,
        "127.0.0.1.evil.example",
        "localhost.evil.example",
      ]
    ) {
      assert.equal(status(await ask("GET /api/stats", `Host: ${host}`)), 421, host);
    }
    assert.equal(status(await ask("GET http://evil.example/api/stats", own)), 421);
    assert.equal(status(await ask("GET /", own, "Host: evil.example")), 400, "two hosts");

    // Pages of other sites: reading by fetch or image, writing by a simple form, by fetch, by another method.
    const crossSite = "Sec-Fetch-Site: cross-site";
    assert.equal(status(await ask("GET /api/connections", own, crossSite, "Sec-Fetch-Mode: no-cors")), 403);
    assert.equal(
      status(await ask("GET /api/ping?ip=127.0.0.1", own, crossSite, "Sec-Fetch-Mode: no-cors")),
      403,
    );
    const form = ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 0"];
    for (
      const line of ["POST /api/anomalies/1/expect", "DELETE /api/expected/1", "POST /logout", "POST /login"]
    ) {
      assert.equal(status(await ask(line, own, ...form, "Origin: http://evil.example")), 403, line);
      assert.equal(status(await ask(line, own, ...form, "Origin: null")), 403, line);
      assert.equal(status(await ask(line, own, ...form, crossSite)), 403, line);
    }
    assert.equal(status(await ask("POST /api/anomalies/1/expect", own, ...form)), 415);
    const preflight = await ask("OPTIONS /api/stats", own, "Origin: http://evil.example");
    assert(!/access-control-allow/i.test(preflight), preflight);

    // Paths that lead out of the folder, raw and in every coat.
    const secret = "fingerprint.key";
    for (
      const path of [
        `/../data/${secret}`,
        `/css/../../data/${secret}`,
        `/css/..%2f..%2fdata%2f${secret}`,
        `/%2e%2e/data/${secret}`,
        `/css/%252e%252e/data/${secret}`,
        "/..\\..\\etc\\passwd",
        "//etc/passwd",
        "/css//etc/passwd",
        "/etc/passwd%00.css",
        "/_fresh/server.js",
        "/deno.json",
        "/static/../deno.json",
        "/api/hosts/..%2f..%2fdeno.json",
        "/api/expected/..%2f..%2f..%2fetc%2fpasswd",
        "/api/processes/%2e%2e%2fself",
        "/hosts/%ff%fe",
        "/api/hosts/%",
      ]
    ) {
      const answer = await ask(`GET ${path}`, own, "Accept: */*");
      assert([400, 404, 405].includes(status(answer)), `${path}: ${answer.slice(0, 200)}`);
      assert(!/root:|"links"|^[0-9a-f]{64}$/m.test(answer), path);
    }

    // Too long, too many, too much.
    assert.equal(status(await ask(`GET /api/connections?q=${"a".repeat(9000)}`, own)), 414);
    assert.equal(status(await ask("GET /", own, `X: ${"a".repeat(20_000)}`)), 431);
    assert.equal(status(await ask("GET /", own, ...Array.from({ length: 70 }, (_, i) => `X-${i}: 1`))), 431);
    assert.equal(status(await ask(`GET /${"a".repeat(70_000)}`, own)), 400, "the server's own limit");
    const json = "Content-Type: application/json";
    const huge = ["POST /api/anomalies/1/expect HTTP/1.1", own, json, "Content-Length: 99999999", "", ""];
    assert.equal(status(await raw(port, huge.join("\r\n"), { head: true })), 413);
    const smuggled = ["Content-Length: 5", "Transfer-Encoding: chunked"];
    assert.equal(status(await ask("POST /api/anomalies/1/expect", own, json, ...smuggled)), 400);
    for (
      const junk of ["\x16\x03\x01\x02\x00", "GET / HTTP/9.9\r\n\r\n", "\r\n".repeat(200), "GET\r\n\r\n"]
    ) {
      assert.notEqual(status(await raw(port, `${junk}\r\n\r\n`, { isAll: true })), 200);
    }
    await server.get("/healthz");
    assert(!/\bat .*\.ts|Error:/.test(server.log), server.log);
  },
});

Deno.test({
  name: curl.name("half requests, however many, keep nobody else waiting; nor do readers that do not read"),
  ignore: curl.ignore,
  async fn() {
    using folder = new DataFolder();
    await using server = await lockedServer(folder);
    const open: Deno.TcpConn[] = [];
    const send = async (text: string) => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      open.push(connection);
      await connection.write(new TextEncoder().encode(text));
    };
    const own = `Host: 127.0.0.1\r\nAuthorization: Bearer ${TOKENS.admin}\r\n`;
    for (let i = 0; i < 100; i++) await send(`GET /api/stats HTTP/1.1\r\nHost: 127.0.0.1\r\nX-${i}: `);
    for (let i = 0; i < 20; i++) {
      await send(
        `POST /api/connections/filter HTTP/1.1\r\n${own}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{`,
      );
      await send(`GET /api/stream HTTP/1.1\r\n${own}\r\n`);
      await send(`GET /api/connections?limit=1000 HTTP/1.1\r\n${own}\r\n`.repeat(20));
    }
    for (let i = 0; i < 10; i++) await server.get("/api/stats");
    assert((await server.get("/")).includes("<table"));
    for (const connection of open) connection.close();
    await server.get("/healthz");
  },
});

Deno.test({
  name: curl.name(
    "out of file descriptors the server goes on, and takes connections again when there are some",
  ),
  ignore: curl.ignore || Deno.build.os !== "linux",
  async fn() {
    const limit = ["sh", "-c", 'ulimit -n 200; exec "$@"', "sh"];
    await using server = await Server.start(["--demo"], { prefix: limit });
    const open: Deno.TcpConn[] = [];
    await until("no more can be accepted", async () => {
      for (let i = 0; i < 50; i++) {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port }).catch(() => null);
        if (connection !== null) open.push(connection);
      }
      return /No connection can be accepted/.test(server.log);
    });
    for (const connection of open) connection.close();
    await until("it answers again", () => server.get("/healthz"));
  },
});

Deno.test({
  name: openssl.name("TLS: pages, API and the feed over it; what is wrong with the files is said"),
  ignore: openssl.ignore,
  async fn() {
    using folder = new DataFolder();
    const [cert, key, other, old] = ["cert", "key", "other", "old"].map((name) =>
      `${folder.path}/${name}.pem`
    );
    const make = (...args: string[]) =>
      new Deno.Command("openssl", { args, stdout: "null", stderr: "null" }).outputSync().success;
    const ec = [
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-subj",
      "/CN=box.example",
    ];
    assert(make("req", "-x509", ...ec, "-keyout", key, "-out", cert, "-days", "90"));
    assert(make("req", "-x509", ...ec, "-keyout", other, "-out", old, "-days", "1"));

    {
      await using server = await lockedServer(folder, [
        "--tls-cert",
        cert,
        "--tls-key",
        key,
        "--allow-host",
        "box.example",
      ], {
        tls: true,
      });
      assert.equal(JSON.parse(await server.get("/healthz")).status, "ok");
      const args = ["-sk", "-i", "-H", `Authorization: Bearer ${TOKENS.reader}`];
      const http2 = await output("curl", ...args, server.url("/dns"));
      assert.match(http2, /strict-transport-security: max-age/i);
      const named = ["--resolve", `box.example:${server.port}:127.0.0.1`];
      assert.match(
        await output("curl", ...args, ...named, `https://box.example:${server.port}/`),
        /^HTTP\/\S+ 200/,
      );
      const foreign = ["--resolve", `evil.example:${server.port}:127.0.0.1`];
      assert.match(
        await output("curl", ...args, ...foreign, `https://evil.example:${server.port}/`),
        /^HTTP\/\S+ 421/,
      );
      const form = ["-sk", "-i", "--data-urlencode", `token=${TOKENS.admin}`, server.url("/login")];
      assert.match(await output("curl", ...form), /set-cookie: __Host-netpane=[\w-]{43}; Secure; HttpOnly/i);
      for await (const { event } of server.events()) {
        assert.equal(event, "snapshot");
        break;
      }
      assert.notEqual(
        status(await raw(server.port, "GET / HTTP/1.1\r\nHost: box.example\r\n\r\n", { isAll: true })),
        200,
        "plain",
      );
    }

    for (
      const [args, message] of [
        [["--tls-cert", cert], /--tls-cert needs its private key/],
        [["--tls-key", key], /--tls-key needs the certificate/],
        [["--tls-cert", cert, "--tls-key", other], /does not belong to the certificate/],
        [["--tls-cert", key, "--tls-key", key], /is not a certificate/],
        [["--tls-cert", cert, "--tls-key", cert], /is not a private key/],
        [["--tls-cert", `${folder.path}/none.pem`, "--tls-key", key], /There is no file/],
        [["--allow-host", "http://a.example/"], /--allow-host takes a name/],
        [["--access-log", `${folder.path}/no/such/folder.log`], /Cannot write/],
      ] as [string[], RegExp][]
    ) {
      const { code, stderr } = await netpane(["start", "--demo", "--port", String(freePort()), ...args]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert(!stderr.includes("BEGIN"), stderr);
    }
  },
});

Deno.test({
  name: curl.name("a name for a proxy needs a token, and a proxy without a name gets nothing"),
  ignore: curl.ignore,
  async fn() {
    using folder = new DataFolder();
    {
      await using server = await Server.start([
        "--demo",
        "--data",
        folder.path,
        "--allow-host",
        "box.example",
      ], {
        token: TOKENS.reader,
      });
      const ask = (headers: string) =>
        raw(server.port, `GET /api/stats HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`);
      assert.equal(status(await ask("Host: box.example\r\n")), 401);
      assert.equal(
        status(
          await ask(
            `Host: box.example\r\nX-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer ${TOKENS.reader}\r\n`,
          ),
        ),
        200,
      );
      assert.equal(status(await ask("Host: other.example\r\n")), 421);
    }
    await using server = await Server.start(["--demo", "--data", folder.path]);
    const headers = { "X-Forwarded-For": "192.0.2.1" };
    assert.deepEqual(await statuses(server, ["/", "/api/stats"], { headers }), [403, 403]);
  },
});

async function output(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args, stdin: "null", stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}
