/** The OpenAPI 3.1 document, from the table of routes and the schemas of their parameters and answers. */
import { FEED_EVENTS } from "../model/feed.ts";
import type { JsonSchema, Parameter, Parameters } from "../monitor/parameters.ts";
import { API, failuresOf, type RouteSpec, TAGS } from "./api.ts";
import { FILTER_SCHEMA } from "./filter_schema.ts";
import { allSchemas, refTo, rowSchema } from "./schemas.ts";

export interface OpenApi {
  openapi: "3.1.0";
  info: JsonSchema;
  servers: JsonSchema[];
  security: JsonSchema[];
  tags: JsonSchema[];
  paths: Record<string, Record<string, JsonSchema>>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: JsonSchema; responses: JsonSchema };
}

/** What failures mean, by status. */
const FAILURES: Record<number, string> = {
  400: "A parameter or member is unknown, or has a value that it cannot have",
  401: "A token is needed: Netpane serves beyond this machine",
  403:
    "Asked by a page of another site, through a proxy that nobody spoke of, or without the right to do this",
  404: "There is no such thing, or it had to go for newer ones",
  405: "Not with this method: Allow has those there are",
  406: "None of the media types that Accept names is answered with",
  408: "The body took too long",
  409: "It is so already, or it is being done",
  413: "The body is too large",
  414: "The address is too long",
  415: "The body has another type than application/json",
  421: "The Host header names another machine",
  429: "Too much at once: Retry-After says when to try again",
  431: "The header fields are too many, or too long",
  501: "No route has this method",
  502: "Who was asked failed",
  503: "Not possible here and now; the answer says why",
  504: "Who was asked did not answer in time",
};

let made: { version: string; document: OpenApi } | null = null;

/** The document; made once. @param version Of Netpane. */
export function openApi(version: string): OpenApi {
  if (made?.version !== version) made = { version, document: makeDocument(version) };
  return made.document;
}

function makeDocument(version: string): OpenApi {
  const paths: OpenApi["paths"] = {};
  for (const route of API) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Netpane",
      version,
      summary: "What this machine is doing on the network right now",
      description:
        "Times are milliseconds since 1970, names follow Suricata's EVE. src is the client of a connection " +
        "(whoever spoke first), dest the server. Errors are application/problem+json with the parameter or member at " +
        "fault. All text may come from strangers: never take it for HTML, a formula, or a command.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This server" }],
    // Without a token on this machine; with one elsewhere.
    security: [{}, { token: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { ...withRows(allSchemas()), ConnectionFilter: FILTER_SCHEMA },
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "Needed where Netpane serves beyond this machine; printed at the first start",
        },
      },
      responses: Object.fromEntries(
        Object.entries(FAILURES).map(([status, description]) => [`Failure${status}`, {
          description,
          content: { "application/problem+json": { schema: refTo("ProblemDetails") } },
        }]),
      ),
    },
  };
}

function operation(route: RouteSpec): JsonSchema {
  const { id, tag, summary, description, parameters, parts = {} } = route;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: [
      ...Object.entries(parts).map(([name, { help, example }]) => ({
        name,
        in: "path",
        required: true,
        description: help,
        schema: { type: "string" },
        example,
      })),
      ...Object.entries(parameters).map(([name, parameter]) => parameterOf(name, parameter)),
    ],
    ...(route.body === undefined ? {} : { requestBody: bodyOf(route) }),
    "x-codeSamples": [{ lang: "Shell", source: exampleOf(route) }],
    responses: {
      ...answersOf(route),
      ...Object.fromEntries(
        failuresOf(route).map((status) => [status, { $ref: `#/components/responses/Failure${status}` }]),
      ),
    },
  };
}

function parameterOf(
  name: string,
  { help, schema, list, required, example }: Parameter<unknown>,
): JsonSchema {
  return {
    name,
    in: "query",
    required,
    description: help,
    ...(list ? { style: "form", explode: false } : {}),
    schema,
    example: valueOf(schema, example, list),
  };
}

