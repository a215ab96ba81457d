/**
 * Texts to search: kinds of payload as networks carry them, and kinds that make a search slow; the same bytes each
 * time. None holds a card number on purpose.
 */
import { seeded } from "../dpi/flow_recorder.ts";

export interface TextKind {
  name: string;
  /** `size` bytes from `seed`. */
  make(size: number, seed: number): Uint8Array;
}

type Random = (below: number) => number;

const WORDS = (
  "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one " +
  "you were all her she there would their we him been has when who will no more if out so up said what its about than " +
  "into them can only other time new some could these two may first then do any like my now over such our man me even " +
  "value items name type false true null created updated status result page count user price title description image"
).split(" ");

const pick = (random: Random, list: string[]) => list[random(list.length)];
const number = (random: Random, digits: number) => Array.from({ length: digits }, () => random(10)).join("");
const hex = (random: Random, digits: number) =>
  Array.from({ length: digits }, () => random(16).toString(16)).join("");

/** Lines until `size` is reached; a piece of 1 MB at most is made and repeated. */
function lines(name: string, line: (random: Random) => string, part = 1 << 20): TextKind {
  return {
    name,
    make(size, seed) {
      const random = seeded(seed);
      let text = "";
      while (text.length < Math.min(size, part)) text += line(random);
      const piece = new TextEncoder().encode(text);
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; at += piece.length) bytes.set(piece.subarray(0, size - at), at);
      return bytes;
    },
  };
}

function noise(name: string, byte: (random: Random) => number): TextKind {
  return {
    name,
    make(size, seed) {
      const random = seeded(seed);
      const piece = Uint8Array.from({ length: Math.min(size, 1 << 20) }, () => byte(random));
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; at += piece.length) bytes.set(piece.subarray(0, size - at), at);
      return bytes;
    },
  };
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export const ORDINARY: TextKind[] = [
  lines("http and html", (random) => {
    const words = Array.from({ length: 12 }, () => pick(random, WORDS)).join(" ");
    switch (random(6)) {
      case 0:
        return `GET /${pick(random, WORDS)}/${pick(random, WORDS)}?page=${
          number(random, 2)
        } HTTP/1.1\r\nHost: www.example.org\r\n` +
          "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0\r\nAccept: text/html,application/xhtml+xml\r\n\r\n";
      case 1:
        return `<div class="${pick(random, WORDS)}-${random(99)}"><a href="/${pick(random, WORDS)}/${
          number(random, 5)
        }">${words}</a></div>\n`;
      case 2:
        return `function ${pick(random, WORDS)}(a,b){return a.${pick(random, WORDS)}+b[${random(100)}]}\n`;
      default:
        return `<p>${words}, ${words}.</p>\n`;
    }
  }),
  lines(
    "json",
    (random) =>
      `{"id":${number(random, 6)},"${pick(random, WORDS)}":"${pick(random, WORDS)} ${
        pick(random, WORDS)
      }","at":"2024-05-${10 + random(20)}T1${random(10)}:22:33Z","${pick(random, WORDS)}":${
        random(2) === 0
      },"price":${random(1000)}.${number(random, 2)},"tags":["${pick(random, WORDS)}","${
        pick(random, WORDS)
      }"]},`,
  ),
  noise("binary", (random) => random(256)),
  {
    name: "zeros",
    make: (size) => new Uint8Array(size),
  },
];

export const HOSTILE: TextKind[] = [
  noise("digits only", (random) => 48 + random(10)),
  noise("digits and blanks", (random) => random(6) === 0 ? 32 : 48 + random(10)),
  lines("groups of four", (random) => `${number(random, 4)}${pick(random, [" ", " ", " ", "-", "\n"])}`),
  lines("16 digits a line", (random) => `4${number(random, 15)}\n`),
  lines("13 digits a word", (random) => `${number(random, 13)} `),
  lines("times", (random) => `17${number(random, 11)},17${number(random, 8)}.${number(random, 6)};`),
  lines("hexadecimal", (random) => hex(random, 64) + "\n"),
  noise("base64", (random) => BASE64.charCodeAt(random(64))),
  lines("base64 lines", (random) => Array.from({ length: 76 }, () => BASE64[random(64)]).join("") + "\r\n"),
  noise("base64 of digits", (random) => "MDAw".charCodeAt(random(4))),
  { name: "base64 quads MDAw", make: (size) => new Uint8Array(size).map((_, i) => "MDAw".charCodeAt(i & 3)) },
  lines("percent escapes", (random) => `%3${random(10)}`),
  lines("json escapes", (random) => `\\u003${random(10)}`),
  lines("entities", (random) => `&#${48 + random(10)};`),
  lines("percent and digits", (random) => `${number(random, 4)}%20`),
  lines("utf-16 digits", (random) => `${random(10)}\0`),
  lines("line ends", () => "\r\n"),
  lines("soft breaks", (random) => `${random(10)}=\r\n`),
  noise("ebcdic digits", (random) => 0xf0 + random(10)),
  lines("hex of digits", (random) => `3${random(10)}`),
  lines(
    "valid cards",
    (random) => `4${number(random, 14)}`.replace(/.*/, (m) => m.length === 15 ? m + luhn(m) : "") + "\n",
  ),
];

/** The check digit that makes `digits` pass Luhn. */
export function luhn(digits: string): string {
  let sum = 0;
  [...digits].reverse().forEach((c, i) => {
    const d = Number(c) * (i % 2 === 0 ? 2 : 1);
    sum += d > 9 ? d - 9 : d;
  });
  return String((10 - sum % 10) % 10);
}
