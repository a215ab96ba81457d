/**
 * The classic pcap format, https://www.tcpdump.org/manpages/pcap-savefile.5.html
 *
 * Its records are what a batch is made of, so in host byte order they are handed on as they lie and only their
 * lengths are read; in the other order the four numbers in front of each packet are turned round in place.
 */
import { type BatchFormat, RECORD_HEADER_BYTES } from "../../../model/batch.ts";
import { MAX_PACKET_BYTES, MAX_WIRE_LENGTH } from "./limits.ts";
import { type CaptureDamage, HOST_LITTLE_ENDIAN, type RecordParser } from "./record_parser.ts";
import type { Window } from "./window.ts";

/** Length of the header in front of the first record. */
export const PCAP_HEADER_BYTES = 24;

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
/** The upper bits of the link type field tell of a frame check sequence; libpcap masks them off too. */
const LINK_TYPE_MASK = 0x03ff_ffff;

/** Reads the records of one pcap file. */
export class PcapRecords implements RecordParser {
  readonly format: BatchFormat;
  packets = 0;
  damage: CaptureDamage | null = null;
  #littleEndian: boolean;
  /** Before version 2.4 some writers put the wire length first; a wire length is never below the captured one. */
  #lengthsMayBeTurned: boolean;

  /** @param window Holds at least `PCAP_HEADER_BYTES`, the first of them one of the four magic numbers. */
  constructor(window: Window) {
    const { view, start } = window;
    const magic = view.getUint32(start, true);
    this.#littleEndian = magic === MAGIC_MICROSECONDS || magic === MAGIC_NANOSECONDS;
    const little = this.#littleEndian;
    this.#lengthsMayBeTurned = view.getUint16(start + 4, little) === 2 &&
      view.getUint16(start + 6, little) < 4;
    this.format = {
      linkType: view.getUint32(start + 20, little) & LINK_TYPE_MASK,
      nanosecond: view.getUint32(start, little) === MAGIC_NANOSECONDS,
      interfaceIndex: 0,
    };
    window.start += PCAP_HEADER_BYTES;
  }

  take(window: Window): number {
    // Records begin at the window's front, so that a batch does. What is moved is less than one record, but once.
    window.slide();
    const native = this.#littleEndian === HOST_LITTLE_ENDIAN && !this.#lengthsMayBeTurned;
    const length = native ? this.#walk(window) : this.#turn(window);
    window.start = length;
    return length;
  }

  atEnd(window: Window): CaptureDamage | null {
    if (window.waiting === 0) return null;
    const claimed = window.waiting < RECORD_HEADER_BYTES
      ? RECORD_HEADER_BYTES
      : RECORD_HEADER_BYTES + window.view.getUint32(window.start + 8, this.#littleEndian);
    return {
      message: `the file ends inside packet ${
        this.packets + 1
      }: ${window.waiting} of ${claimed} bytes are there`,
      byteOffset: window.offsetOf(window.start),
    };
  }

  /** Finds the end of the last whole record. Hot: two loads and four comparisons a packet. */
  #walk(window: Window): number {
    const { view, end } = window;
    let at = 0;
    let packets = 0;
    while (end - at >= RECORD_HEADER_BYTES) {
      const caplen = view.getUint32(at + 8, HOST_LITTLE_ENDIAN);
      if (caplen > MAX_PACKET_BYTES) {
        this.#refuse(window, at, caplen, packets);
        break;
      }
      const next = at + RECORD_HEADER_BYTES + caplen;
      if (next > end) break;
      if (view.getInt32(at + 12, HOST_LITTLE_ENDIAN) < 0) {
        view.setUint32(at + 12, MAX_WIRE_LENGTH, HOST_LITTLE_ENDIAN);
      }
      at = next;
      packets++;
    }
    this.packets += packets;
    return at;
  }

  /** The same for records in the other byte order (or with turned lengths), which are mended on the way. */
  #turn(window: Window): number {
    const { view, end } = window;
    const little = this.#littleEndian;
    let at = 0;
    let packets = 0;
    while (end - at >= RECORD_HEADER_BYTES) {
      let caplen = view.getUint32(at + 8, little);
      let wireLength = view.getUint32(at + 12, little);
      if (this.#lengthsMayBeTurned && caplen > wireLength) [caplen, wireLength] = [wireLength, caplen];
      if (caplen > MAX_PACKET_BYTES) {
        this.#refuse(window, at, caplen, packets);
        break;
      }
      const next = at + RECORD_HEADER_BYTES + caplen;
      if (next > end) break;
      view.setUint32(at, view.getUint32(at, little), HOST_LITTLE_ENDIAN);
      view.setUint32(at + 4, view.getUint32(at + 4, little), HOST_LITTLE_ENDIAN);
      view.setUint32(at + 8, caplen, HOST_LITTLE_ENDIAN);
      view.setUint32(at + 12, Math.min(wireLength, MAX_WIRE_LENGTH), HOST_LITTLE_ENDIAN);
      at = next;
      packets++;
    }
    this.packets += packets;
    return at;
  }

  #refuse(window: Window, at: number, caplen: number, before: number): void {
    this.damage = {
      message:
        `packet ${this.packets + before + 1} claims ${caplen} bytes, more than the ${MAX_PACKET_BYTES} a ` +
        "packet may have",
      byteOffset: window.offsetOf(at),
    };
  }
}
