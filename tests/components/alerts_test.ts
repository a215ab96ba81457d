/** The page of alerts: what its address means, what stays in place when alerts come, which rows are marked. */
import assert from "node:assert/strict";
import { alertsHref, filterOfView, FIRST_VIEW, parseView, viewHref } from "../../components/alert_filter.ts";
import {
  expectedText,
  expectRequest,
  narrowest,
  scopeOffered,
  scopeText,
} from "../../components/expect_words.ts";
import { indexMarks, markOf, marksOfHost, marksOfProgram, marksOfRow } from "../../components/marks.ts";
import { rulesText } from "../../components/rule_words.ts";
import { mended, withTold } from "../../components/use_alerts.ts";
import { MAX_MARKS, withMarks } from "../../components/use_marks.ts";
import { ANY_ALERT, matchesAlert, selectAlerts } from "../../model/alerts.ts";
import type { Anomaly, AnomalyPage, Connection } from "../../model/api.ts";

const alert = (id: string, over: Partial<Anomaly> = {}): Anomaly => ({
  id,
  kind: "port_scan",
  severity: 2,
  signature: "Port scan",
  message: "10.0.0.9 tried 20 ports of 10.0.0.1",
  first: 1_000,
  last: 5_000,
  count: 20,
  open: true,
  proto: "tcp",
  src_ip: "10.0.0.9",
  src_port: 0,
  dest_ip: "10.0.0.1",
  dest_port: 0,
  app_proto: "",
  server_name: "",
  in_iface: "eth0",
  process: "",
  details: {},
  ...over,
});

const row = (over: Partial<Connection>) =>
  ({
    id: "f1",
    src_ip: "10.0.0.9",
    dest_ip: "10.0.0.1",
    dest_port: 80,
    start: 2_000,
    last: 2_500,
    process: null,
    peer: null,
    ...over,
  }) as Connection;

const page = (anomalies: Anomaly[], over: Partial<AnomalyPage> = {}) =>
  ({ ts: 0, total: anomalies.length, all: anomalies.length, offset: 0, anomalies, ...over }) as AnomalyPage;

const EXPECTED = { id: "e1", comment: "our own scanner" };

Deno.test("the address is the view: read, written, and bounded", () => {
  const view = {
    ...FIRST_VIEW,
    tab: "closed",
    severity: "3",
    kind: "dga",
    q: "ip:10.0.0.1 x",
    page: 3,
  } as const;
  const href = viewHref(view);
  assert.equal(href, "/findings?state=closed&severity=3&kind=dga&q=ip%3A10.0.0.1+x&page=3");
  assert.deepEqual(parseView(new URL(href, "http://x").searchParams), view);
  assert.equal(viewHref(FIRST_VIEW), "/findings");
  const wrong = new URLSearchParams({
    state: "toString",
    severity: "9",
    flow: "x",
    page: "-1",
    q: "y".repeat(1_000),
  });
  assert.deepEqual({ ...parseView(wrong), q: "" }, FIRST_VIEW);
  assert.equal(parseView(wrong).q.length, 400);
});

Deno.test("a view asks for alerts that nobody expects, without notes; one alert is shown whatever it is", () => {
  const first = filterOfView(FIRST_VIEW);
  assert.ok(matchesAlert(alert("a"), first));
  assert.ok(!matchesAlert(alert("a", { severity: 3 }), first));
  assert.ok(!matchesAlert(alert("a", { expected: EXPECTED }), first));
  const one = filterOfView({ ...FIRST_VIEW, id: "a" });
  assert.ok(matchesAlert(alert("a", { severity: 3, expected: EXPECTED, open: false }), one));
  assert.ok(!matchesAlert(alert("b"), one));
  assert.equal(
    alertsHref(first, { offset: 0, limit: 20 }),
    "/api/anomalies?offset=0&limit=20&severity=1%2C2",
  );
  assert.match(alertsHref(one, { offset: 0, limit: 1 }), /expected=all&id=a/);
});

