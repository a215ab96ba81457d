/**
 * Every route of the table with what nobody should send: wrong types, huge numbers and texts, control characters, other
 * alphabets, repeated and unknown parameters, traversal in paths, odd methods, broken bodies. Nothing fails (500), every
 * status is one that the OpenAPI document names, and what is refused is problem+json without a stack.
 *
 * The seed is fixed and the runs are few, so that it is quick and the same each time; FUZZ_RUNS makes it longer.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { API, type RouteSpec } from "../../http/api.ts";
import { openApi } from "../../http/openapi.ts";
import { FIELD_NAMES } from "../../model/filter/filter.ts";
import { type TestApp, testApp } from "../support/app.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 60);
const SEED = 20_261_122;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"];

const nasty = fc.constantFrom(
  "",
  " ",
  "0",
  "-1",
  "1e309",
  "NaN",
  "0x10",
  "٣",
  "9".repeat(400),
  "x".repeat(2_000),
  "\u0000",
  "\r\nX-Evil: 1",
  "\u202e\ufeff",
  "../../../etc/passwd",
  "..%2f..%2f",
  "<script>alert(1)</script>",
  "'; DROP TABLE x; --",
  "=1+1",
  "${7*7}",
  "__proto__",
  "constructor",
  "a,b,,c",
  "(((((",
  ")".repeat(300),
  "not ".repeat(100) + "x",
  "(".repeat(50) + "x" + ")".repeat(50),
  '"',
  "port:1-99999",
  "bytes>1Z",
  "since:never",
  "host:999.1.1.1/64",
  "1_1_" + "x".repeat(300),
  "😀".repeat(100),
);
const term = fc.tuple(
  fc.constantFrom(...FIELD_NAMES),
  fc.constantFrom(":", "=", "<", ">="),
  fc.string({ maxLength: 12 }),
)
  .map((parts) => parts.join(""));
const filter = fc.array(
  fc.oneof(term, fc.constantFrom("and", "or", "not", "(", ")", "!"), fc.string({ maxLength: 5 })),
  {
    maxLength: 12,
  },
).map((words) => words.join(" "));
const anyText = fc.oneof(
  nasty,
  filter,
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.integer().map(String),
);

const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  anyText,
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(anyText, { maxLength: 3 }),
);

const filterBody = fc.letrec((tie) => ({
  filter: fc.oneof(
    { maxDepth: 5 },
    fc.dictionary(
      fc.oneof(fc.constantFrom(...FIELD_NAMES, "address", "min_bytes", "x"), fc.string({ maxLength: 9 })),
      anyValue,
      {
        maxKeys: 3,
      },
    ),
    fc.record({ and: fc.array(tie("filter"), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie("filter"), { maxLength: 3 }) }),
    fc.record({ not: tie("filter") }),
  ),
})).filter;
/** Addresses of a route: some of its parameters with fitting or unfitting values, some twice, some unknown. */
function pathsOf(
  { path, parts = {}, parameters }: RouteSpec,
  own: Record<string, string>,
): fc.Arbitrary<string> {
  const names = Object.keys(parameters);
  const one = fc.tuple(
    names.length === 0
      ? fc.string({ maxLength: 8 })
      : fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...names) }, {
        weight: 1,
        arbitrary: fc.string({ maxLength: 8 }),
      }),
    fc.nat(3),
    anyText,
  ).map(([name, how, text]) => {
    const schema = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    return `${encode(name)}=${encode(how === 0 && schema !== undefined ? schema.example : text)}`;
  });
  const part = (name: string) =>
    fc.oneof(fc.constant(own[name]), anyText, fc.constantFrom("%", "%ff", "%00", "a/b")).map((text) =>
      /^%/.test(text) || text === "a/b" ? text : encode(text)
    );
  return fc.tuple(
    fc.record(Object.fromEntries(Object.keys(parts).map((name) => [name, part(name)]))),
    fc.array(one, { maxLength: 5 }),
  ).map(([filled, query]) =>
    path.replace(/\{(\w+)\}/g, (_, name) => (filled as Record<string, string>)[name]) +
    (query.length === 0 ? "" : `?${query.join("&")}`)
  );
}

function bodyOf({ bodyExample }: RouteSpec): fc.Arbitrary<string | undefined> {
  if (bodyExample === undefined) return fc.option(fc.json({ maxDepth: 2 }), { nil: undefined, freq: 6 });
  const members = Object.keys(bodyExample);
  return fc.oneof(
    fc.dictionary(
      fc.oneof(fc.constantFrom(...members, "q", "fields"), fc.string({ maxLength: 8 })),
      anyValue,
      { maxKeys: 5 },
    )
      .map((body) => JSON.stringify({ ...bodyExample, ...body })),
    filterBody.map((body) => JSON.stringify({ filter: body })),
    fc.json(),
    nasty,
    fc.constant(`{"filter":${"[".repeat(5_000)}`),
  );
}