/** An example as its schema has it. */
function valueOf(schema: JsonSchema, example: string, list: boolean): unknown {
  if (list) return example.split(",").map((part) => valueOf(schema.items as JsonSchema, part, false));
  return schema.type === "integer" ? Number(example) : example;
}

function bodyOf({ body, bodyExample }: RouteSpec): JsonSchema {
  const schema = "type" in body! ? refTo(body.type) : memberSchema(body!.members);
  return { required: true, content: { "application/json": { schema, example: bodyExample } } };
}

/** Parameters as members of an object, with a filter beside. */
function memberSchema(members: Parameters): JsonSchema {
  return {
    type: "object",
    additionalProperties: false,
    properties: {
      filter: { $ref: "#/components/schemas/ConnectionFilter" },
      ...Object.fromEntries(
        Object.entries(members).map(([name, { schema, help }]) => [name, { ...schema, description: help }]),
      ),
    },
  };
}

function answersOf(route: RouteSpec): Record<string, JsonSchema> {
  const { status, media, rows, summary } = route;
  const isTagged = rows !== undefined && route.method === "GET";
  const ok: JsonSchema = {
    description: summary,
    ...(isTagged ? { headers: TAG_HEADERS } : {}),
    content: Object.fromEntries(media.map((type) => [type, { schema: answerSchema(route, type) }])),
  };
  return {
    [status]: ok,
    ...(isTagged ? { 304: { description: "Nothing has changed since the answer with that ETag" } } : {}),
  };
}

/** What the data of each event holds. */
const EVENTS: JsonSchema = {
  type: "string",
  description: "Server-sent events; the data of each is JSON, by its name: " +
    Object.entries(FEED_EVENTS).map(([name, { data }]) => `${name} ${data}`).join(", "),
  contentMediaType: "application/json",
  contentSchema: { anyOf: Object.values(FEED_EVENTS).map(({ data }) => refTo(data)) },
};

const TAG_HEADERS = {
  ETag: { description: "For If-None-Match", schema: { type: "string" } },
  Link: { description: 'The next page, with rel="next"; absent at the end', schema: { type: "string" } },
};

function answerSchema({ answer }: RouteSpec, media: string): JsonSchema {
  if (media === "text/event-stream") return EVENTS;
  if (media !== "application/json") return { type: "string" };
  if (answer === null) return { type: "object" };
  return refTo(answer);
}

/** Pages of lists: of each row all members, unless `fields` names some. */
function withRows(schemas: Record<string, JsonSchema>): Record<string, JsonSchema> {
  const changed = { ...schemas };
  for (const { answer, rows } of API) {
    if (answer === null || rows === undefined) continue;
    const page = schemas[answer] as { properties: Record<string, JsonSchema> };
    const { description } = page.properties[rows.member];
    const member = { type: "array", items: rowSchema(rows.type), description };
    changed[answer] = { ...page, properties: { ...page.properties, [rows.member]: member } };
  }
  return changed;
}

/** The address in examples, where Netpane serves unless told otherwise. */
export const EXAMPLE_ORIGIN = "http://127.0.0.1:8000";

/** A line for a shell. */
function exampleOf({ method, path, parts = {}, example, bodyExample, media }: RouteSpec): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(parts[name].example));
  const url = `'${EXAMPLE_ORIGIN}${filled}${example}'`;
  if (bodyExample !== undefined) {
    return `curl -s -H 'Content-Type: application/json' ${url} \\\n  -d '${JSON.stringify(bodyExample)}'`;
  }
  if (method === "DELETE") return `curl -s -X DELETE ${url}`;
  if (media[0] === "text/event-stream") return `curl -sN ${url}`;
  return media[0] === "text/csv" ? `curl -sOJ ${url}` : `curl -s ${url}`;
}
