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
const A = hex("aaaaaaaa 01"), B = hex("bbbbbbbb 0202");
const MICRO = 1_700_000_000_123_456n, NANO = 1_700_000_000_123_456_789n;

const resolution = (order: boolean, value: number) => option(order, 9, Uint8Array.of(value));
function offset(order: boolean, seconds: bigint) {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, seconds, order);
  return option(order, 14, new Uint8Array(view.buffer));
}

const GOOD: { name: string; bytes: Uint8Array; packets: string[] }[] = [
  {
    name: "pcap, little-endian, microseconds",
    bytes: concat(pcapHeader(LE), record(LE, 7, 123_456, A), record(LE, 8, 999_999, B, 1500)),
    packets: ["7.123456/5/5 1:0 aaaaaaaa", "8.999999/6/1500 1:0 bbbbbbbb"],
  },
  {
    name: "pcap, big-endian, microseconds",
    bytes: concat(pcapHeader(BE), record(BE, 7, 123_456, A), record(BE, 8, 999_999, B, 1500)),
    packets: ["7.123456/5/5 1:0 aaaaaaaa", "8.999999/6/1500 1:0 bbbbbbbb"],
  },
  {
    name: "pcap, little-endian, nanoseconds, raw IP",
    bytes: concat(pcapHeader(LE, 0xa1b23c4d, 101), record(LE, 7, 123_456_789, A)),
    packets: ["7.123456789/5/5 101:0 aaaaaaaa"],
  },
  {
    name: "pcap, big-endian, nanoseconds, time past 2038",
    bytes: concat(pcapHeader(BE, 0xa1b23c4d, 113), record(BE, 0xf000_0000, 1, A)),
    packets: ["4026531840.000000001/5/5 113:0 aaaaaaaa"],
  },
  {
    name: "pcap whose link type field tells of a frame check sequence",
    bytes: concat(pcapHeader(LE, 0xa1b2c3d4, 0x2400_0001), record(LE, 7, 0, A)),
    packets: ["7.000000/5/5 1:0 aaaaaaaa"],
  },
  {
    name: "pcap 2.3 with turned lengths",
    bytes: concat(words(LE, 0xa1b2c3d4, 0x0003_0002, 0, 0, 65_535, 1), words(LE, 7, 0, 60, 5), A),
    packets: ["7.000000/5/60 1:0 aaaaaaaa"],
  },
  {
    name: "pcap with a wire length beyond 2 GiB, and an empty packet",
    bytes: concat(pcapHeader(LE), record(LE, 7, 0, A, 0xffff_fff0), record(LE, 8, 0, new Uint8Array(0), 60)),
    packets: ["7.000000/5/2147483647 1:0 aaaaaaaa", "8.000000/0/60 1:0 "],
  },
  { name: "pcap without packets", bytes: pcapHeader(LE), packets: [] },
  { name: "pcapng without packets", bytes: section(LE), packets: [] },
  ...[LE, BE].map((order) => ({
    name: `pcapng, ${order ? "little" : "big"}-endian: enhanced, obsolete and simple packets, others skipped`,
    bytes: concat(
      section(
        order,
        option(order, 4, new TextEncoder().encode("made by hand")),
        option(order, 0, new Uint8Array(0)),
      ),
      describe(order, 1, 4),
      block(order, 4, words(order, 0)), // name resolution
      enhanced(order, 0, MICRO, A, 60),
      block(order, 0x0bad, new Uint8Array(40)), // custom
      enhanced(
        order,
        0,
        MICRO + 1n,
        B,
        6,
        option(order, 1, hex("6869")),
        option(order, 0, new Uint8Array(0)),
      ),
      block(order, 2, words(order, order ? 0x0007_0000 : 7, 395_812, 404_779_521, 6, 6), B), // 7 drops
      block(order, 3, words(order, 60), A.subarray(0, 4)), // 60 on the wire, 4 of them here by snaplen
      block(order, 5, words(order, 0, 0, 0)), // statistics
    ),
    packets: [
      "1700000000.123456/5/60 1:0 aaaaaaaa",
      "1700000000.123457/6/6 1:0 bbbbbbbb",
      "1700000000.143873/6/6 1:0 bbbbbbbb",
      "1700000000.143873/4/60 1:0 aaaaaaaa",
    ],
  })),
  {
    name:
      "pcapng: sections of both byte orders, interfaces counted on, each with its own link type and units",
    bytes: concat(
      section(LE),
      describe(LE, 1, 0),
      describe(LE, 101, 0, resolution(LE, 9)),
      enhanced(LE, 1, NANO, A),
      enhanced(LE, 0, MICRO, B),
      enhanced(LE, 1, NANO, A),
      section(BE),
      describe(BE, 113, 0, resolution(BE, 3), offset(BE, -10n)),
      enhanced(BE, 0, 20_250n, B),
    ),
    packets: [
      "1700000000.123456789/5/5 101:1 aaaaaaaa",
      "1700000000.123456/6/6 1:0 bbbbbbbb",
      "1700000000.123456789/5/5 101:1 aaaaaaaa",
      "10.250000/6/6 113:2 bbbbbbbb",
    ],
  },
  {
    name: "pcapng: the units of every resolution",
    bytes: concat(
      section(LE),
      ...[0, 9, 12, 0x80 | 10, 0x80 | 36, 0x80 | 40].map((value) =>
        describe(LE, 1, 0, resolution(LE, value))
      ),
      enhanced(LE, 0, 5n, A),
      enhanced(LE, 1, 0xffff_ffff_ffff_ffffn, A),
      enhanced(LE, 2, 5_123_456_789_012n, A),
      enhanced(LE, 3, 5n * 1024n + 512n, A),
      enhanced(LE, 4, (5n << 36n) + (3n << 34n), A),
      enhanced(LE, 5, (5n << 40n) + (1n << 39n), A),
    ),
    packets: [
      "5.000000/5/5 1:0 aaaaaaaa",
      `${18_446_744_073 >>> 0}.709551615/5/5 1:1 aaaaaaaa`,
      "5.123456789/5/5 1:2 aaaaaaaa",
      "5.500000000/5/5 1:3 aaaaaaaa",
      "5.750000000/5/5 1:4 aaaaaaaa",
      "5.500000000/5/5 1:5 aaaaaaaa",
    ],
  },
  {
    name: "pcapng: the 300th interface has index 255",
    bytes: concat(
      section(LE),
      ...Array.from({ length: 300 }, () => describe(LE, 1, 0)),
      enhanced(LE, 254, 0n, A),
      enhanced(LE, 299, 0n, A),
    ),
    packets: ["0.000000/5/5 1:254 aaaaaaaa", "0.000000/5/5 1:255 aaaaaaaa"],
  },
];

