/**
 * Netlink messages: framing and attributes, RFC 3549 §2 and linux/netlink.h. Pure reading and writing of bytes.
 *
 * Netlink is in host byte order; all machines that Deno runs on are little-endian. The kernel is trusted to
 * mean well, but not to have a layout we know: lengths are checked, and unknown attributes stepped over.
 */
import { Cursor } from "../model/cursor.ts";

/** Bytes of `struct nlmsghdr`: length, type, flags, sequence, port id. */
export const NLMSG_HEADER_BYTES = 16;

/** Message types and flags, linux/netlink.h. */
export const Netlink = {
  ERROR: 2,
  DONE: 3,
  F_REQUEST: 0x001,
  F_ACK: 0x004,
  /** On a reply: the kernel's table changed while it was told. */
  F_DUMP_INTR: 0x010,
  F_DUMP: 0x300,
} as const;

const NLA_HEADER_BYTES = 4; // struct nlattr: length, type
const NLA_TYPE_MASK = 0x3fff; // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
const ALIGN = 3; // NLMSG_ALIGNTO and NLA_ALIGNTO are 4

/** One request: header and `body`. */
export function netlinkRequest(
  { type, flags, sequence, body }: { type: number; flags: number; sequence: number; body: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NLMSG_HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags | Netlink.F_REQUEST, true);
  view.setUint32(8, sequence, true);
  bytes.set(body, NLMSG_HEADER_BYTES);
  return bytes;
}

/** Steps through the messages of one datagram. Reused from datagram to datagram. */
export class NetlinkReader {
  type = 0;
  flags = 0;
  sequence = 0;
  /** Bounded to the body of the present message; for the caller to move. */
  readonly body: Cursor = new Cursor(new Uint8Array(0));
  #bytes: Uint8Array = this.body.bytes;
  #at = 0;
  #end = 0;
  /** Whether the datagram ended in the middle of a message, or a length made no sense. */
  damaged = false;

  /** Starts on bytes [0, length). */
  reset(bytes: Uint8Array, length: number): void {
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = Math.min(length, bytes.length);
    this.damaged = false;
  }

  /** Moves to the next message; false when there is none. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const c = this.body;
    c.reset(this.#bytes, this.#at, this.#end);
    const length = c.u32le();
    this.type = c.u16le();
    this.flags = c.u16le();
    this.sequence = c.u32le();
    c.u32le(); // port id: the socket is ours alone
    if (c.failed || length < NLMSG_HEADER_BYTES || length > this.#end - this.#at) {
      this.damaged = true;
      this.#at = this.#end;
      return false;
    }
    c.limit(length - NLMSG_HEADER_BYTES);
    this.#at += (length + ALIGN) & ~ALIGN;
    return true;
  }

  /** Error number in the body of an ERROR or DONE message: 0 for none, else positive; -1 when cut. */
  error(): number {
    const code = this.body.u32le() | 0;
    return this.body.failed ? -1 : Math.abs(code);
  }
}

/** Steps through attributes (`struct nlattr`). Reused. */
export class AttributeReader {
  type = 0;
  /** Bounded to the value of the present attribute; for the caller to move. */
  readonly value: Cursor = new Cursor(new Uint8Array(0));
  #bytes: Uint8Array = this.value.bytes;
  #at = 0;
  #end = 0;

  /** Starts on what `c` has left. */
  reset(c: Cursor): void {
    this.#bytes = c.bytes;
    this.#at = c.at;
    this.#end = c.end;
  }

  /** Moves to the next attribute; false at the end, or where a length makes no sense. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const c = this.value;
    c.reset(this.#bytes, this.#at, this.#end);
    const length = c.u16le();
    this.type = c.u16le() & NLA_TYPE_MASK;
    if (c.failed || length < NLA_HEADER_BYTES || length > this.#end - this.#at) {
      this.#at = this.#end;
      return false;
    }
    c.limit(length - NLA_HEADER_BYTES);
    this.#at += (length + ALIGN) & ~ALIGN;
    return true;
  }
}
