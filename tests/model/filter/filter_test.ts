/** The filter language: what is understood, what it finds, and where it says that something is wrong. */
import assert from "node:assert/strict";
import { type FieldName, FIELDS, type Filter, FilterError } from "../../../model/filter/filter.ts";
import { filterOfJson } from "../../../model/filter/json.ts";
import { matcherOf, type Subject } from "../../../model/filter/match.ts";
import { parseFilter } from "../../../model/filter/parse.ts";

interface Row {
  id: string;
  src: string;
  dst: string;
  port: number;
  proto: string;
  program: string;
  bytes: number;
  rtt: number | null;
  last: number;
}

const ROWS: Row[] = [
  {
    id: "a",
    src: "10.0.0.9",
    dst: "198.51.100.7",
    port: 443,
    proto: "tcp",
    program: "firefox",
    bytes: 2e6,
    rtt: 12,
    last: 1e12,
  },
  {
    id: "b",
    src: "10.0.0.10",
    dst: "198.51.100.7",
    port: 80,
    proto: "tcp",
    program: "curl",
    bytes: 500,
    rtt: 200,
    last: 2e12,
  },
  {
    id: "c",
    src: "2001:db8::1",
    dst: "2001:db8::443",
    port: 53,
    proto: "udp",
    program: "",
    bytes: 90,
    rtt: null,
    last: 3e12,
  },
];

const SUBJECT: Subject<Row> = {
  name: "rows",
  text: (row) => [row.src, row.dst, row.program],
  exact: (row) => [`${row.port}`, row.proto],
  texts: {
    host: (row) => [row.src, row.dst],
    src: (row) => [row.src],
    dst: (row) => [row.dst],
    proto: (row) => [row.proto],
    app: (row) => [row.program],
  },
  names: { host: (row) => [row.id === "a" ? "www.example.org" : ""] },
  numbers: {
    port: (row) => [row.port],
    bytes: (row) => [row.bytes],
    rtt: (row) => [row.rtt],
    since: (row) => [row.last],
    last: (row) => [row.last],
  },
};

const FOUND: [string, string][] = [
  ["", "abc"],
  ["port:443", "a"],
  ["port:80-443", "ab"],
  ["port:53,80", "bc"],
  ["port>=80", "ab"],
  ["host:10.0.0.0/8", "ab"],
  ["host:2001:db8::/32", "c"],
  ["src:10.0.0.9", "a"],
  ["host:example.org", "a"],
  ["not host:10.0.0.0/8", "c"],
  ["!port:443", "bc"],
  ["! port:443", "bc"],
  ["port:443 and not host:10.0.0.10/32 and app:firefox", "a"],
  ["port:443 or port:53", "ac"],
  ["port:443 or port:80 proto:tcp", "ab"], // and binds closer
  ["(port:443 or port:53) and proto:udp", "c"],
  ["NOT (Port:443 OR port:53)", "b"],
  ["bytes>1k", "a"],
  ["bytes>=2M", "a"],
  ["bytes:500", "b"],
  ["rtt>100ms", "b"],
  ["rtt<0.1s", "a"], // what is not known never matches
  ["not rtt<1s", "c"],
  ["since:2001-09-09T01:46:40Z", "abc"],
  ["since:2500000000000", "c"],
  ["last>=2000000000000", "bc"],
  ["last<2001-09-09T01:46:41Z", "a"],
  ["10:ab", ""], // pieces of addresses that are still typed
  ["db8:", "c"],
  ["ad:be", ""],
  ["FIREFOX", "a"],
  ["10.0.0.1", "b"],
  ["443", "ac"], // a whole port, or a part of an address
  ["2001:db8::1", "c"],
  ["fire fox", "a"],
  ['"fire fox"', ""],
  ['app:"fire"', "a"],
  ['"or"', ""],
  ["udp", "c"],
];

Deno.test("filters find what they say", () => {
  for (const [text, ids] of FOUND) assert.equal(select(parseFilter(text)), ids, text);
});

