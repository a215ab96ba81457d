/** How other parts of the page ask the connections table for a filter: a click on a talker, a program, a slice. */
import { signal } from "@preact/signals";

/** The filter asked for, and a number that tells a second asking for the same one from the first. */
export const askedFilter = signal<{ q: string; nth: number } | null>(null);

/** Asks the connections table to show what matches `q`. */
export function askFilter(q: string): void {
  askedFilter.value = { q, nth: (askedFilter.value?.nth ?? 0) + 1 };
}
