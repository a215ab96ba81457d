/** What was probably meant, for messages about words that nobody knows. */
import { distance } from "fastest-levenshtein";

/** `; did you mean …?` for the closest of `known`, or nothing where none is close. */
export function nearest(word: string, known: readonly string[], prefix = ""): string {
  const [best] = known.map((name) => ({ name, d: distance(word, name) })).sort((a, b) => a.d - b.d);
  return best && best.d <= Math.max(2, word.length / 3) ? `; did you mean "${prefix}${best.name}"?` : "";
}
