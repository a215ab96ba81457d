/** Parameters: what they take from addresses and from JSON, and how they say what is wrong. */
import assert from "node:assert/strict";
import {
  choice,
  choices,
  integer,
  moment,
  network,
  type Parameters,
  readMembers,
  readParameters,
  text,
} from "../../monitor/parameters.ts";
import { QueryError } from "../../monitor/query_error.ts";

const SPECS = {
  limit: integer({ min: 1, max: 100, fallback: 10, help: "" }),
  sort: choice(["bytes", "rate"], "rate", ""),
  expected: choice({ yes: "yes", true: "yes" }, "", ""),
  fields: choices(["a", "b", "c"], "", "a"),
  q: text({ help: "", example: "", max: 5 }),
  source: network(""),
  since: moment(""),
};

const read = (query: string, specs: Parameters = SPECS) => readParameters(specs, new URLSearchParams(query));

Deno.test("what is absent or empty is the default", () => {
  const preset = { limit: 10, sort: "rate", expected: "", fields: [], q: "", source: null, since: null };
  assert.deepEqual(read(""), preset);
  assert.deepEqual(read("limit=&sort=&fields=&q=&source=&since="), preset);
});

Deno.test("values are read", () => {
  assert.deepEqual(read("limit=100&sort=bytes&expected=true&fields=c,a&q=+x+&since=5"), {
    limit: 100,
    sort: "bytes",
    expected: "yes",
    fields: ["c", "a"],
    q: "x",
    source: null,
    since: 5,
  });
  assert.equal(read("since=2027-01-31T08:00:00Z").since, Date.UTC(2027, 0, 31, 8));
});

Deno.test("what is wrong is named, with what was meant", () => {
  for (
    const [query, field, says] of [
      ["limit=0", "limit", /from 1 to 100/],
      ["limit=1e1", "limit", /whole number/],
      ["limt=1", "limt", /did you mean "limit"/],
      ["constructor=1", "constructor", /Unknown parameter/],
      ["limit=1&limit=2", "limit", /more than once/],
      ["sort=byte", "sort", /did you mean "bytes"/],
      ["fields=a,x", "fields", /knows no "x"/],
      ["fields=a,a", "fields", /twice/],
      ["fields=a,", "fields", /knows no ""/],
      ["q=123456", "q", /at most 5/],
      ["source=10.0.0.0/99", "source", /a network such as/],
      ["since=soon", "since", /milliseconds/],
      [`${"x".repeat(5_000)}=1`, `${"x".repeat(50)}…`, /^.{1,300}$/],
    ] as const
  ) {
    assert.throws(() => read(query), (error) => {
      assert.ok(error instanceof QueryError, query);
      assert.equal(error.field, field, query);
      assert.match(error.message, says);
      return true;
    });
  }
});

Deno.test("members of JSON are the same parameters, with their types", () => {
  const { limit, sort, fields, q } = readMembers(SPECS, { limit: 5, sort: "bytes", fields: ["b"], q: "x" });
  assert.deepEqual([limit, sort, fields, q], [5, "bytes", ["b"], "x"]);
  assert.deepEqual(readMembers(SPECS, { fields: "a,b", filter: 1 }, ["filter"]).fields, ["a", "b"]);
  for (
    const [body, field] of [
      [{ limit: "5" }, "limit"],
      [{ limit: 5.5 }, "limit"],
      [{ limit: null }, "limit"],
      [{ limit: [5] }, "limit"],
      [{ sort: 1 }, "sort"],
      [{ sort: { bytes: 1 } }, "sort"],
      [{ fields: [] }, "fields"],
      [{ fields: ["a,b"] }, "fields"],
      [{ fields: [["a"]] }, "fields"],
      [{ q: 1 }, "q"],
      [{ filter: {} }, "filter"],
      [JSON.parse('{"__proto__": 1}'), "__proto__"],
    ] as const
  ) {
    assert.throws(
      () => readMembers(SPECS, body),
      (error) => error instanceof QueryError && error.field === field,
      JSON.stringify(body),
    );
  }
});
