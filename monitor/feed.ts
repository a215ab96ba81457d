/**
 * The feed: one stream of events to any number of clients, none of which can hold up another.
 *
 * What is told at one time is one round. A round is encoded once for all clients that ask for the same (types and
 * filter), and packed once for those of them that take gzip: a thousand clients cost a thousand writes of the same
 * bytes. Each client has bounded room: a tick or snapshot that was not read yet is replaced by the next one, alerts are
 * kept up to a ceiling, and what had to go is counted and told to that client. Ids are `boot-number`, so a client that
 * comes back is given what it missed, or told to start over.
 */
import { setImmediate } from "node:timers";
import { constants, deflateRawSync } from "node:zlib";
import type { Anomaly, Connection, DnsQuery, LoggedPacket, PageSnapshot, Stats, Tick } from "../model/api.ts";
import {
  FEED_EVENTS,
  FEED_TYPES,
  type FeedEventName,
  type FeedType,
  type ResetReason,
} from "../model/feed.ts";
import type { Matcher } from "../model/filter/match.ts";
import { EVERYTHING, type Subscription } from "./feed_subscription.ts";

/** Clients at once; a browser page is one. */
export const MAX_CLIENTS = 2000;
/** Different subscriptions at once; each costs an encoding a round. That without types and filter is always served. */
export const MAX_SUBSCRIPTIONS = 64;
/** A comment this often keeps proxies from closing a quiet stream. */
export const HEARTBEAT_MS = 15_000;
/** `retry:` of the stream: a browser waits this long before it comes back. */
const RETRY_MS = 1000;
/** Packets and DNS queries in one event; eyes read no more. The API has the rest. */
export const MAX_ROWS = 50;
/** Rows of one event kept for clients that come back, which may ask for few of them. */
const MAX_ROWS_KEPT = 200;
/** Events of packets and queries, and alerts, waiting for one client. */
const MAX_ROW_EVENTS_WAITING = 120;
const MAX_ALERTS_WAITING = 1000;
/** Chunks in a client's stream before its queue fills. */
const CHUNKS_AHEAD = 2;
/** Clients written to before others have a turn (requests, sockets that took what was written). */
const SLICE = 50;

const encoder = new TextEncoder();
const EMPTY = new Uint8Array(0);
/** RFC 1952 §2.3: deflate, nothing known of file, time and system. */
const GZIP_HEADER = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** Of zlib's levels that with the most saved for its time: a snapshot to a seventh in 0.3 ms, a tick to 40 % in 0.1. */
const LEVEL = 4;

type Bytes = Uint8Array<ArrayBuffer>;

/** One thing to tell. Ticks and snapshots are asked of the source. */
export type FeedItem =
  | { name: "snapshot" | "tick" }
  | RowsItem
  | { name: "alert"; alert: Anomaly };

type RowsItem =
  | { name: "packets"; rows: LoggedPacket[]; left_out: number }
  | { name: "dns"; rows: DnsQuery[]; left_out: number };

/** Where the state of things comes from. */
export interface FeedSource {
  tick(): Tick;
  /** @param matches For its connections; absent for all. */
  snapshot(matches?: Matcher<Connection>): PageSnapshot;
}

/** Counters of the feed since the start. */
export type FeedCounters = Stats["feed"];

interface Kept {
  number: number;
  ts: number;
  item: FeedItem;
}

/** An event in bytes, for all clients of one subscription. */
interface Encoded {
  name: FeedEventName;
  number: number;
  plain: Bytes;
  packed: Bytes;
}

interface Client {
  controller: ReadableStreamDefaultController<Bytes>;
  packed: boolean;
  gone: boolean;
  /** Waiting, by kind; each in the order of their numbers. */
  tick: Encoded | null;
  snapshot: Encoded | null;
  rows: Encoded[];
  alerts: Encoded[];
  lost: number;
  lostAlerts: boolean;
}

/** All clients with one subscription. */
interface Group {
  subscription: Subscription;
  clients: Set<Client>;
  packing: number;
  /** Wall clock of the last round that had something for them. */
  toldMs: number;
  /** How clients begin, by what they saw last, until the next round. */
  heads: Map<string, { plain: Bytes; packed: Bytes }>;
}

