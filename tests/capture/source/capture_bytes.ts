/** Captures made by hand, byte for byte, for the tests of the reader. */
import type { CaptureFile } from "../../../capture/source/capture_file.ts";

/** Bytes from hexadecimal; blanks are for the reader. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.replace(/\s/g, "").match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

/** One array after the other. */
export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Numbers of 32 bits in a row, in the byte order wanted. */
export function words(littleEndian: boolean, ...values: number[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, at) => view.setUint32(4 * at, value, littleEndian));
  return new Uint8Array(view.buffer);
}

/** A pcap header, version 2.4, snaplen 262,144. */
export function pcapHeader(littleEndian = true, magic = 0xa1b2c3d4, linkType = 1): Uint8Array<ArrayBuffer> {
  const version = littleEndian ? 0x0004_0002 : 0x0002_0004;
  return words(littleEndian, magic, version, 0, 0, 262_144, linkType);
}

/** A pcap record. */
export function record(
  littleEndian: boolean,
  seconds: number,
  fraction: number,
  data: Uint8Array,
  wire = data.length,
) {
  return concat(words(littleEndian, seconds, fraction, data.length, wire), data);
}

/** A pcapng block: type, length, body padded to 32 bits, length. */
export function block(littleEndian: boolean, type: number, ...body: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = concat(...body);
  const padding = new Uint8Array(-content.length & 3);
  const length = 12 + content.length + padding.length;
  return concat(words(littleEndian, type, length), content, padding, words(littleEndian, length));
}

/** Section Header Block of unknown length. */
export function section(littleEndian = true, ...options: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const version = littleEndian ? 0x0000_0001 : 0x0001_0000;
  return block(
    littleEndian,
    0x0a0d0d0a,
    words(littleEndian, 0x1a2b3c4d, version, 0xffff_ffff, 0xffff_ffff),
    ...options,
  );
}

/** An option: code, length, value padded to 32 bits. */
export function option(littleEndian: boolean, code: number, value: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new DataView(new ArrayBuffer(4));
  head.setUint16(0, code, littleEndian);
  head.setUint16(2, value.length, littleEndian);
  return concat(new Uint8Array(head.buffer), value, new Uint8Array(-value.length & 3));
}

/** Interface Description Block. */
export function describe(littleEndian: boolean, linkType: number, snaplen: number, ...options: Uint8Array[]) {
  const link = littleEndian ? words(true, linkType) : words(false, linkType * 65_536);
  return block(littleEndian, 1, link, words(littleEndian, snaplen), ...options);
}

/** Enhanced Packet Block; `time` is the count of the interface's units. */
export function enhanced(
  littleEndian: boolean,
  interfaceId: number,
  time: bigint,
  data: Uint8Array,
  wire = data.length,
  ...options: Uint8Array[]
) {
  const padding = new Uint8Array(options.length > 0 ? -data.length & 3 : 0);
  const high = Number(time >> 32n), low = Number(time & 0xffff_ffffn);
  return block(
    littleEndian,
    6,
    words(littleEndian, interfaceId, high, low, data.length, wire),
    data,
    padding,
    ...options,
  );
}

/** A stream that gives `bytes` in pieces. */
export function streamOf(bytes: Uint8Array, piece = bytes.length || 1): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += piece));
    },
  });
}

/** One packet as the tests compare them: `seconds.fraction/caplen/wireLength link:interface first-bytes`. */
export async function readAll(file: CaptureFile): Promise<string[]> {
  const seen: string[] = [];
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  for await (const batch of file.batches()) {
    const view = new DataView(batch.bytes.buffer, batch.bytes.byteOffset, batch.length);
    for (let at = 0; at < batch.length;) {
      const caplen = view.getUint32(at + 8, little);
      const digits = batch.nanosecond ? 9 : 6;
      const fraction = String(view.getUint32(at + 4, little)).padStart(digits, "0");
      const data = batch.bytes.subarray(at + 16, at + 16 + Math.min(caplen, 4));
      seen.push(
        `${view.getUint32(at, little)}.${fraction}/${caplen}/${view.getUint32(at + 12, little)} ` +
          `${batch.linkType}:${batch.interfaceIndex} ${
            Array.from(data, (b) => b.toString(16).padStart(2, "0")).join("")
          }`,
      );
      at += 16 + caplen;
      if (at > batch.length) throw new Error("a record runs past its batch");
    }
  }
  return seen;
}
