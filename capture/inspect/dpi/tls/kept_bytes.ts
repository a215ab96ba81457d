/**
 * How much of unfinished handshakes is kept, all flows of a worker together: a flood of hellos that never end must
 * not fill the memory, though each stays within its own bound.
 */

/** A sum with a ceiling. */
class KeptBytes {
  used = 0;
  /** Times that there was no room. */
  refused = 0;
  constructor(readonly ceiling: number) {}

  /** Whether `bytes` more may be kept; if so they count until released. */
  take(bytes: number): boolean {
    if (this.used + bytes > this.ceiling) {
      this.refused++;
      return false;
    }
    this.used += bytes;
    return true;
  }

  release(bytes: number): void {
    this.used -= bytes;
  }
}

/** Shared by TLS, DTLS and QUIC: 32 MiB, some 16,000 hellos of 2 kB under way at once. */
export const keptBytes: KeptBytes = new KeptBytes(32 << 20);
