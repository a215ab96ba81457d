/** CSV: quoting, formulas, columns, and that rows are read no faster than they are taken. */
import assert from "node:assert/strict";
import { parse } from "@std/csv/parse";
import { columnsOf, csvStream, guarded } from "../../http/csv.ts";

async function csv(rows: object[], fields: string[] = []): Promise<string> {
  return await new Response(csvStream(rows, "DnsQuery", fields)).text();
}

Deno.test("what a spreadsheet would run has an apostrophe in front", () => {
  for (
    const [text, safe] of [
      ["=1+1", "'=1+1"],
      ["+1", "'+1"],
      ["-1", "'-1"],
      ["@SUM(A1)", "'@SUM(A1)"],
      ["\t=1", "'\t'=1"],
      ["\r=1", "'\r'=1"],
      ["＝1", "'＝1"],
      ["＋1", "'＋1"],
      ["－1", "'－1"],
      ["＠x", "'＠x"],
      ["a;=1", "a;'=1"], // where cells are separated by semicolons
      ["a\n=1", "a\n'=1"],
      ["a=1", "a=1"],
      ["www.example.org", "www.example.org"],
      ["2001:db8::1", "2001:db8::1"],
      ["", ""],
    ]
  ) {
    assert.equal(guarded(text), safe, JSON.stringify(text));
  }
});

Deno.test("numbers stay numbers, text is quoted where it must be, lists share a cell", async () => {
  const row = { time: -1.5, rrname: '=A1,"x"\r\ny', answers: ["A 1", "=2"], latency_ms: null, count: 3 };
  assert.equal(
    await csv([row], ["time", "rrname", "answers", "latency_ms", "count"]),
    'time,rrname,answers,latency_ms,count\r\n-1.5,"\'=A1,""x""\r\ny",A 1; =2,,3\r\n',
  );
  assert.equal((await csv([])).split("\r\n")[0], columnsOf("DnsQuery").join(","));
});

Deno.test("whatever a name holds, the table keeps its shape", async () => {
  const nasty = [
    '"',
    '""',
    ",",
    "\r",
    "\n",
    "\r\n",
    "'",
    '="=',
    ";",
    "\u0000",
    "\ufeff",
    "\u2028",
    "𝕏",
    'a,b\n"c',
  ];
  const rows = nasty.map((rrname) => ({ rrname, kind: rrname, rcode: "" }));
  const table = parse(await csv(rows, ["rrname", "kind", "rcode"]));
  assert.equal(table.length, rows.length + 1);
  for (const row of table) assert.equal(row.length, 3);
  // The reader above takes a lone CR for text; others end the line there, so it must stand in quotes.
  assert.equal(await csv([{ rrname: "a\rb" }], ["rrname"]), 'rrname\r\n"a\r\nb"\r\n');
});

Deno.test("an object within a row is spread over columns, and may be missing", async () => {
  assert.deepEqual(columnsOf("Connection", ["proto", "rtt_server"]), [
    "proto",
    "rtt_server.min_ms",
    "rtt_server.median_ms",
    "rtt_server.p95_ms",
    "rtt_server.samples",
  ]);
  const rows = [{ proto: "tcp", rtt_server: null }, { proto: "udp", rtt_server: { min_ms: 1, samples: 2 } }];
  const text = await new Response(csvStream(rows, "Connection", ["proto", "rtt_server"])).text();
  assert.deepEqual(text.split("\r\n").slice(1, 3), ["tcp,,,,", "udp,1,,,2"]);
});

Deno.test("rows are read as they are taken: a slow reader keeps nothing but a few chunks waiting", async () => {
  let read = 0;
  const rows = Array.from({ length: 10_000 }, (_, id) => ({
    get id() {
      read++;
      return id;
    },
    rrname: "x".repeat(100),
  }));
  const reader = csvStream(rows, "DnsQuery", ["id", "rrname"]).getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.ok(read < 2_000, `${read} of 10,000 rows were read for one chunk`);
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
  }
  assert.equal(read, 10_000);
  assert.ok(bytes > 1_000_000);
});
