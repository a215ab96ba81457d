// Routing, middlewares, errors and rendering of the local Fresh package, with no build.
import { deepEqual, equal, match } from "node:assert/strict";
import { App, cors, HttpError, page } from "fresh";

type Handler = ReturnType<App<unknown>["handler"]>;

async function ask(handler: Handler, path: string, init?: RequestInit) {
  const res = await handler(new Request(`http://test.local${path}`, init));
  return { status: res.status, headers: res.headers, body: await res.text() };
}

Deno.test("a literal path beats a pattern, and the first of two patterns wins", async () => {
  const handler = new App().get("/flow/:id", (ctx) => ctx.text(`one ${ctx.params.id}`))
    .get("/flow/all", () => new Response("all")).get("/flow/:other", () => new Response("never")).handler();
  equal((await ask(handler, "/flow/7")).body, "one 7");
  equal((await ask(handler, "/flow/all")).body, "all");
  equal((await ask(handler, "/flow/all/")).body, "all");
});

Deno.test("parameters are decoded, but never grow a slash; a broken escape is the client's fault", async () => {
  const handler = new App().get("/host/:name", (ctx) => ctx.text(ctx.params.name)).handler();
  equal((await ask(handler, "/host/%C5%BEl%20u")).body, "žl u");
  equal((await ask(handler, "/host/..%2fetc")).body, "..%2fetc");
  equal((await ask(handler, "/host/%ff")).status, 400);
});

Deno.test("every 405 names the methods there are, and OPTIONS lists them", async () => {
  const form = { handler: { POST: () => new Response("sent") }, component: () => <p>form</p> };
  const handler = new App().get("/x", () => new Response("x")).route("/form", form)
    .route("/lazy", () => Promise.resolve(form)).handler();
  const cases = [["/x", "GET"], ["/form", "GET, POST"], ["/lazy", "GET, POST"]];
  for (const [path, allow] of cases) {
    const wrong = await ask(handler, path, { method: "DELETE" });
    deepEqual([wrong.status, wrong.headers.get("allow")], [405, allow], path);
    const options = await ask(handler, path, { method: "OPTIONS" });
    deepEqual([options.status, options.headers.get("allow")], [204, allow], path);
  }
});

Deno.test("HEAD runs the GET handler and lets go of the body", async () => {
  let isCancelled = false;
  const body = () => new ReadableStream({ cancel: () => void (isCancelled = true) });
  const handler = new App().get("/stream", () => new Response(body(), { headers: { "x-a": "1" } })).handler();
  const res = await ask(handler, "/stream", { method: "HEAD" });
  deepEqual([res.body, res.headers.get("x-a"), isCancelled], ["", "1", true]);
});

Deno.test("middlewares run from the root inwards, and only before routes registered after them", async () => {
  const handler = new App<{ log: string }>()
    .use((ctx) => {
      ctx.state.log = "root";
      return ctx.next();
    })
    .get("/in/early", (ctx) => ctx.text(ctx.state.log))
    .use("/in", (ctx) => {
      ctx.state.log += ", in";
      return ctx.next();
    })
    .get("/in/late", (ctx) => ctx.text(ctx.state.log)).get("/inn", (ctx) => ctx.text(ctx.state.log))
    .handler();
  equal((await ask(handler, "/in/early")).body, "root");
  equal((await ask(handler, "/in/late")).body, "root, in");
  equal((await ask(handler, "/inn")).body, "root");
});

Deno.test("the nearest error page answers, every 404 goes to notFound(), other errors show nothing", async () => {
  const fail = () => {
    throw new Error("password in the message");
  };
  const handler = new App()
    .onError("/api", (ctx) => ctx.json({ error: ctx.error instanceof Error }, { status: 503 }))
    .notFound((ctx) => ctx.text(`nothing at ${ctx.url.pathname}`, { status: 404 }))
    .get("/api/x", fail).get("/x", fail).get("/passed-on", (ctx) => ctx.next()).handler();
  deepEqual([(await ask(handler, "/api/x")).status, (await ask(handler, "/api/x")).body], [
    503,
    '{"error":true}',
  ]);
  equal((await ask(handler, "/api/none")).body, "nothing at /api/none");
  equal((await ask(handler, "/passed-on")).status, 404);
  const { error } = console;
  console.error = () => {};
  try {
    deepEqual([(await ask(handler, "/x")).status, (await ask(handler, "/x")).body], [
      500,
      "Internal server error",
    ]);
  } finally {
    console.error = error;
  }
});

Deno.test("HttpError: its status and message, or the words of the status", async () => {
  const handler = new App().get("/a", () => {
    throw new HttpError(429);
  }).get("/b", () => {
    throw new HttpError(403, "token needed");
  }).handler();
  deepEqual([(await ask(handler, "/a")).status, (await ask(handler, "/a")).body], [429, "Too Many Requests"]);
  deepEqual([(await ask(handler, "/b")).status, (await ask(handler, "/b")).body], [403, "token needed"]);
});

Deno.test("redirect() stays on the origin, whatever the slashes", async () => {
  const handler = new App().get("/go", (ctx) => ctx.redirect(ctx.url.searchParams.get("to")!)).handler();
  for (const to of ["//evil.test", "/\\evil.test", "/\t/evil.test", "///evil.test"]) {
    const res = await ask(handler, `/go?to=${encodeURIComponent(to)}`);
    deepEqual([res.status, res.headers.get("location")], [302, "/evil.test"], JSON.stringify(to));
  }
});

Deno.test("render(): a whole document around the page, text escaped, the current link marked", async () => {
  const handler = new App()
    .appWrapper(({ Component }) => (
      <body>
        <a href="/page">here</a>
        <Component />
      </body>
    ))
    .layout("*", ({ Component }) => (
      <main>
        <Component />
      </main>
    ))
    .route("/page", {
      handler: () => page({ name: "<script>" }, { status: 202 }),
      component: ({ data }) => <p title='"'>{(data as { name: string }).name}</p>,
    }).handler();
  const res = await ask(handler, "/page");
  equal(res.status, 202);
  equal(res.headers.get("content-type"), "text/html; charset=utf-8");
  match(
    res.body,
    /^<!DOCTYPE html><html><head><meta charset="utf-8"\/><\/head><body><a href="\/page"[^>]* aria-current="page"/,
  );
  match(res.body, /<main><p title="&quot;">&lt;script(>|&gt;)<\/p><\/main>/);
});

Deno.test("what is left out says so when it is used", () => {
  let message = "";
  try {
    cors();
  } catch (err) {
    message = (err as Error).message;
  }
  match(message, /"cors" is left out .* see jsr\/README\.md/);
});
