/** Marks as they come: those of the page, then what the feed tells. All islands share them. Browser only once started. */
import { effect, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Anomaly, AnomalyPage } from "../model/api.ts";
import { gaps, listen, paused, startFeed, tick } from "./live.ts";
import { indexMarks, type Mark, type MarkIndex, markOf } from "./marks.ts";

/** Alerts that rows are marked for: the latest. */
export const MAX_MARKS = 300;

/** Alerts come one by one, and sometimes by the hundred: rows are marked anew at most this often. */
const DRAW_MS = 500;

const known = signal<readonly Mark[] | null>(null);
/** Told and not shown yet, by id; null for what is no alarm any more. */
let waiting = new Map<string, Mark | null>();
let timer: ReturnType<typeof setTimeout> | null = null;
let started = false;
let stale = false;

/** The marks to show now, ready to be looked up. @param first Those that the page was made with. */
export function useMarks(first: readonly Mark[]): MarkIndex {
  useEffect(() => start(first), []);
  const marks = known.value ?? first;
  return useMemo(() => indexMarks(marks), [marks]);
}

function start(first: readonly Mark[]): void {
  startFeed();
  if (started) return;
  started = true;
  known.value = first;
  listen<Anomaly>("alert", (read) => {
    if (paused.peek() || document.hidden) {
      stale = true;
      return;
    }
    const alert = read();
    if (alert === null) return;
    waiting.set(alert.id, markOf(alert));
    timer ??= setTimeout(draw, DRAW_MS);
  });
  let missed = 0;
  effect(() => {
    const isGap = gaps.value !== missed;
    missed = gaps.value;
    if (isGap || (stale && tick.value !== null && !paused.value)) void load();
  });
}

function draw(): void {
  timer = null;
  const fresh = waiting;
  waiting = new Map();
  known.value = withMarks(known.peek() ?? [], fresh);
}

/** `before` with those of `fresh` (oldest first) in their places or on top; at most `MAX_MARKS`. */
export function withMarks(before: readonly Mark[], fresh: ReadonlyMap<string, Mark | null>): Mark[] {
  const left = new Map(fresh);
  const kept = before.flatMap((mark) => {
    const changed = left.get(mark.id);
    left.delete(mark.id);
    return changed === undefined ? [mark] : changed === null ? [] : [changed];
  });
  const added = [...left.values()].filter((mark) => mark !== null).reverse();
  return [...added, ...kept].slice(0, MAX_MARKS);
}

async function load(): Promise<void> {
  stale = false;
  try {
    const answer = await fetch(`/api/anomalies?expected=no&limit=${MAX_MARKS}`);
    if (!answer.ok) return;
    const { anomalies } = await answer.json() as AnomalyPage;
    known.value = anomalies.map(markOf).filter((mark) => mark !== null);
  } catch {
    // The head of the page says when the server is away; the next gap asks again.
  }
}
