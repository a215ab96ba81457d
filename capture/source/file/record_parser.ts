/** What the two file formats have in common: they turn bytes in the window into batches. */
import type { BatchFormat } from "../../../model/batch.ts";
import type { Window } from "./window.ts";

/** Where a capture file stops making sense. Everything before it has been handed out. */
export interface CaptureDamage {
  /** What is wrong, for people. */
  message: string;
  /** Where the damaged record begins, in the uncompressed file; exact up to 2^53. */
  byteOffset: number;
}

/** Whether the bytes of a multi-byte number lie in memory lowest first, here: records are handed on in this order. */
export const HOST_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** One per file. */
export interface RecordParser {
  /** Link type and so on of the records last taken. */
  readonly format: BatchFormat;
  /** Packets taken so far; exact up to 2^53. */
  readonly packets: number;
  /** Set once what comes next cannot be understood. */
  readonly damage: CaptureDamage | null;

  /**
   * Lays as many whole records as there are at the front of the window, in host byte order.
   *
   * @returns Their bytes; 0 when more must be read first, or when there is damage.
   */
  take(window: Window): number;

  /** What the end of the file cut off, when it comes now; `null` where it ends as it should. */
  atEnd(window: Window): CaptureDamage | null;
}
