// What a build gives: file routes, islands and static files of the small app beside this file.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { App, csp, staticFiles } from "fresh";
import { Builder } from "fresh/dev";

const root = new URL("app/", import.meta.url).href;
const apply = await new Builder({ root }).build({ snapshot: "memory" });
const app = new App().use(csp({ useNonce: true })).use(staticFiles()).fsRoutes();
apply(app);
const handler = app.handler();

async function ask(path: string, init?: RequestInit) {
  const res = await handler(new Request(`http://test.local${path}`, init));
  return { status: res.status, headers: res.headers, body: await res.text() };
}

Deno.test("file routes: parameters, literal names first, the middleware of the folder, page() headers", async () => {
  const res = await ask("/greet/Ada");
  match(res.body, /<p>Hello, Ada<\/p>/);
  deepEqual([res.headers.get("x-greeted"), res.headers.get("x-greet-folder")], ["yes", "/greet/:name"]);
  match((await ask("/greet/everyone")).body, /<p>everyone<\/p>/);
  equal((await ask("/greet/Ada", { method: "POST" })).headers.get("allow"), "GET");
});

Deno.test("file routes: _error answers inside _app with the right status", async () => {
  for (const path of ["/greet/nobody", "/nowhere"]) {
    const res = await ask(path);
    equal(res.status, 404);
    match(res.body, /<html lang="en">.*<h1>Error 404<\/h1>/);
  }
});

Deno.test("<Head> of a page replaces the title of _app", async () => {
  const { body } = await ask("/greet/Ada");
  deepEqual(body.match(/<title>[^<]*/g), ["<title>Hello, Ada"]);
  match((await ask("/")).body, /<head><title>Default title/);
});

Deno.test("islands: markers around outermost islands and their JSX, the rest in a template", async () => {
  const { body } = await ask("/");
  match(
    body,
    /<!--fresh:island:0--><button type="button" ?>Hello, &lt;\/script[^<]* 3<\/button><!--\/fresh-->/,
  );
  match(body, /<section><!--fresh:slot:0--><b>label<\/b><!--\/fresh-->/);
  match(body, /<!--fresh:slot:1--><!--fresh:island:2--><button/);
  match(body, /<section>closed<\/section>.*<template id="fresh-slot-2"><i>never seen<\/i><\/template>/);
});

Deno.test("islands: one script with the nonce of the policy, which props cannot leave", async () => {
  const { body, headers } = await ask("/");
  const scripts = [...body.matchAll(/<script ([^>]*)>(.*?)<\/script>/g)];
  equal(scripts.length, 1);
  const nonce = scripts[0][1].match(/nonce="(\w+)"/)![1];
  ok(headers.get("content-security-policy")!.includes(`'nonce-${nonce}'`));
  ok(!scripts[0][2].includes("<"));
  // One signal in two islands is written once, so that it stays one.
  equal(scripts[0][2].match(/\\"Signal\\"/g)?.length, 1);
  ok(!(await ask("/greet/everyone")).body.includes("<script"));
});

Deno.test("islands: their code can be fetched, may be kept, and brings no server code along", async () => {
  const { body } = await ask("/");
  const paths = [...body.matchAll(/from"([^"]+\.js)"/g)].map((found) => found[1]);
  equal(paths.length, 3);
  for (const path of paths) {
    const res = await ask(path);
    equal(res.status, 200);
    match(res.headers.get("content-type")!, /^text\/javascript/);
    match(res.headers.get("cache-control")!, /immutable/);
    ok(!/upgrade-insecure-requests|DOCTYPE/.test(res.body), path);
  }
});

Deno.test("static files: immutable under their asset() URL, checked by tag otherwise", async () => {
  const url = (await ask("/")).body.match(/href="(\/page\.css\?[^"]+)"/)![1];
  const kept = await ask(url);
  match(kept.headers.get("cache-control")!, /max-age=31536000, immutable/);
  match(kept.headers.get("content-type")!, /^text\/css/);
  const plain = await ask("/page.css");
  equal(plain.headers.get("cache-control"), "no-cache");
  const again = await ask("/page.css", { headers: { "if-none-match": `W/${plain.headers.get("etag")}` } });
  deepEqual([again.status, again.body], [304, ""]);
  const old = await ask(`${url}0`);
  deepEqual([old.status, old.headers.get("location")], [307, "/page.css"]);
});

Deno.test("static files: names with spaces, HEAD, other methods, and nothing but the folder's files", async () => {
  equal((await ask("/two%20words.txt")).body, "a b\n");
  const head = await ask("/page.css", { method: "HEAD" });
  const { size } = await Deno.stat(new URL("static/page.css", root));
  deepEqual([head.body, head.headers.get("content-length")], ["", String(size)]);
  const post = await ask("/page.css", { method: "POST" });
  deepEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
  for (const path of ["/.private", "/%2e%2e/define.ts", "/..%2fdefine.ts", "/%00"]) {
    equal((await ask(path)).status, 404, path);
  }
});
