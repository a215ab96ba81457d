/**
 * Remembers what was computed from a text, up to a number of texts: programs say the same hello to every server, and a
 * server shows every client the same certificate.
 *
 * When it is full everything is forgotten at once. A flood of different texts so costs what it cost without.
 */
export class Memo<V> {
  readonly #known = new Map<string, V>();
  readonly #most: number;

  /** @param most Texts remembered. */
  constructor(most: number) {
    this.#most = most;
  }

  /** What `make` gave for `key`. Many may get the same object: it must not be changed. */
  get(key: string, make: (key: string) => V): V {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#most) this.#known.clear();
    const made = make(key);
    this.#known.set(key, made);
    return made;
  }
}
