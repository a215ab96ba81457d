// CSV of the local @std/csv package: RFC 4180 out, and back in.
import { deepEqual, equal, throws } from "node:assert/strict";
import { CsvStringifyStream, parse, stringify } from "@std/csv";

const FLOWS = [
  { host: "10.0.0.1", bytes: 1500, geo: { city: "Brno" } },
  { host: 'the "old" router', bytes: null, geo: { city: "Praha, CZ" } },
];
const COLUMNS = ["host", { header: "Bytes", prop: "bytes" }, ["geo", "city"]];

Deno.test("stringify(): columns by key, path and name; quotes where they are needed", () => {
  equal(
    stringify(FLOWS, { columns: COLUMNS }),
    'host,Bytes,city\r\n10.0.0.1,1500,Brno\r\n"the ""old"" router",,"Praha, CZ"\r\n',
  );
  equal(stringify([["a\nb", "c\r\nd", " e "]]), '"a\nb","c\r\nd", e \r\n');
  equal(stringify([["c\rd"]]), "c\rd\r\n", "as the published package: who writes must keep a lone CR out");
  throws(() => stringify(FLOWS), /need the option columns/);
});

Deno.test("CsvStringifyStream: the header at once, then a chunk for each row", async () => {
  const rows = ReadableStream.from([{ a: 1, b: 2 }, { a: 3 }] as Record<string, unknown>[]);
  const chunks = await Array.fromAsync(rows.pipeThrough(new CsvStringifyStream({ columns: ["a", "b"] })));
  deepEqual(chunks, ["a,b\r\n", "1,2\r\n", "3,\r\n"]);
});

Deno.test("parse(): reads quotes, empty fields and both line ends; skips empty lines", () => {
  const table: [string, string[][]][] = [
    ['a,"b ""c""",\r\n"x\r\ny",,z', [["a", 'b "c"', ""], ["x\ny", "", "z"]]],
    ["a\n\nb\n", [["a"], ["b"]]],
    ["\ufeffa,b", [["a", "b"]]],
    ["a,", [["a", ""]]],
    ["", []],
  ];
  for (const [text, rows] of table) deepEqual(parse(text), rows, JSON.stringify(text));
  deepEqual(parse("x;y\n1;2", { separator: ";", skipFirstRow: true }), [{ x: "1", y: "2" }]);
});

Deno.test("parse(): says what is wrong", () => {
  throws(() => parse('a\nb,"c'), /line 2 has a quote/);
  throws(() => parse('a"b'), /line 1 has a quote/);
  throws(() => parse('"a"b'), SyntaxError);
  throws(() => parse("", { skipFirstRow: true }), TypeError);
  throws(() => parse("a,b", { columns: ["x"] }), { name: "Error" });
  throws(() => parse("a,b\nc", { fieldsPerRecord: 0 }), /row 2 has 1 fields, not 2/);
});
