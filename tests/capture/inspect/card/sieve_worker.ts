/** Looks for a card in a worker that may do nothing at all. */
import { CardSieve } from "../../../../capture/inspect/card/card_sieve.ts";

const text = "x".repeat(100) + " 4539578763621486 ";
const sieve = new CardSieve();
for (let i = 0; i < text.length; i++) sieve.text[i] = text.charCodeAt(i);
sieve.run(text.length, 0);
(self as unknown as Worker).postMessage(sieve.next(0, text.length));