export class Feed {
  /** Tells this run of the server from others: ids of another run cannot be resumed. */
  readonly boot: string = crypto.randomUUID().slice(0, 8);
  #source: FeedSource;
  #number = 0;
  #memory = new Map<FeedType, Kept[]>(FEED_TYPES.map((type) => [type, []]));
  /** Number of the last event of a type that is not in memory any more. */
  #forgotten = new Map<FeedType, number>();
  #groups = new Map<string, Group>();
  #counters = { clients: 0, sent: 0, bytes: 0, replaced: 0, lost: 0, refused: 0 };

  constructor(source: FeedSource) {
    this.#source = source;
  }

  get counters(): FeedCounters {
    return { ...this.#counters, subscriptions: this.#groups.size };
  }

  /** Tells one round to everybody. Call in order: the next only after this one has resolved. */
  async publish(items: FeedItem[]): Promise<void> {
    if (items.length === 0) return;
    const ts = Date.now();
    const round = items.map((item) => this.#remember({ number: ++this.#number, ts, item }));
    // All at once, before anybody else has a turn: everybody is told of the same moment.
    const told = [...this.#groups.values()].map((group) => {
      group.heads.clear();
      const events = round.map((kept) => this.#encode(kept, group)).filter((event) => event !== null);
      if (events.length > 0) group.toldMs = ts;
      return { clients: [...group.clients], events };
    });
    let written = 0;
    for (const { clients, events } of told) {
      if (events.length === 0) continue;
      const [plain, packed] = [joined(events, "plain"), joined(events, "packed")];
      for (const client of clients) {
        if (client.gone) continue;
        this.#offer(client, events, client.packed ? packed : plain);
        if (++written % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** A sign of life to clients that were told nothing for `HEARTBEAT_MS`, with the id they can resume from. */
  heartbeat(nowMs: number): void {
    for (const group of this.#groups.values()) {
      if (nowMs - group.toldMs < HEARTBEAT_MS) continue;
      group.toldMs = nowMs;
      const plain = encoder.encode(`: still here\nid:${this.#id(this.#number)}\n\n`);
      const packed = group.packing > 0 ? pack(plain) : EMPTY;
      for (const client of group.clients) {
        if (isIdle(client)) this.#write(client, client.packed ? packed : plain, 0);
      }
    }
  }

  /**
   * A new client's stream.
   *
   * @param options `lastEventId`: what the client says it saw last; null for a new one. `gzip`: whether it takes that.
   * @returns The body of a `text/event-stream` answer, or what there are too many of.
   */
  subscribe(
    { subscription = EVERYTHING, lastEventId = null, gzip = false }: {
      subscription?: Subscription;
      lastEventId?: string | null;
      gzip?: boolean;
    } = {},
  ): ReadableStream<Bytes> | "clients" | "subscriptions" {
    const full = this.#counters.clients >= MAX_CLIENTS
      ? "clients"
      : this.#groups.has(subscription.key) || subscription === EVERYTHING ||
          this.#groups.size < MAX_SUBSCRIPTIONS
      ? null
      : "subscriptions";
    if (full !== null) {
      this.#counters.refused++;
      return full;
    }
    const group = this.#group(subscription);
    const head = this.#head(group, lastEventId, gzip);
    let client: Client;
    return new ReadableStream<Bytes>({
      start: (controller) => {
        client = {
          controller,
          packed: gzip,
          gone: false,
          tick: null,
          snapshot: null,
          rows: [],
          alerts: [],
          lost: 0,
          lostAlerts: false,
        };
        group.clients.add(client);
        if (gzip) group.packing++;
        this.#counters.clients++;
        this.#write(client, head, 0);
      },
      pull: () => this.#drain(client),
      cancel: () => this.#leave(group, client),
    }, new CountQueuingStrategy({ highWaterMark: CHUNKS_AHEAD }));
  }

  /** Ends every stream: the server is going down. */
  close(): void {
    for (const group of [...this.#groups.values()]) {
      for (const client of [...group.clients]) {
        client.controller.close();
        this.#leave(group, client);
      }
    }
  }

  #id(number: number): string {
    return `${this.boot}-${number}`;
  }

  #group(subscription: Subscription): Group {
    let group = this.#groups.get(subscription.key);
    if (group === undefined) {
      group = { subscription, clients: new Set(), packing: 0, toldMs: Date.now(), heads: new Map() };
      this.#groups.set(subscription.key, group);
    }
    return group;
  }

  #leave(group: Group, client: Client): void {
    if (client.gone) return;
    client.gone = true;
    group.clients.delete(client);
    if (client.packed) group.packing--;
    this.#counters.clients--;
    if (group.clients.size === 0) this.#groups.delete(group.subscription.key);
  }

  #remember(kept: Kept): Kept {
    const { item: { name } } = kept;
    const memory = this.#memory.get(name)!;
    const most: number = FEED_EVENTS[name].kept;
    if (most === 0) return kept;
    memory.push("rows" in kept.item ? { ...kept, item: shortened(kept.item) } : kept);
    if (memory.length > most) this.#forgotten.set(name, memory.shift()!.number);
    return kept;
  }

  /** How a client begins: what it missed or why that cannot be told, then how things stand. */
  #head(group: Group, lastEventId: string | null, gzip: boolean): Bytes {
    let head = group.heads.get(lastEventId ?? "");
    if (head === undefined) {
      head = { plain: this.#beginning(group, lastEventId), packed: EMPTY };
      // Ids are the client's word: room for the usual ones.
      if (group.heads.size < SLICE) group.heads.set(lastEventId ?? "", head);
    }
    if (!gzip) return head.plain;
    if (head.packed === EMPTY) head.packed = concat([GZIP_HEADER, pack(head.plain)]);
    return head.packed;
  }

  #beginning({ subscription }: Group, lastEventId: string | null): Bytes {
    const { types } = subscription;
    const missed = lastEventId === null || lastEventId === "" ? [] : this.#since(lastEventId, types);
    const now = { number: this.#number, ts: Date.now() };
    const parts = [encoder.encode(`retry:${RETRY_MS}\n\n`)];
    if (typeof missed === "string") parts.push(this.#reset(missed));
    else for (const kept of missed) parts.push(this.#bytes(kept, subscription) ?? EMPTY);
    const state = types.has("snapshot") ? "snapshot" : types.has("tick") ? "tick" : null;
    if (state !== null) parts.push(this.#bytes({ ...now, item: { name: state } }, subscription)!);
    else parts.push(encoder.encode(`id:${this.#id(now.number)}\n\n`));
    return concat(parts);
  }

  #reset(reason: ResetReason): Bytes {
    return encoder.encode(`event:reset\ndata:${JSON.stringify({ ts: Date.now(), reason })}\n\n`);
  }

  /** What came after `lastEventId` and is kept, or why that cannot be told. */
  #since(lastEventId: string, types: ReadonlySet<FeedType>): Kept[] | ResetReason {
    const match = /^([0-9a-f]{8})-(\d{1,15})$/.exec(lastEventId);
    const number = Number(match?.[2]);
    // Also what is no id of ours, or of what has not been told yet: made up.
    if (match === null || match[1] !== this.boot || number > this.#number) return "restarted";
    for (const type of types) if ((this.#forgotten.get(type) ?? 0) > number) return "gone";
    return [...types].flatMap((type) => this.#memory.get(type)!.filter((kept) => kept.number > number))
      .sort((a, b) => a.number - b.number);
  }

  /** An event for all clients of a group; null when it has nothing for them. */
  #encode(kept: Kept, { subscription, packing }: Group): Encoded | null {
    const plain = this.#bytes(kept, subscription);
    if (plain === null) return null;
    const { number, item: { name } } = kept;
    return { name, number, plain, packed: packing > 0 ? pack(plain) : EMPTY };
  }

  #bytes({ number, ts, item }: Kept, subscription: Subscription): Bytes | null {
    if (!subscription.types.has(item.name)) return null;
    const data = this.#data(item, ts, subscription.matches);
    if (data === null) return null;
    return encoder.encode(`event:${item.name}\nid:${this.#id(number)}\ndata:${JSON.stringify(data)}\n\n`);
  }

  /** What a subscription is told of an item; its `ts` is the time of the telling, so that times never go back. */
  #data(item: FeedItem, ts: number, matches: Subscription["matches"]): object | null {
    switch (item.name) {
      case "tick":
        return { ...this.#source.tick(), ts };
      case "snapshot":
        return { ...this.#source.snapshot(matches.snapshot), ts };
      case "alert":
        return matches.alert?.(item.alert) === false ? null : { ...item.alert, ts };
      case "packets": {
        const { rows, left_out } = latest(item, matches.packets);
        return rows.length === 0 && left_out === 0 ? null : { ts, packets: rows, left_out };
      }
      case "dns": {
        const { rows, left_out } = latest(item, matches.dns);
        return rows.length === 0 && left_out === 0 ? null : { ts, queries: rows, left_out };
      }
      default:
        return item satisfies never;
    }
  }

  /** @param chunk All of `events` for this client. */
  #offer(client: Client, events: Encoded[], chunk: Bytes): void {
    if (isIdle(client)) return this.#write(client, chunk, events.length);
    for (const event of events) this.#keep(client, event);
    this.#drain(client);
  }

  #keep(client: Client, event: Encoded): void {
    const { name } = event;
    if (name === "tick" || name === "snapshot") {
      if (client[name] !== null) this.#counters.replaced++;
      client[name] = event;
      return;
    }
    const isAlert = name === "alert";
    const queue = isAlert ? client.alerts : client.rows;
    queue.push(event);
    if (queue.length <= (isAlert ? MAX_ALERTS_WAITING : MAX_ROW_EVENTS_WAITING)) return;
    queue.shift();
    client.lost++;
    client.lostAlerts ||= isAlert;
    this.#counters.lost++;
  }

  #drain(client: Client): void {
    while (!client.gone && (client.controller.desiredSize ?? 0) > 0) {
      const event = next(client);
      if (event === null) return;
      if (client.lost > 0) {
        const notice = `event:lost\ndata:{"ts":${Date.now()},"count":${client.lost}}\n\n`;
        const bytes = client.lostAlerts
          ? concat([encoder.encode(notice), this.#reset("lost")])
          : encoder.encode(notice);
        client.lost = 0;
        client.lostAlerts = false;
        this.#write(client, client.packed ? pack(bytes) : bytes, 0);
      }
      this.#write(client, client.packed ? event.packed : event.plain, 1);
    }
  }

  #write(client: Client, bytes: Bytes, events: number): void {
    client.controller.enqueue(bytes);
    this.#counters.sent += events;
    this.#counters.bytes += bytes.length;
  }
}

/** Whether what is written now is sent next. */
function isIdle({ controller, tick, snapshot, rows, alerts, gone }: Client): boolean {
  return !gone && tick === null && snapshot === null && rows.length === 0 && alerts.length === 0 &&
    (controller.desiredSize ?? 0) > 0;
}

/** Takes the event that was told first of those that wait. */
function next(client: Client): Encoded | null {
  const waiting = [client.tick, client.snapshot, client.rows[0], client.alerts[0]]
    .filter((event): event is Encoded => (event ?? null) !== null);
  if (waiting.length === 0) return null;
  const first = waiting.reduce((a, b) => b.number < a.number ? b : a);
  if (first === client.tick) client.tick = null;
  else if (first === client.snapshot) client.snapshot = null;
  else if (first === client.rows[0]) client.rows.shift();
  else client.alerts.shift();
  return first;
}

/** The last rows that match, and how many more there were; of what had been left out before nobody knows. */
function latest<Row>(
  { rows, left_out }: { rows: Row[]; left_out: number },
  matches: Matcher<Row> | undefined,
): { rows: Row[]; left_out: number } {
  const matching = matches === undefined ? rows : rows.filter(matches);
  const shown = matching.slice(-MAX_ROWS);
  const more = matching.length - shown.length;
  return { rows: shown, left_out: more + (matches === undefined || more + shown.length > 0 ? left_out : 0) };
}

function shortened(item: RowsItem): RowsItem {
  const over = item.rows.length - MAX_ROWS_KEPT;
  return over <= 0
    ? item
    : { ...item, rows: item.rows.slice(over), left_out: item.left_out + over } as RowsItem;
}

/**
 * A piece of a gzip stream that stands by itself: whole blocks that look back at nothing, so the same bytes fit into
 * every client's stream (RFC 1951 §3.2.3). The checksum at a stream's end is never sent: streams do not end but break.
 */
function pack(bytes: Bytes): Bytes {
  return deflateRawSync(bytes, { level: LEVEL, finishFlush: constants.Z_SYNC_FLUSH }) as Bytes;
}

function joined(events: Encoded[], form: "plain" | "packed"): Bytes {
  return events.length === 1 ? events[0][form] : concat(events.map((event) => event[form]));
}

function concat(parts: Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
