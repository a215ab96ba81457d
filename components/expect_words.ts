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

/** What an alert offers for a scope, as it is shown; fields it does not tell are absent. */
export function scopeOffered(alert: Anomaly): Partial<Record<ScopeField, string>> {
  const { kind, process, src_ip, dest_ip, src_port, dest_port, proto, details, server_name } = alert;
  const fromServer = details.direction === "toclient";
  const port = fromServer ? src_port : dest_port;
  const named = (ip: string, isServer: boolean) =>
    isServer && server_name !== "" ? `${server_name} (${ip})` : ip;
  const offered: Partial<Record<ScopeField, string>> = {
    kind: titleOf({ kind, signature: alert.signature }),
  };
  if (process !== "") offered.program = process;
  if (src_ip !== "") offered.source = named(src_ip, fromServer);
  if (dest_ip !== "") offered.destination = named(dest_ip, !fromServer);
  if (port > 0) offered.port = `${port}/${proto}`;
  return offered;
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

/** What will be expected once `fields` are chosen: the fewer, the wider. */
export function scopeText(alert: Anomaly, fields: ReadonlySet<ScopeField>): string {
  const offered = scopeOffered(alert);
  const [kind, program, source, destination, port] = SCOPE.map((field) =>
    fields.has(field) && offered[field] !== undefined ? legible(offered[field]!, 80) : null
  );
  if ([kind, program, source, destination, port].every((part) => part === null)) {
    return "Choose at least one: nothing would be left to suspect";
  }
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
export function expectRequest(
  fields: ReadonlySet<ScopeField>,
  comment: string,
  until: string,
): ExpectRequest {
  const request: ExpectRequest = { comment: comment.trim() };
  for (const field of fields) request[field] = true;
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
