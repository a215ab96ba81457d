/**
 * The plain way to search: judges every byte of a text, with no probe that could step over a number. Slow; the
 * oracle for the probe, and the baseline of the benchmark.
 */
import { CardFinder, type Found, type Searched } from "../../../../capture/inspect/card/card_finder.ts";
import { ContextScore } from "../../../../capture/inspect/card/context_words.ts";
import { FIRST, SECOND } from "../../../../capture/inspect/card/byte_classes.ts";

export class EveryByte {
  /** Brand, digits, confidence of each number, in order. */
  found: { number: string; brand: string; confidence: number }[] = [];

  /** A whole text. */
  search(bytes: Uint8Array): void {
    const finder = new CardFinder({
      seenAgain: () => false,
      found: (found: Found) => {
        const number = found.digits.subarray(0, found.length).join("");
        this.found.push({ number, brand: found.brand, confidence: found.confidence });
      },
    });
    const searched: Searched = {
      settledTo: 0,
      hints: new ContextScore(),
      ledger: { passed: 0, failed: 0, foreign: 0 },
    };
    for (let i = 0; i < bytes.length; i++) {
      if (i + 1 < bytes.length && (FIRST[bytes[i]] & SECOND[bytes[i + 1]]) === 0) continue;
      i = Math.max(i, finder.inspect(bytes, 0, bytes.length, i, false, 0, searched) - 1);
    }
  }
}
