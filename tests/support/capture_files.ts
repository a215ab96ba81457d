/** Capture files made by hand, well-formed, from packets with their times. */
import { concat } from "./packets.ts";

/** A packet as a file holds it. */
export interface FilePacket {
  bytes: Uint8Array;
  /** Microseconds since 1970. */
  timeUs: number;
  /** As it was sent; the captured length where not given. */
  wireLength?: number;
  /** pcapng: index into `interfaces`. @default {0} */
  interfaceIndex?: number;
}

export interface PcapOptions {
  /** LINKTYPE_ value. @default {1} */
  linkType?: number;
  /** @default {262144} */
  snaplen?: number;
  /** @default {true} */
  littleEndian?: boolean;
  nanosecond?: boolean;
}

/** A pcap file, https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html. */
export function pcapFile(packets: FilePacket[], options: PcapOptions = {}): Uint8Array<ArrayBuffer> {
  const { linkType = 1, snaplen = 262_144, littleEndian = true, nanosecond = false } = options;
  const words = (...values: number[]) => uint32s(values, littleEndian);
  const version = new Uint8Array(littleEndian ? [2, 0, 4, 0] : [0, 2, 0, 4]);
  return concat(
    words(nanosecond ? 0xa1b23c4d : 0xa1b2c3d4),
    version,
    words(0, 0, snaplen, linkType),
    ...packets.flatMap(({ bytes, timeUs, wireLength = bytes.length }) => [
      words(
        Math.floor(timeUs / 1e6),
        (timeUs % 1e6) * (nanosecond ? 1000 : 1),
        bytes.length,
        wireLength,
      ),
      bytes,
    ]),
  );
}

/** A pcapng file of one section, https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html. */
export function pcapngFile(
  packets: FilePacket[],
  options: { interfaces?: { linkType: number; snaplen?: number }[]; littleEndian?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const { interfaces = [{ linkType: 1 }], littleEndian = true } = options;
  const words = (...values: number[]) => uint32s(values, littleEndian);
  const block = (type: number, ...body: Uint8Array[]) => {
    const content = concat(...body);
    const padding = new Uint8Array(-content.length & 3);
    const length = 12 + content.length + padding.length;
    return concat(words(type, length), content, padding, words(length));
  };
  const halves = (a: number, b: number) =>
    littleEndian
      ? new Uint8Array([a, a >> 8, b, b >> 8]) //
      : new Uint8Array([a >> 8, a, b >> 8, b]);
  return concat(
    block(0x0a0d0d0a, words(0x1a2b3c4d), halves(1, 0), words(0xffffffff, 0xffffffff)),
    ...interfaces.map(({ linkType, snaplen = 0 }) => block(1, halves(linkType, 0), words(snaplen))),
    ...packets.map(({ bytes, timeUs, wireLength = bytes.length, interfaceIndex = 0 }) =>
      block(
        6,
        words(interfaceIndex, Math.floor(timeUs / 2 ** 32), timeUs % 2 ** 32, bytes.length, wireLength),
        bytes,
      )
    ),
  );
}

function uint32s(values: number[], littleEndian: boolean): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setUint32(4 * i, value, littleEndian));
  return new Uint8Array(view.buffer);
}
