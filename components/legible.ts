/** Text from the network made fit to read: what would turn, hide or flood a line is shown for what it is. */

/** Longest text shown in a line, characters. */
export const MAX_LINE = 300;

/** Controls, and what changes the direction of writing or takes no room: Unicode UAX #9, general category Cc. */
// deno-lint-ignore no-control-regex -- they are what is looked for
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** `text` with its invisible characters as `‹202E›`, cut to `max` characters with a sign that it was cut. */
export function legible(text: string, max = MAX_LINE): string {
  const cut = text.length > max ? cutAt(text, max) + "…" : text;
  return cut.replace(UNSEEN, (character) => {
    if (character === "\n" || character === "\t" || character === "\r") return " ";
    return `‹${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}›`;
  });
}

/** Not within a surrogate pair. */
function cutAt(text: string, max: number): string {
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}
