/** What a request wants of a list: a filter, an order, a window; the same for hosts, devices, programs and listeners. */
import type { Subject } from "../../model/filter/match.ts";
import { Q } from "../packet_query.ts";
import { choice, integer, readParameters } from "../parameters.ts";
import { compare } from "../row_order.ts";
import { filterOf } from "../subjects.ts";

/** Rows of one answer at most. */
export const MAX_ROWS = 5_000;
export const DEFAULT_ROWS = 100;

export interface ListQuery<S extends string> {
  /** In the filter language; empty for all. */
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
  /** How rows are asked by the filter language, and an example. */
  subject: Subject<T>;
  example: string;
  /** Orders rows that are equal, so that they do not dance. */
  key: (row: T) => string;
}

/** What a request may ask of a list; `fields` beside is the API's own. */
export function listParameters<S extends string, T>({ sorts, first, rising, example }: ListOrder<S, T>) {
  const keys = Object.keys(sorts) as S[];
  return {
    q: { ...Q, example },
    sort: choice(keys, first, "What to sort by; what is not known comes last, whichever way round"),
    order: choice(
      ["asc", "desc"],
      "",
      `Rising or falling; without it ${rising.join(", ") || "none"} rise, all others fall`,
      "desc",
    ),
    offset: integer({ fallback: 0, help: "Rows to pass over" }),
    limit: integer({ min: 1, max: MAX_ROWS, fallback: DEFAULT_ROWS, help: "Rows at most" }),
  };
}

/**
 * The query of a URL.
 *
 * @throws QueryError for a parameter that is unknown or out of range.
 */
export function parseListQuery<S extends string, T>(
  parameters: URLSearchParams,
  list: ListOrder<S, T>,
): ListQuery<S> {
  return usualOrder(readParameters(listParameters(list), parameters), list);
}

/** An order that was left open is the one that is usual for what is sorted by. */
export function usualOrder<S extends string, T>(
  query: Omit<ListQuery<S>, "order"> & { order: "asc" | "desc" | "" },
  { rising }: ListOrder<S, T>,
): ListQuery<S> {
  return { ...query, order: query.order || (rising.includes(query.sort) ? "asc" : "desc") };
}

export const HOST_PARAMETERS = {
  resolve: choice(["0", "1"], "0", "1 asks the system's name servers for its name: that sends a packet"),
};

/** What is wanted of one host: `resolve`, 1 or 0. @throws QueryError */
export function parseHostQuery(parameters: URLSearchParams): { resolve: boolean } {
  return { resolve: readParameters(HOST_PARAMETERS, parameters).resolve === "1" };
}

/**
 * The rows that match, sorted; a new array. What is not known comes last, whichever way round.
 *
 * @throws QueryError for a filter that cannot be read.
 */
export function selectRows<S extends string, T>(
  rows: readonly T[],
  { q, sort, order }: Pick<ListQuery<S>, "q" | "sort" | "order">,
  { sorts, subject, key }: ListOrder<S, T>,
): T[] {
  const matching = q === "" ? rows : rows.filter(filterOf(q, subject));
  const sign = order === "asc" ? 1 : -1;
  const valueOf = sorts[sort];
  return matching.map((row) => ({ row, value: valueOf(row), key: key(row) }))
    .sort((a, b) => compare(a.value, b.value, sign) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row);
}
