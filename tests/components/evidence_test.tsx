/** Evidence is plain data with telling names: here is what picture each becomes, with which words, and its bounds. */
import assert from "node:assert/strict";
import { renderToString } from "preact-render-to-string";
import { Evidence } from "../../components/Evidence.tsx";
import { evidenceOf, type EvidencePart, rangesOf, valueText } from "../../components/evidence.ts";
import { legible } from "../../components/legible.ts";

/** No-break spaces are for the eye. */
const plain = (text: string) => text.replaceAll("\u00a0", " ");

Deno.test("valueText() reads the unit from the name", () => {
  for (
    const [name, value, words] of [
      ["period_s", 5.05, "5.05 s"],
      ["span_s", 176, "2 min 56 s"],
      ["window_ms", 0, "0 s"],
      ["interval_us", 1_500, "1.5 ms"],
      ["median_ms", 0.42, "0.42 ms"],
      ["first_seen_ms", Date.UTC(2026, 0, 2), "2026-01-02 "],
      ["bytes_to_server", 225, "225 B"],
      ["uploaded_bytes", 41_900_000, "41.9 MB"],
      ["bytes_per_second", 1_200, "1.20 kB/s"],
      ["hosts_per_second", 181.4, "181/s"],
      ["upload_share", 0.934, "93 %"],
      ["jitter", 0.0579, "5.8 %"],
      ["dest_port", 8_443, "8443"],
      ["beats", 1_234, "1,234"],
      ["entropy", 3.14159, "3.14"],
      ["answered", true, "yes"],
      ["name", "", "–"],
      ["name", null, "–"],
      ["owner", "\u202eevil\u0000", "‹202E›evil‹0000›"],
    ] as const
  ) {
    const said = plain(valueText(name, value));
    assert.ok(name === "first_seen_ms" ? said.startsWith("2026-01-0") : said === words, `${name}: ${said}`);
  }
});

Deno.test("what came of tries is a stack, whether flat, nested or the one row of a table", () => {
  const counts = { open: 3, refused: 40, silent: 7 };
  for (const evidence of [counts, { outcomes: counts }, { by: [counts] }]) {
    const [stack] = evidenceOf(evidence);
    assert.equal(stack.type, "stack");
    const { parts } = stack as Extract<EvidencePart, { type: "stack" }>;
    assert.deepEqual(parts.map(({ label, count, tone }) => [label, count, tone]), [
      ["open", 3, "error"],
      ["refused", 40, "warning"],
      ["silent", 7, "quiet"],
    ]);
  }
  assert.deepEqual(types({ open: 3 }), ["numbers"], "one alone is a number");
  const [listed, ports] = evidenceOf({ open: [22, 80], answered: 1, refused: 98, silent: 0 });
  assert.deepEqual(listed, {
    type: "stack",
    title: "What came of it",
    total: "100",
    parts: [
      { label: "open", count: 2, text: "2", tone: "error" },
      { label: "refused", count: 98, text: "98", tone: "warning" },
    ],
  });
  assert.deepEqual(ports, { type: "ports", title: "Open", ports: 2, ranges: ["22", "80"], more: 0 });
  const [failed] = evidenceOf({ failed: 50, succeeded: 0 });
  assert.equal(
    (failed as typeof listed & { parts: unknown[] }).parts.length,
    2,
    "that none succeeded is told",
  );
});

Deno.test("bytes of two ways are a stack, alike counts are compared", () => {
  const [stack, rest] = evidenceOf({ bytes_sent: 41_947_584, bytes_received: 364, share_sent: 1 });
  assert.equal(stack.type, "stack");
  const { parts } = stack as Extract<EvidencePart, { type: "stack" }>;
  assert.deepEqual(parts.map(({ label, text, tone }) => [label, plain(text), tone]), [
    ["sent", "41.9 MB", "out"],
    ["received", "364 B", "in"],
  ]);
  assert.deepEqual(rest, { type: "numbers", rows: [{ name: "Share sent", text: "100\u00a0%", share: 1 }] });
  const [opened] = bars({ last_ten_seconds: { opened: 8_000, completed: 0 } });
  assert.deepEqual(opened.bars.map(({ text }) => text), ["8,000", "0"]);
  assert.deepEqual(types({ sizes: { bytes_seen: 5, port: 3 } }), ["numbers"], "these cannot be compared");
});

Deno.test("histograms and series are bars along an axis; shares and counts by name are compared", () => {
  const [histogram] = bars({
    histogram: [{ from_s: 0, to_s: 5, count: 1 }, { from_s: 5, to_s: null, count: 9 }],
  });
  assert.deepEqual(histogram.bars.map(({ label, text }) => [plain(label), text]), [
    ["0 s to 5 s", "1"],
    ["from 5 s", "9"],
  ]);
  assert.equal(histogram.ordered, true);
  const [keyed] = bars({ gaps_ms: { 1000: 5, 500: 2 } });
  assert.deepEqual(keyed.bars.map(({ label }) => plain(label)), ["500 ms", "1 s"]);
  const [series] = bars({ bytes_over_time: [10, 2_000, 30] });
  assert.deepEqual(series.bars.map(({ text }) => plain(text)), ["10 B", "2.00 kB", "30 B"]);
  const [pairs] = bars({ per_minute: [[1, 4], [2, 5]] });
  assert.deepEqual(pairs.bars.map(({ value }) => value), [4, 5]);
  const [scores] = bars({ scores: { regularity: 1, popularity: 0 } });
  assert.deepEqual(scores.bars.map(({ label, text }) => [label, plain(text)]), [
    ["regularity", "100 %"],
    ["popularity", "0 %"],
  ]);
  assert.equal(scores.ordered, false);
  const [counted] = bars({
    names: [{ name: "a", count: 1 }, { name: "b", count: 2 }, { name: "c", count: 3 }],
  });
  assert.deepEqual(counted.bars.map(({ label }) => label), ["a", "b", "c"]);
});

