import assert from "node:assert/strict";
import { createGunzip } from "node:zlib";
import type { Anomaly, Connection, DnsQuery, LoggedPacket, PageSnapshot, Tick } from "../../model/api.ts";
import { FEED_EVENTS } from "../../model/feed.ts";
import {
  Feed,
  type FeedItem,
  HEARTBEAT_MS,
  MAX_CLIENTS,
  MAX_ROWS,
  MAX_SUBSCRIPTIONS,
} from "../../monitor/feed.ts";
import { parseSubscription } from "../../monitor/feed_subscription.ts";
import { QueryError } from "../../monitor/query_error.ts";

interface Told {
  event: string;
  id: string;
  // deno-lint-ignore no-explicit-any -- of any event
  data: any;
}

/** Reads a client's stream event by event. */
class Reader {
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  text = "";
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }
  /** Whether the next block is there already. */
  get #end(): number {
    return this.text.indexOf("\n\n");
  }
  async block(): Promise<string> {
    while (this.#end < 0) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the stream ended");
      this.text += new TextDecoder().decode(value);
    }
    const block = this.text.slice(0, this.#end);
    this.text = this.text.slice(this.#end + 2);
    return block;
  }
  async next(): Promise<Told> {
    for (;;) {
      const block = await this.block();
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1] ?? "";
      if (field("event") !== "") {
        return { event: field("event"), id: field("id"), data: JSON.parse(field("data")) };
      }
    }
  }
  /** The names of the next events. */
  async names(count: number): Promise<string[]> {
    const names = [];
    for (let i = 0; i < count; i++) names.push((await this.next()).event);
    return names;
  }
  cancel() {
    return this.#reader.cancel();
  }
}

/** A feed whose ticks are numbered, with three connections. */
class TestFeed extends Feed {
  ticks = 0;
  snapshots = 0;
  constructor() {
    super({
      tick: () => ({ ts: 0, n: this.ticks }) as unknown as Tick,
      snapshot: (matches) => {
        this.snapshots++;
        const rows = [443, 53, 22].map((dest_port) => connection(dest_port));
        return { ts: 0, connections: matches ? rows.filter(matches) : rows } as unknown as PageSnapshot;
      },
    });
  }
  join(query = "", lastEventId: string | null = null): Reader {
    const stream = this.subscribe({
      subscription: parseSubscription(new URLSearchParams(query)),
      lastEventId,
    });
    assert(typeof stream !== "string");
    return new Reader(stream);
  }
  alert(n: number, kind = "port_scan"): Promise<void> {
    return this.publish([alert(n, kind)]);
  }
  async tick(): Promise<void> {
    this.ticks++;
    await this.publish([{ name: "tick" }]);
  }
}

function connection(dest_port: number): Connection {
  const ends = { src_ip: "10.0.0.1", dest_ip: "192.0.2.7", src_port: 40_000, dest_port };
  return {
    ...ends,
    proto: "tcp",
    process: null,
    peer: null,
    server_name: "",
    reverse_name: "",
    state: "",
    country: "NL",
  } as // deno-lint-ignore no-explicit-any -- what is not asked for
  any;
}

function alert(n: number, kind = "port_scan"): FeedItem {
  return {
    name: "alert",
    alert: { id: `${kind}:${n}`, kind, n, severity: 2, process: "" } as unknown as Anomaly,
  };
}

function packets(count: number, port = (i: number) => i): FeedItem {
  const rows = Array.from({ length: count }, (_, i) => ({ number: i, src_port: port(i), dest_port: 9 }));
  return { name: "packets", rows: rows as unknown as LoggedPacket[], left_out: 0 };
}

Deno.test("a new client begins with how things stand and goes on with the rest", async () => {
  const feed = new TestFeed();
  await feed.tick();
  const client = feed.join();
  await feed.tick();
  assert.equal((await client.next()).event, "snapshot");
  const { event, id, data } = await client.next();
  assert.deepEqual([event, id, data.n], ["tick", `${feed.boot}-2`, 2]);
  await client.cancel();
  assert.deepEqual([feed.counters.clients, feed.counters.subscriptions], [0, 0]);
});

Deno.test("a client is told the types that it asks for, and no others", async () => {
  const feed = new TestFeed();
  const [ticks, alerts, both] = [
    feed.join("types=tick"),
    feed.join("types=alert"),
    feed.join("types=alert,tick"),
  ];
  await feed.publish([packets(3), alert(1), { name: "tick" }, { name: "snapshot" }]);
  assert.deepEqual(await ticks.names(2), ["tick", "tick"]);
  assert.deepEqual(await both.names(3), ["tick", "alert", "tick"]);
  // No state to begin with: it is told the id that it can resume from.
  assert.equal(await alerts.block(), "retry:1000");
  assert.equal(await alerts.block(), `id:${feed.boot}-0`);
  assert.equal((await alerts.next()).id, `${feed.boot}-2`);
  feed.close();
});

