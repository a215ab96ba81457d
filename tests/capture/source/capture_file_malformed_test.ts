/** Bytes that lie: every truncation and seeded bit flips give packets or damage, never a throw, never a loop. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { openCaptureFile } from "../../../capture/source/capture_file.ts";
import { CaptureFileError } from "../../../capture/source/errors.ts";
import {
  block,
  concat,
  describe,
  enhanced,
  hex,
  option,
  pcapHeader,
  readAll,
  record,
  section,
  streamOf,
  words,
} from "./capture_bytes.ts";

const LE = true, BE = false;
const A = hex("aaaaaaaa 01"), B = hex("bbbbbbbb 0202 cccc");
const FILES: Record<string, Uint8Array> = {
  pcap: concat(pcapHeader(LE), record(LE, 7, 1, A), record(LE, 8, 2, B, 99), record(LE, 9, 3, A)),
  turned: concat(pcapHeader(BE), record(BE, 7, 1, A), record(BE, 8, 2, B, 99), record(BE, 9, 3, A)),
  pcapng: concat(
    section(LE),
    describe(LE, 1, 65_535, option(LE, 9, Uint8Array.of(9))),
    describe(LE, 101, 4),
    enhanced(LE, 0, 1_700_000_000_000_000_000n, A),
    block(LE, 4, words(LE, 0)),
    block(LE, 3, words(LE, 5), A),
    section(BE),
    describe(BE, 1, 0, option(BE, 9, Uint8Array.of(0x8a)), option(BE, 14, new Uint8Array(8))),
    enhanced(BE, 0, 99n, B, 70, option(BE, 2, new Uint8Array(4))),
    block(BE, 2, words(BE, 0, 0, 5, 5, 5), A),
  ),
};

/** Packets of what could be opened; `null` where it was refused with a reason. */
async function read(bytes: Uint8Array): Promise<{ packets: string[]; damaged: boolean } | null> {
  try {
    using file = await openCaptureFile(streamOf(bytes));
    const packets = await readAll(file);
    assert.equal(file.packets, packets.length);
    if (file.damage) assert(file.damage.byteOffset >= 0 && file.damage.message !== "");
    return { packets, damaged: file.damage !== null };
  } catch (error) {
    assert(error instanceof CaptureFileError, String(error));
    return null;
  }
}

for (const [name, bytes] of Object.entries(FILES)) {
  Deno.test(`${name}: every truncation gives the packets before it`, async () => {
    const whole = (await read(bytes))!;
    assert.equal(whole.damaged, false);
    let undamaged = 0;
    for (let n = 0; n < bytes.length; n++) {
      const cut = await read(bytes.subarray(0, n));
      if (cut === null) continue;
      assert.deepEqual(cut.packets, whole.packets.slice(0, cut.packets.length));
      if (!cut.damaged) undamaged++;
      else assert(cut.packets.length < whole.packets.length || name === "pcapng");
    }
    // Only a cut between two records or blocks goes unseen.
    assert(undamaged <= 10, `${undamaged}`);
  });

  Deno.test(`${name}: bit flips give packets or damage`, async () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0; // a linear congruential generator, as in C's rand
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 3_000; round++) {
      const flipped = bytes.slice();
      for (let flips = 1 + random(4); flips > 0; flips--) flipped[random(bytes.length)] ^= 1 << random(8);
      await read(flipped);
    }
  });
}

Deno.test("gzip: truncation and bit flips give packets or damage", async () => {
  const packed = gzipSync(FILES.pcapng);
  for (let n = 0; n < packed.length; n += 3) await read(packed.subarray(0, n));
  for (let at = 0; at < packed.length; at++) {
    const flipped = packed.slice();
    flipped[at] ^= 1 << (at % 8);
    await read(flipped);
  }
});

Deno.test("a gzip that unpacks to a thousand times its size stays within memory", async () => {
  const zeros = new Uint8Array(64 << 20); // 64 MiB of zeros are 64 KiB packed
  const packed = gzipSync(concat(pcapHeader(LE), record(LE, 1, 1, A), zeros));
  using file = await openCaptureFile(streamOf(packed));
  let largest = 0;
  for await (const batch of file.batches()) largest = Math.max(largest, batch.bytes.length);
  assert.equal(file.packets, 1 + (64 << 20) / 16); // zeros are empty packets of 1970
  assert(largest <= 1 << 20);
});
