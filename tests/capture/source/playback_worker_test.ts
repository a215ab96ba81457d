/** The playback worker from a file to the inspector's end of the port, with the permissions it has in earnest. */
import assert from "node:assert/strict";
import type { MainToPlayback, PlaybackReport, PlaybackToMain } from "../../../model/protocol.ts";
import { SLOT_BYTES, SLOT_COUNT } from "../../../capture/source/slot_pool.ts";
import { concat, describe, enhanced, hex, pcapHeader, record, section } from "./capture_bytes.ts";
import { InspectorEnd } from "./inspector_end.ts";

class Playback {
  readonly inspector = new InspectorEnd();
  reports: PlaybackReport[] = [];
  #worker: Worker;
  #stopped = Promise.withResolvers<void>();
  #wake: () => void = () => {};

  constructor(path: string, speed: number, loop = false, readable = [path]) {
    const url = new URL("../../../capture/source/playback_worker.ts", import.meta.url);
    this.#worker = new Worker(url, { type: "module", deno: { permissions: { read: readable } } });
    this.#worker.onmessage = (event: MessageEvent<PlaybackToMain>) => {
      if (event.data.type === "stopped") this.#stopped.resolve();
      else this.reports.push(event.data);
      this.#wake();
    };
    const { port } = this.inspector;
    this.#worker.postMessage({ type: "start-playback", path, speed, loop, port } satisfies MainToPlayback, [
      port,
    ]);
  }

  async until(condition: (last: PlaybackReport) => boolean): Promise<PlaybackReport> {
    for (;;) {
      const last = this.reports.at(-1);
      if (last !== undefined && condition(last)) return last;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  connect(port: MessagePort): void {
    this.#worker.postMessage({ type: "connect-inspect", port } satisfies MainToPlayback, [port]);
  }

  async stop(): Promise<void> {
    this.#worker.postMessage({ type: "stop" } satisfies MainToPlayback);
    await this.#stopped.promise;
    this.#worker.terminate();
    this.inspector.close();
  }
}

async function withFile(bytes: Uint8Array, test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(path, bytes);
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

const DATA = hex("aaaaaaaa 01");
const FIRST = 1_700_000_000;

Deno.test("playback hands on every packet of a file, across many slots, and finishes", async () => {
  const large = new Uint8Array(200_000);
  const records = Array.from({ length: 150 }, (_, n) => record(true, FIRST + n, n, large, 300_000));
  await withFile(concat(pcapHeader(), ...records), async (path) => {
    const playback = new Playback(path, Infinity);
    playback.inspector.hold = true;
    // All slots are taken: the rest must wait, and come once they are back.
    await playback.inspector.until(() => playback.inspector.batches.length === SLOT_COUNT);
    playback.inspector.release();
    const last = await playback.until((report) => report.finished);
    await playback.inspector.until(() => playback.inspector.packets === 150);
    await playback.stop();
    assert.deepEqual(playback.inspector.times, records.map((_, n) => FIRST + n + n / 1e6));
    assert.equal(playback.inspector.wireBytes, 150 * 300_000);
    assert.equal(last.delivered, 150);
    assert.equal(last.deliveredBytes, 150 * 200_016);
    assert.equal(last.position, last.size);
    assert.equal(last.loops, 1);
    assert.equal(last.problem, undefined);
  });
});

Deno.test("playback keeps the pace: what is due at once comes at once, what is due later is kept back", async () => {
  const bytes = concat(
    pcapHeader(),
    record(true, FIRST, 0, DATA),
    record(true, FIRST, 1_000, DATA),
    record(true, FIRST + 4, 0, DATA), // at half the speed it is due after eight seconds, shortened to five
  );
  await withFile(bytes, async (path) => {
    const playback = new Playback(path, 0.5);
    await playback.inspector.until(() => playback.inspector.packets === 2);
    const report = await playback.until((last) => last.delivered > 0);
    assert.equal(report.finished, false);
    assert.equal(report.delivered, 2);
    await playback.stop(); // in the middle of a wait
    assert.equal(playback.inspector.packets, 2);
  });
});

Deno.test("playback at ten times the speed reaches the end of two seconds of packets", async () => {
  const records = Array.from(
    { length: 21 },
    (_, n) => record(true, FIRST + Math.floor(n / 10), (n % 10) * 100_000, DATA),
  );
  await withFile(concat(pcapHeader(), ...records), async (path) => {
    const playback = new Playback(path, 10);
    await playback.until((report) => report.finished);
    await playback.inspector.until(() => playback.inspector.packets === 21);
    await playback.stop();
    assert(playback.inspector.batches.length > 1, "it was not handed on in one piece");
  });
});

Deno.test("playback in a loop lets time go on and keeps fractions", async () => {
  const bytes = concat(
    section(),
    describe(true, 1, 0),
    describe(true, 101, 0),
    enhanced(true, 0, BigInt(FIRST) * 1_000_000n + 250_000n, DATA),
    enhanced(true, 1, BigInt(FIRST + 3) * 1_000_000n + 750_000n, DATA),
  );
  await withFile(bytes, async (path) => {
    const playback = new Playback(path, Infinity, true);
    await playback.until((report) => report.loops >= 3);
    await playback.stop();
    const { times, batches } = playback.inspector;
    assert.deepEqual(times.slice(0, 6).map((time) => time - FIRST), [0.25, 3.75, 5.25, 8.75, 10.25, 13.75]);
    assert.deepEqual(batches.slice(0, 3).map((batch) => [batch.linkType, batch.interfaceIndex]), [[1, 0], [
      101,
      1,
    ], [1, 0]]);
  });
});

Deno.test("playback in a loop of a file without packets ends", async () => {
  await withFile(pcapHeader(), async (path) => {
    const playback = new Playback(path, Infinity, true);
    const last = await playback.until((report) => report.finished);
    await playback.stop();
    assert.equal(last.loops, 1);
  });
});

Deno.test("playback of a damaged file plays what is before the damage and says where it is", async () => {
  const bytes = concat(pcapHeader(), record(true, FIRST, 0, DATA), record(true, FIRST, 1, DATA)).subarray(
    0,
    -1,
  );
  await withFile(bytes, async (path) => {
    const playback = new Playback(path, Infinity);
    const last = await playback.until((report) => report.finished);
    await playback.inspector.until(() => playback.inspector.packets === 1);
    await playback.stop();
    assert.match(last.problem?.message ?? "", /is damaged at byte 45: the file ends inside packet 2/);
  });
});

Deno.test("playback of what is no capture, not there or not permitted says so and finishes", async () => {
  await withFile(new TextEncoder().encode("#!/bin/sh\nexit 0\n"), async (path) => {
    for (
      const [name, readable, says] of [
        [path, [path], /is not a capture: starts with the text "#!\/bin\/sh/],
        [`${path}.gone`, [`${path}.gone`], /there is no such file/],
        ["/etc/passwd", [path], /not permitted/],
      ] as const
    ) {
      const playback = new Playback(name, 1, false, [...readable]);
      const last = await playback.until((report) => report.finished);
      await playback.stop();
      assert.match(last.problem?.message ?? "", says);
      assert.notEqual(last.problem?.hint, "");
      assert.equal(last.delivered, 0);
    }
  });
});

Deno.test("playback goes on with a new inspector", async () => {
  const records = Array.from({ length: 90 }, (_, n) => record(true, FIRST + n, 0, new Uint8Array(200_000)));
  await withFile(concat(pcapHeader(), ...records), async (path) => {
    const playback = new Playback(path, Infinity, true);
    playback.inspector.hold = true;
    await playback.inspector.until(() => playback.inspector.batches.length === SLOT_COUNT); // it crashes with all slots
    const next = new InspectorEnd();
    playback.connect(next.port);
    await next.until(() => next.packets > 200);
    assert.equal(next.slots?.memory.byteLength, SLOT_COUNT * SLOT_BYTES);
    await playback.stop();
    next.close();
  });
});
