/**
 * Whose network an address is in: autonomous systems and their names, in a table that comes with Netpane
 * (`assets/networks.gz`, made by `tools/make_network_table.ts`).
 *
 * The file is gzip over: eight bytes of signature, seven 32-bit little-endian numbers (seconds since 1970 of the data;
 * number of networks and bytes of their section; the same of IPv4 ranges and of IPv6 ranges), then the sections.
 * Numbers in them are LEB128. A network is its AS number, the bytes of its name, the name in UTF-8. A range is the gap
 * after the one before, its length less one, and which network; IPv4 in addresses, IPv6 in /48s: no network on the
 * internet is smaller.
 */
import { basename } from "node:path";
import type { PlaceSource } from "../../model/who.ts";
import { GeoDataError } from "./database.ts";
import type { PartialPlace } from "./fields.ts";

export const SIGNATURE = "netpane\x01";
const HEAD_BYTES = 8 + 7 * 4;
/** The file has 2.7 MB, 6 MB unpacked. */
const MAX_FILE_BYTES = 16 << 20;
const MAX_UNPACKED_BYTES = 64 << 20;
const MAX_NAME_BYTES = 128;
const decoder = new TextDecoder();

/** Ranges in order, their ends, and which network each belongs to. */
interface Ranges {
  first: Uint32Array | Float64Array;
  last: Uint32Array | Float64Array;
  network: Uint32Array;
}

/** Numbers of networks, and where in `bytes` their names lie. */
interface Networks {
  asn: Uint32Array;
  nameAt: Uint32Array;
  nameLength: Uint8Array;
  bytes: Uint8Array;
}

export class NetworkTable {
  readonly source: PlaceSource;
  /** Nothing here can be damaged once it was read. */
  readonly damaged = 0;
  #networks: Networks;
  #ipv4: Ranges;
  #ipv6: Ranges;

  private constructor(source: PlaceSource, networks: Networks, ipv4: Ranges, ipv6: Ranges) {
    this.source = source;
    this.#networks = networks;
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
  }

  /** Reads the file. @throws GeoDataError */
  static async open(path: string, credit: string): Promise<NetworkTable> {
    let unpacked: Uint8Array<ArrayBuffer>;
    let size: number;
    try {
      const packed = await Deno.readFile(path);
      size = packed.length;
      if (size > MAX_FILE_BYTES) throw new Error("it is too large");
      unpacked = await gunzip(packed);
    } catch (error) {
      throw damaged(path, error);
    }
    return NetworkTable.parse(unpacked, { name: basename(path), type: "networks", built: 0, size, credit });
  }

  /** A table from the unpacked bytes. @throws GeoDataError */
  static parse(bytes: Uint8Array, source: PlaceSource): NetworkTable {
    try {
      const { built, networks, ipv4, ipv6 } = parseTable(bytes);
      return new NetworkTable({ ...source, built: 1000 * built }, networks, ipv4, ipv6);
    } catch (error) {
      throw damaged(source.name, error);
    }
  }

  /** Number and name of the network that an address is in; nothing where it is in none. */
  get(_address: string, bytes: Uint8Array): PartialPlace {
    const isV4 = bytes.length === 4;
    const ranges = isV4 ? this.#ipv4 : this.#ipv6;
    let number = 0;
    for (let i = 0; i < (isV4 ? 4 : 6); i++) number = number * 256 + bytes[i];
    const row = lastAtMost(ranges.first, number);
    if (row < 0 || ranges.last[row] < number) return {};
    const network = ranges.network[row];
    const { asn, nameAt, nameLength, bytes: names } = this.#networks;
    const at = nameAt[network];
    const organisation = decoder.decode(names.subarray(at, at + nameLength[network]));
    return organisation === "" ? { asn: asn[network] } : { asn: asn[network], organisation };
  }
}

function parseTable(bytes: Uint8Array): { built: number; networks: Networks; ipv4: Ranges; ipv6: Ranges } {
  if (bytes.length < HEAD_BYTES || decoder.decode(bytes.subarray(0, 8)) !== SIGNATURE) {
    throw new Error("it does not begin as it should");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [built, count, networkBytes, rows4, bytes4, rows6, bytes6] = Array.from(
    { length: 7 },
    (_, i) => view.getUint32(8 + 4 * i, true),
  );
  // Each entry has three bytes at least, but networks without a name two.
  const fits = HEAD_BYTES + networkBytes + bytes4 + bytes6 === bytes.length && 2 * count <= networkBytes &&
    3 * rows4 <= bytes4 && 3 * rows6 <= bytes6;
  if (!fits) throw new Error("its parts do not fit in it");
  // A copy, so that the rest of the file need not be kept.
  const names = bytes.slice(HEAD_BYTES, HEAD_BYTES + networkBytes);
  const networks = {
    asn: new Uint32Array(count),
    nameAt: new Uint32Array(count),
    nameLength: new Uint8Array(count),
    bytes: names,
  };
  const reader = new NumberReader(names, 0);
  for (let i = 0; i < count; i++) {
    networks.asn[i] = reader.next();
    networks.nameLength[i] = Math.min(reader.next(), MAX_NAME_BYTES);
    networks.nameAt[i] = reader.at;
    reader.at += networks.nameLength[i];
  }
  const rest = new NumberReader(bytes, HEAD_BYTES + networkBytes);
  const ipv4 = readRanges(rest, new Uint32Array(rows4), new Uint32Array(rows4), count);
  const ipv6 = readRanges(rest, new Float64Array(rows6), new Float64Array(rows6), count);
  if (reader.at !== names.length || rest.at !== bytes.length) throw new Error("it does not end as it should");
  return { built, networks, ipv4, ipv6 };
}

/** Fills `first` and `last`, whose length tells how many there are. */
function readRanges(
  reader: NumberReader,
  first: Uint32Array | Float64Array,
  last: Uint32Array | Float64Array,
  networks: number,
): Ranges {
  const network = new Uint32Array(first.length);
  let next = 0;
  for (let row = 0; row < first.length; row++) {
    next = first[row] = next + reader.next();
    next = last[row] = next + reader.next();
    network[row] = reader.next();
    if (network[row] >= networks) throw new Error("a range is in no network");
    next++;
  }
  return { first, last, network };
}

/** LEB128 numbers up to 2^53; beyond the end it throws. */
class NumberReader {
  constructor(readonly bytes: Uint8Array, public at: number) {}

  next(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 49; scale *= 128) {
      if (this.at >= this.bytes.length) throw new Error("it is cut short");
      const byte = this.bytes[this.at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error("a number is too long");
  }
}

/** Index of the last value that is at most `number`; -1 where there is none. */
function lastAtMost(values: Uint32Array | Float64Array, number: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] <= number) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

async function gunzip(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))) {
    length += part.length;
    if (length > MAX_UNPACKED_BYTES) throw new Error("it unpacks to too much");
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function damaged(path: string, cause: unknown): GeoDataError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GeoDataError(
    `"${path}" cannot be used: ${why}`,
    "Fetch Netpane anew: the file comes with it",
    cause,
  );
}
