/** Card numbers right and wrong, in every way of writing, among all that a search reacts to. */
import { seeded } from "../dpi/flow_recorder.ts";
import { luhn } from "./texts.ts";

const each = (digits: string, as: (digit: string) => string) => [...digits].map(as).join("");
const hexOf = (text: string) => each(text, (c) => c.charCodeAt(0).toString(16).padStart(2, "0"));

/** First digits and length. */
const BRANDS: [string, number][] = [
  ["4", 16],
  ["51", 16],
  ["37", 15],
  ["36", 14],
  ["4", 13],
  ["62", 19],
  ["5018", 13],
  ["6011", 17],
  ["1", 15],
];

/** `pieces` pieces from `seed`, most of a few kinds only, so that there are lists as well. */
export function denseMedley(seed: number, pieces: number): Uint8Array {
  const random = seeded(seed);
  const pick = <T>(list: T[]): T => list[random(list.length)];
  const digits = (n: number) => Array.from({ length: n }, () => random(10)).join("");
  const number = () => {
    const [first, length] = pick(BRANDS);
    const start = first + digits(length - 1 - first.length);
    return start + (random(3) === 0 ? random(10) : luhn(start));
  };
  const groups = (card: string, by: string) => {
    const shape = card.length === 15
      ? [4, 6, 5]
      : card.length === 14
      ? [4, 6, 4]
      : card.length === 13
      ? [4, 3, 3, 3]
      : card.length === 19 && random(2) === 0
      ? [6, 13]
      : [4, 4, 4, 4, 4];
    let at = 0;
    return shape.map((n) => card.slice(at, at += n)).filter((group) => group !== "").join(by);
  };
  const plainGroups = () => groups(number(), pick([..." -+."]));
  const base64 = () => {
    const text = btoa("zz ".slice(random(3)) + `${digits(random(30))} ${pick([number(), plainGroups()])}x`);
    const width = 20 + random(57);
    return text.replace(new RegExp(`.{${width}}`, "g"), (line) => line + pick(["\r\n", "\n"])) + "=";
  };
  const kinds: (() => string)[] = [
    () => " ",
    () => "\n",
    () => ",",
    () => digits(1 + random(28)),
    () => `${digits(4)} ${digits(4)} `,
    number,
    () => `card=${number()}&`,
    () => `"order_id":"`,
    () => "abcdefghijklmnopqrstuvwxyz ".slice(random(20)),
    () => `%${digits(2)}`,
    () => String.fromCharCode(random(256), random(256), random(256)),
    () => each(number(), (c) => `%3${c}`),
    () => each(number(), (c) => `\\u003${c}`),
    () => each(number(), (c) => `&#x3${c};`),
    () => each(number(), (c) => `&#${c.charCodeAt(0)};`),
    () => each(number(), (c) => pick([c, `%3${c}`, `\\u003${c}`, `\\x3${c}`, `&#x3${c};`, c + "=\r\n"])),
    () => groups(number(), pick(["%20", "%2D", "\xc2\xa0", "&nbsp;", "\\u00a0", "\xe2\x80\x93"])),
    plainGroups,
    () => `${plainGroups()} 12/29`,
    () => `10:30 ${plainGroups()}`,
    () => each(plainGroups(), (c) => `%${hexOf(c)}`),
    () => ` ${btoa(`x${number()}y`)} `,
    base64,
    () => each(` ${number()} `, (c) => c + "\0"),
    () => each(plainGroups(), (c) => "\0" + c),
    () => hexOf(`${pick(["", "a "])}${pick([number(), plainGroups()])};`),
    () =>
      each(
        ` ${groups(number(), pick(["", " "]))} `,
        (c) => c === " " ? "\x40" : String.fromCharCode(0xf0 + Number(c)),
      ),
    () => number().replace(/^\d{7}/, "$&=\r\n"),
    () => `\x10${number()}7`,
    () => `PAN${number()}D29121011`,
  ];
  const few = Array.from({ length: 1 + random(8) }, () => pick(kinds));
  const between = pick(["", "", " ", "\n", ","]);
  let text = "";
  for (let i = 0; i < pieces; i++) text += (random(5) === 0 ? pick(kinds) : pick(few))() + between;
  return Uint8Array.from(text, (c) => c.charCodeAt(0) & 255);
}
