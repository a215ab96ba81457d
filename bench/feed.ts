/**
 * Many clients of one feed: how late events are, and whether clients that never read disturb the others.
 *
 * ```sh
 * ./netpane start --demo &
 * deno run --allow-net bench/feed.ts 'http://127.0.0.1:8000/api/stream?types=tick' [CLIENTS] [SECONDS] [STALLED]
 * ```
 *
 * Plain sockets in this one process, so its own turn-around is in the figures. An event's `ts` is the server's clock when
 * it was told.
 */
const [address = "http://127.0.0.1:8000/api/stream?types=tick", ...numbers] = Deno.args;
const [clients = 1000, seconds = 15, stalled = 0] = numbers.map(Number);
const url = new URL(address);
const request = new TextEncoder().encode(
  `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`,
);
const TS = /"ts":(\d+)/g;

const late: number[] = [];
let events = 0;
let bytes = 0;
let measuring = false;

async function connect(): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: url.hostname, port: Number(url.port || 80) });
  await connection.write(request);
  return connection;
}

async function read(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1 << 16);
  const decoder = new TextDecoder("latin1");
  let rest = "";
  for (;;) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) return;
    if (!measuring) continue;
    bytes += count;
    const now = Date.now();
    const blocks = (rest + decoder.decode(buffer.subarray(0, count))).split("\n\n");
    rest = blocks.pop()!;
    for (const block of blocks) {
      // The event's own time, not that of what is in it.
      const times = [...block.matchAll(TS)];
      if (!block.includes("data:") || times.length === 0) continue;
      events++;
      late.push(now - Math.max(...times.map(([, ts]) => Number(ts))));
    }
  }
}

const connections: Deno.TcpConn[] = [];
for (let i = 0; i < clients; i++) {
  const connection = await connect();
  connections.push(connection);
  if (i >= stalled) read(connection);
}
await sleep(2);
measuring = true;
await sleep(seconds);
measuring = false;
late.sort((a, b) => a - b);
const at = (share: number) => late[Math.min(late.length - 1, Math.floor(late.length * share))];
const reading = clients - stalled;
console.log(
  `${clients} clients, ${stalled} of them never read; ${
    (events / reading / seconds).toFixed(1)
  } events/s each, ` +
    `${(bytes / Math.max(1, events) / 1000).toFixed(1)} kB an event`,
);
console.log(`late by, ms: median ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, most ${at(1)}`);
for (const connection of connections) connection.close();

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}
