/**
 * Bytes as text, one character a byte (ISO 8859-1), also from shared memory, which TextDecoder refuses.
 *
 * Eight characters a call: one by one makes a chain of strings as long as the text, at nearly twice the time.
 */

/** The text of `bytes[at..end)`. */
export function latin1(bytes: Uint8Array, at: number, end: number): string {
  let text = "";
  for (; at + 8 <= end; at += 8) {
    text += String.fromCharCode(
      bytes[at],
      bytes[at + 1],
      bytes[at + 2],
      bytes[at + 3],
      bytes[at + 4],
      bytes[at + 5],
      bytes[at + 6],
      bytes[at + 7],
    );
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at]);
  return text;
}
