/**
 * Lists as every list route answers them: as JSON or CSV, as the client prefers; with chosen fields, a link to the next
 * page, and a tag that tells a client when nothing has changed.
 */
import { createHash } from "node:crypto";
import { ifNoneMatch } from "@std/http/etag";
import type { Context } from "fresh";
import type { Filter } from "../model/filter/filter.ts";
import { helpOf, type TypeName } from "../model/help.ts";
import type { Monitor, Versions } from "../monitor/mod.ts";
import {
  choices,
  type Parameter,
  type Parameters,
  readMembers,
  readParameters,
  type Values,
} from "../monitor/parameters.ts";
import { readFilter } from "../monitor/subjects.ts";
import type { State } from "../state.ts";
import { json, jsonObject, readOnly, withMethod } from "./answers.ts";
import { csvStream } from "./csv.ts";
import { prefers } from "./prefers.ts";

/** RFC 4180 and RFC 7111: the first row holds names. */
const CSV_TYPE = "text/csv; charset=utf-8; header=present";

/** Six bits each: no two answers of a server will ever have the same by chance. */
const DIGEST_LETTERS = 22;

/** A list that routes answer with. */
export interface ListSpec<P extends Parameters = Parameters> {
  /** Member of the answer that holds the rows, and their type. */
  rows: string;
  type: TypeName;
  /** Of files it is saved in: `netpane-FILE-…csv`. */
  file: string;
  parameters: P;
  /** What its tag follows; absent for what is told: rows that are put together when they are asked for. */
  version?: keyof Versions;
}

/** The parameter that chooses fields of a type. */
export function fieldsOf(type: TypeName): Parameter<string[]> {
  const known = Object.keys(helpOf(type).fields);
  return choices(
    known,
    "Only these members of each row, or columns of CSV, in this order; without it all",
    known.slice(0, 3).join(","),
  );
}

/** All parameters of a list: its own, and `fields`. */
export function withFields<P extends Parameters>(
  { parameters, type }: ListSpec<P>,
): P & { fields: Parameter<string[]> } {
  return { ...parameters, fields: fieldsOf(type) };
}

/**
 * `GET` of a list.
 *
 * @param ask Gives the page for parameters that were checked; `fields` is not among them.
 */
export function listRoute<P extends Parameters>(
  list: ListSpec<P>,
  ask: (monitor: Monitor, parameters: URLSearchParams) => object,
): (ctx: Context<State>) => Promise<Response> {
  const parameters = withFields(list);
  return readOnly((ctx) => {
    const { fields } = readParameters(parameters, ctx.url.searchParams) as { fields: string[] };
    const { monitor } = ctx.state;
    const page = picked(ask(monitor, withoutFields(ctx.url.searchParams)), list, fields);
    const tag = tagOf(monitor, list, page, prefersCsv(ctx.req));
    if (!ifNoneMatch(ctx.req.headers.get("if-none-match"), tag)) {
      return new Response(null, { status: 304, headers: listHeaders(tag) });
    }
    return answerList(ctx.req, list, page, fields, { tag, next: nextPage(ctx.url, page, list) });
  }, ["application/json", "text/csv"]);
}

/** `GET` of a list as a file to be saved: CSV, and nothing else. @param ask As of `listRoute()`. */
export function exportRoute<P extends Parameters>(
  list: ListSpec<P>,
  ask: (monitor: Monitor, parameters: URLSearchParams) => object,
): (ctx: Context<State>) => Promise<Response> {
  const parameters = withFields(list);
  return readOnly((ctx) => {
    const { fields } = readParameters(parameters, ctx.url.searchParams) as { fields: string[] };
    const { monitor } = ctx.state;
    const page = ask(monitor, withoutFields(ctx.url.searchParams)) as Record<string, unknown>;
    return csvAnswer(list, page, fields, new Headers({ "Cache-Control": "no-store" }));
  }, ["text/csv"]);
}

/** Values of parameters, and the filter beside. */
export type Filtered<P extends Parameters> = Values<P> & { filter?: Filter };

