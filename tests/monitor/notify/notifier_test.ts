/** Notifications against real servers on this machine: what they get, and what happens when they do not answer well. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { Anomaly, Problem } from "../../../model/api.ts";
import type { NotifySetting } from "../../../model/settings.ts";
import { Notifier } from "../../../monitor/notify/notifier.ts";
import type { NotifyLimits } from "../../../monitor/notify/target.ts";
import { freePort } from "../../support/server.ts";
import { until } from "../../support/wait.ts";

const SECRET = "s3cret-token";
const FAST: Partial<NotifyLimits> = { mergedEveryMs: 1, singleEveryMs: 1, pauseMs: 1, longestPauseMs: 4 };

function alert(over: Partial<Anomaly> = {}): Anomaly {
  return {
    id: "1",
    kind: "port_scan",
    severity: 2,
    signature: "Port scan",
    message: "10.0.0.9 tried 40 ports of 10.0.0.1 within 3 s",
    first: 1,
    last: 2,
    count: 40,
    open: true,
    proto: "tcp",
    src_ip: "10.0.0.9",
    src_port: 0,
    dest_ip: "10.0.0.1",
    dest_port: 0,
    app_proto: "",
    server_name: "",
    in_iface: "",
    process: "",
    details: {},
    expected: null,
    ...over,
  };
}

interface Got {
  path: string;
  headers: Headers;
  text: string;
  // deno-lint-ignore no-explicit-any -- bodies are looked into by name
  body: any;
}

/** A server that keeps what it gets. @param answer Takes the number of the request, from 1. */
function receiver(answer: (n: number) => Response | Promise<Response> = () => new Response("ok")) {
  const got: Got[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const text = await request.text();
    const { pathname, search } = new URL(request.url);
    got.push({ path: pathname + search, headers: request.headers, text, body: JSON.parse(text) });
    return answer(got.length);
  });
  return { got, url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

function notifier(targets: Partial<NotifySetting>[], limits: Partial<NotifyLimits> = {}) {
  const problems = new Map<string, Omit<Problem, "id">>();
  const seen: string[] = [];
  const it = new Notifier({
    from: "box",
    limits: { ...FAST, ...limits },
    onProblem: (id, problem) => {
      if (problem === null) problems.delete(id);
      else {
        problems.set(id, problem);
        seen.push(`${problem.message} ${problem.hint}`);
      }
    },
  });
  it.configure(targets.map((target, i) => ({
    name: `t${i}`,
    type: "webhook",
    url: "",
    secret: "",
    minSeverity: 3,
    kinds: [],
    ...target,
  })));
  return { it, problems, seen, [Symbol.dispose]: () => it.close() };
}

Deno.test("a webhook gets the alert, signed, and of a card no more than the last four digits", async () => {
  await using server = receiver();
  using n = notifier([{ url: `${server.url}/hook?key=${SECRET}`, secret: SECRET }]);
  const card = alert({
    kind: "cardholder_data",
    message: "",
    details: { kind: "x", masked: "411111******1111", fingerprint: "abc", brand: "visa" },
  });
  n.it.take(card, false, 0);
  const [{ path, headers, text, body }] = await until("a request", () => server.got.length > 0 && server.got);
  assert.equal(path, `/hook?key=${SECRET}`);
  const timestamp = headers.get("x-netpane-timestamp")!;
  assert.match(timestamp, /^\d{10}$/);
  const hmac = createHmac("sha256", SECRET).update(`${timestamp}.${text}`).digest("hex");
  assert.equal(headers.get("x-netpane-signature"), `sha256=${hmac}`);
  assert.equal(headers.get("content-type"), "application/json");
  assert.deepEqual([body.event, body.from, body.kind, body.count], [
    "alert.new",
    "box",
    "cardholder_data",
    40,
  ]);
  assert.deepEqual(body.details, { kind: "x", masked: "************1111", brand: "visa" });
  assert.equal(card.details.masked, "411111******1111", "what is kept stays as it is");
  assert(!text.includes("411111") && !text.includes(SECRET));
});

Deno.test("told when new, when worse, when over; not in between, and never when expected", async () => {
  await using server = receiver();
  using n = notifier([{ url: server.url }]);
  const expected = { id: "x", comment: "x" };
  n.it.take(alert(), false, 0);
  n.it.take(alert({ count: 50 }), false, 0);
  n.it.take(alert({ severity: 1 }), false, 0);
  n.it.take(alert({ severity: 1, count: 70 }), false, 0);
  n.it.take(alert({ severity: 1, open: false }), false, 0);
  n.it.take(alert({ severity: 1, open: false }), false, 0);
  n.it.take(alert({ id: "2", expected }), false, 0);
  n.it.take(alert({ id: "2", expected, open: false }), false, 0);
  n.it.take(alert({ id: "3", open: false }), false, 0); // over before anybody was told
  n.it.take(alert({ id: "4" }), false, 0);
  await until("all", () => server.got.length === 4);
  assert.deepEqual(server.got.map(({ body }) => `${body.id} ${body.event} ${body.count}`), [
    "1 alert.new 40",
    "1 alert.worse 40",
    "1 alert.ended 40",
    "4 alert.new 40",
  ]);
});

Deno.test("at the end: what waits is told without a pause, what was held as well", async () => {
  await using server = receiver();
  using n = notifier([{ url: server.url }], { singleEveryMs: 3_600_000 });
  n.it.take(alert({ id: "1" }), false, 0);
  n.it.take(alert({ id: "2" }), true, 0); // waits for its program
  n.it.take(alert({ id: "1", open: false }), false, 0);
  await n.it.finish(60_000);
  assert.deepEqual(server.got.map(({ body }) => `${body.id} ${body.event}`), [
    "1 alert.new",
    "1 alert.ended",
    "2 alert.new",
  ]);
  n.it.take(alert({ id: "3" }), false, 0);
  assert.deepEqual(n.it.counters(), [], "nobody is told any more");
});

Deno.test("at the end a target that does not answer is not waited for", async () => {
  const hung = Promise.withResolvers<Response>();
  await using _server = receiver(() => hung.promise);
  using n = notifier([{ url: _server.url }, { url: `http://127.0.0.1:${freePort()}` }]);
  n.it.take(alert(), false, 0);
  await n.it.finish(100);
  assert.deepEqual(n.it.counters(), []);
  hung.resolve(new Response("ok"));
});

Deno.test("each target is told what it wants", async () => {
  await using server = receiver();
  using n = notifier([
    { url: `${server.url}/high`, minSeverity: 1 },
    { url: `${server.url}/scans`, kinds: ["port_scan"] },
  ]);
  n.it.take(alert(), false, 0);
  n.it.take(alert({ id: "2", kind: "beaconing" }), false, 0);
  n.it.take(alert({ severity: 1 }), false, 0); // new to the one, worse to the other
  await until("all", () => server.got.length === 3);
  assert.deepEqual(server.got.map(({ path, body }) => `${path} ${body.id} ${body.event}`).sort(), [
    "/high 1 alert.new",
    "/scans 1 alert.new",
    "/scans 1 alert.worse",
  ]);
});

Deno.test("an alert that may yet be expected waits for its program, but not for ever", async () => {
  await using server = receiver();
  using n = notifier([{ url: server.url }]);
  n.it.take(alert({ id: "backup" }), true, 0);
  n.it.take(alert({ id: "other" }), true, 0);
  n.it.take(alert({ id: "mute" }), true, 0);
  n.it.take(alert({ id: "backup", expected: { id: "x", comment: "x" } }), false, 1000);
  n.it.take(alert({ id: "other", process: "nmap" }), false, 1000);
  n.it.tick(4000);
  await until("the one that is decided", () => server.got.length === 1);
  n.it.take(alert({ id: "mute", open: false }), true, 4500);
  n.it.tick(5000);
  await until("the other", () => server.got.length === 2);
  assert.deepEqual(server.got.map(({ body }) => body.id), ["other", "mute"]);
});

Deno.test("a server that fails at first gets the same delivery again, and the problem goes", async () => {
  await using server = receiver((n) => new Response(null, { status: n < 4 ? 500 : 204 }));
  using n = notifier([{ url: server.url, secret: SECRET }]);
  n.it.take(alert(), false, 0);
  await until("success", () => n.it.counters()[0].sent === 1);
  assert.equal(server.got.length, 4);
  assert.equal(new Set(server.got.map(({ headers }) => headers.get("x-netpane-delivery"))).size, 1);
  assert.match(
    n.seen[0],
    /Notifications to "t0" \(webhook at 127\.0\.0\.1:\d+\) do not arrive: it answered 500/,
  );
  assert.equal(n.problems.size, 0);
  const [{ retries, failed, failing }] = n.it.counters();
  assert.deepEqual([retries, failed, failing], [3, 0, ""]);
});

Deno.test("a refusal that will not change is not tried again, and redirects are not followed", async () => {
  await using other = receiver();
  for (const status of [400, 401, 404, 302]) {
    await using server = receiver(() => new Response(null, { status, headers: { Location: other.url } }));
    using n = notifier([{ url: `${server.url}/${SECRET}`, secret: SECRET }]);
    n.it.take(alert(), false, 0);
    await until("failure", () => n.it.counters()[0].failed === 1);
    assert.equal(server.got.length, 1);
    assert.match(n.problems.get("notify:t0")!.hint, /Check url and secret of \[notify.t0\]/);
    assert(!JSON.stringify([n.seen, n.it.counters()]).includes(SECRET), "no secret is shown");
  }
  assert.equal(other.got.length, 0);
});

Deno.test("a server that hangs, one that is not there: given up in time, and nobody else waits", async () => {
  let release = () => {};
  const hanging = new Promise<Response>((resolve) => release = () => resolve(new Response()));
  await using hung = receiver(() => hanging);
  await using fine = receiver();
  using n = notifier(
    [{ url: `${hung.url}/${SECRET}` }, { url: `http://127.0.0.1:${freePort()}/${SECRET}` }, {
      url: fine.url,
    }],
    { timeoutMs: 50, attempts: 2 },
  );
  for (let i = 0; i < 5; i++) n.it.take(alert({ id: String(i) }), false, 0);
  await until("the good one has all", () => fine.got.length === 5);
  await until(
    "the others are given up",
    () => n.it.counters().slice(0, 2).every(({ failed }) => failed === 5),
  );
  assert.deepEqual(n.it.counters().map(({ failing }) => failing), [
    "it did not answer within 0.05 s",
    "the connection was refused",
    "",
  ]);
  assert(!JSON.stringify([n.seen, n.it.counters()]).includes(SECRET), "no secret is shown");
  release();
});

Deno.test("what waits for a target that fails is bounded: the oldest go and are counted", async () => {
  let release = () => {};
  const opened = new Promise<void>((resolve) => release = resolve);
  await using server = receiver(async () => {
    await opened;
    return new Response();
  });
  using n = notifier([{ url: server.url }], { queue: 10 });
  n.it.take(alert({ id: "first" }), false, 0);
  await until("the first is under way", () => server.got.length === 1);
  for (let i = 0; i < 100; i++) n.it.take(alert({ id: String(i) }), false, 0);
  const [{ waiting, dropped }] = n.it.counters();
  assert.deepEqual([waiting, dropped], [10, 90]);
  release();
  await until("the rest", () => server.got.length === 11);
  assert.deepEqual(
    server.got.slice(1).map(({ body }) => body.id),
    Array.from({ length: 10 }, (_, i) => String(90 + i)),
  );
  assert.equal(server.got[1].body.dropped, 90);
});

Deno.test("for people a burst is one message, the most severe first", async () => {
  await using server = receiver();
  using n = notifier([{ type: "slack", url: server.url }]);
  for (let i = 0; i < 20; i++) n.it.take(alert({ id: String(i), severity: i === 15 ? 1 : 2 }), false, 0);
  await until("a message", () => server.got.length > 0);
  const lines = server.got[0].body.text.split("\n");
  assert.equal(lines.length, 10);
  assert.equal(lines[0], "Netpane on box");
  assert.match(lines[1], /^HIGH 10\.0\.0\.9 tried/);
  assert.equal(lines[9], "and 12 more");
  assert.equal(n.it.counters()[0].sent, 20);
});

Deno.test("each kind of target gets its own shape, and words from the network can do nothing there", async () => {
  await using server = receiver();
  const evil = "<!channel> <@U1> @everyone **b** [x](http://evil.example) `a`\n\u202eHIGH & *done*";
  using n = notifier([
    { type: "slack", url: `${server.url}/slack` },
    { type: "discord", url: `${server.url}/discord` },
    { type: "telegram", url: `${server.url}/bot1:x/sendMessage?chat_id=-100` },
    { type: "ntfy", url: `${server.url}/sub/my-topic`, secret: SECRET },
  ]);
  n.it.take(alert({ message: evil, process: "cur\u0007l" }), false, 0);
  await until("all", () => server.got.length === 4);
  const of = (path: string) => server.got.find((one) => one.path === path)!;

  const slack = of("/slack").body;
  assert(!/[<>]|&(?!amp;|lt;|gt;)|@(?!\u200b)/.test(slack.text), slack.text);
  assert.deepEqual([slack.mrkdwn, slack.unfurl_links], [false, false]);

  const discord = of("/discord").body;
  assert.deepEqual(discord.allowed_mentions, { parse: [] });
  assert(!/(?<!\\)[*_`<>[\]@]/.test(discord.content.replaceAll("\\\\", "")), discord.content);

  const telegram = of("/bot1:x/sendMessage").body;
  assert.equal(telegram.chat_id, "-100");
  assert(!("parse_mode" in telegram));

  const ntfy = of("/sub");
  assert.equal(ntfy.headers.get("authorization"), `Bearer ${SECRET}`);
  assert.deepEqual([ntfy.body.topic, ntfy.body.title, ntfy.body.priority], ["my-topic", "Netpane on box", 4]);

  for (const text of [slack.text, discord.content, telegram.text, ntfy.body.message]) {
    // deno-lint-ignore no-control-regex -- what must not be there
    assert(!/[\u0000-\u0009\u000b-\u001f\u202e]/.test(text), "nothing that rings or turns around");
    assert(text.split("\n").length <= 2, "an alert is one line");
  }
});

Deno.test("other settings hold at once: what stays the same keeps its place, what goes is silent", async () => {
  await using server = receiver();
  using n = notifier([{ url: `${server.url}/a` }, { url: `${server.url}/b` }]);
  n.it.take(alert(), false, 0);
  await until("both", () => server.got.length === 2);
  const common = { type: "webhook" as const, secret: "", minSeverity: 3 as const, kinds: [] };
  n.it.configure([{ name: "t0", url: `${server.url}/a`, ...common }]);
  n.it.take(alert({ open: false }), false, 0);
  await until("one", () => server.got.length === 3);
  assert.deepEqual([server.got[2].path, server.got[2].body.event], ["/a", "alert.ended"]);
  assert.deepEqual(n.it.counters().map(({ name, sent }) => [name, sent]), [["t0", 2]]);
});
