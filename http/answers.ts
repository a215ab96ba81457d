/**
 * How API routes answer: JSON, or `application/problem+json` (RFC 9457) with the status that tells the truth.
 */
import type { Context } from "fresh";
import { STATUS_TEXT, type StatusCode } from "@std/http/status";
import type { ProblemDetails } from "../model/api.ts";
import { QueryError } from "../monitor/query.ts";
import { AskError } from "../monitor/who.ts";
import type { State } from "../state.ts";
import { visitorOf } from "./access.ts";
import { jsonFaultAt } from "./json_fault.ts";
import { prefers } from "./prefers.ts";

/** Characters of a body that is read. */
const MAX_BODY = 16_384;

/** Characters of a sentence: what was sent is repeated in it, but not without end. */
const MAX_DETAIL = 1_000;

type Answer = Response | Promise<Response>;

/** A route that reads only: GET and HEAD. @param offers As of `withMethod()`. */
export function readOnly(
  answer: (ctx: Context<State>) => Answer,
  offers?: readonly string[],
): (ctx: Context<State>) => Promise<Response> {
  return withMethod("GET", answer, offers);
}

/**
 * A route that takes one method; every other is 405 with `Allow`. Fresh's file routes alone would say 404.
 *
 * @param offers Media types it answers with: who accepts none of them is told so with 406.
 */
export function withMethod(
  method: "GET" | "POST" | "DELETE",
  answer: (ctx: Context<State>) => Answer,
  offers: readonly string[] = ["application/json"],
): (ctx: Context<State>) => Promise<Response> {
  return async (ctx) => {
    const asked = ctx.req.method;
    if (asked !== method && !(method === "GET" && asked === "HEAD")) {
      const refused = problem(405, `${ctx.url.pathname} takes ${method}, not ${asked}`);
      refused.headers.set("Allow", method === "GET" ? "GET, HEAD" : method);
      return refused;
    }
    if (prefers(ctx.req, ...offers) === undefined) {
      return problem(406, `${ctx.url.pathname} answers with ${offers.join(" or ")}`);
    }
    try {
      return await answer(ctx);
    } catch (error) {
      if (error instanceof QueryError) return problem(400, error.message, error.field || undefined, error.at);
      if (error instanceof AskError) return problem(error.status, error.message, error.field);
      throw error;
    }
  };
}

/**
 * As `readOnly`, for routes that send packets when they are asked. A page of another site may not make a browser ask
 * them, which a picture's address or a link would be enough for; browsers say where a request comes from (Fetch
 * Metadata). Nor may the read-only role.
 */
export function asksOutside(
  answer: (ctx: Context<State>) => Answer,
): (ctx: Context<State>) => Promise<Response> {
  return readOnly((ctx) => {
    const site = ctx.req.headers.get("sec-fetch-site") ?? "none";
    if (site !== "none" && site !== "same-origin") {
      return problem(403, `${ctx.url.pathname} sends packets: only our own pages may ask it`);
    }
    if (visitorOf(ctx.req).role === "admin") return answer(ctx);
    return problem(403, `${ctx.url.pathname} sends packets: the read-only token may not ask it`);
  });
}

/** The part of a route's path that stands for `name`, as it was meant. @throws AskError 404 for broken escapes */
export function pathPart(ctx: Context<State>, name: string): string {
  try {
    return decodeURIComponent(ctx.params[name]);
  } catch {
    throw new AskError(404, `There is no ${ctx.url.pathname}`);
  }
}

/** The body of a request as JSON. @throws AskError for another type, too much of it, or what is not JSON. */
export async function jsonBody(req: Request): Promise<unknown> {
  const type = (req.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
  // Also what keeps a form on another site's page from writing here.
  if (type !== "application/json") throw new AskError(415, "The body takes application/json");
  const coding = (req.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  if (coding !== "identity") throw new AskError(415, "The body takes no Content-Encoding");
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for await (const chunk of req.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_BODY) throw new AskError(413, `The body takes at most ${MAX_BODY} characters`);
    }
    text += decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw new QueryError("", "The body is not UTF-8", text.length);
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch {
    const at = jsonFaultAt(text);
    throw new QueryError(
      "",
      text.trim() === ""
        ? "The body is empty: it takes JSON"
        : `The body is not JSON: ${
          at < text.length ? "what stands at" : "something is missing at"
        } character ${at + 1}`,
      at,
    );
  }
}

/** A request's body as a JSON object. @throws AskError, QueryError */
export async function jsonObject(req: Request): Promise<Readonly<Record<string, unknown>>> {
  const body = await jsonBody(req);
  if (typeof body === "object" && body !== null && !Array.isArray(body)) {
    return body as Record<string, unknown>;
  }
  throw new QueryError("", "The body takes an object");
}

/** For routes without parameters: a misspelt one is an error, not silence. */
export function refuseParameters(url: URL): void {
  for (const name of url.searchParams.keys()) {
    throw new QueryError(name, `${url.pathname} takes no parameters`);
  }
}

export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers: { "Cache-Control": "no-store" } });
}

/** An error answer; `detail` is a sentence for people, `field` the parameter at fault, `at` the place in it. */
export function problem(
  status: StatusCode & number,
  detail: string,
  field?: string,
  at?: number,
): Response {
  const short = detail.length > MAX_DETAIL ? `${detail.slice(0, MAX_DETAIL).toWellFormed()}…` : detail;
  const body: ProblemDetails = { type: "about:blank", title: STATUS_TEXT[status], status, detail: short };
  if (field !== undefined) body.field = field;
  if (at !== undefined) body.at = at;
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store" },
  });
}
