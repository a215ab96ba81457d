/** The client module against the real server: what a program that uses it goes through. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { FeedError, type FeedEvent, type FeedOptions, type FeedState, openFeed } from "../../client/mod.ts";
import { Server } from "../support/server.ts";

/** Events until `enough`. */
async function collect(
  url: string,
  options: FeedOptions,
  enough: (events: FeedEvent[]) => boolean,
): Promise<FeedEvent[]> {
  const events: FeedEvent[] = [];
  for await (const event of openFeed(url, options)) {
    events.push(event);
    if (enough(events)) break;
  }
  return events;
}

/** Passes connections on to `port`, until it is told to cut them. */
class Cable implements Disposable {
  #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #open = new Set<Deno.Conn>();
  accepted = 0;
  readonly url = `http://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;

  constructor(port: number) {
    this.#accept(port);
  }

  async #accept(port: number): Promise<void> {
    for await (const near of this.#listener) {
      this.accepted++;
      const far = await Deno.connect({ hostname: "127.0.0.1", port });
      for (const [from, to] of [[near, far], [far, near]] as const) {
        this.#open.add(from);
        from.readable.pipeTo(to.writable).catch(() => {}).finally(() => this.#open.delete(from));
      }
    }
  }

  cut(): void {
    for (const end of [...this.#open]) {
      try {
        end.close();
      } catch {
        // closed from the other side already
      }
    }
    this.#open.clear();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.cut();
  }
}

Deno.test("the client: types, filter, resume over a cut connection, refusals, the end", async (t) => {
  await using server = await Server.start(["--demo", "--speed", "10"]);
  const url = server.url("");

  await t.step("typed events of the types asked for", async () => {
    const events = await collect(url, { types: ["tick", "packets"] }, (all) => all.length === 6);
    const names = new Set(events.map(({ name }) => name));
    assert.deepEqual([...names].sort(), ["packets", "tick"]);
    for (const event of events) {
      if (event.name === "tick") assert.equal(typeof event.data.throughput.in, "number");
      assert.match(event.id, /^[0-9a-f]{8}-\d+$/);
    }
  });

  await t.step("a filter for the rows inside", async () => {
    const filter = "port:53";
    const events = await collect(
      url,
      { types: ["packets", "snapshot"], filter },
      (all) => all.some(({ name }) => name === "packets"),
    );
    for (const event of events) {
      const rows = event.name === "packets"
        ? event.data.packets
        : event.name === "snapshot"
        ? event.data.connections
        : [];
      for (const { src_port, dest_port } of rows) assert([src_port, dest_port].includes(53));
    }
  });

  await t.step("a cut connection is opened again, from where it was", async () => {
    using cable = new Cable(server.port);
    const states: FeedState[] = [];
    const ids: number[] = [];
    const options = { longestWaitMs: 50, onState: (state: FeedState) => states.push(state) };
    for await (const { name, id } of openFeed(cable.url, options)) {
      assert(name !== "reset", "what was missed is told");
      ids.push(Number(id.split("-")[1]));
      if (ids.length === 3) cable.cut();
      if (ids.length === 8) break;
    }
    assert.equal(cable.accepted, 2);
    assert.deepEqual(states.map(({ state }) => state), ["open", "waiting", "open"]);
    assert.deepEqual(ids, ids.toSorted((a, b) => a - b), "none twice, none out of order");
  });

  await t.step("an id of another run starts over, with the reason", async () => {
    const events = await collect(url, { lastEventId: "0badc0de-7" }, (all) => all.length === 2);
    assert(events[0].name === "reset" && events[0].data.reason === "restarted");
    assert.equal(events[1].name, "snapshot");
  });

  await t.step("what the server refuses ends the loop, with its words", async () => {
    const wrong = collect(url, { filter: "prt:443" }, () => true);
    await assert.rejects(wrong, (error) => {
      assert(error instanceof FeedError);
      assert.deepEqual([error.status, error.problem?.field], [400, "filter"]);
      assert.match(error.message, /prt/);
      return true;
    });
  });

  await t.step("a signal ends it, also while it waits for a server", async () => {
    const away = new AbortController();
    let waits = 0;
    const options = { signal: away.signal, longestWaitMs: 20, onState: () => ++waits === 3 && away.abort() };
    assert.deepEqual(await collect("http://127.0.0.1:9", options, () => false), []);
    const running = new AbortController();
    const events = collect(url, { signal: running.signal }, (all) => {
      if (all.length === 2) running.abort();
      return false;
    });
    assert((await events).length >= 2);
  });

  await t.step("it runs in Node.js too", async () => {
    const { stdout: source } = await new Deno.Command(Deno.execPath(), {
      args: ["transpile", fileURLToPath(new URL("../../client/mod.ts", import.meta.url))],
    }).output();
    const { success, stdout, stderr } = await new Deno.Command("node", {
      args: [
        "--input-type=module",
        "-e",
        `${new TextDecoder().decode(source)}
        for await (const event of openFeed(${JSON.stringify(url)}, { types: ["tick"] })) {
          console.log(event.name, typeof event.data.ts);
          break;
        }`,
      ],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stdout).trim(), "tick number");
  });
});
