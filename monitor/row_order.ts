/** Rows in an order that a request asks for. */

/** What a list can be sorted by: names, and what stands for a row; null where it is not known. */
export type Order<T> = Readonly<Record<string, (row: T) => string | number | null>>;

/**
 * Sorted; a new array. What is not known comes last, whichever way round; what is equal, the latest first.
 *
 * @param order "" for the usual: words rise, numbers fall.
 * @param numberOf Rises with time.
 */
export function sortRows<T>(
  rows: readonly T[],
  valueOf: (row: T) => string | number | null,
  order: "asc" | "desc" | "",
  numberOf: (row: T) => number,
): T[] {
  const keyed = rows.map((row) => ({ row, value: valueOf(row), number: numberOf(row) }));
  const rises = order === "" ? keyed.some(({ value }) => typeof value === "string") : order === "asc";
  const sign = rises ? 1 : -1;
  return keyed.sort((a, b) => compare(a.value, b.value, sign) || b.number - a.number).map(({ row }) => row);
}

/** What is not known comes last, whichever way round. */
export function compare(a: string | number | null, b: string | number | null, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a === b ? 0 : a < b ? -sign : sign;
}