Deno.test("a filter holds for the rows inside each event; what has none left is not told", async () => {
  const feed = new TestFeed();
  const client = feed.join("filter=port:443");
  const snapshot = await client.next();
  assert.deepEqual(snapshot.data.connections.map((row: Connection) => row.dest_port), [443]);
  await feed.publish([packets(100), { name: "dns", rows: [{ rrname: "a" } as DnsQuery], left_out: 0 }]);
  await feed.publish([packets(60, (i) => i < 55 ? 443 : 1), alert(1), { name: "tick" }]);
  const told = await client.next();
  assert.deepEqual([told.event, told.data.packets.length, told.data.left_out], ["packets", MAX_ROWS, 5]);
  // DNS queries know no ports, this alert has another: neither is told.
  assert.equal((await client.next()).event, "tick");
  feed.close();
});

Deno.test("alerts are filtered by what is known of alerts", async () => {
  const feed = new TestFeed();
  const client = feed.join("types=alert&filter=kind:syn_flood");
  await feed.alert(1);
  await feed.alert(2, "syn_flood");
  assert.equal((await client.next()).data.n, 2);
  feed.close();
});

Deno.test("what cannot be asked for is refused with its place", () => {
  const refusals: [string, string, RegExp, number?][] = [
    ["types=tick,tack", "types", /"tack"/],
    ["types=reset", "types", /"reset"/],
    ["filter=port:443 and (", "filter", /character/, undefined],
    ["filter=host:1.2.3.4 prot:80", "filter", /prot/, 13],
    ["types=dns&filter=country:nl", "filter", /country.*not known/, 0],
    ["types=tick&filter=port:1", "filter", /nothing to filter/],
    ["filter=port:99999", "filter", /no port/, 0],
    [`filter=${"x".repeat(501)}`, "filter", /500/],
    ["type=tick", "type", /types/],
  ];
  for (const [query, field, message, at] of refusals) {
    assert.throws(() => parseSubscription(new URLSearchParams(query)), (error) => {
      assert(error instanceof QueryError);
      assert.equal(error.field, field, query);
      assert.match(error.message, message);
      if (at !== undefined) assert.equal(error.at, at, query);
      return true;
    });
  }
});

Deno.test("clients that ask for the same share one encoding", async () => {
  const feed = new TestFeed();
  const clients = [..."abcd"].map(() => feed.join("filter=port:22&types=alert,snapshot"));
  clients.push(feed.join("types=snapshot,alert&filter=port:22"));
  assert.deepEqual([feed.snapshots, feed.counters.subscriptions, feed.counters.clients], [1, 1, 5]);
  await feed.publish([{ name: "snapshot" }]);
  assert.equal(feed.snapshots, 2);
  for (const client of clients) assert.deepEqual(await client.names(2), ["snapshot", "snapshot"]);
  feed.close();
});

Deno.test("a client that comes back is given what it missed, and how things stand", async () => {
  const feed = new TestFeed();
  for (let n = 1; n <= 5; n++) await feed.alert(n, n === 4 ? "syn_flood" : "port_scan");
  await feed.tick();
  const client = feed.join("", `${feed.boot}-3`);
  const told = [await client.next(), await client.next(), await client.next()];
  assert.deepEqual(told.map(({ event, data }) => data.n ?? event), [4, 5, "snapshot"]);
  assert.equal(told[2].id, `${feed.boot}-6`);
  const picky = feed.join("types=alert&filter=kind:syn_flood", `${feed.boot}-1`);
  assert.equal((await picky.next()).data.n, 4);
  assert.equal(await picky.block(), `id:${feed.boot}-6`, "nothing else, and where it is now");
  feed.close();
});

Deno.test("ids too old, of another run, of the future or made up start over, with the reason", async () => {
  const feed = new TestFeed();
  for (let n = 1; n <= FEED_EVENTS.alert.kept + 10; n++) await feed.alert(n);
  for (const [id, reason] of [[`${feed.boot}-3`, "gone"], ["0badc0de-3", "restarted"]]) {
    const client = feed.join("", id);
    const reset = await client.next();
    assert.deepEqual([reset.event, reset.data.reason], ["reset", reason]);
    assert.equal((await client.next()).event, "snapshot");
  }
  for (const id of [`${feed.boot}-4000`, "<script>"]) {
    assert.equal((await feed.join("types=tick", id).next()).data.reason, "restarted", id);
  }
  feed.close();
});

