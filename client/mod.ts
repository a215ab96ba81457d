/**
 * A client of Netpane's feed, for programs: one loop over typed events, whatever happens to the connection.
 *
 * It needs nothing but `fetch`, so it runs in Deno, Node.js and browsers; of the project it takes types only. When the
 * connection breaks it comes back by itself and goes on where it was; where that cannot be, the feed says so with a
 * `reset` event.
 *
 * @example
 * ```ts ignore
 * for await (const event of openFeed("http://127.0.0.1:8000", { types: ["alert"], filter: "severity<=2" })) {
 *   if (event.name === "alert") console.log(event.data.message, event.data.details);
 * }
 * ```
 */
import type { ProblemDetails } from "../model/api.ts";
import type { FeedData, FeedEventName, FeedType } from "../model/feed.ts";

export type * from "../model/feed.ts";
export type {
  Anomaly,
  Connection,
  DnsQuery,
  InterfaceStatus,
  LoggedPacket,
  PageSnapshot,
  PieData,
  ProblemDetails,
  Talker,
  ThroughputPoint,
  Tick,
} from "../model/api.ts";

/** One event; its name tells the type of its data. */
export type FeedEvent = {
  [N in FeedEventName]: {
    name: N;
    /** What `lastEventId` takes to go on after it; that of an earlier event where it has none of its own. */
    id: string;
    data: FeedData[N];
  };
}[FeedEventName];

export interface FeedOptions {
  /** Events wanted. @default all */
  types?: readonly FeedType[];
  /** For the rows inside: `port:443 and not host:10.0.0.0/8`. */
  filter?: string;
  /** Where Netpane serves beyond its own machine. */
  token?: string;
  /** Goes on after this event of an earlier connection. */
  lastEventId?: string;
  /** Ends the loop. */
  signal?: AbortSignal;
  /** What is going on with the connection. */
  onState?: (state: FeedState) => void;
  /** Silence in ms after which a connection counts as broken; the server gives a sign of life every 15 s. */
  silenceMs?: number;
  /** The longest wait before another attempt, ms. The first is what the server says, usually a second. */
  longestWaitMs?: number;
}

export type FeedState =
  | { state: "open" }
  /** @property waitMs Until the next attempt. @property reason For people. */
  | { state: "waiting"; waitMs: number; reason: string };

/** The server refuses, and will go on doing so: a wrong filter (400), a missing token (401) ... */
export class FeedError extends Error {
  override name = "FeedError";
  /** @param problem What the server says of it; null where it said nothing that could be read. */
  constructor(readonly status: number, readonly problem: ProblemDetails | null) {
    super(problem?.detail ?? `The feed answered ${status}`);
  }
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const SILENCE_MS = 45_000;
/** Characters of one event; the server's are far below. */
const MAX_EVENT = 16 << 20;
/** Refusals that pass. */
const PASSING = [408, 425, 429];

/**
 * The events of a server, for ever: ends by `break` or by `signal`.
 *
 * @param server Its address: `http://127.0.0.1:8000`.
 * @throws FeedError when the server refuses what is asked. A server that is away is waited for.
 */
export async function* openFeed(
  server: string | URL,
  options: FeedOptions = {},
): AsyncGenerator<FeedEvent, void, void> {
  const { signal, onState, longestWaitMs = LONGEST_WAIT_MS } = options;
  const url = addressOf(server, options);
  const place = { id: options.lastEventId ?? "", retryMs: FIRST_WAIT_MS };
  for (let failures = 0; !signal?.aborted;) {
    let reason = "the server ended the stream";
    let leastMs = 0;
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const answer = await fetch(url, { headers: headersOf(options, place.id), signal: attempt.signal });
      if (answer.ok && answer.body !== null) {
        onState?.({ state: "open" });
        for await (const event of events(answer.body, place, options.silenceMs ?? SILENCE_MS, stop)) {
          failures = 0;
          yield event;
        }
      } else {
        const refusal = await refusalOf(answer);
        if (refusal.status < 500 && !PASSING.includes(refusal.status)) throw refusal;
        reason = refusal.message;
        leastMs = 1000 * (Number(answer.headers.get("Retry-After")) || 0);
      }
    } catch (error) {
      if (error instanceof FeedError) throw error;
      reason = error instanceof Error ? error.message : String(error);
    } finally {
      signal?.removeEventListener("abort", stop);
      attempt.abort(); // also when the loop was left by `break`
    }
    if (signal?.aborted) return;
    // Half of it is chance: a thousand clients do not come back at once.
    const waitMs = Math.min(
      longestWaitMs,
      Math.max(leastMs, place.retryMs * 2 ** failures * (0.5 + Math.random() / 2)),
    );
    failures = Math.min(failures + 1, 10);
    onState?.({ state: "waiting", waitMs, reason });
    await sleep(waitMs, signal);
  }
}

function addressOf(server: string | URL, { types, filter }: FeedOptions): URL {
  const url = new URL("/api/stream", server);
  if (types !== undefined && types.length > 0) url.searchParams.set("types", types.join());
  if (filter !== undefined && filter !== "") url.searchParams.set("filter", filter);
  return url;
}

function headersOf({ token }: FeedOptions, id: string): Record<string, string> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (token !== undefined && token !== "") headers.Authorization = `Bearer ${token}`;
  if (id !== "") headers["Last-Event-ID"] = id;
  return headers;
}

async function refusalOf(answer: Response): Promise<FeedError> {
  const problem = await answer.json().catch(() => null);
  return new FeedError(answer.status, problem);
}

/** The events of one connection (WHATWG HTML §9.2.6); keeps `place` up to date. */
async function* events(
  body: ReadableStream<Uint8Array>,
  place: { id: string; retryMs: number },
  silenceMs: number,
  stop: () => void,
): AsyncGenerator<FeedEvent, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let name = "";
  let data: string[] = [];
  try {
    for (;;) {
      const timer = setTimeout(stop, silenceMs);
      const { value, done } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      if (rest.length > MAX_EVENT) throw new Error("an event is too long");
      // A carriage return at the end may be half of a line's end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop()!;
      for (const line of lines) {
        if (line !== "") {
          const colon = line.indexOf(":");
          const field = colon < 0 ? line : line.slice(0, colon);
          const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
          if (field === "event") name = value;
          else if (field === "data") data.push(value);
          else if (field === "id" && !value.includes("\0")) place.id = value;
          else if (field === "retry" && /^\d{1,9}$/.test(value)) place.retryMs = Number(value);
          continue;
        }
        if (data.length > 0) {
          yield { name: name || "message", id: place.id, data: JSON.parse(data.join("\n")) } as FeedEvent;
        }
        name = "";
        data = [];
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // it may have broken, which is known
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
