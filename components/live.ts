/**
 * The one event stream of the page. All islands read these signals; nobody else opens an EventSource.
 *
 * Browser only: nothing here runs before `startFeed()`, which islands call when they are mounted, so on the
 * server the signals keep their first values and every page is rendered from its own data.
 */
import { batch, computed, signal } from "@preact/signals";
import type { PageSnapshot, ThroughputPoint, Tick } from "../model/api.ts";
import { type InterfaceRates, joinRates, withRates } from "../model/interface_rates.ts";

/** `lost`: the server is away; the stream is opened again by itself. */
export type Link = "connecting" | "open" | "lost";

/** Points of throughput kept: five minutes. */
export const HISTORY_POINTS = 300;

/** Silence after which the server is thought to be away: it speaks each second. */
const SILENCE_MS = 6_000;
/** Wait before the stream is opened anew, when the browser itself has given up; doubles up to the last. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 10_000;

/**
 * A page that nobody can see gives its stream back after so long: over HTTP/1.1 a browser opens six connections to one
 * server at most, and the seventh page would never come.
 */
const HIDDEN_MS = 3_000;

const STREAM = "/api/stream";

/** State of the stream. */
export const link = signal<Link>("connecting");
/** Wall clock of the browser when the server was last heard; 0 before. */
export const heardAt = signal(0);
/** Display stands still; the stream goes on. */
export const paused = signal(false);
/** What is shown: the latest tick, or the one at which the display was paused. `null` until the first. */
export const tick = signal<Tick | null>(null);
/** Throughput as shown, oldest first; `null` until the first snapshot. */
export const history = signal<ThroughputPoint[] | null>(null);
/** Rates of each interface in the last minute. */
export const rates = signal<InterfaceRates>(new Map());
/**
 * Counts the times that rows told one by one may have been missed (the first is that between the making of the page
 * and the opening of the stream): whoever shows such rows then asks for them anew.
 */
export const gaps = signal(0);
/** Packet time of what is shown, ms; 0 while unknown. */
export const packetTime = computed(() => tick.value?.packet_time ?? 0);

/** What came in while nobody looked: shown as soon as the display goes on. */
let latestTick: Tick | null = null;
let latestHistory: ThroughputPoint[] | null = null;
let latestRates: InterfaceRates = new Map();
let source: EventSource | null = null;
let started = false;
let retryMs = FIRST_RETRY_MS;
let hiddenTimer: ReturnType<typeof setTimeout> | undefined;

/** Events that only some pages want. One that nobody listens to is not even parsed. */
export type RowEvent = "alert" | "dns" | "packets";

type Listener = (read: () => unknown) => void;

const listeners = new Map<RowEvent, Set<Listener>>();

/**
 * Calls `take` at each such event, also while paused or hidden; `read` gives its data, or null for a damaged one:
 * what is not read costs nothing.
 *
 * @returns What ends it.
 */
export function listen<T>(name: RowEvent, take: (read: () => T | null) => void): () => void {
  startFeed();
  let all = listeners.get(name);
  if (all === undefined) {
    listeners.set(name, all = new Set());
    if (source !== null) attach(source, name);
  }
  const one = take as Listener;
  all.add(one);
  return () => all.delete(one);
}

function attach(to: EventSource, name: RowEvent): void {
  to.addEventListener(name, (event) => {
    for (const take of listeners.get(name)!) take(() => parse<unknown>(event));
  });
}

/** Opens the stream, once; later calls do nothing. */
export function startFeed(): void {
  if (started) return;
  started = true;
  open();
  setInterval(watch, 1_000);
  document.addEventListener("visibilitychange", seenOrNot);
}

function seenOrNot(): void {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(() => {
      source?.close();
      source = null;
    }, HIDDEN_MS);
    return;
  }
  if (source === null) open();
  show();
}

/** Rates before the page was opened, which the stream goes on with. */
export function seedRates(first: InterfaceRates): void {
  latestRates = joinRates(first, latestRates);
}

/** Stops and goes on with the display. */
export function setPaused(on: boolean): void {
  paused.value = on;
  show();
}

/**
 * Throughput with one more second. A point of the same second replaces the last; a clock that jumped back starts
 * anew; at most `HISTORY_POINTS` are kept.
 */
export function withPoint(points: ThroughputPoint[], point: ThroughputPoint): ThroughputPoint[] {
  const last = points.at(-1);
  if (last === undefined || point.t < last.t) return [point];
  const kept = point.t === last.t ? points.slice(0, -1) : points.slice(-(HISTORY_POINTS - 1));
  return [...kept, point];
}

function open(): void {
  if (document.hidden) return; // as soon as somebody looks
  source?.close();
  source = new EventSource(STREAM);
  for (const name of listeners.keys()) attach(source, name);
  source.onopen = () => {
    retryMs = FIRST_RETRY_MS;
    gaps.value++;
    heard();
  };
  source.onerror = () => {
    link.value = "lost";
    // CONNECTING: the browser tries again by itself. CLOSED: the answer was no stream, so it is up to us.
    if (source?.readyState === EventSource.CLOSED) retry();
  };
  source.addEventListener("snapshot", (event) => {
    const snapshot = parse<PageSnapshot>(event);
    if (snapshot === null) return;
    latestHistory = snapshot.history.slice(-HISTORY_POINTS);
    latestTick = snapshot.tick;
    heard();
  });
  source.addEventListener("tick", (event) => {
    const next = parse<Tick>(event);
    if (next === null) return;
    latestTick = next;
    latestHistory = withPoint(latestHistory ?? [], next.throughput);
    latestRates = withRates(latestRates, next.interfaces);
    heard();
  });
  source.addEventListener("reset", () => {
    latestHistory = null;
    latestRates = new Map();
    gaps.value++;
    heard();
  });
  source.addEventListener("lost", () => {
    gaps.value++;
  });
}

function retry(): void {
  source?.close();
  source = null;
  setTimeout(open, retryMs);
  retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
}

/** A stream that is open but silent is as good as none. */
function watch(): void {
  if (source === null || heardAt.value === 0 || Date.now() - heardAt.value < SILENCE_MS) return;
  if (link.value === "open") link.value = "lost";
  if (source.readyState === EventSource.OPEN) retry();
}

function heard(): void {
  batch(() => {
    link.value = "open";
    heardAt.value = Date.now();
    show();
  });
}

/** Puts the latest on the page, unless it is paused or nobody can see it. */
function show(): void {
  if (paused.value || document.hidden) return;
  batch(() => {
    if (latestTick !== null) tick.value = latestTick;
    if (latestHistory !== null) history.value = latestHistory;
    rates.value = latestRates;
  });
}

function parse<T>(event: Event): T | null {
  try {
    return JSON.parse((event as MessageEvent<string>).data) as T;
  } catch {
    return null; // a cut event: the next snapshot mends it
  }
}
