/**
 * The one way to read bytes that lie: a bounded, forward-only reader that never throws.
 *
 * A read beyond `end` yields 0, jumps to the end and latches `failed`. So loops over `remaining` stop, and one
 * look at `failed` per structure is enough. A caught throw costs microseconds and malformed traffic is normal
 * traffic; the latch costs a compare.
 */
import { latin1 } from "./latin1.ts";

/** Characters made from bytes at most by one `ascii()`: longer names are cut here, and `failed` stays as it is. */
export const MAX_TEXT_BYTES = 65_535;

/** Bounded reader over `bytes[at, end)`. All numbers are big-endian ("network order") unless named `le`. */
export class Cursor {
  bytes: Uint8Array;
  /** Index of the next byte to read. */
  at: number;
  /** Index after the last byte that may be read. */
  end: number;
  /** Whether a read went beyond the end. Never reset but by `reset()`. */
  failed = false;

  /** Bounds outside of `bytes` are drawn in to it. */
  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.end = end < 0 ? 0 : end < bytes.length ? end : bytes.length;
    this.at = at < 0 ? 0 : at < this.end ? at : this.end;
  }

  /** Starts over on other bytes, so that one cursor serves a whole stream of packets. */
  reset(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes;
    this.end = end < 0 ? 0 : end < bytes.length ? end : bytes.length;
    this.at = at < 0 ? 0 : at < this.end ? at : this.end;
    this.failed = false;
  }

  /** Bytes left. */
  get remaining(): number {
    return this.end - this.at;
  }

  /** Gives up: everything after is not believed. */
  fail(): void {
    this.failed = true;
    this.at = this.end; // so `while (c.remaining > 0)` always ends
  }

  /** Whether `n` more bytes are there; asks only, latches nothing. */
  has(n: number): boolean {
    return n >= 0 && n <= this.end - this.at;
  }

  /** Steps over `n` bytes; false (and latched) when there are fewer, or `n` is negative. */
  skip(n: number): boolean {
    if (!(n >= 0 && n <= this.end - this.at)) {
      this.fail();
      return false;
    }
    this.at += n;
    return true;
  }

  /** Draws the end in to `n` bytes from here. A longer claim than the bytes left leaves the end as it is. */
  limit(n: number): void {
    if (n >= 0 && n < this.end - this.at) this.end = this.at + n;
  }

  u8(): number {
    const at = this.at;
    if (at + 1 > this.end) {
      this.fail();
      return 0;
    }
    this.at = at + 1;
    return this.bytes[at];
  }

  u16(): number {
    const at = this.at;
    if (at + 2 > this.end) {
      this.fail();
      return 0;
    }
    this.at = at + 2;
    return this.bytes[at] << 8 | this.bytes[at + 1];
  }

  u24(): number {
    const at = this.at;
    if (at + 3 > this.end) {
      this.fail();
      return 0;
    }
    this.at = at + 3;
    return this.bytes[at] << 16 | this.bytes[at + 1] << 8 | this.bytes[at + 2];
  }

  u32(): number {
    const at = this.at;
    if (at + 4 > this.end) {
      this.fail();
      return 0;
    }
    this.at = at + 4;
    const b = this.bytes;
    return (b[at] << 24 | b[at + 1] << 16 | b[at + 2] << 8 | b[at + 3]) >>> 0;
  }

  /** 64 bits as a number: exact up to 2^53, rounded above. */
  u64(): number {
    const high = this.u32();
    return high * 0x1_0000_0000 + this.u32();
  }

  u16le(): number {
    const at = this.at;
    if (at + 2 > this.end) {
      this.fail();
      return 0;
    }
    this.at = at + 2;
    return this.bytes[at] | this.bytes[at + 1] << 8;
  }

  u32le(): number {
    const at = this.at;
    if (at + 4 > this.end) {
      this.fail();
      return 0;
    }
    this.at = at + 4;
    const b = this.bytes;
    return (b[at] | b[at + 1] << 8 | b[at + 2] << 16 | b[at + 3] << 24) >>> 0;
  }

  /** The byte `offset` after here, without moving; 0 (latching nothing) beyond either bound. */
  peek8(offset = 0): number {
    const at = this.at + offset;
    return offset >= 0 && at < this.end ? this.bytes[at] : 0;
  }

  /** As `peek8`, two bytes. */
  peek16(offset = 0): number {
    const at = this.at + offset;
    return offset >= 0 && at + 2 <= this.end ? this.bytes[at] << 8 | this.bytes[at + 1] : 0;
  }

  /** As `peek8`, four bytes. */
  peek32(offset = 0): number {
    const at = this.at + offset;
    if (!(offset >= 0 && at + 4 <= this.end)) return 0;
    const b = this.bytes;
    return (b[at] << 24 | b[at + 1] << 16 | b[at + 2] << 8 | b[at + 3]) >>> 0;
  }

  /**
   * As `peek32`, but the bits as a signed number: small integers cost no memory when handed around, and sequence
   * numbers subtract with wrapping.
   */
  peekInt32(offset = 0): number {
    const at = this.at + offset;
    if (!(offset >= 0 && at + 4 <= this.end)) return 0;
    const b = this.bytes;
    return b[at] << 24 | b[at + 1] << 16 | b[at + 2] << 8 | b[at + 3];
  }

  /**
   * A cursor over the next `n` bytes, which this one steps over. With fewer there, this one latches `failed` and
   * the new one holds what is left, so what was understood before the damage can be kept.
   */
  sub(n: number): Cursor {
    const at = this.at;
    return new Cursor(this.bytes, at, this.skip(n) ? at + n : this.end);
  }

  /** The next `n` bytes, not copied (they may be shared memory and change once handed back); empty when short. */
  view(n: number): Uint8Array {
    const at = this.at;
    return this.skip(n) ? this.bytes.subarray(at, at + n) : this.bytes.subarray(0, 0);
  }

  /** The next `n` bytes, copied into memory of their own; empty when short. */
  copy(n: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.view(n));
  }

  /**
   * The next `n` bytes as text, one character a byte (Latin-1); "" when short. It is untrusted text: whoever shows
   * it escapes it. Cut at `MAX_TEXT_BYTES`.
   */
  ascii(n: number): string {
    const at = this.at;
    if (!this.skip(n)) return "";
    return latin1(this.bytes, at, at + Math.min(n, MAX_TEXT_BYTES));
  }

  /** Offset from here of the next byte `value`, looking at `max` bytes at most; -1 where there is none. */
  find(value: number, max: number = this.end - this.at): number {
    const end = Math.min(this.end, this.at + max);
    for (let i = this.at; i < end; i++) if (this.bytes[i] === value) return i - this.at;
    return -1;
  }
}
