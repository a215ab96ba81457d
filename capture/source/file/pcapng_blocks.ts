/**
 * The pcapng format, draft-ietf-opsawg-pcapng: blocks of several kinds, of which those with packets are turned
 * into pcap records in place. A record is never longer than its block, so what is written stays behind what is read.
 */
import { type BatchFormat, RECORD_HEADER_BYTES } from "../../../model/batch.ts";
import {
  MAX_BLOCK_BYTES,
  MAX_INTERFACE_INDEX,
  MAX_INTERFACES,
  MAX_PACKET_BYTES,
  MAX_WIRE_LENGTH,
} from "./limits.ts";
import { parseInterface, type PcapngInterface } from "./pcapng_interface.ts";
import { type CaptureDamage, HOST_LITTLE_ENDIAN, type RecordParser } from "./record_parser.ts";
import { splitResult, splitTime } from "./time_units.ts";
import type { Window } from "./window.ts";

// Block types, §4 and §11.1
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

/** Type, length, and the length again at the end. */
const SMALLEST_BLOCK = 12;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Type, length, byte order magic, version, section length. */
const SECTION_FIXED_BYTES = 24;
/** Type, length, interface, time (8), captured and wire length: the same size in enhanced and obsolete packets. */
const PACKET_FIXED_BYTES = 28;
/** Type, length, wire length. */
const SIMPLE_FIXED_BYTES = 12;

/** Reads the packets of one pcapng file, all its sections. */
export class PcapngBlocks implements RecordParser {
  readonly format: BatchFormat = { linkType: 0, nanosecond: false, interfaceIndex: 0 };
  packets = 0;
  damage: CaptureDamage | null = null;
  #littleEndian = true;
  /** Of the section being read. */
  #interfaces: PcapngInterface[] = [];
  /** Of all sections so far. */
  #interfaceCount = 0;
  /** Whose packets are in the batch being laid out; `null` while it is empty. */
  #current: PcapngInterface | null = null;
  /** End of the batch being laid out. */
  #out = 0;
  /** Bytes of a skipped block that are still to come, then its second length; see `#skipRest`. */
  #skip = 0;
  #expectedLength = 0;
  /** Where that block began in the file. */
  #skippedFrom = 0;
  /** Time of the last packet: simple packets have none, and a flow must not fall back to 1970 with them. */
  #lastSeconds = 0;
  #lastMicroseconds = 0;

