/** List routes: what is good, bad and hostile, as JSON and as CSV; and the pages that ask the same. */
import assert from "node:assert/strict";
import { parse } from "@std/csv/parse";
import { LISTS } from "../../http/api.ts";
import { columnsOf } from "../../http/csv.ts";
import { helpOf } from "../../model/help.ts";
import { HOSTILE, type TestApp, testApp } from "../support/app.ts";

const CSV = { headers: { Accept: "text/csv" } };

interface Problem {
  status: number;
  detail: string;
  field?: string;
  at?: number;
}

/** All tests ask one app: making it takes a second. */
let made: Promise<TestApp> | null = null;
const app = () => made ??= testApp();

async function refused(path: string, init?: Parameters<TestApp["ask"]>[1]): Promise<Problem> {
  const answer = await (await app()).ask(path, init);
  assert.equal(answer.headers.get("Content-Type"), "application/problem+json", path);
  const problem = await answer.json();
  assert.equal(problem.status, answer.status);
  return problem;
}

async function page(path: string, init?: Parameters<TestApp["ask"]>[1]) {
  const answer = await (await app()).ask(path, init);
  assert.equal(answer.status, 200, `${path}: ${answer.status}`);
  return await answer.json();
}

async function table(path: string, init: Parameters<TestApp["ask"]>[1] = CSV): Promise<string[][]> {
  const answer = await (await app()).ask(path, init);
  assert.equal(answer.status, 200, path);
  assert.equal(answer.headers.get("Content-Type"), "text/csv; charset=utf-8; header=present");
  return parse(await answer.text());
}

const paths: Record<string, keyof typeof LISTS> = {
  "/api/connections": "connections",
  "/api/packets": "packets",
  "/api/dns_queries": "queries",
  "/api/anomalies": "anomalies",
  "/api/expected": "expected",
  "/api/rules": "rules",
  "/api/interfaces": "interfaces",
  "/api/hosts": "hosts",
  "/api/devices": "devices",
  "/api/processes": "processes",
  "/api/listeners": "listeners",
};

Deno.test("every list is also CSV, with the columns of its type, and with those chosen", async () => {
  for (const [path, list] of Object.entries(paths)) {
    const { type, rows } = LISTS[list];
    const [head, ...body] = await table(path);
    assert.deepEqual(head, columnsOf(type), path);
    const json = await page(path);
    assert.equal(body.length, json[rows].length, path);
    const [first, second] = Object.keys(helpOf(type).fields).reverse();
    assert.deepEqual((await table(`${path}?fields=${first},${second}`))[0], columnsOf(type, [first, second]));
    for (const row of (await page(`${path}?fields=${first}`))[rows]) {
      assert.deepEqual(Object.keys(row), [first]);
    }
    const wrong = await refused(`${path}?fields=${first},${second}x`);
    assert.deepEqual([wrong.status, wrong.field], [400, "fields"], path);
    assert.match(wrong.detail, new RegExp(`knows no "${second}x".*did you mean "${second}"`), path);
  }
});

Deno.test("what the client prefers is what it gets, and 406 where that is neither", async () => {
  const { ask } = await app();
  for (
    const [accept, type] of [
      ["*/*", "application/json"],
      ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"],
      ["text/csv", "text/csv"],
      ["text/csv;q=0.5, application/json", "application/json"],
      ["text/csv, application/json;q=0.5", "text/csv"],
      ["text/*", "text/csv"],
      ["application/json;q=0, */*", "text/csv"],
    ]
  ) {
    const answer = await ask("/api/connections?limit=1", { headers: { Accept: accept } });
    assert.equal(answer.headers.get("Content-Type")!.split(";")[0], type, accept);
    assert.equal(answer.headers.get("Vary"), "Accept");
    await answer.body?.cancel();
  }
  for (const accept of ["image/png", "text/csv;q=0, application/json;q=0", "application/xml"]) {
    assert.equal((await refused("/api/connections", { headers: { Accept: accept } })).status, 406, accept);
  }
  assert.equal((await refused("/api/export", { headers: { Accept: "application/json" } })).status, 406);
  assert.equal((await refused("/api/stats", { headers: { Accept: "text/csv" } })).status, 406);
});

