/**
 * How API routes answer: JSON, or `application/problem+json` (RFC 9457) with the status that tells the truth.
 */
import type { Context } from "fresh";
import { STATUS_TEXT, type StatusCode } from "@std/http/status";
import type { ProblemDetails } from "../model/api.ts";
import { QueryError } from "../monitor/query.ts";
import { AskError } from "../monitor/who.ts";
import type { State } from "../state.ts";

type Answer = Response | Promise<Response>;

/**
 * A route that reads only: GET and HEAD; every other method is 405 with `Allow`. Fresh's file routes alone
 * would say 404.
 */
export function readOnly(
  answer: (ctx: Context<State>) => Answer,
): (ctx: Context<State>) => Promise<Response> {
  return async (ctx) => {
    if (ctx.req.method !== "GET" && ctx.req.method !== "HEAD") {
      const refused = problem(405, `${ctx.url.pathname} takes GET, not ${ctx.req.method}`);
      refused.headers.set("Allow", "GET, HEAD");
      return refused;
    }
    try {
      return await answer(ctx);
    } catch (error) {
      if (error instanceof QueryError) return problem(400, error.message, error.field);
      if (error instanceof AskError) return problem(error.status, error.message, error.field);
      throw error;
    }
  };
}

/**
 * As `readOnly`, for routes that send packets when they are asked. A page of another site may not make a browser ask
 * them, which a picture's address would be enough for; browsers say where a request comes from (Fetch Metadata).
 */
export function asksOutside(
  answer: (ctx: Context<State>) => Answer,
): (ctx: Context<State>) => Promise<Response> {
  return readOnly((ctx) => {
    const site = ctx.req.headers.get("sec-fetch-site") ?? "none";
    if (site === "none" || site === "same-origin") return answer(ctx);
    return problem(403, `${ctx.url.pathname} sends packets: only our own pages may ask it`);
  });
}

/** For routes without parameters: a misspelt one is an error, not silence. */
export function refuseParameters(url: URL): void {
  for (const name of url.searchParams.keys()) {
    throw new QueryError(name, `${url.pathname} takes no parameters`);
  }
}

export function json(value: unknown): Response {
  return Response.json(value, { headers: { "Cache-Control": "no-store" } });
}

/** An error answer; `detail` is a sentence for people, `field` the parameter at fault. */
export function problem(status: StatusCode & number, detail: string, field?: string): Response {
  const body: ProblemDetails = { type: "about:blank", title: STATUS_TEXT[status], status, detail };
  if (field !== undefined) body.field = field;
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store" },
  });
}
