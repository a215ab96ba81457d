/**
 * What hostile HTTP costs: nanoseconds per byte on the wire, at one size and at four times that size, so that
 * anything that is not linear stands out; and the longest single segment.
 *
 * `deno run -A bench/http_hostile.ts [--bytes N] [--json]`
 *
 * Exits with 1 where time per byte grows by more than `MAX_GROWTH` with the size. Compare rows of one run with each
 * other; the card scanner is not part of it (bytes handed to it are counted as text per byte).
 */
import { cpuUsage } from "node:process";
import { parseArgs } from "node:util";
import { brotliCompressSync, deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { FlowHandle, StreamProtocol } from "../capture/inspect/dpi/contract.ts";
import { http1 } from "../capture/inspect/dpi/http1.ts";
import { http2 } from "../capture/inspect/dpi/http2.ts";
import { websocket } from "../capture/inspect/dpi/websocket.ts";
import { httpLimits } from "../capture/inspect/dpi/http/limits.ts";

const { values } = parseArgs({
  options: { bytes: { type: "string", default: "1000000" }, json: { type: "boolean", default: false } },
});
const SEGMENT = 1460;
/** Four times the bytes may take four times the time, and what noise adds. */
const MAX_GROWTH = 2.5;
const CHEAP_NS = 20;

interface Case {
  name: string;
  protocol?: StreamProtocol;
  /** About `bytes` bytes of what the client (or server) sends. */
  make(bytes: number): Uint8Array;
  segment?: number;
  /** Sent before, in the other direction. */
  before?: string;
  direction?: number;
}

const encoder = new TextEncoder();
const text = (value: string) => encoder.encode(value.replaceAll("\n", "\r\n"));
const joined = (...pieces: Uint8Array[]) => joinAll(pieces);
const joinAll = (pieces: Uint8Array[]) => {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
};
const repeated = (unit: string, bytes: number) => text(unit.repeat(Math.ceil(bytes / unit.length)));
const coded = (coding: string, pack: (zeros: Uint8Array) => Uint8Array) => (bytes: number) => {
  // Bombs: as many messages as it takes, so that a budget is exhausted again and again.
  const bomb = pack(new Uint8Array(Math.min(32 << 20, bytes * 40)));
  const one = joined(
    text(`HTTP/1.1 200 OK\nContent-Encoding: ${coding}\nContent-Length: ${bomb.length}\n\n`),
    bomb,
  );
  return joined(...Array.from({ length: Math.ceil(bytes / one.length) }, () => one));
};
const frame = (type: number, flags: number, stream: number, payload: Uint8Array) =>
  joined(
    Uint8Array.of(0, payload.length >> 8, payload.length, type, flags, 0, stream >> 16, stream >> 8, stream),
    payload,
  );
const frames = (bytes: number, make: (index: number) => Uint8Array) => {
  const pieces: Uint8Array[] = [text("PRI * HTTP/2.0\n\nSM\n\n")];
  for (let size = 0, index = 0; size < bytes; index++) {
    pieces.push(make(index));
    size += pieces.at(-1)!.length;
  }
  return joinAll(pieces);
};

const CASES: Case[] = [
  {
    name: "plain download (baseline)",
    direction: 1,
    make: (bytes) =>
      joined(text(`HTTP/1.1 200 OK\nContent-Length: ${bytes}\n\n`), new Uint8Array(bytes).fill(0x61)),
  },
  {
    name: "ordinary requests",
    make: (bytes) => repeated("GET /index.html HTTP/1.1\nHost: example.org\nUser-Agent: a\n\n", bytes),
  },
  { name: "smallest requests", make: (bytes) => repeated("GET / HTTP/1.0\n\n", bytes) },
  { name: "a million headers", make: (bytes) => joined(text("GET / HTTP/1.1\n"), repeated("a: b\n", bytes)) },
  {
    name: "headers that matter",
    make: (bytes) => joined(text("GET / HTTP/1.1\n"), repeated("Host: b\n", bytes)),
  },
  {
    name: "folded lines",
    make: (bytes) => joined(text("GET / HTTP/1.1\nUser-Agent: a\n"), repeated(" b\n", bytes)),
  },
  { name: "one line", make: (bytes) => joined(text("GET /"), repeated("a", bytes)) },
  {
    name: "one header line, 1-byte segments",
    segment: 1,
    make: (bytes) => joined(text("GET / HTTP/1.1\nHost: "), repeated("a", bytes)),
  },
  {
    name: "requests, 1-byte segments",
    segment: 1,
    make: (bytes) => repeated("GET / HTTP/1.1\nHost: a\n\n", bytes),
  },
  { name: "blank lines", make: (bytes) => repeated("\n", bytes) },
  {
    name: "nothing like HTTP, lines",
    make: (bytes) => joined(text("GET / HTTP/1.1\n\n"), repeated("GET GET GET\n", bytes)),
  },
  {
    name: "almost start lines",
    make: (bytes) => joined(text("GET / HTTP/1.1\n\n\0\n"), repeated("ABCDEFGHIJKLMNOPQRSTUVW x\n", bytes)),
  },
  {
    name: "URLs of digits",
    make: (bytes) => repeated(`GET /?${"41111111-1111.1111+".repeat(400)} HTTP/1.1\n\n`, bytes),
  },
  {
    name: "URLs of parameters",
    make: (bytes) => repeated(`GET /?${"password=a&%41=%&".repeat(400)} HTTP/1.1\n\n`, bytes),
  },
  {
    name: "1-byte chunks",
    make: (bytes) =>
      joined(text("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n"), repeated("1\na\n", bytes)),
  },
  {
    name: "chunk sizes without end",
    make: (bytes) => joined(text("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n1;"), repeated("a", bytes)),
  },
  {
    name: "almost boundaries",
    make: (bytes) =>
      joined(
        text(
          `POST / HTTP/1.1\nContent-Type: multipart/form-data; boundary=${
            "-".repeat(190)
          }\nContent-Length: ${bytes}\n\n`,
        ),
        repeated("-".repeat(150) + "\n", bytes),
      ),
  },
  {
    name: "parts, 7-byte segments",
    segment: 7,
    make: (bytes) =>
      joined(
        text(`POST / HTTP/1.1\nContent-Type: multipart/form-data; boundary=b\nContent-Length: ${bytes}\n\n`),
        repeated('--b\nContent-Disposition: form-data; name="a"\n\nx\n', bytes),
      ),
  },
  {
    name: "JSON of quotes",
    make: (bytes) =>
      repeated(
        `POST / HTTP/1.1\nContent-Type: application/json\nContent-Length: 16000\n\n${'"\\'.repeat(8000)}`,
        bytes,
      ),
  },
  {
    name: "forms of ampersands",
    make: (bytes) =>
      repeated(
        `POST / HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 16000\n\n${
          "a=&=".repeat(4000)
        }`,
        bytes,
      ),
  },
  { name: "gzip bombs", direction: 1, make: coded("gzip", (zeros) => gzipSync(zeros, { level: 9 })) },
  {
    name: "deflate bombs",
    direction: 1,
    make: coded("deflate", (zeros) => deflateRawSync(zeros, { level: 9 })),
  },
  { name: "brotli bombs", direction: 1, make: coded("br", (zeros) => brotliCompressSync(zeros)) },
  { name: "zstd bombs", direction: 1, make: coded("zstd", (zeros) => zstdCompressSync(zeros)) },
  {
    name: "gzip in gzip in gzip",
    direction: 1,
    make: coded("gzip, gzip, gzip", (zeros) => gzipSync(gzipSync(gzipSync(zeros)))),
  },
  {
    name: "gzip bodies of nothing",
    direction: 1,
    make: (bytes) => {
      const one = joined(
        text("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 20\n\n"),
        gzipSync(new Uint8Array(0)),
      );
      return joined(...Array.from({ length: Math.ceil(bytes / one.length) }, () => one));
    },
  },
  {
    name: "h2: 1-byte data frames",
    protocol: http2,
    make: (bytes) => frames(bytes, () => frame(0, 0, 1, Uint8Array.of(1))),
  },
  {
    name: "h2: streams without end",
    protocol: http2,
    make: (bytes) => frames(bytes, (i) => frame(1, 4, 2 * i + 1, Uint8Array.of(0x82, 0x84))),
  },
  {
    name: "h2: streams and resets",
    protocol: http2,
    make: (bytes) =>
      frames(
        bytes,
        (i) => i % 2 ? frame(3, 0, i, new Uint8Array(4)) : frame(1, 4, i + 1, Uint8Array.of(0x82, 0x84)),
      ),
  },
  {
    name: "h2: pointers to a long field",
    protocol: http2,
    make: (bytes) =>
      frames(
        bytes,
        (i) =>
          i === 0
            ? frame(1, 4, 1, joined(Uint8Array.of(0x82, 0x40, 1, 0x61, 0x7f, 0x81, 30), new Uint8Array(3968)))
            : frame(1, 4, 2 * i + 1, new Uint8Array(16_000).fill(0xbe)),
      ),
  },
  {
    name: "h2: tables that change",
    protocol: http2,
    make: (bytes) =>
      frames(
        bytes,
        (i) => frame(1, 4, 2 * i + 1, repeatedBytes(Uint8Array.of(0x40, 1, 0x61, 1, 0x62), 3000)),
      ),
  },
  {
    name: "h2: continuations without end",
    protocol: http2,
    make: (bytes) => frames(bytes, (i) => frame(i === 0 ? 1 : 9, 0, 1, Uint8Array.of(0x82))),
  },
  {
    name: "h2: Huffman",
    protocol: http2,
    make: (bytes) =>
      frames(bytes, (i) =>
        frame(
          1,
          4,
          2 * i + 1,
          joined(Uint8Array.of(0, 0xff, 0x81, 0x27), new Uint8Array(5120).fill(0xfe), Uint8Array.of(0)),
        )),
  },
  {
    name: "ws: 1-byte frames",
    protocol: websocket,
    make: (bytes) => repeatedBytes(Uint8Array.of(0x81, 1, 0x61), bytes),
  },
  {
    name: "ws: empty masked frames",
    protocol: websocket,
    make: (bytes) => repeatedBytes(Uint8Array.of(0x81, 0x80, 1, 2, 3, 4), bytes),
  },
  {
    name: "ws: masked download",
    protocol: websocket,
    make: (bytes) =>
      joined(Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 1, 2, 3, 4), new Uint8Array(bytes)),
  },
  {
    name: "ws: compressed bombs",
    protocol: websocket,
    make: (bytes) => {
      const bomb = deflateRawSync(new Uint8Array(60_000 * 900), { level: 9 });
      const head = Uint8Array.of(0xc1, 126, bomb.length >> 8, bomb.length);
      return repeatedBytes(joined(head, bomb), bytes);
    },
  },
];

