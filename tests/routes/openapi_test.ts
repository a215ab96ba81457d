/** The OpenAPI document tells the truth: of the routes there are, of what they answer, of what they take. */
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { API, FAILURES_EVERYWHERE, FAILURES_WITH_BODY, failuresOf, LISTS } from "../../http/api.ts";
import { openApi } from "../../http/openapi.ts";
import { helpOf, isTypeName, TYPE_NAMES } from "../../model/help.ts";
import { LIST_FIELDS } from "../../model/filter/lists.ts";
import { DEVICES, HOSTS, LISTENERS, PROGRAMS } from "../../monitor/inventory/subjects.ts";
import type { JsonSchema, Parameters } from "../../monitor/parameters.ts";
import { ALERTS, CONNECTIONS, PACKETS, QUERIES } from "../../monitor/subjects.ts";
import { testApp } from "../support/app.ts";
import { ROOT } from "../support/server.ts";

const DOCUMENT = openApi("0.0.0-test");

Deno.test("the document passes a linter", async () => {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const problems = await lintFromString({
    source: JSON.stringify(DOCUMENT),
    absoluteRef: "openapi.json",
    config,
  });
  assert.deepEqual(
    problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]),
    [],
  );
});

Deno.test("every file in routes/api is in the table, and nothing else", () => {
  const files = walk(`${ROOT}routes/api`).filter((file) => !file.endsWith(".tsx"))
    .map((file) =>
      `/api${file}`.replace(/\.ts$/, "").replace(/\/index$/, "").replaceAll(/\[(\w+)\]/g, "{$1}")
    );
  const known = new Set(API.map(({ path }) => path).filter((path) => path.startsWith("/api/")));
  assert.deepEqual(files.sort(), [...known].sort(), "http/api.ts has a row for each route");
});

Deno.test("the README has each route, and an example of each", async () => {
  const readme = await Deno.readTextFile(`${ROOT}README.md`);
  for (const { path, method } of API) {
    const written = path.replaceAll(/\{(\w+)\}/g, ":$1");
    assert.match(
      readme,
      new RegExp(`^\\| \`.*${escaped(written)}[\`,]`, "m"),
      `${method} ${path} is in the table`,
    );
    if (path === "/api/events") continue; // the feed's other name
    const asked = escaped(path).replaceAll(/\\\{\w+\\\}/g, "[^/\\s\"']+");
    assert.match(readme, new RegExp(`curl .*${asked}["'?\\s]`), `${method} ${path} has an example`);
  }
});

Deno.test("every type that a table names has a table; lists name fields that the filter language answers", () => {
  const scalars = ["string", "number", "integer", "time", "boolean", "any"];
  for (const type of TYPE_NAMES) {
    for (const [name, { is }] of Object.entries(helpOf(type).fields)) {
      assert.ok(scalars.includes(is) || /\|/.test(is) || isTypeName(is), `${type}.${name}: ${is}`);
    }
  }
  const subjects = {
    connections: CONNECTIONS,
    packets: PACKETS,
    queries: QUERIES,
    alerts: ALERTS,
    hosts: HOSTS,
    devices: DEVICES,
    programs: PROGRAMS,
    listeners: LISTENERS,
  };
  assert.deepEqual(Object.keys(LIST_FIELDS), Object.keys(subjects));
  for (const [list, { texts, numbers }] of Object.entries(subjects)) {
    const known = [...Object.keys(texts), ...Object.keys(numbers)];
    assert.deepEqual([...LIST_FIELDS[list as keyof typeof LIST_FIELDS]].sort(), known.sort(), list);
  }
});

