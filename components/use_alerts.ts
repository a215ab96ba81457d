/**
 * A page of alerts that stays alive. What changes is drawn where it stands, and what is new comes on top, so that
 * nothing jumps under the eye; order and counts are the server's whenever the view is asked for anew.
 */
import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { type AlertFilter, matchesAlert } from "../model/alerts.ts";
import type { Anomaly, AnomalyPage } from "../model/api.ts";
import { alertsHref } from "./alert_filter.ts";
import { gaps, listen, paused, tick } from "./live.ts";
import { type Trouble, troubleOf } from "./trouble.ts";

/** Alerts come one by one, and sometimes by the hundred: the page is drawn anew at most this often. */
const DRAW_MS = 250;
/** After an alert its program and names become known, and counts change: then the server is asked. */
const SETTLE_MS = 2_000;
/** An answer slower than this is given up. */
const PATIENCE_MS = 8_000;
/** New rows that eyes can follow, each second; more of them wait until they are asked for. */
const MAX_ADDED = 4;
const ADDED_MS = 1_000;
/** So long without a burst of new rows, those that wait are shown to whoever stands at the head of the page. */
const CALM_MS = 4_000;
const HEAD_PX = 300;
/** Waiting ones counted at most. */
export const MAX_WAITING = 1_000;

export interface AlertsOptions {
  first: AnomalyPage;
  /** What was wrong with the filter that the page was asked for with. */
  trouble?: Trouble | null;
  filter: AlertFilter;
  /** First row of the page, counted from 0, and rows on it at most. */
  offset: number;
  limit: number;
  /** Whether somebody is at work in the list, which must not move then. */
  isHeld?: () => boolean;
  /** A list too short to be read in: it shows the latest, in the server's order, whatever else. */
  follows?: boolean;
}

export interface Alerts {
  page: AnomalyPage;
  /** New or changed alerts that wait to be asked for: too many at once, or somebody is at work in the list. */
  waiting: number;
  /** What the server has against the question; null for nothing. */
  trouble: Trouble | null;
  /** Asks anew now. */
  reload(): Promise<void>;
}

