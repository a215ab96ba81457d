/**
 * BitTorrent: peers over TCP (BEP 3) and uTP (BEP 29), trackers over UDP (BEP 15), and the DHT (BEP 5), recognised.
 * A peer's handshake is told: which torrent, and which program.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type DatagramProtocol, Probe, type StreamProtocol, TO_SERVER } from "./contract.ts";
import { latin1 } from "../../../model/latin1.ts";
import { PassThroughDatagrams, PassThroughStream } from "./pass_through.ts";

const MARK = "\x13BitTorrent protocol";
const INFO_HASH_AT = 28;
const PEER_AT = 48;
const HANDSHAKE_BYTES = 68;
/** First bytes of a request to a tracker, BEP 15. */
const TRACKER_HIGH = 0x417;
const TRACKER_LOW = 0x2710_1980;
const UTP_HEADER_BYTES = 20;
/** Type 4 and version 1: a connection begins, BEP 29. */
const UTP_SYN = 0x41;

/** Peers over TCP. */
export const bittorrent: StreamProtocol = {
  name: "bittorrent",
  probe(c) {
    const n = Math.min(c.remaining, MARK.length);
    if (n === 0 || latin1(c.bytes, c.at, c.at + n) !== MARK.slice(0, n)) return Probe.no;
    return n === MARK.length ? Probe.yes : Probe.more;
  },
  create: (flow) => new PeerParser(flow),
};

/** The DHT: bencoded questions, answers and errors. */
export const bittorrentDht: DatagramProtocol = {
  name: "bittorrent-dht",
  probe: (c) => /^d1:(?:[ar]d2:id20:|eli\d)/.test(head(c)) ? Probe.yes : Probe.no,
  create: (flow) => new PassThroughDatagrams(flow),
};

/** Peers over uTP, and trackers. */
export const bittorrentDatagrams: DatagramProtocol = {
  name: "bittorrent",
  probe: (c) => isTracker(c) || isUtpSyn(c) ? Probe.yes : Probe.no,
  create: (flow) => new PassThroughDatagrams(flow),
};

function head(c: Cursor): string {
  return latin1(c.bytes, c.at, Math.min(c.end, c.at + 16));
}

function isTracker(c: Cursor): boolean {
  return c.remaining === 16 && c.peek32() === TRACKER_HIGH && c.peek32(4) === TRACKER_LOW &&
    c.peek32(8) === 0;
}

function isUtpSyn(c: Cursor): boolean {
  // No extension or one, nothing received yet, and the first packet is number 1.
  return c.remaining >= UTP_HEADER_BYTES && c.remaining <= UTP_HEADER_BYTES + 16 && c.peek8() === UTP_SYN &&
    c.peek8(1) <= 2 && c.peek32(8) === 0 && c.peek32(12) > 0 && c.peek16(16) === 1 && c.peek16(18) === 0;
}

class PeerParser extends PassThroughStream {
  readonly #handshake = new Uint8Array(HANDSHAKE_BYTES);
  #from = -1;
  #bytes = 0;

  override data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    super.data(direction, bytes, at, end);
    if (this.#from < 0) this.#from = direction;
    if (this.#from !== direction || this.#bytes === HANDSHAKE_BYTES) return;
    const n = Math.min(end - at, HANDSHAKE_BYTES - this.#bytes);
    this.#handshake.set(bytes.subarray(at, at + n), this.#bytes);
    this.#bytes += n;
    if (this.#bytes === HANDSHAKE_BYTES) this.#tell();
  }

  #tell(): void {
    const hash = this.#handshake.subarray(INFO_HASH_AT, PEER_AT);
    const netpane: Record<string, string> = {
      info_hash: Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    };
    // BEP 20: `-qB4500-`, and random characters after.
    const program = /^-([A-Za-z~]{2}[0-9A-Za-z]{3,4})-?/.exec(
      latin1(this.#handshake, PEER_AT, HANDSHAKE_BYTES),
    );
    if (program !== null) netpane.client_version = program[1];
    this.flow.tell("bittorrent", TO_SERVER, { netpane });
  }
}