Deno.test("thresholds stand beside what they were held against", () => {
  for (
    const evidence of [
      { ports: 120, ports_threshold: 100 },
      { ports: 120, threshold_ports: 100 },
      { ports: 120, thresholds: { ports: 100 } },
    ]
  ) {
    assert.deepEqual(evidenceOf(evidence), [
      { type: "limit", title: "Ports", value: 120, limit: 100, text: "120", limitText: "100" },
    ]);
  }
  assert.deepEqual(types({ value: 0.9, threshold: 0.5 }), ["limit"]);
  assert.deepEqual(
    types({ thresholds: { other: 1 } }),
    ["numbers"],
    "a threshold of what is not there is kept",
  );
});

Deno.test("ports are ranges, short texts chips, objects tables, all else numbers: nothing is left out", () => {
  assert.deepEqual(rangesOf([80, 3, 1, 2, 80]), ["1–3", "80"]);
  assert.deepEqual(types({ ports: [1, 2, 3], ids: [7, 9, 8] }), ["ports", "ports"]);
  assert.deepEqual(evidenceOf({ tcp_ports: ["1-1000", "8080"] }), [
    { type: "ports", title: "TCP ports", ports: 1_001, ranges: ["1–1000", "8080"], more: 0 },
  ]);
  assert.deepEqual(
    types({
      owner: ["a"],
      hosts: ["10.0.0.1", "10.0.0.2"],
      claims: [{ mac: "a", n: 1, x: 2 }, { mac: "b", n: 2, x: 3 }],
    }),
    [
      "list",
      "table",
      "numbers",
    ],
  );
  assert.deepEqual(evidenceOf({ a: { b: { c: 1 } }, empty: [], none: null }), [
    { type: "numbers", rows: [{ name: "A, b, c", text: "1" }] },
  ]);
  assert.deepEqual(evidenceOf(undefined), []);
  assert.deepEqual(types("just words"), ["numbers"]);
});

Deno.test("evidence of any size and shape is drawn within bounds", () => {
  const deep = (depth: number): unknown => depth === 0 ? "end" : { deeper: deep(depth - 1), n: depth };
  const huge = {
    names: Array.from({ length: 10_000 }, (_, i) => `name ${i} `.repeat(1_000)),
    series: Array.from({ length: 10_000 }, (_, i) => i),
    ports: Array.from({ length: 10_000 }, (_, i) => i * 2),
    rows: Array.from(
      { length: 1_000 },
      () => Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`c${i}`, "x"])),
    ),
    mixed: [1, "two", null, { three: [4] }, [5]],
    deep: deep(50),
    ...Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`number_${i}`, i])),
  };
  const html = renderToString(<Evidence parts={evidenceOf(huge)} />);
  assert.ok(html.length < 100_000, `${html.length} characters`);
  assert.ok(html.includes("and 9,968 more"));
  assert.doesNotMatch(html, /NaN|Infinity|undefined|\[object/);
  assert.doesNotMatch(html, / style=/, "the page's policy allows none");
  const odd = { a: NaN, b: Infinity, c: -1, d: [NaN, 1, 2], e: [[]], f: {}, g: [{}], ports: [-1], h_ms: -5 };
  assert.doesNotMatch(
    renderToString(<Evidence parts={evidenceOf(odd)} />),
    /NaN|Infinity|undefined|\[object/,
  );
});

Deno.test("every picture has its numbers in words beside it", () => {
  const html = plain(renderToString(
    <Evidence
      parts={evidenceOf({
        tries: { open: 1, refused: 3 },
        value: 12,
        threshold: 10,
        sizes: Array.from({ length: 20 }, (_, i) => i),
      })}
    />,
  ));
  assert.match(html, /<b>3<\/b> <span class="foreign">refused<\/span>.*75 %/s);
  assert.match(html, /<b>12<\/b>.*threshold 10/s);
  assert.match(html, /As a table.*<th scope="row" class="foreign">20<\/th><td class="num foreign">19<\/td>/s);
});

Deno.test("legible() shows what is invisible, and cuts between characters", () => {
  assert.equal(legible("a\u202eb\u200bc\u0007"), "a‹202E›b‹200B›c‹0007›");
  assert.equal(legible("line\nbreak"), "line break");
  assert.equal(legible("x".repeat(1_000), 10), "x".repeat(10) + "…");
  assert.equal(legible("😀😀😀", 3), "😀…");
});

function types(evidence: unknown): string[] {
  return evidenceOf(evidence).map(({ type }) => type);
}

function bars(evidence: unknown) {
  return evidenceOf(evidence).filter((part) => part.type === "bars");
}