  take(window: Window): number {
    const { view } = window;
    this.#out = 0;
    this.#current = null;
    while (this.damage === null) {
      if (this.#expectedLength !== 0 && !this.#skipRest(window)) break;
      const { start } = window;
      if (window.waiting < SMALLEST_BLOCK) break;
      const type = view.getUint32(start, this.#littleEndian);
      // A section header may change the byte order, and its own length is already in the new one.
      if (type === SECTION_HEADER && !this.#readByteOrder(window)) break;
      const length = view.getUint32(start + 4, this.#littleEndian);
      if (length < SMALLEST_BLOCK || length % 4 !== 0) {
        this.#refuse(window, `a block claims a length of ${length} bytes`);
        break;
      }
      const end = start + length;
      const whole = length <= window.waiting;
      if (
        !whole && (type === ENHANCED_PACKET || type === SIMPLE_PACKET || type === OBSOLETE_PACKET ||
          type === INTERFACE_DESCRIPTION || type === SECTION_HEADER)
      ) {
        if (length > MAX_BLOCK_BYTES) {
          this.#refuse(
            window,
            `a block claims ${length} bytes, more than the ${MAX_BLOCK_BYTES} it may have`,
          );
        }
        break;
      }
      if (whole && view.getUint32(end - 4, this.#littleEndian) !== length) {
        this.#refuse(
          window,
          `a block's two lengths differ: ${length} and ` +
            `${view.getUint32(end - 4, this.#littleEndian)}`,
        );
        break;
      }
      if (type === ENHANCED_PACKET) {
        if (!this.#takePacket(window, end, view.getUint32(start + 8, this.#littleEndian))) break;
      } else if (type === SIMPLE_PACKET) {
        if (!this.#takeSimplePacket(window, end)) break;
      } else if (type === OBSOLETE_PACKET) {
        // Its interface has 16 bits; a count of drops, of which nothing follows, has the other 16.
        if (!this.#takePacket(window, end, view.getUint16(start + 8, this.#littleEndian))) break;
      } else if (type === INTERFACE_DESCRIPTION) {
        if (!this.#addInterface(window, end)) break;
      } else if (type === SECTION_HEADER) {
        if (!this.#beginSection(window, length)) break;
      } else if (!whole) { // names, statistics, keys, others' blocks: not needed, whatever their size
        this.#skip = length - 4;
        this.#expectedLength = length;
        this.#skippedFrom = window.offsetOf(start);
        continue;
      }
      window.start = end;
    }
    return this.#out;
  }

  atEnd(window: Window): CaptureDamage | null {
    if (window.waiting === 0 && this.#expectedLength === 0) return null;
    const missing = this.#skip > window.waiting
      ? ` (${this.#skip - window.waiting} bytes or more are missing)`
      : "";
    return {
      message: `the file ends inside a block after packet ${this.packets}${missing}`,
      byteOffset: this.#expectedLength !== 0 ? this.#skippedFrom : window.offsetOf(window.start),
    };
  }

  /** Goes past a block that is larger than the window. False when more must be read, or on damage. */
  #skipRest(window: Window): boolean {
    const step = Math.min(this.#skip, window.waiting);
    window.start += step;
    this.#skip -= step;
    if (this.#skip > 0 || window.waiting < 4) return false;
    const length = window.view.getUint32(window.start, this.#littleEndian);
    if (length !== this.#expectedLength) {
      this.damage = {
        message: `a block's two lengths differ: ${this.#expectedLength} and ${length}`,
        byteOffset: this.#skippedFrom,
      };
      return false;
    }
    this.#expectedLength = 0;
    window.start += 4;
    return true;
  }

  #readByteOrder(window: Window): boolean {
    const magic = window.view.getUint32(window.start + 8, true);
    if (magic === BYTE_ORDER_MAGIC) this.#littleEndian = true;
    else if (window.view.getUint32(window.start + 8, false) === BYTE_ORDER_MAGIC) this.#littleEndian = false;
    else {
      this.#refuse(window, `a section's byte order magic is 0x${magic.toString(16).padStart(8, "0")}`);
      return false;
    }
    return true;
  }

  #beginSection(window: Window, length: number): boolean {
    const major = window.view.getUint16(window.start + 12, this.#littleEndian);
    if (length < SECTION_FIXED_BYTES + 4 || major !== 1) {
      this.#refuse(window, `a section header has version ${major} and ${length} bytes; version 1 is known`);
      return false;
    }
    this.#interfaces = [];
    return true;
  }

  #addInterface(window: Window, end: number): boolean {
    const index = Math.min(this.#interfaceCount, MAX_INTERFACE_INDEX);
    const added = parseInterface(window.view, window.start, end - 4, this.#littleEndian, index);
    if (added === null || this.#interfaces.length === MAX_INTERFACES) {
      this.#refuse(
        window,
        added === null
          ? "an interface description is too short"
          : `a section has over ${MAX_INTERFACES} interfaces`,
      );
      return false;
    }
    this.#interfaces.push(added);
    this.#interfaceCount++;
    return true;
  }

  /** Enhanced and obsolete packets. False when the batch must end before this packet, or on damage. */
  #takePacket(window: Window, end: number, interfaceId: number): boolean {
    const { view, start } = window;
    const little = this.#littleEndian;
    if (end - start < PACKET_FIXED_BYTES + 4) {
      this.#refuse(window, `the block of packet ${this.packets + 1} is too short`);
      return false;
    }
    const caplen = view.getUint32(start + 20, little);
    const wireLength = view.getUint32(start + 24, little);
    const seenOn = this.#interfaceOf(window, interfaceId, caplen, end - 4 - start - PACKET_FIXED_BYTES);
    if (seenOn === null) return false;
    splitTime(seenOn.units, view.getUint32(start + 12, little), view.getUint32(start + 16, little));
    this.#lastSeconds = splitResult.seconds;
    this.#lastMicroseconds = seenOn.units.nanosecond ? splitResult.fraction / 1000 : splitResult.fraction;
    this.#put(
      window,
      start + PACKET_FIXED_BYTES,
      splitResult.seconds,
      splitResult.fraction,
      caplen,
      wireLength,
    );
    return true;
  }

  #takeSimplePacket(window: Window, end: number): boolean {
    const { view, start } = window;
    if (end - start < SIMPLE_FIXED_BYTES + 4) {
      this.#refuse(window, `the block of packet ${this.packets + 1} is too short`);
      return false;
    }
    const wireLength = view.getUint32(start + 8, this.#littleEndian);
    const snaplen = this.#interfaces.length > 0 ? this.#interfaces[0].snaplen : 0;
    const room = end - 4 - start - SIMPLE_FIXED_BYTES;
    // The captured length is not written: it is what was sent, cut at snaplen (§4.4), and must fit in the block.
    const caplen = snaplen > 0 ? Math.min(wireLength, snaplen) : wireLength;
    const seenOn = this.#interfaceOf(window, 0, caplen, room);
    if (seenOn === null) return false;
    const fraction = Math.floor(this.#lastMicroseconds * (seenOn.units.nanosecond ? 1000 : 1));
    this.#put(window, start + SIMPLE_FIXED_BYTES, this.#lastSeconds, fraction, caplen, wireLength);
    return true;
  }

  /** The interface of a packet, if the packet is sound and belongs to the batch being laid out. */
  #interfaceOf(window: Window, id: number, caplen: number, room: number): PcapngInterface | null {
    const packet = this.packets + 1;
    if (id >= this.#interfaces.length) {
      this.#refuse(window, `packet ${packet} names interface ${id}, of ${this.#interfaces.length} described`);
    } else if (caplen > MAX_PACKET_BYTES) {
      this.#refuse(
        window,
        `packet ${packet} claims ${caplen} bytes, more than the ${MAX_PACKET_BYTES} a packet may have`,
      );
    } else if (caplen > room) {
      this.#refuse(window, `packet ${packet} claims ${caplen} bytes in a block with room for ${room}`);
    } else {
      const seenOn = this.#interfaces[id];
      if (seenOn === this.#current) return seenOn;
      // What a batch has in common is the interface: a packet of another one begins the next batch.
      if (this.#current !== null) return null;
      this.#current = seenOn;
      this.format.linkType = seenOn.linkType;
      this.format.nanosecond = seenOn.units.nanosecond;
      this.format.interfaceIndex = seenOn.index;
      return seenOn;
    }
    return null;
  }

  /** Appends a record to the batch. The bytes move first: in a simple packet they begin where the header goes. */
  #put(
    window: Window,
    data: number,
    seconds: number,
    fraction: number,
    caplen: number,
    wireLength: number,
  ): void {
    const { view, bytes } = window;
    const at = this.#out;
    bytes.copyWithin(at + RECORD_HEADER_BYTES, data, data + caplen);
    view.setUint32(at, seconds, HOST_LITTLE_ENDIAN);
    view.setUint32(at + 4, fraction, HOST_LITTLE_ENDIAN);
    view.setUint32(at + 8, caplen, HOST_LITTLE_ENDIAN);
    view.setUint32(at + 12, Math.min(wireLength, MAX_WIRE_LENGTH), HOST_LITTLE_ENDIAN);
    this.#out = at + RECORD_HEADER_BYTES + caplen;
    this.packets++;
  }

  #refuse(window: Window, message: string): void {
    this.damage = { message, byteOffset: window.offsetOf(window.start) };
  }
}
