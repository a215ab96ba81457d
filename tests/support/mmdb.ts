/** MMDB files made for tests: the MaxMind DB format 2.0, as far as tests need it. */
import { parseAddress } from "../../model/address.ts";

/** What a record may hold. Whole numbers are written as uint32, others as doubles. */
export type Value = string | number | boolean | Value[] | { [key: string]: Value };

const RECORD_BYTES = 3; // record size 24
const encoder = new TextEncoder();

/**
 * A file with one record for each prefix (`1.2.3.0/24`, `2001:db8::/32`).
 *
 * @param ipVersion 6 holds IPv4 addresses too, in ::/96.
 */
export function mmdb(
  records: Record<string, Value>,
  { ipVersion = 6, type = "Test" }: { ipVersion?: 4 | 6; type?: string } = {},
): Uint8Array<ArrayBuffer> {
  const data: number[] = [];
  // Nodes are pairs: another node, -1 for nothing, or below that the offset of data.
  const nodes: [number, number][] = [[-1, -1]];
  for (const [prefix, value] of Object.entries(records)) {
    const [text, length] = prefix.split("/");
    let address = [...parseAddress(text)!];
    let bits = Number(length);
    if (address.length === 4 && ipVersion === 6) {
      address = [...new Array(12).fill(0), ...address];
      bits += 96;
    }
    const leaf = -2 - data.length;
    data.push(...encode(value));
    let node = 0;
    for (let depth = 0; depth < bits; depth++) {
      const side = address[depth >> 3] >> (7 - (depth & 7)) & 1;
      if (depth === bits - 1) nodes[node][side] = leaf;
      else {
        if (nodes[node][side] < 0) nodes[node][side] = nodes.push([-1, -1]) - 1;
        node = nodes[node][side];
      }
    }
  }
  const tree = nodes.flatMap((pair) =>
    pair.flatMap((record) => {
      const number = record >= 0 ? record : record === -1 ? nodes.length : nodes.length + 16 + (-2 - record);
      return [number >> 16, number >> 8 & 0xff, number & 0xff];
    })
  );
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_750_000_000,
    database_type: type,
    description: { en: "made for a test" },
    ip_version: ipVersion,
    languages: ["en"],
    node_count: nodes.length,
    record_size: 8 * RECORD_BYTES,
  });
  const marker = [0xab, 0xcd, 0xef, ...encoder.encode("MaxMind.com")];
  return Uint8Array.from([...tree, ...new Array(16).fill(0), ...data, ...marker, ...metadata]);
}

function encode(value: Value): number[] {
  if (typeof value === "string") {
    const bytes = encoder.encode(value);
    return [...control(2, bytes.length), ...bytes];
  }
  if (typeof value === "boolean") return control(14, value ? 1 : 0);
  if (typeof value === "number") {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    if (Number.isInteger(value) && value >= 0) {
      view.setUint32(0, value);
      return [...control(6, 4), ...bytes.subarray(0, 4)];
    }
    view.setFloat64(0, value);
    return [...control(3, 8), ...bytes];
  }
  if (Array.isArray(value)) return [...control(11, value.length), ...value.flatMap(encode)];
  const entries = Object.entries(value);
  return [
    ...control(7, entries.length),
    ...entries.flatMap(([key, item]) => [...encode(key), ...encode(item)]),
  ];
}

/** Control byte, extended type and size; sizes up to 28 + 256. */
function control(type: number, size: number): number[] {
  const extended = type > 7;
  const short = Math.min(size, 29);
  return [
    (extended ? 0 : type) << 5 | short,
    ...(extended ? [type - 7] : []),
    ...(size >= 29 ? [size - 29] : []),
  ];
}