Deno.test("what a client never asked for cannot be gone for it", async () => {
  const feed = new TestFeed();
  await feed.alert(1);
  for (let n = 0; n < FEED_EVENTS.packets.kept + 10; n++) await feed.publish([packets(1), { name: "tick" }]);
  await feed.alert(2);
  assert.equal((await feed.join("types=alert", `${feed.boot}-1`).next()).data.n, 2);
  assert.equal((await feed.join("types=packets", `${feed.boot}-1`).next()).data.reason, "gone");
  feed.close();
});

Deno.test("a client that does not read loses ticks first, then counted events, and holds nobody up", async () => {
  const feed = new TestFeed();
  const slow = feed.join();
  const quick = feed.join();
  assert.equal((await quick.next()).event, "snapshot");
  for (let n = 0; n < 2600; n++) {
    await (n % 2 ? feed.alert(n) : feed.tick());
    const { data } = await quick.next();
    assert.equal(data.n, n % 2 ? n : n / 2 + 1);
  }
  assert(feed.counters.replaced > 1000);
  const lost = feed.counters.lost;
  assert(lost > 0);
  const seen: Told[] = [];
  do seen.push(await slow.next()); while (seen.at(-1)!.data.n !== 2599);
  const names = seen.map(({ event }) => event);
  assert.equal(seen[names.indexOf("lost")].data.count, lost);
  // Alerts were among it: what it knows of them may be wrong.
  assert.equal(names[names.indexOf("lost") + 1], "reset");
  assert.equal(seen[names.indexOf("reset")].data.reason, "lost");
  const ids = seen.filter(({ id }) => id !== "").map(({ id }) => Number(id.slice(9)));
  assert.deepEqual(ids, ids.toSorted((a, b) => a - b));
  feed.close();
});

Deno.test("lost packets are told without a reset: the next ones are as good", async () => {
  const feed = new TestFeed();
  const slow = feed.join("types=packets");
  for (let n = 0; n < 200; n++) await feed.publish([packets(1)]);
  const names = await slow.names(10);
  assert(names.includes("lost") && !names.includes("reset"), names.join());
  feed.close();
});

Deno.test("a quiet stream has a sign of life, with an id to resume from", async () => {
  const feed = new TestFeed();
  const client = feed.join("types=alert");
  await feed.tick();
  feed.heartbeat(Date.now());
  feed.heartbeat(Date.now() + HEARTBEAT_MS + 1);
  feed.heartbeat(Date.now() + HEARTBEAT_MS + 2);
  await feed.alert(1);
  const blocks = [await client.block(), await client.block(), await client.block()];
  assert.equal(blocks[2], `: still here\nid:${feed.boot}-1`);
  assert.match(await client.block(), /event:alert/);
  feed.close();
});

Deno.test("a packed stream is one gzip stream wherever a client joins", async () => {
  const feed = new TestFeed();
  await feed.tick();
  for (const before of [0, 3]) {
    for (let n = 0; n < before; n++) await feed.tick();
    const body = feed.subscribe({ gzip: true });
    assert(typeof body !== "string");
    await feed.publish([alert(7), { name: "tick" }]);
    const reader = body.getReader();
    const gunzip = createGunzip();
    let text = "";
    gunzip.on("data", (bytes) => text += bytes);
    while (!text.includes("event:tick")) {
      const { value } = await reader.read();
      await new Promise((resolve) => gunzip.write(value, resolve));
    }
    assert.match(text, /^retry:1000\n\nevent:snapshot\n.*\n.*\n\nevent:alert\n.*\n.*\n\nevent:tick\n/);
    gunzip.destroy();
    await reader.cancel();
  }
});

Deno.test("there are ceilings of clients and of subscriptions; that without words is always served", async () => {
  const feed = new TestFeed();
  for (let i = 0; i < MAX_SUBSCRIPTIONS; i++) feed.join(`filter=port:${i + 1}`);
  const one = parseSubscription(new URLSearchParams("filter=port:999"));
  assert.equal(feed.subscribe({ subscription: one }), "subscriptions");
  for (let i = 0; i < MAX_CLIENTS - MAX_SUBSCRIPTIONS; i++) feed.join();
  assert.equal(feed.subscribe(), "clients");
  assert.equal(feed.counters.refused, 2);
  await feed.tick();
  feed.close();
  assert.equal(feed.counters.clients, 0);
});