export function useAlerts(options: AlertsOptions): Alerts {
  const [page, setPage] = useState(options.first);
  const [trouble, setTrouble] = useState(options.trouble ?? null);
  const [waiting, setWaiting] = useState(0);
  const waitingIds = useRef(new Set<string>());
  /** When rows were put on top, of late. */
  const added = useRef<number[]>([]);
  const shown = useRef(page);
  shown.current = page;
  const latest = useRef(options);
  latest.current = options;
  const key = alertsHref(options.filter, options);
  /** Told since the last drawing, by id; no more than fit on the page are kept. */
  const told = useRef(new Map<string, Anomaly>());
  const drawing = useRef<ReturnType<typeof setTimeout> | null>(null);
  const settling = useRef<ReturnType<typeof setTimeout> | null>(null);
  const loading = useRef<AbortController | null>(null);
  /** Something may have been missed while nobody looked. */
  const stale = useRef(false);
  const isAway = () => paused.peek() || document.hidden;

  const load = async (how: "replace" | "mend") => {
    loading.current?.abort();
    const abort = new AbortController();
    loading.current = abort;
    stale.current = false;
    const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
    try {
      const { filter, offset, limit } = latest.current;
      const answer = await fetch(alertsHref(filter, { offset, limit }), { signal: abort.signal });
      if (!answer.ok) {
        const why = await troubleOf(answer);
        if (loading.current === abort) setTrouble(why);
        return;
      }
      const next = await answer.json() as AnomalyPage;
      if (loading.current !== abort) return;
      setTrouble(null);
      if (how === "replace") {
        waitingIds.current.clear();
        setWaiting(0);
      }
      setPage((before) => how === "replace" ? next : mended(before, next, latest.current));
    } catch {
      // Given up for a newer one, or the server is away: the head of the page says so.
    } finally {
      clearTimeout(timer);
      if (loading.current === abort) loading.current = null;
    }
  };

  const burstAt = useRef(0);
  /** Whether what waits may come: one jump, when it is calm and nobody is at work further down. */
  const isWelcome = () =>
    waitingIds.current.size > 0 && Date.now() - burstAt.current > CALM_MS && scrollY < HEAD_PX &&
    !latest.current.isHeld?.();

  const settle = () => {
    settling.current ??= setTimeout(() => {
      settling.current = null;
      if (isAway()) stale.current = true;
      else void load(latest.current.follows || isWelcome() ? "replace" : "mend");
      if (waitingIds.current.size > 0) settle();
    }, SETTLE_MS);
  };

  const draw = () => {
    drawing.current = null;
    if (told.current.size === 0) return;
    if (isAway()) {
      stale.current = true;
      told.current.clear();
      return;
    }
    const { filter, offset, isHeld } = latest.current;
    const changed = new Map<string, Anomaly>();
    const fresh: Anomaly[] = [];
    for (const [id, alert] of told.current) {
      if (shown.current.anomalies.some((row) => row.id === id)) changed.set(id, alert);
      else if (offset === 0 && matchesAlert(alert, filter)) fresh.push(alert);
    }
    told.current = new Map();
    const now = Date.now();
    added.current = added.current.filter((at) => at > now - ADDED_MS);
    if (isHeld?.() || added.current.length + fresh.length > MAX_ADDED) {
      for (const { id } of fresh) if (waitingIds.current.size < MAX_WAITING) waitingIds.current.add(id);
      setWaiting(waitingIds.current.size);
      if (fresh.length > 0) burstAt.current = now;
      fresh.length = 0;
    }
    added.current.push(...fresh.map(() => now));
    setPage((before) => withTold(before, changed, fresh, latest.current.limit));
    settle();
  };

  useEffect(() => {
    const end = listen<Anomaly>("alert", (read) => {
      if (isAway()) {
        stale.current = true;
        return;
      }
      const alert = read();
      if (alert === null) return;
      told.current.delete(alert.id);
      told.current.set(alert.id, alert);
      drawing.current ??= setTimeout(draw, DRAW_MS);
    });
    return () => {
      end();
      loading.current?.abort();
      clearTimeout(drawing.current ?? undefined);
      clearTimeout(settling.current ?? undefined);
    };
  }, []);

  // With the first tick that is shown again after a pause.
  useSignalEffect(() => {
    if (tick.value !== null && !paused.value && stale.current) void load("replace");
  });

  const missed = useRef(0);
  useSignalEffect(() => {
    if (gaps.value === missed.current) return;
    missed.current = gaps.value;
    void load(gaps.value === 1 ? "mend" : "replace");
  });

  const mounted = useRef(false);
  useEffect(() => {
    if (mounted.current) void load("replace");
    mounted.current = true;
  }, [key]);

  return { page, waiting, trouble, reload: () => load("replace") };
}

/** `before` with changes in their places and new ones (oldest first) on top; at most `limit` rows. */
export function withTold(
  before: AnomalyPage,
  changed: ReadonlyMap<string, Anomaly>,
  fresh: readonly Anomaly[],
  limit: number,
): AnomalyPage {
  const rows = before.anomalies.map((row) => changed.get(row.id) ?? row);
  const added = fresh.filter(({ id }) => !rows.some((row) => row.id === id)).reverse();
  return { ...before, anomalies: [...added, ...rows].slice(0, limit) };
}

/** The server's answer in the order that is on the screen: rows it has no more go, new ones come on top. */
export function mended(
  before: AnomalyPage,
  next: AnomalyPage,
  { offset, limit }: Pick<AlertsOptions, "offset" | "limit">,
): AnomalyPage {
  if (before.offset !== next.offset) return next;
  const fresh = new Map(next.anomalies.map((row) => [row.id, row]));
  const kept = before.anomalies.flatMap((row) => {
    const same = fresh.get(row.id);
    fresh.delete(row.id);
    if (same !== undefined) return [same];
    // Pushed off the page by newer changes: it stays where it is read, as long as the page has room.
    return before.anomalies.length >= limit || offset > 0 ? [row] : [];
  });
  const room = Math.max(0, limit - kept.length);
  return { ...next, anomalies: [...[...fresh.values()].slice(0, room), ...kept].slice(0, limit) };
}
