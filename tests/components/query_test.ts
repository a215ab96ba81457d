import assert from "node:assert/strict";
import {
  apiHref,
  FIRST_QUERY,
  MAX_FILTER,
  pageHref,
  parseTableQuery,
  SORT_LABELS,
  sortedBy,
} from "../../components/query.ts";
import { MAX_QUERY_LENGTH, parseConnectionQuery, SORT_KEYS } from "../../monitor/query.ts";

const parse = (search: string) => parseTableQuery(new URLSearchParams(search));

Deno.test("the page sorts by exactly what the server can sort by", () => {
  assert.deepEqual(Object.keys(SORT_LABELS).sort(), [...SORT_KEYS].sort());
  assert.ok(MAX_FILTER <= MAX_QUERY_LENGTH);
});

Deno.test("parseTableQuery() takes what is known and in bounds, and the default for all else", () => {
  assert.deepEqual(parse(""), FIRST_QUERY);
  assert.deepEqual(parse("sort=toString&order=up&offset=-3"), FIRST_QUERY);
  assert.deepEqual(parse("sort=__proto__&offset=1.5"), FIRST_QUERY);
  assert.equal(parse("sort=process").order, "asc");
  assert.equal(parse("sort=bytes").order, "desc");
  assert.equal(parse("offset=1e99").offset, 0);
  assert.equal(parse("offset=999999999").offset, 10_000_000);
  assert.equal(parse(`q=${"x".repeat(5_000)}`).q.length, MAX_FILTER);
});

Deno.test("pageHref() and parseTableQuery() are each other's inverse", () => {
  for (
    const query of [
      FIRST_QUERY,
      { ...FIRST_QUERY, q: "port:443 <b>&=+%", offset: 200 },
      { ...FIRST_QUERY, sort: "process" as const, order: "asc" as const },
      { ...FIRST_QUERY, order: "asc" as const },
    ]
  ) {
    const url = new URL(pageHref(query), "http://localhost");
    assert.equal(url.pathname, "/");
    assert.deepEqual(parseTableQuery(url.searchParams), query);
  }
  assert.equal(pageHref(FIRST_QUERY), "/#connections");
});

Deno.test("apiHref() asks what the API understands", () => {
  const query = { ...FIRST_QUERY, q: "a:b & c", offset: 30, limit: 60 };
  const url = new URL(apiHref(query), "http://localhost");
  assert.deepEqual(parseConnectionQuery(url.searchParams), query);
});

Deno.test("sortedBy() begins with a column's own order, then turns it round, and goes back to the first row", () => {
  const byBytes = sortedBy({ ...FIRST_QUERY, offset: 300 }, "bytes");
  assert.deepEqual(byBytes, { ...FIRST_QUERY, sort: "bytes", order: "desc", offset: 0 });
  assert.equal(sortedBy(byBytes, "bytes").order, "asc");
  assert.equal(sortedBy(byBytes, "process").order, "asc");
});
