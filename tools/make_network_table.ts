/**
 * Makes `assets/networks.gz` of the CSV files of npm's `@ip-location-db/asn`, which is too large to come along
 * (65 MB): `npm pack @ip-location-db/asn`, unpack it, then
 *
 * `deno run -A tools/make_network_table.ts FOLDER`
 *
 * The data is CC BY 4.0 by RouteViews, DB-IP and the NRO; it is merged and packed, not changed otherwise. The format
 * stands in `enrich/geoip/network_table.ts`.
 */
import { gzipSync } from "node:zlib";
import { SIGNATURE } from "../enrich/geoip/network_table.ts";

const OUTPUT = new URL("../assets/networks.gz", import.meta.url);
const MAX_NAME_BYTES = 128;

interface Range {
  first: number;
  last: number;
  asn: number;
}

/** Rows of `first,last,number,name`, the name quoted where it holds commas; addresses as numbers. */
function readRows(path: string, shift: bigint, names: Map<number, string>): Range[] {
  const ranges: Range[] = [];
  for (const line of Deno.readTextFileSync(path).split("\n")) {
    const match = /^(\d+),(\d+),(\d+),(?:"((?:[^"]|"")*)"|(.*?))\r?$/.exec(line);
    if (match === null) {
      if (line.trim() !== "") throw new Error(`${path}: ${line}`);
      continue;
    }
    const [first, last] = [match[1], match[2]].map((number) => Number(BigInt(number) >> shift));
    const asn = Number(match[3]);
    if (!names.has(asn)) names.set(asn, (match[4]?.replaceAll('""', '"') ?? match[5]).trim());
    const before = ranges.at(-1);
    if (before !== undefined && first <= before.last) {
      if (last > before.last) ranges.push({ first: before.last + 1, last, asn }); // the earlier one stays
    } else if (before !== undefined && before.asn === asn && before.last + 1 === first) before.last = last;
    else ranges.push({ first, last, asn });
  }
  return ranges;
}

/** LEB128. */
function push(bytes: number[], number: number): void {
  while (number >= 128) {
    bytes.push(number % 128 | 128);
    number = Math.floor(number / 128);
  }
  bytes.push(number);
}

function rangeBytes(ranges: Range[], index: Map<number, number>): Uint8Array {
  const bytes: number[] = [];
  let next = 0;
  for (const { first, last, asn } of ranges) {
    push(bytes, first - next);
    push(bytes, last - first);
    push(bytes, index.get(asn)!);
    next = last + 1;
  }
  return Uint8Array.from(bytes);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  const names = new Map<number, string>();
  const ipv4 = readRows(`${folder}/asn-ipv4-num.csv`, 0n, names);
  const ipv6 = readRows(`${folder}/asn-ipv6-num.csv`, 80n, names);
  const uses = new Map<number, number>();
  for (const { asn } of [...ipv4, ...ipv6]) uses.set(asn, (uses.get(asn) ?? 0) + 1);
  // The most used have the shortest numbers.
  const order = [...uses.keys()].sort((a, b) => uses.get(b)! - uses.get(a)! || a - b);
  const index = new Map(order.map((asn, i) => [asn, i]));
  const networks: number[] = [];
  for (const asn of order) {
    let name = new TextEncoder().encode(names.get(asn)!);
    if (name.length > MAX_NAME_BYTES) {
      name = new TextEncoder().encode(
        new TextDecoder().decode(name.subarray(0, MAX_NAME_BYTES - 3)).replace(/\ufffd$/, ""),
      );
    }
    push(networks, asn);
    push(networks, name.length);
    networks.push(...name);
  }
  const { version } = JSON.parse(Deno.readTextFileSync(`${folder}/package.json`)) as { version: string };
  const [, year, month, day] = /(\d{4})(\d\d)(\d\d)\d*$/.exec(version)!; // "2.3.2026061719": the hour comes last
  const sections = [Uint8Array.from(networks), rangeBytes(ipv4, index), rangeBytes(ipv6, index)];
  const head = new Uint8Array(28);
  const numbers = [
    Date.UTC(Number(year), Number(month) - 1, Number(day)) / 1000,
    ...[order.length, sections[0].length],
    ...[ipv4.length, sections[1].length],
    ...[ipv6.length, sections[2].length],
  ];
  numbers.forEach((number, i) => new DataView(head.buffer).setUint32(4 * i, number, true));
  const whole = await new Blob([new TextEncoder().encode(SIGNATURE), head, ...sections] as BlobPart[])
    .bytes();
  const packed = gzipSync(whole, { level: 9 });
  Deno.writeFileSync(OUTPUT, packed);
  console.log(
    `${order.length} networks, ${ipv4.length} IPv4 and ${ipv6.length} IPv6 ranges: ` +
      `${(packed.length / 1e6).toFixed(1)} MB, ${(whole.length / 1e6).toFixed(1)} MB unpacked`,
  );
}
