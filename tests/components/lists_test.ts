/** The lists of packets and DNS queries: what they ask for, and that they stay bounded and in order. */
import assert from "node:assert/strict";
import { countEncrypted, encryptedText, missedOf } from "../../components/coverage.ts";
import { answerTexts, outcomeOf } from "../../components/DnsRow.tsx";
import {
  beforeOf,
  dnsHref,
  filterOf,
  LIST_ROWS,
  listHref,
  MAX_LIST_ROWS,
  packetsHref,
} from "../../components/list_filter.ts";
import { flagWords } from "../../components/PacketRow.tsx";
import { pageAt, windowTitle } from "../../components/pages.ts";
import { MAX_FILTER } from "../../components/query.ts";
import { mergeRows } from "../../components/use_tail.ts";
import type { Connection, DnsQuery, Stats } from "../../model/api.ts";
import { parseListQuery, parsePacketQuery } from "../../monitor/packet_query.ts";

Deno.test("the lists ask the API what it understands", () => {
  const packets = new URL(packetsHref("ip:10.0.0.1 (port:53 or <b>) & c"), "http://localhost").searchParams;
  assert.equal(parsePacketQuery(packets).q, "ip:10.0.0.1 (port:53 or <b>) & c");
  const queries = new URL(dnsHref(" a&b=c "), "http://localhost").searchParams;
  const { q, limit } = parseListQuery(queries);
  assert.deepEqual([q, limit], ["a&b=c", LIST_ROWS]);
  const long = new URL(packetsHref("x ".repeat(5_000)), "http://localhost").searchParams;
  assert.ok(parsePacketQuery(long).q.length <= MAX_FILTER);
});

Deno.test("addresses of the pages keep what they are given, within bounds", () => {
  const params = new URL(listHref("/packets", "a&b", 7), "http://localhost").searchParams;
  assert.equal(filterOf(params), "a&b");
  assert.equal(beforeOf(params), 7);
  assert.equal(listHref("/dns", ""), "/dns");
  for (const before of ["", "-1", "1.5", "1e99", "x"]) {
    assert.equal(beforeOf(new URLSearchParams({ before })), 0, before);
  }
  assert.equal(filterOf(new URLSearchParams({ q: "x".repeat(5_000) })).length, MAX_FILTER);
  assert.equal(windowTitle("/"), "Netpane");
  assert.equal(windowTitle("/dns"), "DNS queries – Netpane");
  assert.equal(pageAt("/nosuch").path, "/");
});

Deno.test("mergeRows() keeps the newest first, each once, and no more than fit", () => {
  const row = (number: number, text = "") => ({ number, text });
  const keyOf = ({ number }: { number: number }) => number;
  assert.deepEqual(mergeRows([row(3), row(1)], [row(2), row(4)], keyOf).map(keyOf), [4, 3, 2, 1]);
  assert.deepEqual(mergeRows([row(2, "asked")], [row(2, "answered")], keyOf), [row(2, "answered")]);
  const rows = [row(1)];
  assert.equal(mergeRows(rows, [], keyOf), rows);
  const many = Array.from({ length: 1_000 }, (_, i) => row(i));
  const merged = mergeRows(many, [row(1_000)], keyOf);
  assert.equal(merged.length, MAX_LIST_ROWS);
  assert.equal(merged[0].number, 1_000);
});

Deno.test("outcomeOf() says what became of a question", () => {
  const query = (changes: Partial<DnsQuery>) =>
    ({ kind: "dns", rcode: "", answers: [], time: 1_000, rrtype: "A", ...changes }) as DnsQuery;
  const word = (changes: Partial<DnsQuery>, now = 1_000) => outcomeOf(query(changes), now).word;
  assert.equal(word({}), "waits");
  assert.equal(word({}, 60_000), "no answer");
  assert.equal(word({ kind: "mdns" }, 60_000), "asked of all");
  assert.equal(word({ rcode: "NOERROR", answers: ["A 192.0.2.1"] }), "NOERROR");
  assert.equal(word({ rcode: "NOERROR" }), "no data");
  assert.equal(word({ kind: "mdns", answers: ["PTR x"] }), "answered");
  assert.equal(outcomeOf(query({ rcode: "NXDOMAIN" }), 0).tone, "error");
  assert.equal(outcomeOf(query({ rcode: "toString" }), 0).meaning, "response code");
  assert.deepEqual(answerTexts(query({ answers: ["CNAME a.example", "A 192.0.2.1"] })), [
    "CNAME a.example",
    "192.0.2.1",
  ]);
});

Deno.test("flagWords() spells TCP flags out", () => {
  assert.equal(flagWords("SA"), "SYN, ACK");
  assert.equal(flagWords(""), "");
});

Deno.test("what cannot be seen is counted from connections that packets were seen of", () => {
  const rows = [["both", "tls"], ["packets", "tls"], ["packets", "quic"], ["packets", ""], ["socket", ""]]
    .map(([source, app_proto]) => ({ source, app_proto }) as Connection);
  const coverage = { ...countEncrypted(rows), missed: [] };
  assert.equal(encryptedText(coverage).replaceAll("\u00a0", " "), "3 of 4 connections now (TLS 2, QUIC 1)");
  assert.match(encryptedText({ connections: 2, encrypted: { tls: 0 }, missed: [] }), /^none of 2/);
});

Deno.test("missedOf() names what was missed, and nothing else", () => {
  const stats = {
    capture: { kernel_dropped: 0, interface_dropped: 0, app_dropped: 0 },
    packets: { snapped: 0 },
    payload: { refused: 0, heldExceeded: 0, failures: {}, alertsRefused: 0 },
    detect: { facts_lost: 0, alertsEvicted: 0 },
  } as unknown as Stats;
  assert.deepEqual(missedOf(stats), []);
  stats.capture.kernel_dropped = 2;
  stats.payload.failures = { dns: 1 };
  const missed = missedOf(stats).map((text) => text.replaceAll("\u00a0", " "));
  assert.deepEqual(missed, ["2 packets lost before being read", "1 flow given up by a parser that failed"]);
});
