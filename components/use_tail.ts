/**
 * A list that grows at its head: the rows of the page, then those the feed brings each second.
 *
 * Nothing is drawn while nobody can see it: paused, hidden, or with the view scrolled away from the newest row.
 * Then rows are only counted, and the list is asked for anew when it goes on. With a filter the feed is just the
 * bell: it carries a sample, while the server can look through all it keeps.
 */
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { MAX_LIST_ROWS } from "./list_filter.ts";
import { gaps, listen, paused, type RowEvent, tick } from "./live.ts";
import { type Trouble, troubleOf } from "./trouble.ts";

/** Programs are known a second or two after their first packet: then rows without one are asked for again. */
const SETTLE_MS = 3_000;
/** An answer slower than this is given up. */
const PATIENCE_MS = 8_000;

/** Rows told in one second, oldest first, and how many more there were. */
export interface Told<T> {
  rows: T[];
  leftOut: number;
}

export interface TailOptions<T> {
  first: T[];
  /** What was wrong with the filter that the page was asked for with. */
  trouble: Trouble | null;
  event: RowEvent;
  filter: string;
  /** Rises with time; a row told again with the same key takes the place of the old. */
  keyOf: (row: T) => number;
  /** Reads an event's data. */
  told: (data: unknown) => Told<T>;
  /** Address of the rows that match a filter. */
  href: (filter: string) => string;
  /** Reads the answer: rows newest first. */
  answer: (page: unknown) => T[];
  /** Whether the server may soon know more of a row, such as its program. */
  isUnsettled?: (row: T) => boolean;
  /** Whether the feed's sample is too little: then the server is asked each second even without a filter. */
  wantsAll?: boolean;
}

export interface Tail<T> {
  rows: T[];
  /** Of the last second shown. */
  last: Told<T> | null;
  /** Came while the view was scrolled away. */
  waiting: number;
  /** What the server has against the filter; null for nothing. */
  trouble: Trouble | null;
  /** Set while the view is scrolled away from the newest row. */
  away: Signal<boolean>;
}

export function useTail<T>(options: TailOptions<T>): Tail<T> {
  const [rows, setRows] = useState(options.first);
  const [last, setLast] = useState<Told<T> | null>(null);
  const [waiting, setWaiting] = useState(0);
  const [trouble, setTrouble] = useState(options.trouble);
  const away = useSignal(false);
  const latest = useRef(options);
  latest.current = options;
  const loading = useRef<AbortController | null>(null);
  /** Told while an answer is on its way: it may be older than they are. */
  const meanwhile = useRef<T[]>([]);
  /** Rows came that are not on the page. */
  const stale = useRef(false);

  const load = async () => {
    loading.current?.abort();
    const abort = new AbortController();
    loading.current = abort;
    meanwhile.current = [];
    stale.current = false;
    const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
    try {
      const { href, filter, answer, keyOf } = latest.current;
      const response = await fetch(href(filter), { signal: abort.signal });
      if (!response.ok) {
        const why = await troubleOf(response);
        if (loading.current === abort) setTrouble(why);
        return;
      }
      const found = answer(await response.json());
      if (loading.current !== abort) return;
      setTrouble(null);
      setWaiting(0);
      setRows(filter === "" ? mergeRows(found, meanwhile.current, keyOf) : found);
    } catch {
      // Given up for a newer one, or the server is away: the head of the page says so.
    } finally {
      clearTimeout(timer);
      if (loading.current === abort) loading.current = null;
    }
  };

  const settling = useRef<ReturnType<typeof setTimeout> | null>(null);
  const settle = () => {
    settling.current ??= setTimeout(() => {
      settling.current = null;
      stale.current = true;
      if (!paused.peek() && !document.hidden && !away.peek() && loading.current === null) void load();
    }, SETTLE_MS);
  };
  useEffect(() => () => clearTimeout(settling.current ?? undefined), []);

  useEffect(() =>
    listen(options.event, (read) => {
      const { filter, told, keyOf, wantsAll } = latest.current;
      if (paused.peek() || document.hidden) {
        stale.current = true;
        return;
      }
      const data = read();
      if (data === null) return;
      const second = told(data);
      if (away.peek()) {
        stale.current = true;
        if (filter === "") setWaiting((before) => before + second.rows.length + second.leftOut);
        return;
      }
      setLast(second);
      if (filter !== "" || (wantsAll && second.leftOut > 0)) {
        if (loading.current === null) void load();
        return;
      }
      if (second.leftOut === 0 && second.rows.some((row) => latest.current.isUnsettled?.(row))) settle();
      if (loading.current !== null) meanwhile.current = mergeRows(meanwhile.current, second.rows, keyOf);
      setRows((before) => mergeRows(before, second.rows, keyOf));
    }), []);

  // Anew with another filter, and when rows may have been missed.
  const gap = gaps.value;
  const asked = useRef(options.filter);
  useEffect(() => {
    const again = asked.current === options.filter;
    asked.current = options.filter;
    if (again && gap === 0) return;
    if (again && paused.peek()) stale.current = true;
    else void load();
  }, [options.filter, gap]);
  useEffect(() => () => loading.current?.abort(), []);

  // And when it goes on after a pause, in a tab that is seen again, or back at the newest row.
  useSignalEffect(() => {
    if (tick.value === null || paused.value || away.value || !stale.current) return;
    if (!document.hidden && loading.current === null) void load();
  });

  return { rows, last, waiting, trouble, away };
}

/** Rows newest first, `fresh` in any order among them; at most `MAX_LIST_ROWS`. */
export function mergeRows<T>(rows: T[], fresh: T[], keyOf: (row: T) => number): T[] {
  if (fresh.length === 0) return rows;
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  for (const row of fresh) byKey.set(keyOf(row), row);
  return [...byKey.values()].sort((a, b) => keyOf(b) - keyOf(a)).slice(0, MAX_LIST_ROWS);
}
