import assert from "node:assert/strict";
import { Feed, MAX_CLIENTS } from "../../monitor/feed.ts";

const FIRST = { name: "snapshot", data: { ts: 0 } };

interface Told {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

/** Reads a client's stream event by event. */
class Reader {
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }
  async next(): Promise<Told> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1] ?? "";
        if (field("event") !== "") {
          return { event: field("event"), id: field("id"), data: JSON.parse(field("data")) };
        }
        continue;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the stream ended");
      this.#text += new TextDecoder().decode(value);
    }
  }
  cancel() {
    return this.#reader.cancel();
  }
}

async function join(feed: Feed, lastEventId: string | null = null): Promise<Reader> {
  const stream = await feed.subscribe(lastEventId, FIRST);
  assert(stream);
  return new Reader(stream);
}

Deno.test("a new client begins with the first event and goes on with the rest", async () => {
  const feed = new Feed();
  await feed.publish("tick", { n: 1 });
  const client = await join(feed);
  await feed.publish("tick", { n: 2 });
  assert.equal((await client.next()).event, "snapshot");
  assert.equal((await client.next()).data.n, 2);
  await client.cancel();
  assert.equal(feed.counters.clients, 0);
});

Deno.test("a client that comes back is given what it missed", async () => {
  const feed = new Feed();
  for (let n = 1; n <= 5; n++) await feed.publish("alert", { n });
  const client = await join(feed, `${feed.boot}-3`);
  assert.deepEqual([(await client.next()).data.n, (await client.next()).data.n], [4, 5]);
  await client.cancel();
});

Deno.test("ids of another run, of the future, too old or made up start over with reset", async () => {
  const feed = new Feed();
  for (let n = 1; n <= 1000; n++) await feed.publish("alert", { n });
  for (const id of ["0badc0de-3", `${feed.boot}-4000`, `${feed.boot}-3`, "<script>"]) {
    const client = await join(feed, id);
    assert.deepEqual([(await client.next()).event, (await client.next()).event], ["reset", "snapshot"], id);
    await client.cancel();
  }
});

Deno.test("a client that does not read loses ticks first, then counted events, and holds nobody up", async () => {
  const feed = new Feed();
  const slow = await join(feed);
  const quick = await join(feed);
  assert.equal((await quick.next()).event, "snapshot");
  for (let n = 0; n < 3000; n++) {
    await feed.publish(n % 2 ? "alert" : "tick", { n });
    assert.equal((await quick.next()).data.n, n);
  }
  assert(feed.counters.replaced > 1000);
  assert(feed.counters.lost > 0);
  const seen: Told[] = [];
  do seen.push(await slow.next()); while (seen.at(-1)!.data.n !== 2999);
  const lost = seen.find((told) => told.event === "lost");
  assert.equal(lost?.data.events, feed.counters.lost);
  await slow.cancel();
  await quick.cancel();
});

Deno.test("there is a ceiling of clients", async () => {
  const feed = new Feed();
  const clients = [];
  for (let i = 0; i < MAX_CLIENTS; i++) clients.push(await join(feed));
  assert.equal(await feed.subscribe(null, FIRST), null);
  assert.equal(feed.counters.refused, 1);
  feed.close();
});
