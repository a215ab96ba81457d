/** The first line of a direction, for the probes of protocols that talk in lines. */
import type { Cursor } from "../../../model/cursor.ts";
import { latin1 } from "../../../model/latin1.ts";

/** A first line that is longer is not looked at beyond. */
const MAX_FIRST_LINE_BYTES = 512;

/**
 * The first line as text with its line feed; without one when it has not come yet. Null where it is no text:
 * a control character other than TAB and line ends.
 */
export function firstLine(c: Cursor): string | null {
  const end = Math.min(c.end, c.at + MAX_FIRST_LINE_BYTES);
  for (let i = c.at; i < end; i++) {
    const byte = c.bytes[i];
    if (byte >= 0x20 || byte === 0x09 || byte === 0x0d) continue;
    return byte === 0x0a ? latin1(c.bytes, c.at, i + 1) : null;
  }
  return latin1(c.bytes, c.at, end);
}

/** A first line of which too little has come to tell, where protocols begin with a code or a word. */
export const UNFINISHED = /^(?:[2-5]\d{0,2}|[A-Za-z]{1,10}[ ]?)$/;
