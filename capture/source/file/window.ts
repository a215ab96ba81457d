/** The one piece of memory through which a capture file slides. */

/**
 * Bytes `start` to `end` of `bytes` are read but not yet used. Everything before `start` is free: batches are
 * laid out there, in place, so that reading a file allocates nothing.
 */
export class Window {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  start = 0;
  end = 0;
  /** Place in the (uncompressed) file of `bytes[0]`; exact up to 2^53. */
  #base = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Bytes waiting. */
  get waiting(): number {
    return this.end - this.start;
  }

  /** Place in the file of index `at`. */
  offsetOf(at: number): number {
    return this.#base + at;
  }

  /** Moves what waits to the front, so that there is room behind it. What lay before `start` is lost. */
  slide(): void {
    if (this.start === 0) return;
    this.bytes.copyWithin(0, this.start, this.end);
    this.#base += this.start;
    this.end -= this.start;
    this.start = 0;
  }

  /** The free memory behind what waits; call `slide` first. */
  room(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(this.end);
  }
}