Deno.test("real answers are what the document says, to the last field", async () => {
  const app = await testApp();
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  ajv.addSchema(strict(DOCUMENT) as object, "api");
  const check = (pointer: string, value: unknown, what: string) => {
    const validate = ajv.compile({ $ref: `api#${pointer}` });
    assert.ok(validate(value), `${what}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
  };
  try {
    const alert = app.monitor.anomalies({ limit: 1 }).anomalies[0].id;
    const own: Record<string, string> = { id: alert, ip: "192.168.1.20", pid: "4711" };
    for (const { method, path, parts, example, status, media, body, bodyExample } of API) {
      // No packets are sent here, and the settings file's entries come and go below.
      if (path === "/api/ping" || path === "/api/resolve" || method === "DELETE") continue;
      if (media[0] === "text/event-stream") continue;
      const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(own[name]));
      const asked = path === "/api/geoip" ? filled + example : filled;
      const answer = await app.ask(
        asked,
        body === undefined ? { method } : {
          method,
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(
            path.endsWith("expect") ? { source: true, comment: "Known" } : { ...bodyExample, filter: {} },
          ),
        },
      );
      assert.equal(answer.status, status, `${method} ${asked}`);
      assert.equal(answer.headers.get("Content-Type")!.split(";")[0], media[0], asked);
      if (media[0] !== "application/json") {
        await answer.body?.cancel();
        continue;
      }
      const value = await answer.json();
      const at = `/paths/${path.replaceAll("/", "~1")}/${method.toLowerCase()}/responses/${status}`;
      check(`${encodeURI(at)}/content/application~1json/schema`, value, `${method} ${asked}`);
      assert.ok(parts !== undefined || !asked.includes("{"));
    }
    // Lists that have rows, so that rows are checked too.
    for (const { rows } of Object.values(LISTS)) {
      const route = API.find((one) => one.rows?.member === rows)!;
      const page = await (await app.ask(route.path)).json();
      assert.ok(page[rows].length > 0, `${route.path} has rows to check`);
    }
    const [row] =
      app.monitor.connections({ q: "", sort: "bytes", order: "desc", offset: 0, limit: 1 }).connections;
    const asConnection = ajv.compile({ $ref: "api#/components/schemas/Connection" });
    const { state: _, ...less } = row;
    assert.deepEqual(
      [row, { ...row, more: 1 }, less, { ...row, src_port: "1" }].map((one) => asConnection(one)),
      [true, false, false, false],
      "the check is strict",
    );
    check("/components/schemas/PageSnapshot", jsonOf(app.monitor.snapshot()), "feed event snapshot");
    check("/components/schemas/Tick", jsonOf(app.monitor.tick()), "feed event tick");
    for (const path of ["/api/nowhere", "/api/connections?sort=x", "/api/anomalies/none"]) {
      const answer = await app.ask(path);
      assert.equal(answer.headers.get("Content-Type"), "application/problem+json", path);
      check("/components/schemas/ProblemDetails", await answer.json(), path);
    }
  } finally {
    await app.close();
  }
});

Deno.test("each route has the failures of the door, all that there are", () => {
  const door = ["http/guard.ts", "http/body.ts"].map((file) => Deno.readTextFileSync(ROOT + file)).join("\n");
  const told = [...door.matchAll(/\b(?:problem|BodyError)\(\s*(\d{3}),/g)].map(([, status]) =>
    Number(status)
  );
  // Of parameters, methods and media types: `withMethod()`.
  const known = new Set([...told, 400, 405, 406]);
  const written = new Set([...FAILURES_EVERYWHERE, ...FAILURES_WITH_BODY]);
  assert.deepEqual([...written].sort(), [...known].sort());
  for (const route of API) {
    const { responses } = DOCUMENT.paths[route.path][route.method.toLowerCase()] as { responses: JsonSchema };
    const failures = Object.keys(responses).map(Number).filter((status) => status >= 400);
    assert.deepEqual(failures, failuresOf(route), route.path);
    assert.ok(failures.includes(501) && failures.includes(408) === (route.method !== "GET"), route.path);
    assert.deepEqual(route.errors.filter((status) => written.has(status)), [], `${route.path}: said already`);
  }
  const responses = Object.keys(DOCUMENT.components.responses);
  const used = new Set(API.flatMap(failuresOf).map((status) => `Failure${status}`));
  assert.deepEqual(responses.sort(), [...used].sort(), "each has its words, and none is left over");
});

Deno.test("parameters take what their schemas say, and refuse the rest", () => {
  const ajv = new Ajv2020({ strict: false, coerceTypes: false });
  const tries = [
    "",
    "0",
    "1",
    "100",
    "10001",
    "-1",
    "1.5",
    "1e3",
    "asc",
    "bytes",
    "x",
    "open",
    "1,2",
    "9",
    "port",
  ];
  for (const { path, parameters } of API) {
    for (const [name, { schema, list, read }] of Object.entries(parameters as Parameters)) {
      // Formats that JSON Schema cannot say in full.
      if (schema.oneOf !== undefined || ["cursor", "source", "destination", "ip"].includes(name)) continue;
      const validate = ajv.compile(schema as object);
      for (const text of tries) {
        if (text === "") continue; // stands for absent
        const value = list
          ? text.split(",").map((part) => typed(schema.items as JsonSchema, part))
          : typed(schema, text);
        let taken = true;
        try {
          read(text, name);
        } catch {
          taken = false;
        }
        assert.equal(taken, validate(value), `${path} ${name}=${text}`);
      }
    }
  }
});

function typed({ type }: JsonSchema, text: string): unknown {
  return type === "integer" && /^-?[\d.e]+$/.test(text) && !/e/.test(text) ? Number(text) : text;
}

function jsonOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Nothing that the document does not name, and whole rows: for answers that were not asked for less. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== "object" || schema === null) return schema;
  const object = schema as Record<string, unknown>;
  const options = object.anyOf as JsonSchema[] | undefined;
  if (options?.length === 2 && "propertyNames" in options[1]) return strict(options[0]);
  const copy = Object.fromEntries(Object.entries(object).map(([name, value]) => [name, strict(value)]));
  if (object.type === "object" && "properties" in object && !("additionalProperties" in object)) {
    copy.additionalProperties = false;
  }
  return copy;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function walk(folder: string, path = ""): string[] {
  return [...Deno.readDirSync(folder + path)].flatMap(({ name, isDirectory }) =>
    isDirectory ? walk(folder, `${path}/${name}`) : [`${path}/${name}`]
  );
}
