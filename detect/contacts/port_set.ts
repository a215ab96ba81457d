/** Which of the 65,536 ports, and how to say it: "20-25", "80". */

/** A set of ports of one protocol: 8 KiB, whatever is in it. */
export class PortSet {
  readonly #bits = new Uint8Array(8_192);
  readonly #words = new Int32Array(this.#bits.buffer);
  size = 0;

  add(port: number): void {
    const bit = 1 << (port & 7);
    if ((this.#bits[port >> 3] & bit) !== 0) return;
    this.#bits[port >> 3] |= bit;
    this.size++;
  }

  addAll(other: PortSet): void {
    const [words, others] = [this.#words, other.#words];
    for (let i = 0; i < words.length; i++) {
      for (let news = others[i] & ~words[i]; news !== 0; news &= news - 1) this.size++;
      words[i] |= others[i];
    }
  }

  /** The ports in order as ranges, the first `max` of them. */
  ranges(max: number): string[] {
    const ranges: string[] = [];
    let from = -1;
    for (let port = 0; port <= 65_536 && ranges.length < max; port++) {
      const byte = this.#bits[port >> 3]; // undefined past the end, which counts as absent
      if (from < 0 && (port & 7) === 0 && byte === 0) {
        port += 7;
        continue;
      }
      const present = (byte >> (port & 7) & 1) === 1;
      if (present && from < 0) from = port;
      else if (!present && from >= 0) {
        ranges.push(from === port - 1 ? `${from}` : `${from}-${port - 1}`);
        from = -1;
      }
    }
    return ranges;
  }
}