for (const { name, bytes, packets } of GOOD) {
  Deno.test(`openCaptureFile() reads ${name}`, async () => {
    using file = await openCaptureFile(streamOf(bytes));
    assert.deepEqual(await readAll(file), packets);
    assert.equal(file.damage, null);
    assert.equal(file.packets, packets.length);
    assert.equal(file.position, bytes.length);
  });
  Deno.test(`openCaptureFile() reads ${name}, one byte at a time and packed`, async () => {
    using bytewise = await openCaptureFile(streamOf(bytes, 1));
    assert.deepEqual(await readAll(bytewise), packets);
    // Two members, as rotating loggers and `cat` write them.
    const packed = concat(gzipSync(bytes.subarray(0, 30)), gzipSync(bytes.subarray(30)));
    using unpacked = await openCaptureFile(streamOf(packed, 7));
    assert.deepEqual(await readAll(unpacked), packets);
    assert.equal(unpacked.damage, null);
    assert.equal(unpacked.compressed, true);
    assert.equal(unpacked.position, packed.length);
  });
}

const TWO = concat(pcapHeader(LE), record(LE, 7, 0, A), record(LE, 8, 0, B));
const NG_TWO = concat(section(LE), describe(LE, 1, 0), enhanced(LE, 0, 0n, A), enhanced(LE, 0, 1n, B));
const NG_DAMAGE_AT = section(LE).length + describe(LE, 1, 0).length;

