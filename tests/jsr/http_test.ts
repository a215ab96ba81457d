// The local @std/http package: cookies, entity tags, server-sent events, negotiation, status words.
import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import {
  accepts,
  acceptsEncodings,
  deleteCookie,
  eTag,
  getCookies,
  getSetCookies,
  ifMatch,
  ifNoneMatch,
  isErrorStatus,
  serveDir,
  type ServerSentEventMessage,
  ServerSentEventStream,
  setCookie,
  STATUS_TEXT,
} from "@std/http";

function encode(...messages: ServerSentEventMessage[]): Promise<string> {
  return new Response(ReadableStream.from(messages).pipeThrough(new ServerSentEventStream()) as BodyInit)
    .text();
}

Deno.test("events: fields in order, data by line, nothing can forge a field", async () => {
  equal(
    await encode({ comment: "still here" }, { event: "alert", data: "a\r\nb\rc\n", id: 7, retry: 500 }),
    ":still here\n\nevent:alert\ndata:a\ndata:b\ndata:c\ndata:\nid:7\nretry:500\n\n",
  );
  await rejects(encode({ event: "a\ndata:forged" }), SyntaxError);
  await rejects(encode({ id: "1\r2" }), SyntaxError);
});

Deno.test("cookies: written with attributes, read by name, ended in the past", () => {
  const headers = new Headers();
  setCookie(headers, {
    name: "token",
    value: "a1",
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    maxAge: 60,
  });
  equal(headers.get("set-cookie"), "token=a1; HttpOnly; Max-Age=60; SameSite=Strict; Path=/");
  equal(getSetCookies(headers)[0].maxAge, 60);
  deepEqual({ ...getCookies(new Headers({ cookie: "token=a1;theme=x=y; empty=" })) }, {
    token: "a1",
    theme: "x=y",
    empty: "",
  });
  deepEqual({ ...getCookies(new Headers()) }, {});
  const ended = new Headers();
  deleteCookie(ended, "token", { path: "/" });
  equal(ended.get("set-cookie"), "token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
});

Deno.test("cookies: what would break the header is refused; the __Host- prefix brings its conditions", () => {
  const set = (cookie: Parameters<typeof setCookie>[1]) => {
    const headers = new Headers();
    setCookie(headers, cookie);
    return headers.get("set-cookie");
  };
  for (const value of ["a;b", "a b", "a,b", 'a"b', "ž", "a\r\nb"]) {
    throws(() => set({ name: "n", value }), SyntaxError);
  }
  for (const name of ["a b", "a=b", "a;b"]) throws(() => set({ name, value: "" }), SyntaxError);
  throws(() => set({ name: "n", value: "", path: "/;x" }), SyntaxError);
  throws(() => set({ name: "n", value: "", maxAge: -1 }), RangeError);
  equal(set({ name: "__Host-n", value: "1", domain: "a.test" }), "__Host-n=1; Secure; Path=/");
});

Deno.test("entity tags: by content or by file, compared as the header asks", async () => {
  const tag = await eTag("hello");
  match(tag, /^"5-[\w+/]{27}"$/);
  equal(await eTag(new TextEncoder().encode("hello")), tag);
  match((await eTag({ size: 5, mtime: new Date(0) }))!, /^W\/"5-/);
  equal(await eTag({ size: 5, mtime: null }), undefined);
  deepEqual([tag, `W/${tag}`, `"x" , ${tag}`, "*", '"x"', null].map((value) => ifNoneMatch(value, tag)), [
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
  deepEqual([tag, `W/${tag}`, "*", null].map((value) => ifMatch(value, tag)), [true, false, true, false]);
});

Deno.test("negotiation: the best of what is offered, by quality and then by closeness", () => {
  const ask = (name: string, value: string) => ({ headers: new Headers({ [name]: value }) });
  const browser = ask("accept", "text/html, application/json;q=0.9, */*;q=0.1");
  equal(accepts(browser, "application/json", "text/html"), "text/html");
  equal(accepts(browser, "text/csv"), "text/csv");
  equal(accepts(ask("accept", "image/*, text/csv;q=0"), "text/csv"), undefined);
  deepEqual(accepts(browser), ["text/html", "application/json", "*/*"]);
  equal(acceptsEncodings(ask("accept-encoding", "gzip, br;q=0.5"), "br", "identity"), "br");
  equal(acceptsEncodings(ask("accept-encoding", "gzip"), "br", "identity"), "identity");
});

Deno.test("status words come from the names", () => {
  deepEqual(
    [200, 203, 226, 404, 414, 418, 505].map((code) => STATUS_TEXT[code as keyof typeof STATUS_TEXT]),
    [
      "OK",
      "Non Authoritative Info",
      "IM Used",
      "Not Found",
      "URI Too Long",
      "I'm a teapot",
      "HTTP Version Not Supported",
    ],
  );
  deepEqual([404, 500, 499, 200].map((code) => isErrorStatus(code)), [true, true, false, false]);
});

Deno.test("what is left out says so when it is used", () => {
  throws(() => serveDir(new Request("http://test.local/")), /"serveDir" is left out .* see jsr\/README\.md/);
});

Deno.test("negotiation: the closest range decides, among encodings the client's order; parameters must be offered too", () => {
  const types = (accept: string, ...offers: string[]) =>
    accepts({ headers: new Headers({ accept }) }, ...offers);
  const [json, csv] = ["application/json", "text/csv"];
  const table: [string, string | undefined][] = [
    ["", json], // as if it were absent
    ["*/*", json],
    ["text/csv, application/json", json], // the server's order
    ["application/json, text/csv", json],
    ["text/*;q=0.5, */*;q=0.1", csv],
    ["text/csv;q=0, */*", json],
    ["TEXT/CSV", csv],
    ["text/csv;header=present", undefined],
    ["application/json; charset=utf-8, text/csv;q=0.1", csv],
    ["text", undefined],
    ["*", undefined],
  ];
  for (const [accept, best] of table) equal(types(accept, json, csv), best, accept);
  equal(types("text/csv; Header=PRESENT", "text/csv;header=present"), "text/csv;header=present");
  deepEqual(types("text/csv;q=0.1, Image/PNG, a/b;q=0"), ["Image/PNG", "text/csv"]);
  const codings = (header: string) =>
    acceptsEncodings({ headers: new Headers({ "accept-encoding": header }) }, "gzip", "identity");
  equal(codings(""), "gzip");
  equal(codings("br"), "identity");
  equal(codings("identity, gzip"), "identity");
  equal(codings("gzip;q=0, *;q=0"), undefined);
});

Deno.test("cookies and tags that only look right are no better taken than by the published package", () => {
  throws(() => getCookies(new Headers({ cookie: "a=1;" })), SyntaxError);
  throws(() => getCookies(new Headers({ cookie: "=1" })), SyntaxError);
  const taken = (header: string) => getSetCookies(new Headers({ "set-cookie": header })).length;
  deepEqual(["a=1", "a=1; Max-Age=-1", "__Host-a=1; Path=/", "__Host-a=1; Secure; Path=/"].map(taken), [
    1,
    0,
    0,
    1,
  ]);
  const tag = '"a"';
  deepEqual([ifNoneMatch("*", tag), ifNoneMatch('"b", *', tag), ifNoneMatch('"b", W/"a"', tag)], [
    false,
    true,
    false,
  ]);
});
