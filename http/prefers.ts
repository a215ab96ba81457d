/**
 * What form a client prefers its answer in.
 *
 * Only types and qualities are looked at: `accepts()` alone would let `application/json; charset=utf-8` name nothing
 * but an offer with just this parameter, and Prometheus asks for each version of its formats.
 */
import { accepts } from "@std/http/negotiation";

/** The media type among `offers` (without parameters) that is preferred; `undefined` when none is accepted. */
export function prefers<T extends string>(request: Pick<Request, "headers">, ...offers: T[]): T | undefined {
  const accept = request.headers.get("accept");
  if (accept === null) return offers[0];
  const headers = new Headers({ Accept: accept.split(",").map(withoutParameters).join(",") });
  return accepts({ headers }, ...offers) as T | undefined;
}

function withoutParameters(range: string): string {
  const [type, ...parameters] = range.split(";").map((part) => part.trim());
  const quality = parameters.find((parameter) => /^q=/i.test(parameter));
  return quality === undefined ? type : `${type};${quality}`;
}