Deno.test("exports are files with a date in their name, and hold all rows", async () => {
  const { ask, monitor } = await app();
  for (const [path, file] of [["/api/export", "connections"], ["/api/export_anomalies", "alerts"]]) {
    const answer = await ask(path);
    assert.match(
      answer.headers.get("Content-Disposition")!,
      new RegExp(`^attachment; filename="netpane-${file}-\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\dZ\\.csv"$`),
    );
    const text = await answer.text();
    assert.ok(!text.startsWith("\ufeff"), "no byte order mark");
    assert.ok(text.endsWith("\r\n"));
  }
  const all = monitor.connections({ q: "", sort: "bytes", order: "desc", offset: 0, limit: 10_000 }).total;
  assert.equal((await table("/api/export", {})).length, all + 1);
  const some = await table("/api/export?q=proto:udp&sort=bytes&order=asc&fields=proto,bytes_toserver", {});
  assert.ok(some.length > 1 && some.slice(1).every(([proto]) => proto === "udp"));
  const head = await ask("/api/export", { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});

Deno.test("names from the network stay text: in CSV no formula, in headers nothing, in pages no markup", async () => {
  const rows = await table("/api/dns_queries?fields=rrname,rrtype&limit=1000");
  const cell = rows.find(([name]) => name.includes("HYPERLINK"))!;
  assert.equal(cell[0], `'${HOSTILE.replace("\r\n", "\n")}`, "an apostrophe in front, and one cell");
  assert.equal(cell[1], "A");
  for (const [, ...row] of [await table("/api/anomalies"), await table("/api/connections?limit=1000")]) {
    for (const value of row.flat()) assert.doesNotMatch(value, /^[=+@\t\r＝＋－＠]|^-(?!\d)/);
  }
  const { ask } = await app();
  for (const path of ["/", "/dns", "/findings", "/processes", "/packets"]) {
    const answer = await ask(path);
    assert.equal(answer.status, 200, path);
    // Within a script it is a part of a string: only the script's own end would be markup there.
    const scripts = /<script\b[^>]*>.*?<\/script>/gs;
    assert.doesNotMatch((await answer.text()).replace(scripts, ""), /<img src=x/, path);
  }
});

Deno.test("a tag says that nothing has changed, until something has", async () => {
  const { ask, monitor } = await app();
  for (const path of Object.keys(paths)) {
    const first = await ask(path);
    const tag = first.headers.get("ETag")!;
    assert.match(tag, /^W\/"[\w.-]+"$/, path);
    const again = await ask(path, { headers: { "If-None-Match": tag } });
    assert.deepEqual([again.status, await again.text(), again.headers.get("ETag")], [304, "", tag], path);
    const csv = await ask(path, { headers: { "If-None-Match": tag, "Accept": "text/csv" } });
    assert.equal(csv.status, 200, "another form is another thing");
    await csv.body?.cancel();
    assert.equal((await ask(path, { headers: { "If-None-Match": `"x", ${tag}` } })).status, 304);
    assert.equal((await ask(`${path}?nosuch=1`, { headers: { "If-None-Match": tag } })).status, 400);
  }
  const tagOf = async (path: string) => (await ask(path)).headers.get("ETag");
  const tagsOf = () => Promise.all(Object.keys(paths).map(tagOf));
  const before = await tagsOf();
  monitor.applySnapshot(null, monitor.tick().ts + 1000);
  assert.deepEqual(await tagsOf(), before, "a second in which nothing happens changes nothing");
});

Deno.test("the tag of a list that is put together when it is asked for follows what is told", async () => {
  const { ask, monitor, close } = await testApp();
  try {
    const asked = [
      "/api/processes",
      "/api/listeners",
      "/api/hosts",
      "/api/devices",
      "/api/processes?fields=pid,name",
      "/api/hosts?q=kind:global",
    ];
    const tags = () => Promise.all(asked.map(async (path) => (await ask(path)).headers.get("ETag")));
    const before = await tags();
    assert.equal(new Set(before).size, asked.length);
    monitor.applySystem({
      type: "system-report",
      atMs: monitor.tick().packet_time + 1000,
      tookMs: 1,
      sockets: [],
      socketsLost: 0,
      processes: [],
      interfaces: [],
      problems: [],
    });
    const after = await tags();
    assert.deepEqual(
      asked.filter((_, i) => after[i] !== before[i]),
      ["/api/processes", "/api/listeners", "/api/hosts"],
      "programs have ended, nobody listens, no address is our own",
    );
  } finally {
    await close();
  }
});

Deno.test("links lead through a whole list, each row once", async () => {
  const { ask } = await app();
  for (
    const [path, rows, id] of [
      ["/api/connections?q=proto:tcp&limit=7", "connections", "id"],
      ["/api/packets?q=proto:udp&limit=100", "packets", "number"],
      ["/api/packets?limit=300&sort=length&q=proto:udp", "packets", "number"],
      ["/api/dns_queries?limit=9", "queries", "id"],
      ["/api/anomalies?limit=3&expected=all", "anomalies", "id"],
      ["/api/anomalies?limit=3&sort=kind&expected=all", "anomalies", "id"],
      ["/api/hosts?limit=4", "hosts", "ip"],
      ["/api/processes?limit=1", "processes", "pid"],
    ]
  ) {
    const seen: unknown[] = [];
    let total = 0;
    let next: string | null = path;
    while (next !== null) {
      const answer: Response = await ask(next);
      const value = await answer.json();
      total = value.total;
      seen.push(...value[rows].map((row: Record<string, unknown>) => row[id]));
      const link: string | null = answer.headers.get("Link");
      next = link === null ? null : /^<(\/api\/[^>]+)>; rel="next"$/.exec(link)![1];
      assert.ok(seen.length <= total, path);
    }
    assert.equal(new Set(seen).size, total, path);
  }
});

Deno.test("lists are sorted as asked; a cursor goes with no other order", async () => {
  const lengths = (await page("/api/packets?sort=length&limit=50")).packets.map((
    { length }: { length: number },
  ) => length);
  assert.deepEqual(lengths, lengths.toSorted((a: number, b: number) => b - a));
  const names = (await page("/api/dns_queries?sort=rrname&limit=50")).queries.map((
    { rrname }: { rrname: string },
  ) => rrname.toLowerCase());
  assert.deepEqual(names, names.toSorted());
  const [low] = (await page("/api/anomalies?sort=severity&expected=all")).anomalies;
  const [high] = (await page("/api/anomalies?sort=severity&order=asc&expected=all")).anomalies;
  assert.ok(low.severity > high.severity);
  assert.deepEqual(
    (await page("/api/interfaces?sort=name")).interfaces.map(({ name }: { name: string }) => name),
    ["eth0", "lo"],
  );
  for (const path of ["/api/packets?before=9&sort=length", "/api/dns_queries?before=9&order=asc"]) {
    assert.equal((await refused(path)).field, "before");
  }
  assert.equal((await refused("/api/anomalies?cursor=1_1_x&sort=kind")).field, "cursor");
  // An address that is none would be answered with "nothing there".
  assert.equal((await refused("/api/packets?ip=10.0.0.300")).field, "ip");
  const [{ src_ip }] = (await page("/api/packets?limit=1")).packets;
  const { total } = await page(`/api/packets?ip=${src_ip}`);
  assert.ok(total > 0);
  assert.ok((await page(`/api/packets?ip=${src_ip}/${src_ip.includes(":") ? 0 : 1}`)).total >= total);
});

Deno.test("a filter that cannot be read names its place, in the API and on the page", async () => {
  for (
    const [api, path] of [
      ["/api/connections", "/"],
      ["/api/packets", "/packets"],
      ["/api/dns_queries", "/dns"],
      ["/api/anomalies", "/findings"],
      ["/api/hosts", "/hosts"],
      ["/api/devices", "/hosts?tab=devices"],
      ["/api/processes", "/processes"],
      ["/api/listeners", "/processes?tab=listening"],
    ]
  ) {
    const q = encodeURIComponent("since:2026 (nosuch:<b>");
    const problem = await refused(`${api}?q=${q}`);
    assert.deepEqual([problem.status, problem.field, problem.at], [400, "q", 12], api);
    const answer = await (await app()).ask(`${path}${path.includes("?") ? "&" : "?"}q=${q}`);
    const html = await answer.text();
    assert.equal(answer.status, 400, path);
    assert.match(answer.headers.get("Content-Type")!, /^text\/html/);
    assert.match(html, /There is no field &quot;nosuch&quot;|There is no field "nosuch"/, path);
    assert.match(html, /since:2026 \(<mark>nosuch:&lt;b(>|&gt;)<\/mark>/, path);
    assert.match(
      html,
      /<h[12][^>]*>(Connections|Packets|DNS queries|Alerts|Hosts|Devices|Programs|Listening)/,
      "the page is all there",
    );
  }
  for (const path of ["/?q=iface:eth0", "/hosts?q=is:own", "/processes?q=state:active"]) {
    const known = await (await app()).ask(path);
    assert.equal(known.status, 200);
    assert.doesNotMatch(await known.text(), /filter-trouble/);
  }
  const other = await refused("/api/listeners?q=tcp%20vendor:x");
  assert.deepEqual([other.field, other.at], ["q", 4]);
  assert.match(other.detail, /"vendor" is not known of listening sockets/);
});

Deno.test("hosts, devices, programs and listening sockets are asked in the filter language", async () => {
  const ips = async (q: string) =>
    (await page(`/api/hosts?limit=1000&q=${encodeURIComponent(q)}`)).hosts.map(({ ip }: { ip: string }) =>
      ip
    );
  const { hosts } = await page("/api/hosts?limit=1000");
  const where = (is: (host: Record<string, number | string>) => boolean) =>
    hosts.filter(is).map(({ ip }: { ip: string }) => ip);
  assert.deepEqual(await ips("is:own"), ["192.168.1.20"]);
  assert.deepEqual(await ips("host:192.168.0.0/16"), where(({ ip }) => String(ip).startsWith("192.168.")));
  assert.deepEqual(
    await ips("(kind:private or port:443) and not bytes<1k"),
    where(({ kind, ports, bytes_to, bytes_from }) =>
      (kind === "private" || (ports as unknown as number[]).includes(443)) && +bytes_to + +bytes_from >= 1000
    ),
  );
  const first = hosts[0].first;
  assert.deepEqual(await ips(`first>${Math.floor(first)}`), where((host) => +host.first > Math.floor(first)));
  const count = async (path: string, q: string) => (await page(`${path}?q=${encodeURIComponent(q)}`)).total;
  assert.equal(await count("/api/devices", "is:own mac:02:00:5e"), 1);
  assert.equal(await count("/api/devices", "iface:eth0 host:192.168.1.1/32 mac:02:00:5e:10:00:02"), 1);
  assert.equal(await count("/api/processes", "process:firefox user:alice state:active path:bin"), 1);
  assert.equal(await count("/api/processes", "port:8080 or parent:nobody"), 1);
  assert.equal(await count("/api/listeners", "reach:all proto:tcp port>1024"), 1);
  assert.equal(await count("/api/listeners", "not reach:all"), 0);
});

Deno.test("connections by a filter as JSON", async () => {
  const ask = (body: unknown, headers: Record<string, string> = {}) => ({
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const path = "/api/connections/filter";
  const byJson = await page(
    path,
    ask({ filter: { and: [{ protocol: "tcp" }, { not: { port: 443 } }] }, sort: "bytes", limit: 5 }),
  );
  const byText = await page(
    `/api/connections?q=${encodeURIComponent("proto:tcp and not port:443")}&sort=bytes&limit=5`,
  );
  assert.ok(byJson.total > 0);
  assert.deepEqual({ ...byJson, ts: 0 }, { ...byText, ts: 0 });
  const both = await page(path, ask({ filter: { protocol: "tcp" }, q: "not port:443", fields: ["id"] }));
  assert.equal(both.total, byText.total);
  assert.deepEqual(Object.keys(both.connections[0]), ["id"]);
  assert.equal((await page(path, ask({}))).total, byText.all);
  const rows = await table(path, ask({ fields: "id,proto" }, { Accept: "text/csv" }));
  assert.deepEqual(rows[0], ["id", "proto"]);

  for (
    const [body, field, says] of [
      [{ filter: { and: [{ port: 80 }, { port: "x" }] } }, "filter.and[1].port", /no port/],
      [{ filter: { and: [{ port: 80 }, { prt: 1 }] } }, "filter.and[1].prt", /did you mean "port"/],
      [{ filter: { not: { or: [] } } }, "filter.not.or", /list of filters/],
      [{ filter: { min_bytes: -1 } }, "filter.min_bytes", /number from 0/],
      [{ filter: { address: [] } }, "filter.address", /empty list/],
      [{ filter: { kind: "x" } }, "filter.kind", /not known of connections/],
      [{ filter: [] }, "filter", /object/],
      [{ filter: null }, "filter", /object/],
      [{ q: "port:" }, "q", /needs a value/],
      [{ q: 1 }, "q", /takes a text/],
      [{ limit: 0 }, "limit", /from 1/],
      [{ limit: "5" }, "limit", /whole number/],
      [{ fields: ["nosuch"] }, "fields", /knows no/],
      [{ fitler: {} }, "fitler", /did you mean "filter"/],
      [[], undefined, /object/],
      ["null", undefined, /object/],
      ['{"filter": }', undefined, /character 12/],
      ["", undefined, /empty/],
    ] as const
  ) {
    const problem = await refused(path, ask(body));
    assert.deepEqual([problem.status, problem.field], [400, field], JSON.stringify(body));
    assert.match(problem.detail, says, JSON.stringify(body));
  }
  assert.equal((await refused(path, ask('{"filter": }'))).at, 11);
  assert.equal((await refused(`${path}?q=x`, ask({}))).status, 400);
  assert.equal((await refused(path, ask({ q: "x".repeat(20_000) }))).status, 413);
  assert.equal(
    (await refused(path, ask("a=1", { "Content-Type": "application/x-www-form-urlencoded" }))).status,
    415,
  );
  assert.equal((await refused(path, ask({}, { "Content-Type": "" }))).status, 415);
  assert.equal((await refused(path, ask({}, { "Content-Encoding": "gzip" }))).status, 415);
  const get = await (await app()).ask(path);
  assert.deepEqual([get.status, get.headers.get("Allow")], [405, "POST"]);
  const deep = await refused(path, ask(`{"filter": ${'{"not":'.repeat(900)}{}${"}".repeat(900)}}`));
  assert.deepEqual([deep.status, /nested deeper/.test(deep.detail)], [400, true]);
});

Deno.test("help and the page of the API come from the same tables", async () => {
  const help = await page("/api/help");
  assert.equal(help.types.Connection.fields.rtt_ms.unit, "ms");
  assert.deepEqual(
    help.filter.find(({ name }: { name: string }) => name === "rcode").lists,
    ["queries"],
  );
  const answer = await (await app()).ask("/api/docs");
  const html = await answer.text();
  assert.equal(answer.status, 200);
  for (const word of ["/api/connections/filter", "curl -s", helpOf("Connection").fields.slow.help]) {
    assert.ok(html.includes(word), word);
  }
  assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//, "nothing comes from elsewhere");
  await (await app()).close();
});
