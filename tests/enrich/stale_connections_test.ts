import assert from "node:assert/strict";
import {
  IDLE_MS,
  MAX_CONNECTIONS,
  MAX_FROM_ONE,
  type OwnConnection,
  SILENT_MS,
  staleConnections,
} from "../../enrich/stale_connections.ts";
import type { MainToStale, StaleToMain } from "../../model/protocol.ts";
import { until } from "../support/wait.ts";

const one = (inode: number, more: Partial<OwnConnection> = {}): OwnConnection => ({
  inode,
  client: "192.0.2.1",
  bytesSent: 100,
  sendIdleMs: 0,
  ...more,
});
const many = (count: number, more: (i: number) => Partial<OwnConnection>) =>
  Array.from({ length: count }, (_, i) => one(i + 1, { sendIdleMs: i, ...more(i) }));

Deno.test("who was never answered goes after seconds, who has nothing more to be told after a minute", () => {
  const stale = staleConnections([
    one(1, { bytesSent: 0, sendIdleMs: SILENT_MS }),
    one(2, { bytesSent: 0, sendIdleMs: SILENT_MS + 1 }),
    one(3, { sendIdleMs: IDLE_MS }),
    one(4, { sendIdleMs: IDLE_MS + 1 }),
  ]);
  assert.deepEqual([...stale].sort(), [2, 4]);
});

Deno.test("one machine has so many and all have so many; the longest idle go; this machine is not counted", () => {
  const fromOne = staleConnections([
    ...many(MAX_FROM_ONE + 3, () => ({})),
    one(9999, { client: "192.0.2.2" }),
  ]);
  assert.deepEqual([...fromOne], [MAX_FROM_ONE + 1, MAX_FROM_ONE + 2, MAX_FROM_ONE + 3]);
  assert.equal(staleConnections(many(MAX_CONNECTIONS, () => ({ client: "" }))).size, 0);
  const all = staleConnections(many(MAX_CONNECTIONS + 2, (i) => ({ client: `192.0.2.${i}` })));
  assert.deepEqual([...all], [MAX_CONNECTIONS + 1, MAX_CONNECTIONS + 2]);
});

Deno.test({
  name: "half a request is ended by the worker, a feed goes on",
  ignore: Deno.build.os !== "linux",
  // Connections that another thread shuts down end when Deno notices.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    let timer: ReturnType<typeof setInterval> | undefined;
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () =>
      new Response(
        new ReadableStream({
          start(controller) {
            timer = setInterval(() => controller.enqueue(new TextEncoder().encode(": here\n\n")), 20);
          },
          cancel: () => clearInterval(timer),
        }),
      ));
    const { port } = server.addr;
    const worker = new Worker(new URL("../../enrich/stale_connections_worker.ts", import.meta.url), {
      type: "module",
      deno: { permissions: { ffi: true } },
    });
    let ended = 0;
    worker.onmessage = ({ data }: MessageEvent<StaleToMain>) => ended += data.connections;
    const connect = async (text: string) => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      if (text !== "") await connection.write(new TextEncoder().encode(text));
      return connection;
    };
    const half = await Promise.all(
      Array.from({ length: 20 }, () => connect("GET / HTTP/1.1\r\nHost: a\r\n")),
    );
    const silent = await connect("");
    const feed = await connect("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const buffer = new Uint8Array(4096);
    assert((await feed.read(buffer))! > 0);
    const order: MainToStale = {
      type: "start-stale",
      pid: Deno.pid,
      port,
      everyMs: 50,
      silentMs: 300,
      idleMs: 2000,
    };
    worker.postMessage(order);
    await until("they have been ended", () => Promise.resolve(ended >= half.length + 1));
    assert.equal(await half[0].read(new Uint8Array(1)).catch(() => null), null);
    assert.equal(await silent.read(new Uint8Array(1)).catch(() => null), null);
    assert((await feed.read(buffer))! > 0, "the feed goes on");
    assert.equal(ended, half.length + 1);
    worker.terminate();
    for (const connection of [...half, silent, feed]) connection.close();
    clearInterval(timer);
    await server.shutdown();
  },
});
