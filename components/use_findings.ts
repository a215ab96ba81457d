/** Findings as they come: those of the page, then what the feed tells, newest first by their first sighting. */
import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Anomaly, AnomalyPage } from "../model/api.ts";
import { gaps, listen, paused, tick } from "./live.ts";

/** Alerts come one by one, and sometimes by the hundred: the page is drawn anew at most this often. */
const DRAW_MS = 250;

/** Findings on their page at most; the API has more. */
export const MAX_FINDINGS = 200;

/** Host name, protocol and program of a finding are known a second or two after it: then all are asked for again. */
const SETTLE_MS = 2_500;

export interface FindingsOptions<T> {
  /** Newest first. */
  first: T[];
  /** Kept at most; the oldest go. */
  max: number;
  /** What is kept of a finding; null for one that is not wanted. */
  take: (anomaly: Anomaly) => T | null;
  /** Only of this kind are asked for anew after a break. @default {""} all */
  kind?: string;
  /** Findings asked for then, of which `take` chooses. @default `max` */
  among?: number;
  /** Whether what is kept of a finding holds what is known of its connection, too. */
  settles?: boolean;
}

/** The findings to show now, newest first; a new array whenever one has changed. */
export function useFindings<T extends { id: string }>(options: FindingsOptions<T>): T[] {
  const [rows, setRows] = useState(options.first);
  const latest = useRef(options);
  latest.current = options;
  /** What came and is not on the page yet, by id; bounded like the page. */
  const waiting = useRef(new Map<string, T>());
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);

  const draw = () => {
    timer.current = null;
    if (paused.peek() || document.hidden || waiting.current.size === 0) return;
    const fresh = waiting.current;
    waiting.current = new Map();
    setRows((before) => withFindings(before, fresh, latest.current.max));
  };

  /** Findings may have been missed while nobody looked. */
  const stale = useRef(false);
  const load = async () => {
    stale.current = paused.peek() || document.hidden;
    const page = stale.current ? null : await fetchFindings(latest.current);
    if (page === null) return;
    const { take, max } = latest.current;
    setRows(page.anomalies.map(take).filter((row) => row !== null).slice(0, max));
  };
  const settling = useRef<ReturnType<typeof setTimeout> | null>(null);
  const settle = () => {
    if (!latest.current.settles) return;
    settling.current ??= setTimeout(() => {
      settling.current = null;
      void load();
    }, SETTLE_MS);
  };
  useEffect(() => () => clearTimeout(settling.current ?? undefined), []);

  useEffect(() => {
    const end = listen<Anomaly>("alert", (read) => {
      const anomaly = read();
      const row = anomaly && latest.current.take(anomaly);
      if (row === null) return;
      waiting.current.set(row.id, row);
      if (waiting.current.size > latest.current.max) {
        waiting.current.delete(waiting.current.keys().next().value!);
      }
      timer.current ??= setTimeout(draw, DRAW_MS);
      settle();
    });
    return () => {
      end();
      clearTimeout(timer.current ?? undefined);
    };
  }, []);

  // What waited while paused or hidden is drawn with the first tick that is shown again.
  useSignalEffect(() => {
    if (tick.value === null || paused.value) return;
    if (stale.current) void load();
    else if (timer.current === null) draw();
  });

  const missed = useRef(0);
  useSignalEffect(() => {
    if (gaps.value === missed.current) return;
    missed.current = gaps.value;
    void load().then(settle);
  });
  return rows;
}

/** `before` with those of `fresh` (oldest first) in their places or on top; at most `max`. */
export function withFindings<T extends { id: string }>(
  before: T[],
  fresh: ReadonlyMap<string, T>,
  max: number,
): T[] {
  const added = new Map(fresh);
  const kept = before.map((row) => {
    const changed = added.get(row.id);
    added.delete(row.id);
    return changed ?? row;
  });
  return [...[...added.values()].reverse(), ...kept].slice(0, max);
}

/** Null when the server has no answer: the head of the page says so. */
async function fetchFindings(
  { max, kind = "", among = max }: { max: number; kind?: string; among?: number },
): Promise<AnomalyPage | null> {
  try {
    const answer = await fetch(`/api/anomalies?${new URLSearchParams({ kind, limit: String(among) })}`);
    return answer.ok ? await answer.json() as AnomalyPage : null;
  } catch {
    return null;
  }
}