const WRONG: [string, number, RegExp][] = [
  ["port:", 5, /needs a value/],
  ["port:443 and", 12, /missing here/],
  ["and port:443", 0, /missing before/],
  ["(port:443", 0, /never closed/],
  ["port:443)", 8, /closes no bracket/],
  ["()", 1, /closes no bracket/],
  ["x prot:80", 2, /There is no field "prot"; did you mean "port"|"proto"/],
  ["a port:99999", 2, /is no port/],
  ["port:90-80", 0, /is no port/],
  ["bytes>lots", 0, /is no number/],
  ["bytes>1ms", 0, /digits, then one of b, k/],
  ["proto>3", 0, /is no number: write proto:udp/],
  ["since:yesterday", 0, /is no time/],
  ["last>yesterday", 0, /is no time/],
  ["a last:2026-11-22", 2, /a time to compare: write last</],
  ["country:nl", 0, /"country" is not known of rows; known are host, src, dst, proto, app, port, /],
  ['a "b', 2, /no partner/],
  ["x".repeat(501), 500, /at most 500/],
  ["(".repeat(30) + "a" + ")".repeat(30), 20, /Nested deeper/],
  ["constructor:x", 0, /There is no field/],
  ["__proto__:x", 0, /There is no field/],
];

Deno.test("what is wrong is told with its place", () => {
  for (const [text, at, message] of WRONG) {
    assert.throws(() => select(parseFilter(text)), (error) => {
      assert(error instanceof FilterError, text);
      assert.match(error.message, message, text);
      assert.equal(error.at, at, text);
      return true;
    });
  }
});

Deno.test("no text makes the parser fail in another way, or take long", () => {
  const pieces = [
    "(",
    ")",
    '"',
    "and",
    "or",
    "not",
    "!",
    "port:",
    ":",
    "<=",
    " ",
    "a",
    "é",
    "\u202e",
    "10/8",
    "-",
  ];
  let seed = 7;
  for (let i = 0; i < 3000; i++) {
    let text = "";
    for (let n = 0; n < 12; n++) {
      text += pieces[(seed = (seed * 1103515245 + 12345) & 0x7fffffff) % pieces.length];
    }
    try {
      select(parseFilter(text));
    } catch (error) {
      assert(error instanceof FilterError, `${text}: ${error}`);
      assert(error.at >= 0 && error.at <= text.length, text);
    }
  }
});

Deno.test("a filter as JSON finds the same", () => {
  const cases: [unknown, string][] = [
    [{}, "abc"],
    [{ port: 443 }, "a"],
    [{ port: "80-90", protocol: "tcp" }, "b"],
    [{ port: [53, "443"] }, "ac"],
    [{ address: "10.0.0.0/8" }, "ab"],
    [{ not: { address: "10.0.0.0/8" } }, "c"],
    [{ or: [{ port: 53 }, { min_bytes: 1_000_000 }] }, "ac"],
    [{ and: [{ proto: "tcp" }, { max_bytes: 1000 }] }, "b"],
  ];
  for (const [json, ids] of cases) assert.equal(select(filterOfJson(json)), ids, JSON.stringify(json));
});

Deno.test("what is wrong in JSON is told with its path", () => {
  const cases: [unknown, string, RegExp][] = [
    [[], "", /must be an object/],
    [null, "", /must be an object/],
    [{ and: [] }, "and", /list of filters/],
    [{ and: [{ port: 1 }, 5] }, "and[1]", /must be an object/],
    [{ not: { prot: 1 } }, "not.prot", /There is no member "prot"; did you mean "port"|"proto"/],
    [{ port: null }, "port", /takes a text/],
    [{ port: [1, {}] }, "port[1]", /takes a text/],
    [{ min_bytes: -1 }, "min_bytes", /takes a text/],
    [{ app: "x".repeat(256) }, "app", /1 to 255/],
    [JSON.parse('{"__proto__": 1}'), "__proto__", /There is no member/],
    [{ port: Array.from({ length: 300 }, () => 1) }, "port[200]", /at most 200 terms/],
  ];
  for (const [json, path, message] of cases) {
    assert.throws(() => filterOfJson(json), (error) => {
      assert(error instanceof FilterError);
      assert.match(error.message, message);
      assert.equal(error.path, path);
      return true;
    });
  }
});

Deno.test("the example of each field can be read", () => {
  for (const [name, { example, help }] of Object.entries(FIELDS)) {
    const filter = parseFilter(example);
    assert("field" in filter && filter.field === name as FieldName, example);
    assert(help.length > 5);
  }
});

function select(filter: Filter): string {
  return ROWS.filter(matcherOf(filter, SUBJECT)).map(({ id }) => id).join("");
}
