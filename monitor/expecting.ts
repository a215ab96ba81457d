/** From a request to expect an alert to the entry that is written: what it may say, and whether it does what was meant. */
import type { Expected } from "../model/api.ts";
import { type AlertScope, endOfDay, expectedBy } from "./expected.ts";
import { QueryError } from "./query.ts";
import { checkExpected } from "./settings.ts";

const SCOPE = ["kind", "source", "destination", "port", "program"] as const;

/**
 * @param body As `ExpectRequest`, from outside.
 * @param nowMs When the alert is judged.
 * @throws QueryError naming the field that is wrong.
 */
export function expectedFrom(body: unknown, scope: AlertScope, nowMs: number): Expected {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new QueryError(
      "",
      "The body takes an object: comment, and one or more of source, destination, port, program, kind",
    );
  }
  const wanted: Record<string, unknown> = { ...body };
  for (const field of SCOPE) {
    if (wanted[field] === false || wanted[field] === null) delete wanted[field];
    if (wanted[field] !== true) continue;
    const own = scope[field];
    if (own === "" || own === 0) {
      throw new QueryError(field, `The alert tells no ${field}: name one, or leave it out`);
    }
    wanted[field] = own;
  }
  if (wanted.until === "" || wanted.until === null) delete wanted.until;
  const complaints: QueryError[] = [];
  const entry = checkExpected(wanted, "", (field, message) => {
    complaints.push(new QueryError(field, field === "" ? `The entry ${message}` : `${field} ${message}`));
  });
  if (entry === null) throw complaints[0];
  const missed = missedField(entry, scope, nowMs);
  if (missed !== null) {
    throw new QueryError(
      missed,
      `${missed} ${entry[missed]} does not cover this alert: nothing would change for it`,
    );
  }
  return entry;
}

/** The first field of an entry that does not match; null when it covers the alert. */
function missedField(
  entry: Expected,
  scope: AlertScope,
  nowMs: number,
): typeof SCOPE[number] | "until" | null {
  if (entry.until !== undefined && endOfDay(entry.until)! < nowMs) return "until";
  const { id, comment } = entry;
  return SCOPE.find((field) =>
    entry[field] !== undefined && expectedBy(scope, [{ id, comment, [field]: entry[field] }], nowMs) === null
  ) ?? null;
}