const DAMAGED: { name: string; bytes: Uint8Array; packets: number; at: number; says: RegExp }[] = [
  {
    name: "ends inside a packet",
    bytes: TWO.subarray(0, -1),
    packets: 1,
    at: 24 + 21,
    says: /ends inside packet 2: 21 of 22 bytes/,
  },
  {
    name: "ends inside a record header",
    bytes: TWO.subarray(0, 24 + 21 + 3),
    packets: 1,
    at: 24 + 21,
    says: /3 of 16 bytes/,
  },
  {
    name: "claims a packet of 4 GB",
    bytes: concat(TWO, words(LE, 9, 0, 0xffff_ffff, 0xffff_ffff), new Uint8Array(100)),
    packets: 2,
    at: TWO.length,
    says: /packet 3 claims 4294967295 bytes, more than the 262144/,
  },
  {
    name: "claims a packet of 262,145 bytes in the other byte order",
    bytes: concat(
      pcapHeader(BE),
      record(BE, 7, 0, A),
      words(BE, 9, 0, 262_145, 262_145),
      new Uint8Array(300_000),
    ),
    packets: 1,
    at: 24 + 21,
    says: /packet 2 claims 262145/,
  },
  {
    name: "ends inside a pcapng block",
    bytes: NG_TWO.subarray(0, -5),
    packets: 1,
    at: NG_DAMAGE_AT + enhanced(LE, 0, 0n, A).length,
    says: /ends inside a block after packet 1/,
  },
  {
    name: "ends inside a block that is skipped and claims 4 GB",
    bytes: concat(NG_TWO, words(LE, 0x0bad, 0xffff_fff0), new Uint8Array(50)),
    packets: 2,
    at: NG_TWO.length,
    says: /ends inside a block after packet 2 \(\d+ bytes or more are missing\)/,
  },
  {
    name: "has a block of 8 bytes",
    bytes: concat(NG_TWO, words(LE, 6, 8, 8, 8)),
    packets: 2,
    at: NG_TWO.length,
    says: /length of 8 bytes/,
  },
  {
    name: "has a block of an odd length",
    bytes: concat(NG_TWO, words(LE, 6, 33), new Uint8Array(60)),
    packets: 2,
    at: NG_TWO.length,
    says: /length of 33 bytes/,
  },
  {
    name: "has a packet block of 1 GB",
    bytes: concat(NG_TWO, words(LE, 6, 1 << 30), new Uint8Array(60)),
    packets: 2,
    at: NG_TWO.length,
    says: /claims 1073741824 bytes, more than/,
  },
  {
    name: "has a block whose two lengths differ",
    bytes: concat(NG_TWO.subarray(0, -4), words(LE, 44)),
    packets: 1,
    at: NG_DAMAGE_AT + enhanced(LE, 0, 0n, A).length,
    says: /two lengths differ: 40 and 44/,
  },
  {
    name: "has a large skipped block whose two lengths differ",
    bytes: concat(NG_TWO, words(LE, 0x0bad, 2_000_000), new Uint8Array(1_999_988), words(LE, 1_999_996), A),
    packets: 2,
    at: NG_TWO.length,
    says: /two lengths differ/,
  },
  {
    name: "names an interface that was not described",
    bytes: concat(NG_TWO, enhanced(LE, 1, 0n, A)),
    packets: 2,
    at: NG_TWO.length,
    says: /packet 3 names interface 1, of 1 described/,
  },
  {
    name: "has a new section that describes no interface",
    bytes: concat(NG_TWO, section(BE), enhanced(BE, 0, 0n, A)),
    packets: 2,
    at: NG_TWO.length + 28,
    says: /names interface 0, of 0/,
  },
  {
    name: "has a packet longer than its block",
    bytes: concat(NG_TWO, block(LE, 6, words(LE, 0, 0, 0, 9, 9), A)),
    packets: 2,
    at: NG_TWO.length,
    says: /claims 9 bytes in a block with room for 8/,
  },
  {
    name: "has a simple packet longer than its block",
    bytes: concat(NG_TWO, block(LE, 3, words(LE, 9), A)),
    packets: 2,
    at: NG_TWO.length,
    says: /claims 9 bytes in a block with room for 8/,
  },
  {
    name: "has a section of version 9",
    bytes: concat(NG_TWO, block(LE, 0x0a0d0d0a, words(LE, 0x1a2b3c4d, 9, 0, 0))),
    packets: 2,
    at: NG_TWO.length,
    says: /version 9/,
  },
  {
    name: "has a section without its byte order magic",
    bytes: concat(NG_TWO, block(LE, 0x0a0d0d0a, words(LE, 0x1a2b3c4e, 1, 0, 0))),
    packets: 2,
    at: NG_TWO.length,
    says: /byte order magic is 0x1a2b3c4e/,
  },
  {
    name: "has an interface description that is too short",
    bytes: concat(NG_TWO, block(LE, 1, hex("00"))),
    packets: 2,
    at: NG_TWO.length,
    says: /interface description is too short/,
  },
  {
    name: "is packed and cut",
    bytes: gzipSync(TWO).subarray(0, -6),
    packets: 2,
    at: TWO.length,
    says: /gzip data is damaged or cut short/,
  },
];

for (const { name, bytes, packets, at, says } of DAMAGED) {
  Deno.test(`a file that ${name} gives what is before, and the place`, async () => {
    using file = await openCaptureFile(streamOf(bytes));
    assert.equal((await readAll(file)).length, packets);
    assert.match(file.damage?.message ?? "", says);
    assert.equal(file.damage?.byteOffset, at);
    assert.equal(await file.next(), null);
  });
}