/** `POST` of what a list's address would hold, and a filter as JSON beside. */
export function filterRoute<P extends Parameters>(
  list: ListSpec<P>,
  ask: (monitor: Monitor, query: Filtered<P>) => object,
): (ctx: Context<State>) => Promise<Response> {
  const parameters = withFields(list);
  return withMethod("POST", async (ctx) => {
    readParameters({}, ctx.url.searchParams);
    const body = await jsonObject(ctx.req);
    const { fields, ...query } = readMembers(parameters, body, ["filter"]) as Values<P> & {
      fields: string[];
    };
    const filter = Object.hasOwn(body, "filter") ? readFilter(body.filter) : undefined;
    const page = picked(ask(ctx.state.monitor, { ...query, filter } as Filtered<P>), list, fields);
    return answerList(ctx.req, list, page, fields, {});
  }, ["application/json", "text/csv"]);
}

function answerList(
  req: Request,
  list: ListSpec,
  page: Record<string, unknown>,
  fields: readonly string[],
  { tag, next }: { tag?: string; next?: string | null },
): Response {
  const headers = listHeaders(tag);
  if (next) headers.set("Link", `<${next}>; rel="next"`);
  if (prefersCsv(req)) return csvAnswer(list, page, fields, headers);
  const answer = json(page);
  for (const [name, value] of headers) answer.headers.set(name, value);
  return answer;
}

function csvAnswer(
  { rows, type, file }: ListSpec,
  page: Record<string, unknown>,
  fields: readonly string[],
  headers: Headers,
): Response {
  const now = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  headers.set("Content-Type", CSV_TYPE);
  headers.set("Content-Disposition", `attachment; filename="netpane-${file}-${now}Z.csv"`);
  return new Response(csvStream(page[rows] as object[], type, fields), { headers });
}

/** A page with only the chosen fields of each row; none chosen: all. */
function picked(page: object, { rows }: ListSpec, fields: readonly string[]): Record<string, unknown> {
  const all = page as Record<string, unknown>;
  if (fields.length === 0) return all;
  const pick = (row: Record<string, unknown>) => Object.fromEntries(fields.map((name) => [name, row[name]]));
  return { ...all, [rows]: (all[rows] as Record<string, unknown>[]).map(pick) };
}

function prefersCsv(req: Request): boolean {
  return prefers(req, "application/json", "text/csv") === "text/csv";
}

/** Programs may compare tags; nothing is kept on disks, since answers tell whom somebody talks to. */
function listHeaders(tag?: string): Headers {
  const headers = new Headers({ "Cache-Control": "no-store", "Vary": "Accept" });
  if (tag !== undefined) headers.set("ETag", tag);
  return headers;
}

/** A weak tag (times of answers differ): the run of the server, what the list shows, and in which form. */
function tagOf(
  monitor: Monitor,
  { version }: ListSpec,
  page: Record<string, unknown>,
  isCsv: boolean,
): string {
  const shows = version === undefined ? digestOf(page) : version + monitor.versions[version];
  return `W/"${monitor.feed.boot}-${shows}-${isCsv ? "csv" : "json"}"`;
}

/** Of all that is told but the time at which it is. */
function digestOf({ ts: _, ...told }: Record<string, unknown>): string {
  return createHash("sha256").update(JSON.stringify(told)).digest("base64url").slice(0, DIGEST_LETTERS);
}

/** Address of the next page, relative to this server; null at the end. */
function nextPage(url: URL, page: Record<string, unknown>, { rows, parameters }: ListSpec): string | null {
  const next = new URLSearchParams(url.searchParams);
  const cursor = "cursor" in parameters ? "cursor" : "before";
  if (page.next !== null && page.next !== undefined) {
    next.set(cursor, String(page.next));
    next.delete("offset");
    return `${url.pathname}?${next}`;
  }
  if (next.get(cursor) || !("offset" in parameters)) return null;
  const end = Number(page.offset ?? (next.get("offset") || 0)) + (page[rows] as unknown[]).length;
  if (end >= Number(page.total) || (page[rows] as unknown[]).length === 0) return null;
  next.set("offset", String(end));
  return `${url.pathname}?${next}`;
}

function withoutFields(parameters: URLSearchParams): URLSearchParams {
  const rest = new URLSearchParams(parameters);
  rest.delete("fields");
  return rest;
}