Deno.test("selectAlerts() filters by every word, and counts each choice under the others", () => {
  const all = [
    alert("1", { last: 1 }),
    alert("2", { last: 2, open: false, kind: "dga", process: "curl" }),
    alert("3", { last: 3, severity: 3 }),
    alert("4", { last: 4, expected: EXPECTED }),
  ];
  const { matches, counts } = selectAlerts(all, { ...ANY_ALERT, severities: [1, 2], expected: "no" });
  assert.deepEqual(matches.map(({ id }) => id), ["2", "1"]);
  assert.deepEqual(counts, {
    kinds: { port_scan: 1, dga: 1 },
    severities: { 2: 2, 3: 1 },
    open: 1,
    closed: 1,
    expected: 1,
  });
  const found = (q: string) => selectAlerts(all, { ...ANY_ALERT, q }).matches.map(({ id }) => id);
  assert.deepEqual(found("process:CURL"), ["2"]);
  assert.deepEqual(found("ip:10.0.0.9 kind:dga tried"), ["2"]);
  assert.deepEqual(found("ip:10.0.0.77"), [], "a whole address is just that");
  assert.deepEqual(found("ip:10.0.0.0/24 and not kind:dga").length, 3);
  assert.deepEqual(found("nosuch:field"), [], "what cannot be read lets nothing through");
  assert.deepEqual(found("our own"), ["4"]);
  assert.deepEqual(found("nothing"), []);
});

Deno.test("told alerts change in their places, new ones come on top, and the page stays bounded", () => {
  const before = page([alert("a"), alert("b"), alert("c")]);
  const changed = new Map([["b", alert("b", { count: 99 })]]);
  const after = withTold(before, changed, [alert("d"), alert("e")], 4);
  assert.deepEqual(after.anomalies.map(({ id, count }) => [id, count]), [["e", 20], ["d", 20], ["a", 20], [
    "b",
    99,
  ]]);
});

Deno.test("mended() keeps the order that is read, takes in what is new, drops what is gone", () => {
  const at = { offset: 0, limit: 3 };
  const ids = ({ anomalies }: AnomalyPage) => anomalies.map(({ id }) => id);
  assert.deepEqual(
    ids(mended(page([alert("a"), alert("b")]), page([alert("b"), alert("c"), alert("a")]), at)),
    ["c", "a", "b"],
  );
  assert.deepEqual(ids(mended(page([alert("a"), alert("b")]), page([alert("b")]), at)), ["b"]);
  const full = page([alert("a"), alert("b"), alert("c")]);
  assert.deepEqual(
    ids(mended(full, page([alert("x"), alert("y"), alert("a")]), at)),
    ["a", "b", "c"],
    "pushed off by busier ones",
  );
});

Deno.test("rows are marked for alerts seen in them, and for those about their ends while they were there", () => {
  const scan = markOf(alert("port_scan:1"))!;
  const card = markOf(
    alert("7:card:x", {
      kind: "cardholder_data",
      severity: 1,
      details: { brand: "visa", masked: "4111111111111111" },
    }),
  )!;
  const flood = markOf(alert("syn_flood:1", { src_ip: "", dest_port: 80 }))!;
  const index = indexMarks([scan, card, flood]);
  const ids = (over: Partial<Connection>) => marksOfRow(index, row(over))?.marks.map(({ id }) => id) ?? [];
  assert.deepEqual(ids({}), ["port_scan:1", "syn_flood:1"]);
  assert.deepEqual(ids({ dest_port: 81 }), ["port_scan:1"]);
  assert.deepEqual(
    ids({ src_ip: "10.0.0.1", src_port: 5, dest_ip: "10.0.0.9" }),
    ["port_scan:1"],
    "the other way round",
  );
  assert.deepEqual(ids({ src_ip: "10.0.0.8", dest_port: 81 }), []);
  assert.deepEqual(ids({ id: "f7", src_ip: "10.1.1.1", dest_ip: "10.1.1.2" }), ["7:card:x"]);
  assert.deepEqual(ids({ id: "f7" })[0], "7:card:x", "the gravest first");
  const ours = indexMarks([markOf(alert("port_scan:1", { process: "nmap" }))!]);
  const by = (name: string) =>
    marksOfRow(ours, row({ direction: "out", process: { name } as Connection["process"] }));
  assert.equal(by("nmap")?.marks.length, 1);
  assert.equal(by("firefox"), undefined, "another program of the same host");
  const over = indexMarks([markOf(alert("port_scan:1", { open: false }))!]);
  assert.equal(marksOfRow(over, row({ start: 60_000, last: 61_000 })), undefined, "long after it was over");
  assert.equal(marksOfRow(index, row({ start: 60_000, last: 61_000 }))?.marks.length, 2, "it goes on");
  assert.equal(markOf(alert("x", { expected: EXPECTED })), null);
  assert.equal(card.text, "Card number in clear text: Visa •••• 1111");
});