function repeatedBytes(unit: Uint8Array, bytes: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes / unit.length) * unit.length);
  for (let at = 0; at < out.length; at += unit.length) out.set(unit, at);
  return out;
}

interface Result {
  nsPerByte: number;
  textPerByte: number;
  worstMs: number;
  events: number;
}

function run(one: Case, bytes: Uint8Array): Result {
  let handed = 0;
  let events = 0;
  const flow: FlowHandle = {
    id: 1,
    clientPort: 40_000,
    serverPort: 80,
    clientAddress: "192.0.2.1",
    serverAddress: "192.0.2.2",
    timeUs: 0,
    tell: () => events++,
    name: () => {},
    serverName: () => {},
    learnName: () => {},
    scan: (_direction, _lane, _bytes, at, end) => handed += end - at,
    scanEnd: () => {},
    scanContext: () => {},
    credentials: () => {},
    isOtherSecret: () => false,
    switchTo: () => {},
    expect: () => {},
    done: () => {},
  };
  const parser = (one.protocol ?? http1).create(flow);
  const segment = one.segment ?? SEGMENT;
  let worst = 0;
  // CPU time: others may use the machine, too. The worst segment is by the clock and shows that.
  const began = cpuUsage();
  for (let at = 0; at < bytes.length; at += segment) {
    const before = segment > 100 ? performance.now() : 0;
    parser.data(one.direction ?? 0, bytes, at, Math.min(bytes.length, at + segment));
    if (segment > 100) worst = Math.max(worst, performance.now() - before);
  }
  parser.close();
  const used = cpuUsage(began);
  const ms = (used.user + used.system) / 1000;
  return { nsPerByte: ms * 1e6 / bytes.length, textPerByte: handed / bytes.length, worstMs: worst, events };
}

