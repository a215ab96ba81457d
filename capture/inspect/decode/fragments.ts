/**
 * Puts IP datagrams together from fragments, within a budget that is allocated once.
 *
 * Bytes lie in blocks of a fixed pool; a bit per eight bytes tells what has arrived. The first bytes to arrive
 * stay, so nobody can change a header after it was seen; overlaps are counted. When blocks or places run out, the
 * datagram that began first is given up. A flood of fragments therefore costs time in proportion and no memory.
 */
import { BadFragment } from "../../../model/facts.ts";
import { type PacketView, Reason } from "./packet_view.ts";

/** Bytes of fragments held at most. Linux allows 4 MiB as well (`ipfrag_high_thresh`). */
export const FRAGMENT_BUDGET_BYTES = 4 * 1024 * 1024;

/** Datagrams waiting at most. */
export const MAX_FRAGMENTED_DATAGRAMS = 1024;

/** Packet time after which a datagram is given up: RFC 8200 §4.5; RFC 1122 §3.3.2 wants 60 to 120 s. */
export const FRAGMENT_TIMEOUT_US = 60_000_000;

const UNIT_BYTES = 8;
const BLOCK_BYTES = 2048;
const UNITS_PER_BLOCK = BLOCK_BYTES / UNIT_BYTES;
const WORDS_PER_BLOCK = UNITS_PER_BLOCK / 32;
const BLOCKS_PER_DATAGRAM = 32; // 64 KiB
/** Addresses (8), identification, version and protocol, VLANs, tunnel. */
const KEY_WORDS = 12;
const BUCKETS = 1024;

export class FragmentStore {
  /** Fragments dropped since the beginning because their datagram was not whole in time. */
  incomplete = 0;
  /** Fragments dropped because the budget was used up by younger ones. */
  overBudget = 0;
  /** Blocks in use, in bytes. */
  heldBytes = 0;
  readonly budgetBytes: number;

  readonly #pool: Uint8Array;
  readonly #seen: Uint32Array;
  /** Free blocks as a stack; blocks above `#freshBlock` were never used. */
  readonly #freeBlocks: Int32Array;
  #freeBlockCount = 0;
  #freshBlock = 0;
  readonly #blockCount: number;

  // Columns, one row a datagram. Links hold row + 1; 0 is none.
  readonly #key = new Int32Array(MAX_FRAGMENTED_DATAGRAMS * KEY_WORDS);
  readonly #blocks = new Int32Array(MAX_FRAGMENTED_DATAGRAMS * BLOCKS_PER_DATAGRAM);
  readonly #startUs = new Float64Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #total = new Int32Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #farthest = new Int32Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #units = new Int32Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #firstProtocol = new Int16Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #packets = new Int32Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #bytes = new Float64Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #bucket = new Int32Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #next = new Int32Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #older = new Int32Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #younger = new Int32Array(MAX_FRAGMENTED_DATAGRAMS);
  readonly #heads = new Int32Array(BUCKETS);
  #oldest = 0;
  #youngest = 0;
  #freeRow = 0;
  #freshRow = 0;

  readonly #probe = new Int32Array(KEY_WORDS);
  readonly #secret: Int32Array;
  /** Where a finished datagram is laid out; valid until the next one. */
  readonly #whole = new Uint8Array(BLOCK_BYTES * BLOCKS_PER_DATAGRAM);

  /** @param secret Random words that keep the hash unguessable. */
  constructor(secret: Int32Array, budgetBytes = FRAGMENT_BUDGET_BYTES) {
    this.#blockCount = Math.max(BLOCKS_PER_DATAGRAM, Math.floor(budgetBytes / BLOCK_BYTES));
    this.budgetBytes = this.#blockCount * BLOCK_BYTES;
    this.#pool = new Uint8Array(this.budgetBytes);
    this.#seen = new Uint32Array(this.#blockCount * WORDS_PER_BLOCK);
    this.#freeBlocks = new Int32Array(this.#blockCount);
    this.#secret = secret;
  }