Deno.test("hosts and programs are marked while an alert goes on, and for a minute after", () => {
  const marks = indexMarks([markOf(alert("a", { open: false, process: "nmap", last: 5_000 }))!]);
  assert.equal(marksOfHost(marks, "10.0.0.1", 60_000)?.severity, 2);
  assert.equal(marksOfHost(marks, "10.0.0.1", 70_000), undefined);
  assert.equal(marksOfProgram(marks, "nmap", 5_000)?.marks.length, 1);
  assert.equal(marksOfProgram(marks, "curl", 5_000), undefined);
});

Deno.test("withMarks() replaces, adds, takes away, and is bounded", () => {
  const mark = (id: string) => markOf(alert(id))!;
  const before = [mark("a"), mark("b")];
  const after = withMarks(
    before,
    new Map([["a", null], ["b", { ...mark("b"), severity: 1 }], ["c", mark("c")], ["d", null]]),
  );
  assert.deepEqual(after.map(({ id, severity }) => [id, severity]), [["c", 2], ["b", 1]]);
  const many = new Map(Array.from({ length: 1_000 }, (_, i) => [`${i}`, mark(`${i}`)]));
  assert.equal(withMarks(before, many).length, MAX_MARKS);
});

Deno.test("what is expected is said in words before and after", () => {
  const scan = alert("a", { dest_port: 22, process: "nmap", server_name: "box.example" });
  assert.deepEqual(scopeOffered(scan), {
    kind: ["port_scan"],
    program: ["nmap"],
    source: ["10.0.0.9"],
    destination: ["10.0.0.1", "box.example"],
    port: ["22"],
  });
  assert.deepEqual(scopeOffered(alert("a", { src_ip: "", dest_ip: "" })), { kind: ["port_scan"] });
  const tunnel = alert("a", { kind: "dns_tunnel", details: { evidence: { domain: "tunnel.example" } } });
  assert.deepEqual(scopeOffered(tunnel).destination, ["tunnel.example", "10.0.0.1"]);
  const answered = alert("a", {
    src_port: 80,
    details: { direction: "toclient", server_name: "box.example" },
  });
  assert.deepEqual(scopeOffered(answered).source, ["10.0.0.9", "box.example"]);
  assert.deepEqual(scopeOffered(answered).port, ["80"]);
  assert.deepEqual([...narrowest(scan).keys()], ["kind", "program", "source", "destination", "port"]);
  assert.equal(
    scopeText(scan, new Map([["kind", "port_scan"], ["source", "10.0.0.9"], ["port", "22"]])),
    "“Port scan” from 10.0.0.9 at port 22 will no longer be an alarm",
  );
  assert.match(scopeText(scan, new Map()), /Choose at least one/);
  const scope = new Map([["kind", "port_scan"], ["source", "10.0.0.9"], ["port", "22"]] as const);
  assert.deepEqual(expectRequest(scope, " ours ", "2027-01-31"), {
    kind: "port_scan",
    source: "10.0.0.9",
    port: 22,
    comment: "ours",
    until: "2027-01-31",
  });
  assert.equal(
    expectedText({ ...EXPECTED, source: "10.0.0.0/8", port: "8000-8010", until: "2027-01-31" }),
    "Expected: our own scanner (any kind, from 10.0.0.0/8, port 8000-8010, until 2027-01-31)",
  );
});

Deno.test("rulesText() counts those that run, are off, and fail", () => {
  const rule = (enabled: boolean, failures = 0) => ({ enabled, counters: { failures } });
  const said = (...rules: ReturnType<typeof rule>[]) => rulesText(rules).replaceAll("\u00a0", " ");
  assert.equal(said(rule(true)), "1 rule watches");
  assert.equal(
    said(rule(true), rule(true, 1), rule(false)),
    "2 rules watch, 1 is off, 1 has failed at times",
  );
});