const size = Number(values.bytes);
let bad = 0;
const rows = CASES.map((one) => {
  const small = one.make(size);
  const large = one.make(4 * size);
  run(one, small); // the optimiser warms up
  const first = [run(one, small), run(one, small), run(one, small)].sort((a, b) =>
    a.nsPerByte - b.nsPerByte
  )[0];
  const second =
    [run(one, large), run(one, large), run(one, large)].sort((a, b) => a.nsPerByte - b.nsPerByte)[0];
  const growth = second.nsPerByte / first.nsPerByte;
  // A budget that the smaller size does not exhaust also grows; what is cheap all the same is no harm.
  const linear = growth <= MAX_GROWTH || second.nsPerByte < CHEAP_NS;
  if (!linear) bad++;
  return { name: one.name, ...second, growth, linear };
});
if (values.json) {
  console.log(JSON.stringify({ rows, limits: httpLimits }));
} else {
  console.log("case".padEnd(36), "ns/byte", "at 4x", "text/byte", "worst ms", "events");
  for (const row of rows) {
    console.log(
      row.name.padEnd(36),
      row.nsPerByte.toFixed(1).padStart(7),
      `x${row.growth.toFixed(2)}`.padStart(6),
      row.textPerByte.toFixed(2).padStart(9),
      row.worstMs.toFixed(2).padStart(8),
      String(row.events).padStart(7),
      row.linear ? "" : "NOT LINEAR",
    );
  }
  console.log("ceilings reached:", JSON.stringify(httpLimits));
}
Deno.exit(bad === 0 ? 0 : 1);
