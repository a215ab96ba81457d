/**
 * The feed: one stream of events to any number of clients, none of which can hold up another.
 *
 * An event is encoded once. Each client has a bounded queue: a tick that was not read yet is replaced by the
 * next one, other events are kept up to the ceiling, and what had to go is counted and told to that client.
 * Ids are `boot-number`, so a client that comes back is given what it missed, or told to start over.
 */
import { type ServerSentEventMessage, ServerSentEventStream } from "@std/http/server-sent-event-stream";

/** Events kept for clients that come back; at one to two a second about five minutes. */
const MEMORY_EVENTS = 512;
const MEMORY_BYTES = 8 << 20;
/** Events waiting for one client. */
const QUEUE_EVENTS = 1000;
/** Clients at once; a browser page is one. */
export const MAX_CLIENTS = 2000;
/** A comment this often keeps proxies from closing a quiet stream. */
export const HEARTBEAT_MS = 15_000;
/** `retry:` of the stream: a browser waits this long before it comes back. */
const RETRY_MS = 1000;

const encoder = new TextEncoder();

interface FeedEvent {
  name: string;
  number: number;
  bytes: Uint8Array<ArrayBuffer>;
}

interface Client {
  queue: FeedEvent[];
  lost: number;
  controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
}

/** Counters of the feed since the start. */
export interface FeedCounters {
  clients: number;
  /** Events put on a client's stream. */
  sent: number;
  /** Ticks a slow client never saw because a newer one took their place. */
  replaced: number;
  /** Events lost to full queues. */
  lost: number;
  /** Subscriptions turned away at `MAX_CLIENTS`. */
  refused: number;
}

export class Feed {
  /** Tells this run of the server from others: ids of another run cannot be resumed. */
  readonly boot: string = crypto.randomUUID().slice(0, 8);
  #number = 0;
  #memory: FeedEvent[] = [];
  #memoryBytes = 0;
  #clients = new Set<Client>();
  #counters = { sent: 0, replaced: 0, lost: 0, refused: 0 };
  #encode: (name: string, number: number, data: string) => Promise<Uint8Array<ArrayBuffer>>;
  #lastComment = 0;

  constructor() {
    this.#encode = createEncoder(this.boot);
  }

  get counters(): FeedCounters {
    return { clients: this.#clients.size, ...this.#counters };
  }

  /**
   * Sends one event to everybody. Call in order: the next only after this one has resolved.
   *
   * @param data Its `ts` becomes the time of publication (ms), so that times never go back from event to event.
   */
  async publish(name: string, data: object): Promise<void> {
    const number = ++this.#number;
    const text = JSON.stringify({ ...data, ts: Date.now() });
    const event = { name, number, bytes: await this.#encode(name, number, text) };
    this.#remember(event);
    for (const client of this.#clients) this.#offer(client, event);
  }

  /** A comment to every client, if none was due for `HEARTBEAT_MS`. */
  heartbeat(nowMs: number): void {
    if (nowMs - this.#lastComment < HEARTBEAT_MS) return;
    this.#lastComment = nowMs;
    const bytes = encoder.encode(": still here\n\n");
    for (const client of this.#clients) {
      if (client.queue.length === 0 && (client.controller.desiredSize ?? 0) > 0) {
        client.controller.enqueue(bytes);
      }
    }
  }

  /**
   * A new client's stream.
   *
   * @param lastEventId What the client says it saw last; null for a new one.
   * @param first What a client begins with when it cannot go on from there.
   * @returns The body of a `text/event-stream` answer, or null when there are too many clients.
   */
  async subscribe(
    lastEventId: string | null,
    first: { name: string; data: unknown },
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | null> {
    if (this.#clients.size >= MAX_CLIENTS) {
      this.#counters.refused++;
      return null;
    }
    const at = this.#number;
    const missed = this.#since(lastEventId);
    const head: Uint8Array<ArrayBuffer>[] = [encoder.encode(`retry: ${RETRY_MS}\n\n`)];
    if (missed === null) {
      if (lastEventId) {
        head.push(await this.#encode("reset", at, JSON.stringify({ ts: Date.now(), reason: "gone" })));
      }
      head.push(await this.#encode(first.name, at, JSON.stringify(first.data)));
    }
    let client: Client;
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        // Encoding took turns: what was published meanwhile comes after the beginning.
        client = { queue: missed ?? this.#memory.filter((event) => event.number > at), lost: 0, controller };
        for (const bytes of head) controller.enqueue(bytes);
        this.#clients.add(client);
      },
      pull: () => this.#drain(client),
      cancel: () => {
        this.#clients.delete(client);
      },
    }, new CountQueuingStrategy({ highWaterMark: 2 }));
  }

  /** Ends every stream: the server is going down. */
  close(): void {
    for (const client of this.#clients) client.controller.close();
    this.#clients.clear();
  }

  #remember(event: FeedEvent): void {
    this.#memory.push(event);
    this.#memoryBytes += event.bytes.length;
    while (this.#memory.length > MEMORY_EVENTS || this.#memoryBytes > MEMORY_BYTES) {
      this.#memoryBytes -= this.#memory.shift()!.bytes.length;
    }
  }

  /** What came after `lastEventId`; null when that cannot be told. */
  #since(lastEventId: string | null): FeedEvent[] | null {
    const match = /^([0-9a-f]{8})-(\d{1,15})$/.exec(lastEventId ?? "");
    if (match === null || match[1] !== this.boot) return null;
    const number = Number(match[2]);
    const oldest = this.#memory[0]?.number ?? this.#number + 1;
    if (number > this.#number || number < oldest - 1) return null;
    return this.#memory.filter((event) => event.number > number);
  }

  #offer(client: Client, event: FeedEvent): void {
    if (event.name === "tick") {
      const stale = client.queue.findIndex((queued) => queued.name === "tick");
      if (stale >= 0) {
        client.queue.splice(stale, 1);
        this.#counters.replaced++;
      }
    }
    if (client.queue.length >= QUEUE_EVENTS) {
      client.queue.shift();
      client.lost++;
      this.#counters.lost++;
    }
    client.queue.push(event);
    this.#drain(client);
  }

  #drain(client: Client): void {
    const { controller, queue } = client;
    while (queue.length > 0 && (controller.desiredSize ?? 0) > 0) {
      if (client.lost > 0) {
        controller.enqueue(
          encoder.encode(`event: lost\ndata: {"ts":${Date.now()},"events":${client.lost}}\n\n`),
        );
        client.lost = 0;
      }
      controller.enqueue(queue.shift()!.bytes);
      this.#counters.sent++;
    }
  }
}

/** Encodes through one `ServerSentEventStream` for all clients: an event is put into bytes once. */
function createEncoder(
  boot: string,
): (name: string, number: number, data: string) => Promise<Uint8Array<ArrayBuffer>> {
  const stream = new TransformStream<ServerSentEventMessage, ServerSentEventMessage>();
  const writer = stream.writable.getWriter();
  const reader = stream.readable.pipeThrough(new ServerSentEventStream()).getReader();
  let turn: Promise<unknown> = Promise.resolve();
  return (event, number, data) => {
    const bytes = turn.then(async () => {
      writer.write({ event, id: `${boot}-${number}`, data });
      const { value } = await reader.read();
      return value as Uint8Array<ArrayBuffer>;
    });
    turn = bytes.catch(() => {});
    return bytes;
  };
}
