/** Counts the packets of a batch: for when nobody else can say. */
import { RECORD_HEADER_BYTES } from "../../model/batch.ts";

/**
 * How many whole records lie at the start of `memory`.
 *
 * @param length Bytes that were written.
 * @returns Their number and bytes; a record that is cut ends the count.
 */
export function wholeRecords(memory: Uint8Array, length: number): { packets: number; bytes: number } {
  const view = new DataView(memory.buffer, memory.byteOffset, Math.min(length, memory.byteLength));
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  let packets = 0;
  let at = 0;
  while (view.byteLength - at >= RECORD_HEADER_BYTES) {
    const next = at + RECORD_HEADER_BYTES + view.getUint32(at + 8, little);
    if (next > view.byteLength) break;
    at = next;
    packets++;
  }
  return { packets, bytes: at };
}