const headers = fc.record({
  "Accept": fc.constantFrom(
    "*/*",
    "application/json",
    "text/csv",
    "text/event-stream",
    "image/*",
    "",
    ";q=",
    "a/b;q=9",
  ),
  "If-None-Match": fc.constantFrom("*", '"x"', 'W/"', ",,,"),
  "Content-Type": fc.constantFrom(
    "application/json",
    "application/json; charset=latin1",
    "text/plain",
    "multipart/form-data",
  ),
  "Last-Event-ID": fc.constantFrom("", "x", "00000000-1", "9".repeat(99)),
  "Accept-Encoding": fc.constantFrom("gzip", "identity;q=0", "*;q=0", "br"),
}, { requiredKeys: [] });

async function check(
  app: TestApp,
  path: string,
  init: Parameters<TestApp["ask"]>[1],
  allowed: ReadonlySet<number>,
) {
  const what = () =>
    `${init?.method} ${path.slice(0, 300)} ${JSON.stringify(init?.headers)} ${
      String(init?.body).slice(0, 200)
    }`;
  const answer = await app.ask(path, init);
  const { status } = answer;
  assert.notEqual(status, 500, what());
  assert.ok(allowed.has(status), `${what()}: ${status} is not in the document`);
  const type = answer.headers.get("Content-Type") ?? "";
  if (type.startsWith("text/event-stream")) return void await answer.body?.cancel();
  const text = await answer.text();
  for (const [name] of answer.headers) assert.notEqual(name, "x-evil", what());
  if (status < 400) return;
  assert.equal(type, "application/problem+json", what());
  if (init?.method === "HEAD") return;
  const problem = JSON.parse(text);
  assert.equal(problem.status, status, what());
  assert.ok(problem.detail.length < 2_000, `a message stays short: ${what()}`);
  assert.doesNotMatch(text, /\.tsx?:\d+|node_modules|\\n +at /, `no stack: ${what()}`);
  if (status === 405) assert.ok(answer.headers.has("Allow"), what());
}

Deno.test("no input makes a route fail, or answer what the document does not name", async () => {
  const app = await testApp();
  const silent = console.error;
  const said: unknown[][] = [];
  console.error = (...words) => said.push(words);
  try {
    const alert = app.monitor.anomalies({ limit: 1 }).anomalies[0].id;
    const own = { id: alert, ip: "192.168.1.20", pid: "4711" };
    const { paths } = openApi("0.0.0-test");
    for (const route of API) {
      const documented = (paths[route.path][route.method.toLowerCase()] as { responses: object }).responses;
      const allowed = new Set(Object.keys(documented).map(Number));
      await fc.assert(
        fc.asyncProperty(pathsOf(route, own), bodyOf(route), headers, async (path, body, given) => {
          const { method } = route;
          await check(
            app,
            path,
            { method, headers: given, body: method === "GET" ? undefined : body },
            allowed,
          );
        }),
        { seed: SEED, numRuns: RUNS },
      );
      for (const method of METHODS) {
        const path = route.path.replace(/\{(\w+)\}/g, "x");
        const hasOther = API.some((other) => other.path === route.path && other.method === method);
        if (method === route.method || hasOther) continue;
        const refused = method === "PURGE" ? 501 : 405; // one that no route has is refused at the door
        assert.ok(allowed.has(refused), `${route.path}: ${refused} is in the document`);
        const statuses = method === "HEAD" && route.method === "GET" ? allowed : new Set([refused]);
        await check(app, path, { method }, statuses);
      }
    }
    assert.deepEqual(said, [], "nothing was logged as a failure");
  } finally {
    console.error = silent;
    await app.close();
  }
});

Deno.test("paths that lead nowhere, or out, are 404", async () => {
  const app = await testApp();
  try {
    const paths = [
      "/api",
      "/api/",
      "/api/nosuch",
      "/api/../api/nosuch",
      "/api/connections/filter/more",
      "/api/..%2f..%2fetc%2fpasswd",
      "/api/%2e%2e/%2e%2e/etc/passwd",
      "/api//nosuch",
      "/api/CONNECTIONS",
      "/api/connections.json",
      `/api/${"x".repeat(3_000)}`,
      "/api/%00",
    ];
    for (const path of paths) {
      for (const method of ["GET", "POST"]) {
        const { status, headers, body } = await app.ask(path, { method });
        await body?.cancel();
        assert.ok([400, 404].includes(status), `${method} ${path}: ${status}`);
        if (path.startsWith("/api/") && !/\.\.|%2e/.test(path)) {
          assert.equal(headers.get("Content-Type"), "application/problem+json", path);
        }
      }
    }
  } finally {
    await app.close();
  }
});

/** As in an address; what is no character alone stands for itself. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
