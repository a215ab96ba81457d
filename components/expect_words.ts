/** What it means to expect an alert, in words: of an entry that is there, and of one about to be made. */
import type { Anomaly, Expected, ExpectRequest } from "../model/api.ts";
import { titleOf } from "./finding_words.ts";
import { endpoint } from "./format.ts";
import { legible } from "./legible.ts";

/** Fields of an entry's scope, in the order in which they are read. */
export const SCOPE = ["kind", "program", "source", "destination", "port"] as const;

export type ScopeField = typeof SCOPE[number];

/** Longest comment the settings take. */
export const MAX_COMMENT = 300;

/** What an alert offers for a scope, the likeliest first; fields it does not tell are absent. */
export function scopeOffered(alert: Anomaly): Partial<Record<ScopeField, string[]>> {
  const { kind, process, src_ip, dest_ip, src_port, dest_port, details, server_name } = alert;
  const fromServer = details.direction === "toclient";
  const port = fromServer ? src_port : dest_port;
  const { evidence } = details;
  const domain = typeof evidence === "object" && evidence !== null
    ? (evidence as { domain?: unknown }).domain
    : "";
  // Whoever carries data in names of a domain may ask any resolver.
  const server = [domain, fromServer ? src_ip : dest_ip, server_name, details.server_name];
  const client = [fromServer ? dest_ip : src_ip, details.source_name];
  const offered: Partial<Record<ScopeField, string[]>> = { kind: [kind] };
  const offer = (field: ScopeField, values: unknown[]) => {
    const known = new Set(
      values.filter((value): value is string => typeof value === "string" && value !== ""),
    );
    if (known.size > 0) offered[field] = [...known];
  };
  offer("program", [process]);
  offer("source", fromServer ? server : client);
  offer("destination", fromServer ? client : server);
  offer("port", [port > 0 ? String(port) : ""]);
  return offered;
}

/** A scope that is chosen: each field with its value. */
export type Scope = ReadonlyMap<ScopeField, string>;

/** All that an alert offers: the narrowest. */
export function narrowest(alert: Anomaly): Map<ScopeField, string> {
  const offered = scopeOffered(alert);
  return new Map(SCOPE.flatMap((field) => offered[field] === undefined ? [] : [[field, offered[field]![0]]]));
}

const LABELS: Record<ScopeField, string> = {
  kind: "This kind",
  program: "This program",
  source: "From",
  destination: "To",
  port: "This port",
};

export function scopeLabel(field: ScopeField): string {
  return LABELS[field];
}

/** A value of a field, as it is shown. */
export function valueWords(alert: Anomaly, field: ScopeField, value: string): string {
  return legible(field === "kind" ? titleOf({ kind: alert.kind, signature: alert.signature }) : value, 120);
}

/** What will be expected: the fewer fields, the wider. */
export function scopeText(alert: Anomaly, scope: Scope): string {
  if (scope.size === 0) return "Choose at least one: nothing would be left to suspect";
  const [kind, program, source, destination, port] = SCOPE.map((field) => {
    const value = scope.get(field);
    return value === undefined ? null : valueWords(alert, field, value);
  });
  return [
    kind === null ? "Any alert" : `“${kind}”`,
    program === null ? "" : ` by ${program}`,
    source === null ? "" : ` from ${source}`,
    destination === null ? "" : ` to ${destination}`,
    port === null ? "" : ` at port ${port}`,
    " will no longer be an alarm",
  ].join("");
}

/** Body of the request that makes the entry. */
export function expectRequest(scope: Scope, comment: string, until: string): ExpectRequest {
  const request: ExpectRequest = { comment: comment.trim() };
  for (const [field, value] of scope) {
    if (field === "port") request.port = Number(value);
    else request[field] = value;
  }
  if (until !== "") request.until = until;
  return request;
}

/** An entry in a line: its comment, what it covers and until when. */
export function expectedText(expected: Expected): string {
  const { kind, program, source, destination, port, until, comment } = expected;
  const scope = [
    kind === undefined ? "any kind" : `kind ${kind.replaceAll("_", " ")}`,
    ...(program === undefined ? [] : [`program ${program}`]),
    ...(source === undefined ? [] : [`from ${source}`]),
    ...(destination === undefined ? [] : [`to ${endpoint(destination, 0)}`]),
    ...(port === undefined ? [] : [`port ${port}`]),
  ].join(", ");
  return legible(
    `Expected${comment === "" ? "" : `: ${comment}`} (${scope}${
      until === undefined ? "" : `, until ${until}`
    })`,
    500,
  );
}