  /**
   * Takes the fragment that fills the view's current layer.
   *
   * @param identification 16 bits for IPv4, 32 for IPv6.
   * @param protocol Of the fragment's header. It is part of the key for IPv4 only (RFC 791 against RFC 8200 §4.5).
   * @param offset Bytes, a multiple of 8; `offset` plus length is at most 65,535.
   * @returns Whether the datagram is whole: then the view's cursor lies over it, and its packets and bytes are
   *   those of all fragments.
   */
  add(v: PacketView, identification: number, protocol: number, offset: number, more: boolean): boolean {
    const length = v.wireRemaining;
    if (length <= 0 || (more && length % UNIT_BYTES !== 0)) {
      v.stop(Reason.bad_ip_header);
      return false;
    }
    this.expire(v.timeUs[1]);
    const row = this.#find(v, identification, protocol);
    this.#packets[row] += v.flowPackets;
    this.#bytes[row] += v.flowBytes;
    if (offset === 0) this.#firstProtocol[row] = protocol;
    const end = offset + length;
    const known = this.#total[row];
    // Two ends, or bytes beyond the end: what came first holds, the contradiction is left out.
    if (known >= 0 ? end > known || (!more && end !== known) : !more && end < this.#farthest[row]) {
      v.badFragment = BadFragment.overlap;
      v.stop(Reason.fragment_overlap);
      return false;
    }
    if (!more) this.#total[row] = end;
    if (end > this.#farthest[row]) this.#farthest[row] = end;
    if (!this.#copyIn(v, row, offset, length)) return false;
    const total = this.#total[row];
    if (total < 0 || this.#units[row] < Math.ceil(total / UNIT_BYTES)) return false;
    return this.#finish(v, row, total);
  }

  /** Gives up datagrams that began `FRAGMENT_TIMEOUT_US` before `nowUs`; `Infinity` for all. */
  expire(nowUs: number): void {
    while (this.#oldest !== 0 && this.#startUs[this.#oldest - 1] + FRAGMENT_TIMEOUT_US <= nowUs) {
      this.incomplete += this.#packets[this.#oldest - 1];
      this.#remove(this.#oldest - 1);
    }
  }

  #find(v: PacketView, identification: number, protocol: number): number {
    const probe = this.#probe;
    const words = v.ipVersion === 4 ? 1 : 4;
    probe.fill(0);
    for (let i = 0; i < words; i++) {
      probe[i] = v.address[i];
      probe[4 + i] = v.address[4 + i];
    }
    probe[8] = identification;
    probe[9] = v.ipVersion === 4 ? 4 | protocol << 8 : 6;
    probe[10] = v.vlan;
    probe[11] = v.tunnel | v.tunnelId << 4;
    let hash = 0;
    for (let i = 0; i < KEY_WORDS; i++) {
      hash += Math.imul(this.#secret[2 * i], probe[i] & 0xffff) +
        Math.imul(this.#secret[2 * i + 1], probe[i] >>> 16);
    }
    const bucket = hash >>> 22; // the high bits are the universal ones; 2^10 buckets
    let link = this.#heads[bucket];
    while (link !== 0) {
      const at = (link - 1) * KEY_WORDS;
      let same = 0;
      while (same < KEY_WORDS && this.#key[at + same] === probe[same]) same++;
      if (same === KEY_WORDS) return link - 1;
      link = this.#next[link - 1];
    }
    const row = this.#takeRow();
    this.#key.set(probe, row * KEY_WORDS);
    this.#blocks.fill(-1, row * BLOCKS_PER_DATAGRAM, (row + 1) * BLOCKS_PER_DATAGRAM);
    this.#startUs[row] = v.timeUs[1];
    this.#total[row] = -1;
    this.#farthest[row] = 0;
    this.#units[row] = 0;
    this.#packets[row] = 0;
    this.#bytes[row] = 0;
    this.#firstProtocol[row] = protocol;
    this.#bucket[row] = bucket;
    this.#next[row] = this.#heads[bucket];
    this.#heads[bucket] = row + 1;
    this.#older[row] = this.#youngest;
    this.#younger[row] = 0;
    if (this.#youngest !== 0) this.#younger[this.#youngest - 1] = row + 1;
    else this.#oldest = row + 1;
    this.#youngest = row + 1;
    return row;
  }

  /** False when no block could be had: the datagram is given up. */
  #copyIn(v: PacketView, row: number, offset: number, length: number): boolean {
    const c = v.cursor;
    const first = offset / UNIT_BYTES;
    const last = Math.ceil((offset + length) / UNIT_BYTES);
    let overlapped = 0;
    for (let unit = first; unit < last; unit++) {
      const index = row * BLOCKS_PER_DATAGRAM + Math.floor(unit / UNITS_PER_BLOCK);
      let block = this.#blocks[index];
      if (block < 0) {
        block = this.#takeBlock(row);
        if (block < 0) {
          this.overBudget += this.#packets[row];
          this.#remove(row);
          return false;
        }
        this.#blocks[index] = block;
      }
      const within = unit % UNITS_PER_BLOCK;
      const word = block * WORDS_PER_BLOCK + (within >>> 5);
      const bit = 1 << (within & 31);
      if ((this.#seen[word] & bit) !== 0) {
        overlapped++;
        continue;
      }
      this.#seen[word] |= bit;
      this.#units[row]++;
      const to = block * BLOCK_BYTES + within * UNIT_BYTES;
      const from = c.at + (unit - first) * UNIT_BYTES;
      const count = Math.min(UNIT_BYTES, c.end - from);
      for (let i = 0; i < count; i++) this.#pool[to + i] = c.bytes[from + i];
    }
    // The same fragment twice is a retransmission or a mirror port; only a partial overlap is odd.
    if (overlapped > 0 && overlapped < last - first) {
      v.badFragment = BadFragment.overlap;
      v.stop(Reason.fragment_overlap);
    }
    return true;
  }

  #finish(v: PacketView, row: number, total: number): boolean {
    for (let at = 0, i = row * BLOCKS_PER_DATAGRAM; at < total; at += BLOCK_BYTES, i++) {
      const from = this.#blocks[i] * BLOCK_BYTES;
      this.#whole.set(this.#pool.subarray(from, from + Math.min(BLOCK_BYTES, total - at)), at);
    }
    v.cursor.reset(this.#whole, 0, total);
    v.wireEnd = total;
    v.flowPackets = this.#packets[row];
    v.flowBytes = this.#bytes[row];
    v.protocol = this.#firstProtocol[row];
    v.reassembled = true;
    this.#remove(row);
    return true;
  }

  #takeRow(): number {
    if (this.#freeRow === 0 && this.#freshRow === MAX_FRAGMENTED_DATAGRAMS) this.#giveUpOldest();
    if (this.#freeRow !== 0) {
      const row = this.#freeRow - 1;
      this.#freeRow = this.#next[row];
      return row;
    }
    return this.#freshRow++;
  }

  /** A cleared block for `row`, at the cost of older datagrams; -1 when `row` itself holds all there are. */
  #takeBlock(row: number): number {
    while (this.#freeBlockCount === 0 && this.#freshBlock === this.#blockCount) {
      if (this.#oldest === row + 1) return -1;
      this.#giveUpOldest();
    }
    const block = this.#freeBlockCount > 0 ? this.#freeBlocks[--this.#freeBlockCount] : this.#freshBlock++;
    this.#seen.fill(0, block * WORDS_PER_BLOCK, (block + 1) * WORDS_PER_BLOCK);
    this.heldBytes += BLOCK_BYTES;
    return block;
  }

  #giveUpOldest(): void {
    this.overBudget += this.#packets[this.#oldest - 1];
    this.#remove(this.#oldest - 1);
  }

  #remove(row: number): void {
    const at = row * BLOCKS_PER_DATAGRAM;
    for (let i = at; i < at + BLOCKS_PER_DATAGRAM; i++) {
      if (this.#blocks[i] < 0) continue;
      this.#freeBlocks[this.#freeBlockCount++] = this.#blocks[i];
      this.heldBytes -= BLOCK_BYTES;
    }
    const older = this.#older[row];
    const younger = this.#younger[row];
    if (older !== 0) this.#younger[older - 1] = younger;
    else this.#oldest = younger;
    if (younger !== 0) this.#older[younger - 1] = older;
    else this.#youngest = older;
    let link = this.#heads[this.#bucket[row]];
    if (link === row + 1) this.#heads[this.#bucket[row]] = this.#next[row];
    else {
      while (this.#next[link - 1] !== row + 1) link = this.#next[link - 1];
      this.#next[link - 1] = this.#next[row];
    }
    this.#next[row] = this.#freeRow;
    this.#freeRow = row + 1;
  }
}
