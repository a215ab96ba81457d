/**
 * Bytes as text, one character a byte (ISO 8859-1), also from shared memory, which TextDecoder refuses.
 *
 * All characters of a text in one call, from a list of its length that is kept: the text is made in one piece, at half
 * to two thirds of what eight characters a call take, or a view of the bytes as arguments.
 */

/** Characters made by a call; longer texts are joined. */
const MOST = 128;
const NO_LIST: number[] = [];
/** Lists of numbers by their length, made when first needed. */
const lists: number[][] = Array.from({ length: MOST + 1 }, () => NO_LIST);

/** The text of `bytes[at..end)`. */
export function latin1(bytes: Uint8Array, at: number, end: number): string {
  let text = "";
  for (; end - at > MOST; at += MOST) text += piece(bytes, at, MOST);
  return at < end ? text + piece(bytes, at, end - at) : text;
}

function piece(bytes: Uint8Array, at: number, length: number): string {
  let list = lists[length];
  if (list === NO_LIST) list = lists[length] = Array.from({ length }, () => 0);
  for (let i = 0; i < length; i++) list[i] = bytes[at + i];
  return String.fromCharCode.apply(null, list);
}
