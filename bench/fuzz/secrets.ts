/** Finds secrets that were planted, in whatever coat, in what came out. */

/** Characters of a coded form that depend on nothing but the secret itself. */
const LEAST_CODED = 10;

/** A pattern that matches any of the secrets: as they are, in groups, percent-encoded, base64, hexadecimal, reversed. */
export function secretPattern(cards: readonly string[], passwords: readonly string[]): RegExp {
  const forms = new Set<string>();
  for (const secret of [...cards, ...passwords]) {
    const reversed = [...secret].toReversed().join("");
    for (const text of [secret, reversed]) {
      forms.add(escaped(text));
      for (const coded of base64Forms(text)) forms.add(escaped(coded));
      for (const between of ["", ":", "%", " "]) {
        forms.add(hexOf(text, between));
        forms.add(hexOf(text, between).toUpperCase());
      }
    }
  }
  // A card's digits with something small between any of them.
  for (const card of cards) forms.add([...card].join("[ .\\-+]?"));
  return new RegExp([...forms].join("|"));
}

/** Base64 of the text wherever it stands to the groups of three bytes, without what depends on its neighbours. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const coded = btoa("\0".repeat(shift) + text).replaceAll("=", "");
    const first = Math.ceil(shift * 8 / 6);
    const last = Math.floor((shift + text.length) * 8 / 6);
    return coded.slice(first, last);
  }).filter((coded) => coded.length >= LEAST_CODED);
}

function hexOf(text: string, between: string): string {
  return [...text].map((c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join(between);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
