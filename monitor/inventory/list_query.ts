/** What a request wants of a list: words, an order, a window; the same for hosts, devices, programs and listeners. */
import { MAX_QUERY_LENGTH, QueryError, wholeNumber } from "../query.ts";

/** Rows of one answer at most. */
export const MAX_ROWS = 5_000;
export const DEFAULT_ROWS = 100;

export interface ListQuery<S extends string> {
  /** Words that must all be found in a row; empty for all. */
  q: string;
  sort: S;
  order: "asc" | "desc";
  offset: number;
  limit: number;
}

/** How rows of one kind can be sorted and searched. */
export interface ListOrder<S extends string, T> {
  /** The first is the default. */
  sorts: Record<S, (row: T) => string | number | null>;
  first: S;
  /** Orders that begin with the smallest; all others with the largest. */
  rising: readonly S[];
  /** All text of a row that words are looked for in. */
  text: (row: T) => string;
  /** Orders rows that are equal, so that they do not dance. */
  key: (row: T) => string;
}

/**
 * The query of a URL.
 *
 * @throws QueryError for a parameter that is unknown or out of range.
 */
export function parseListQuery<S extends string, T>(
  parameters: URLSearchParams,
  { sorts, first, rising }: ListOrder<S, T>,
): ListQuery<S> {
  const names = ["q", "sort", "order", "offset", "limit"];
  for (const name of parameters.keys()) {
    if (!names.includes(name)) {
      throw new QueryError(name, `Unknown parameter "${name}"; known are ${names.join(", ")}`);
    }
  }
  const q = (parameters.get("q") ?? "").trim();
  if (q.length > MAX_QUERY_LENGTH) {
    throw new QueryError("q", `q takes at most ${MAX_QUERY_LENGTH} characters`);
  }
  const sort = parameters.get("sort") || first;
  if (!Object.hasOwn(sorts, sort)) {
    throw new QueryError("sort", `sort takes one of ${Object.keys(sorts).join(", ")}`);
  }
  const order = parameters.get("order") || (rising.includes(sort as S) ? "asc" : "desc");
  if (order !== "asc" && order !== "desc") throw new QueryError("order", "order takes asc or desc");
  return {
    q,
    sort: sort as S,
    order,
    offset: wholeNumber(parameters, "offset", 0, 0, Number.MAX_SAFE_INTEGER),
    limit: wholeNumber(parameters, "limit", DEFAULT_ROWS, 1, MAX_ROWS),
  };
}

/** What is wanted of one host: `resolve`, 1 or 0. @throws QueryError */
export function parseHostQuery(parameters: URLSearchParams): { resolve: boolean } {
  for (const name of parameters.keys()) {
    if (name !== "resolve") throw new QueryError(name, `Unknown parameter "${name}"; known is resolve`);
  }
  const resolve = parameters.get("resolve") ?? "0";
  if (resolve !== "0" && resolve !== "1") throw new QueryError("resolve", "resolve takes 1 or 0");
  return { resolve: resolve === "1" };
}

/** The rows that match, sorted; a new array. What is not known comes last, whichever way round. */
export function selectRows<S extends string, T>(
  rows: readonly T[],
  { q, sort, order }: Pick<ListQuery<S>, "q" | "sort" | "order">,
  { sorts, text, key }: ListOrder<S, T>,
): T[] {
  const words = q.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const matching = words.length === 0 ? rows : rows.filter((row) => {
    const haystack = text(row).toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
  const sign = order === "asc" ? 1 : -1;
  const valueOf = sorts[sort];
  return matching.map((row) => ({ row, value: valueOf(row), key: key(row) }))
    .sort((a, b) => compare(a.value, b.value, sign) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row);
}

function compare(a: string | number | null, b: string | number | null, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a === b ? 0 : a < b ? -sign : sign;
}
