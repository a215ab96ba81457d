/** Chance that is the same each time: texts drawn from an alphabet, after a seed. */

/** @returns Draws `length` characters of `alphabet` (mulberry32). */
export function chance(seed: number): (alphabet: string, length: number) => string {
  let state = seed;
  const next = () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
  return (alphabet, length) => {
    let text = "";
    for (let i = 0; i < length; i++) text += alphabet[Math.floor(next() * alphabet.length)];
    return text;
  };
}