const REFUSED: { name: string; bytes: Uint8Array; says: RegExp; hint: RegExp }[] = [
  { name: "nothing", bytes: hex(""), says: /"it" is empty/, hint: /tcpdump/ },
  {
    name: "text",
    bytes: new TextEncoder().encode("GET / HTTP/1.1\r\n"),
    says: /starts with the text "GET \/ HTTP/,
    hint: /pcap/,
  },
  {
    name: "other bytes",
    bytes: hex("7f454c46 02010100 00"),
    says: /starts with the bytes 7f 45 4c 46 02/,
    hint: /pcap/,
  },
  {
    name: "modified pcap",
    bytes: pcapHeader(LE, 0xa1b2cd34),
    says: /Kuznetzov/,
    hint: /editcap -F pcap "it"/,
  },
  {
    name: "modified pcap, big-endian",
    bytes: pcapHeader(BE, 0xa1b2cd34),
    says: /Kuznetzov/,
    hint: /editcap/,
  },
  { name: "snoop", bytes: hex("736e6f6f70000000 00000002"), says: /snoop/, hint: /editcap/ },
  { name: "zstd", bytes: hex("28b52ffd 0458"), says: /packed with zstd/, hint: /zstd -d "it"/ },
  { name: "lz4", bytes: hex("04224d18 6440"), says: /packed with lz4/, hint: /lz4 -d/ },
  { name: "bzip2", bytes: hex("425a6839 3141"), says: /packed with bzip2/, hint: /bunzip2/ },
  { name: "xz", bytes: hex("fd377a58 5a00 0004"), says: /packed with xz/, hint: /xz -dk/ },
  { name: "zip", bytes: hex("504b0304 1400"), says: /zip archive/, hint: /unzip/ },
  { name: "gzip in gzip", bytes: gzipSync(gzipSync(TWO)), says: /gzip twice/, hint: /gzip -dc/ },
  { name: "gzip of text", bytes: gzipSync("hello there"), says: /the text "hello there"/, hint: /pcap/ },
  {
    name: "gzip that breaks off at once",
    bytes: hex("1f8b08"),
    says: /Cannot read "it": the gzip data/,
    hint: /whole/,
  },
  {
    name: "half a pcap header",
    bytes: pcapHeader().subarray(0, 23),
    says: /ends inside its header, after 23/,
    hint: /disk/,
  },
];

for (const { name, bytes, says, hint } of REFUSED) {
  Deno.test(`openCaptureFile() names what is no capture: ${name}`, async () => {
    await assert.rejects(openCaptureFile(streamOf(bytes, 5), { name: "it" }), (error) => {
      assert(error instanceof CaptureFileError);
      assert.match(error.message, says);
      assert.match(error.hint, hint);
      return true;
    });
  });
}

Deno.test("openCaptureFile() reads a path, across many windows, as the same bytes come from a stream", async () => {
  const packet = new Uint8Array(262_144).fill(0x5a); // the largest there is: four fill a window
  const bytes = concat(
    pcapHeader(LE),
    ...Array.from({ length: 9 }, (_, n) => record(LE, n, 0, packet)),
    TWO.subarray(24),
  );
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    using file = await openCaptureFile(path);
    assert.equal(file.size, bytes.length);
    const packets = await readAll(file);
    assert.equal(packets.length, 11);
    assert.equal(file.damage, null);
    using stream = await openCaptureFile(streamOf(bytes, 65_536));
    assert.deepEqual(await readAll(stream), packets);
    assert.equal(stream.size, null);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("openCaptureFile() says why a path cannot be read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assert.rejects(openCaptureFile(`${folder}/none.pcap`), /there is no such file/);
    await assert.rejects(openCaptureFile(folder), /it is a folder/);
  } finally {
    await Deno.remove(folder);
  }
});

Deno.test("a stream that fails midway is damage, not an exception", async () => {
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at++ > 0) controller.error(new Error("the cable was pulled"));
      else controller.enqueue(TWO);
    },
  });
  using file = await openCaptureFile(stream);
  assert.equal((await readAll(file)).length, 2);
  assert.match(file.damage?.message ?? "", /the cable was pulled/);
  assert.equal(file.damage?.byteOffset, TWO.length);
});

Deno.test("close() may be called twice and ends the file", async () => {
  const file = await openCaptureFile(streamOf(TWO));
  file.close();
  file.close();
  assert.equal(await file.next(), null);
});
