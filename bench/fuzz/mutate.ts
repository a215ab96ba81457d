/**
 * Damages packets as broken, hostile and merely unlucky networks do: flipped bits, cuts, lengths that lie, segments
 * twice, late, overlapping, headers of one packet before the payload of another.
 */
import type { Packet } from "./captures.ts";

/** A number below `below`. */
export type Random = (below: number) => number;

/** Mulberry32: seeded, and every state is a seed of its own. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ t >>> 15, t | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0) % below;
  };
}

const ETHERNET = 1;
const TCP = 6;
const UDP = 17;
/** Values at which programs break. */
const EDGES = [0, 1, 0x0a, 0x20, 0x30, 0x34, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

/** Where the parts of a packet lie that are worth lying about; 0 where it is not TCP or UDP over plain Ethernet. */
interface Layout {
  ip: number;
  version: number;
  transport: number;
  protocol: number;
  payload: number;
}

function layoutOf({ bytes, linkType }: Packet): Layout {
  const none = { ip: 0, version: 0, transport: 0, protocol: 0, payload: 0 };
  if (linkType !== ETHERNET || bytes.length < 34) return none;
  const version = bytes[14] >> 4;
  const isIp = bytes[12] === 0x08 && bytes[13] === 0 && version === 4 ||
    bytes[12] === 0x86 && bytes[13] === 0xdd && version === 6;
  if (!isIp) return none;
  const transport = 14 + (version === 4 ? (bytes[14] & 15) * 4 : 40);
  const protocol = bytes[version === 4 ? 23 : 20];
  const header = protocol === TCP ? (bytes[transport + 12] >> 4) * 4 : protocol === UDP ? 8 : 0;
  const payload = header === 0 ? 0 : transport + header;
  return payload < bytes.length ? { ip: 14, version, transport, protocol, payload } : { ...none, ip: 14 };
}

/**
 * The packets of one round: most of them as they were, so that conversations go on to where damage is interesting.
 *
 * @param share One in this many is damaged.
 */
export function* damaged(packets: Packet[], random: Random, share: number): Generator<Packet> {
  /** Held back to come out of order. */
  let late: Packet | null = null;
  for (let i = 0; i < packets.length; i++) {
    const packet = packets[i];
    if (random(share) !== 0) {
      yield packet;
    } else {
      switch (random(packet.hasPassword ? WORDS_UNHARMED : 12)) {
        case 0: // lost
          break;
        case 1:
          yield packet;
          yield packet;
          break;
        case 2: // later
          if (late !== null) yield late;
          late = packet;
          break;
        case 3: // one from before or after, again
          yield packet;
          yield packets[random(packets.length)];
          break;
        case 4:
          yield cut(packet, random);
          break;
        case 5:
          yield* shifted(packet, random);
          break;
        case 6:
          yield* resegmented(packet, random);
          break;
        case 7:
          yield spliced(packet, withoutPassword(packets, random), random);
          break;
        case 8:
          yield lied(packet, random);
          break;
        default:
          yield flipped(packet, random);
      }
    }
    if (late !== null && random(8) === 0) {
      yield late;
      late = null;
    }
  }
  if (late !== null) yield late;
}

/** Kinds of damage above that leave the words before a password as they are. */
const WORDS_UNHARMED = 7;

function withoutPassword(packets: Packet[], random: Random): Packet {
  const packet = packets[random(packets.length)];
  return packet.hasPassword ? packets[0] : packet;
}

function flipped(packet: Packet, random: Random): Packet {
  const bytes = packet.bytes.slice();
  const { payload } = layoutOf(packet);
  // Parsers see nothing of a packet whose headers are broken, so mostly the payload is.
  const from = payload > 0 && random(8) !== 0 ? payload : 0;
  for (let left = random(6); left >= 0; left--) {
    // Beginnings hold what is parsed.
    const room = random(2) === 0 ? bytes.length - from : Math.min(64, bytes.length - from);
    const at = from + random(Math.max(1, room));
    if (random(2) === 0) bytes[at] ^= 1 << random(8);
    else bytes[at] = random(3) === 0 ? random(256) : EDGES[random(EDGES.length)];
  }
  return { ...packet, bytes };
}

/** Captured short; or sent short, so that lengths in headers claim more than there is. */
function cut(packet: Packet, random: Random): Packet {
  const bytes = packet.bytes.subarray(0, random(packet.bytes.length + 1));
  return { ...packet, bytes, wireLength: random(2) === 0 ? packet.wireLength : bytes.length };
}

function spliced(head: Packet, tail: Packet, random: Random): Packet {
  const [a, b] = [layoutOf(head), layoutOf(tail)];
  const from = a.payload > 0 && random(4) !== 0 ? a.payload : random(head.bytes.length + 1);
  const to = b.payload > 0 && random(4) !== 0 ? b.payload : random(tail.bytes.length + 1);
  const rest = tail.bytes.subarray(to);
  const bytes = new Uint8Array(from + rest.length);
  bytes.set(head.bytes.subarray(0, from));
  bytes.set(rest, from);
  const spliced = { ...head, bytes, wireLength: bytes.length };
  if (from > 0 && from === a.payload) setLengths(spliced, a);
  return spliced;
}

/** The same segment at another place of the stream: overlapping, far ahead, far behind. */
function* shifted(packet: Packet, random: Random): Generator<Packet> {
  const layout = layoutOf(packet);
  yield packet;
  if (layout.protocol !== TCP || layout.payload === 0) return;
  const bytes = packet.bytes.slice();
  const steps = [1, 7, 100, 1460, 65_536, 0x4000_0000, random(0xffff_ffff)];
  const step = steps[random(steps.length)] * (random(2) === 0 ? 1 : -1);
  const view = new DataView(bytes.buffer);
  view.setUint32(layout.transport + 4, view.getUint32(layout.transport + 4) + step);
  yield { ...packet, bytes };
}

/** Cut into two to five segments or datagrams, sometimes in the wrong order. */
function* resegmented(packet: Packet, random: Random): Generator<Packet> {
  const layout = layoutOf(packet);
  const length = packet.bytes.length - layout.payload;
  if (layout.payload === 0 || length < 2) return yield packet;
  const pieces: Packet[] = [];
  for (let at = 0; at < length;) {
    const size = Math.min(length - at, 1 + random(Math.max(1, length >> random(3))));
    const bytes = new Uint8Array(layout.payload + size);
    bytes.set(packet.bytes.subarray(0, layout.payload));
    bytes.set(packet.bytes.subarray(layout.payload + at, layout.payload + at + size), layout.payload);
    if (layout.protocol === TCP) {
      const view = new DataView(bytes.buffer);
      view.setUint32(layout.transport + 4, view.getUint32(layout.transport + 4) + at);
    }
    const piece = { ...packet, bytes, wireLength: bytes.length };
    setLengths(piece, layout);
    pieces.push(piece);
    at += size;
    if (pieces.length === 5) break;
  }
  yield* random(2) === 0 ? pieces : pieces.toReversed();
}

/** A length field of a header, or any two bytes of the payload, say something else. */
function lied(packet: Packet, random: Random): Packet {
  const bytes = packet.bytes.slice();
  const { ip, version, transport, protocol, payload } = layoutOf(packet);
  const lie = [0, 1, 0xffff, 0x7fff, 0x8000, bytes.length, bytes.length * 2, random(65_536)][random(8)];
  const fields: number[] = [];
  if (ip > 0) fields.push(ip + (version === 6 ? 4 : 2));
  if (protocol === UDP) fields.push(transport + 4);
  if (protocol === TCP) fields.push(transport + 12);
  // Lengths are where messages begin.
  if (payload > 0) { for (let i = 0; i < 4; i++) fields.push(payload + random(24)); }
  const at = fields.length === 0 ? random(bytes.length) : fields[random(fields.length)];
  if (at + 1 < bytes.length) {
    bytes[at] = lie >> 8;
    bytes[at + 1] = lie;
  }
  return { ...packet, bytes };
}

/** Makes the headers' lengths right again. */
function setLengths(packet: Packet, { ip, version, transport, protocol }: Layout): void {
  if (packet.bytes.length < transport + 8) return;
  const view = new DataView(packet.bytes.buffer, packet.bytes.byteOffset);
  if (version === 4) view.setUint16(ip + 2, Math.min(65_535, packet.bytes.length - ip));
  else view.setUint16(ip + 4, Math.min(65_535, packet.bytes.length - ip - 40));
  if (protocol === UDP) view.setUint16(transport + 4, Math.min(65_535, packet.bytes.length - transport));
}
