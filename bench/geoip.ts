/**
 * Where addresses are: reading the data, a look-up that goes to the data, one that the cache answers, and what a
 * table of ten thousand rows costs each second. Further MMDB files may be given: `deno run -A bench/geoip.ts [FILE…]`.
 */
import { GeoIp } from "../enrich/geoip/geoip.ts";
import { formatIpv4, formatIpv6 } from "../model/address.ts";

const ADDRESSES = 100_000;
const ROUNDS = 7;
/** Rows of the connections table at most. */
const ROWS = 10_000;
/** Entries of the cache of `GeoIp`. */
const CACHED = 16_384;

// Seeded, so that two runs ask for the same addresses (mulberry32).
let seed = 20_261_122;
function random(below: number): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

const bytes = (length: number) => Uint8Array.from({ length }, () => random(256));
const ipv4 = Array.from({ length: ADDRESSES }, () => {
  const address = bytes(4);
  address[0] = 11 + random(80); // no special ranges
  return formatIpv4(address);
});
const ipv6 = Array.from({ length: ADDRESSES }, () => {
  const address = bytes(16);
  address.set([0x2a, random(16), random(256), random(256)]);
  return formatIpv6(address);
});
const local = Array.from({ length: ADDRESSES }, () => `192.168.${random(256)}.${random(256)}`);

/** Best of some rounds over all `addresses`, ns for each; `fresh` makes what is asked in each round. */
function nanoseconds(addresses: string[], fresh: () => GeoIp): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const geoip = fresh();
    const began = performance.now();
    for (const address of addresses) geoip.placeOf(address);
    best = Math.min(best, (performance.now() - began) / addresses.length);
  }
  return Math.round(1e6 * best);
}

const files = Deno.args.filter((argument) => !argument.startsWith("-"));
const before = Deno.memoryUsage();
const began = performance.now();
const full = new GeoIp({ capacity: CACHED });
for (const { message } of await full.load(files)) console.error(message);
const took = performance.now() - began;
const after = Deno.memoryUsage();
console.log(
  `read ${full.sources().map(({ name, size }) => `${name} (${(size / 1e6).toFixed(1)} MB)`).join(", ")}`,
);
console.log(
  `  ${took.toFixed(1)} ms, ${((after.external - before.external) / 1e6).toFixed(1)} MB outside of the heap`,
);

const known = (addresses: string[]) => addresses.filter((address) => full.placeOf(address) !== null).length;
console.log(
  `of random addresses have a place: IPv4 ${(known(ipv4) / ADDRESSES * 100).toFixed(0)} %, ` +
    `IPv6 ${(known(ipv6) / ADDRESSES * 100).toFixed(0)} %`,
);

const table = ipv4.slice(0, ROWS);
for (const address of table) full.placeOf(address);
// All that are asked for differ, so a cache of one entry never answers.
const uncached = new GeoIp({ capacity: 1 });
await uncached.load(files);
console.log("ns a look-up");
console.log(`  in the data, IPv4          ${nanoseconds(ipv4, () => uncached)}`);
console.log(`  in the data, IPv6          ${nanoseconds(ipv6, () => uncached)}`);
console.log(`  special range, not cached  ${nanoseconds(local, () => uncached)}`);
console.log(`  from the cache             ${nanoseconds(table, () => full)}`);

const perSecond = nanoseconds(table, () => full) * ROWS / 1e6;
console.log(`a table of ${ROWS} rows, each second: ${perSecond.toFixed(1)} ms`);

const heap = () => Deno.memoryUsage().heapUsed;
const gc = (globalThis as { gc?: () => void }).gc;
if (gc) {
  gc();
  const empty = heap();
  const filled = new GeoIp({ capacity: CACHED });
  await filled.load(files);
  for (const address of ipv4.slice(0, CACHED)) filled.placeOf(address);
  gc();
  console.log(
    `the cache, full (${filled.counters().cache.size} places): ${((heap() - empty) / 1e6).toFixed(1)} MB`,
  );
} else console.log("for the cache's size: deno run --v8-flags=--expose-gc -A bench/geoip.ts");
