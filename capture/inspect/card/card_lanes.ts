/**
 * Card numbers in the clear text of one flow: takes bytes as they come, lane by lane, and tells of each card once.
 *
 * Between calls a lane keeps the last bytes of its text (`CARRY_BYTES` at most, in the shared pool) and where the next
 * probe stands, counted from the beginning of the text. So probes fall on the same bytes however a text was cut, and
 * each is judged with the same bytes around it: the verdict does not depend on segments, chunks or batches.
 *
 * The full number exists in `CardFinder`'s few buffers for the length of a call, and in the carry until its text ends
 * or the bytes after it push it out. What is told is masked.
 */
import { hexOf } from "../../../model/crypto/block_hash.ts";
import { HmacSha256 } from "../../../model/crypto/sha256.ts";
import { glances, mayHit, nextHit, STRIDE } from "./byte_classes.ts";
import {
  AHEAD,
  ALERT_CONFIDENCE,
  BEHIND,
  CardFinder,
  type FinderSink,
  type Found,
  type Ledger,
  NEEDS_MORE,
  NOTE_CONFIDENCE,
  type Searched,
} from "./card_finder.ts";
import { CARRY_BYTES, CarryPool, NO_ROW } from "./carry_pool.ts";
import { ContextScore, weighText } from "./context_words.ts";
import { MAX_PAN_DIGITS } from "./brands.ts";
import { CardSieve, SIEVE_TEXT } from "./card_sieve.ts";
import { CardTable } from "./card_table.ts";
import { Iso8583Reader, IsoState } from "./iso8583.ts";

/** Different cards of one flow that are told apart; further ones are counted in `cardsBeyond`. */
export const MAX_CARDS_PER_FLOW = 1_000;
/** Lanes of a direction, contract.ts `FlowHandle.scan`. */
const LANES = 8;
/** Memory of all lanes of all flows together. */
const DEFAULT_CARRY_BYTES = 64 * 1024 * 1024;
/** Of a fingerprint: 96 bits tell any number of cards apart. */
const FINGERPRINT_BYTES = 12;

/** Digits on their way to be hashed. */
const ascii = new Uint8Array(MAX_PAN_DIGITS);
/** Their HMAC. */
const code = new Uint8Array(32);

/** A card that went by in clear text. Holds first six and last four digits at most. */
export interface CardHit {
  brand: string;
  /** First six and last four digits, `*` between. */
  masked: string;
  last4: string;
  /** Digits of the number. */
  length: number;
  /** How the text was wrapped, from the outside in: `plain`, `gzip`, `json_escape`, `gzip+base64`, `iso8583` ... */
  encoding: string;
  /** 0..1; an alert from `ALERT_CONFIDENCE` on, a note below. */
  confidence: number;
  /** Why it is taken for a card, and what speaks against it. */
  reasons: string[];
  /** Of the first occurrence. */
  direction: number;
  /** HMAC-SHA256 of the number under the key of this installation, shortened: tells the same card again. */
  fingerprint: string;
  /** Track of a magnetic stripe. */
  track?: 1 | 2;
  /** Occurrences in this flow so far. */
  count: number;
  /** Packet time, microseconds since 1970. */
  firstUs: number;
  lastUs: number;
}

/** What all flows share. One object serves a whole inspector. */
export class CardServices {
  readonly pool: CarryPool;
  readonly #hmac: HmacSha256;
  /** Secret of this process for the table of known cards, so that the table says nothing about them. */
  readonly #seedLow: number;
  readonly #seedHigh: number;
  /** Bytes searched, cards told, numbers too unlikely to be told. */
  readonly counters = { bytes: 0, cards: 0, alerts: 0, notes: 0, ignored: 0, cardsBeyond: 0 };

  /**
   * @param key Of this installation, 32 random bytes that never leave it.
   * @param carryBytes Ceiling of the memory of all lanes.
   */
  constructor(key: Uint8Array, carryBytes: number = DEFAULT_CARRY_BYTES) {
    this.#hmac = new HmacSha256(key);
    this.pool = new CarryPool(carryBytes);
    const seed = new DataView(this.#hmac.sign(new TextEncoder().encode("netpane card table")).buffer);
    this.#seedLow = seed.getUint32(0, true) | 1;
    this.#seedHigh = seed.getUint32(4, true) | 1;
  }

  /** HMAC-SHA256 of the digits as ASCII. Its second pass overwrites what the first one has left of them in memory. */
  fingerprint(digits: Uint8Array, length: number): string {
    for (let i = 0; i < length; i++) ascii[i] = digits[i] + 48;
    this.#hmac.sign(ascii.subarray(0, length), code);
    ascii.fill(0);
    return hexOf(code.subarray(0, FINGERPRINT_BYTES));
  }

  /** A number below 2^53 that stands for the digits within a flow: an HMAC for each occurrence would cost more. */
  tableKey(digits: Uint8Array, length: number): number {
    // Seven digits at a time, each with both halves of the secret.
    let low = this.#seedLow;
    let high = this.#seedHigh ^ length;
    for (let i = 0; i < length;) {
      let part = 1;
      for (const stop = Math.min(length, i + 7); i < stop; i++) part = part * 10 + digits[i];
      low = Math.imul(low ^ part, 0x9e3779b1);
      low ^= low >>> 15;
      high = Math.imul(high ^ part, 0x85ebca77) + low | 0;
      high ^= high >>> 13;
    }
    return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
  }
}

/**
 * Told of a card.
 *
 * @param isNew True when an event is due: the card was not seen in this flow before, or was a note and is an alert
 * now. False when only its count has grown. The hit stays the flow's own: copy what is kept.
 */
export type CardReport = (hit: CardHit, isNew: boolean) => void;

/** One text after the other. */
class Lane implements Searched {
  settledTo = 0;
  readonly hints = new ContextScore();
  row = NO_ROW;
  /** Bytes in the row: the last ones of the text. */
  kept = 0;
  /** Bytes of the text so far. */
  total = 0;
  /** Offset in the text of the next probe; a multiple of `STRIDE`. */
  probeAt = 0;
  encoding = "plain";
  iso: Iso8583Reader | null = null;
  /** For how many calls more the sieve is asked at once. */
  dense = 0;

  constructor(readonly ledger: Ledger, readonly direction: number) {}

  forget(): void {
    this.settledTo = 0;
    this.kept = 0;
    this.total = 0;
    this.probeAt = 0;
    this.iso = null;
    this.hints.reset();
  }
}

/** Probes of a call that are judged before the sieve is asked. */
const FEW_HITS = 4;
/** Bytes for each probe that has to be looked around, below which the sieve is the cheaper way. */
const BYTES_A_GLANCE = 60;
/** Calls after which it is tried again without the sieve. */
const DENSE_CALLS = 32;
/** Made when a text first looks like numbers. Shared: nothing is kept in it between calls. */
let sieve: CardSieve | null = null;

/** The carry of a text that ends. Shared: nothing is kept in it between calls. */
const joint = new Uint8Array(CARRY_BYTES);

/** Bytes on either side of a probe that a glance takes in, and these. Shared: nothing is kept in them. */
const AROUND = STRIDE + 1;
const around = new Uint8Array(2 * AROUND + 1);

/** The card numbers of one flow. */
export class CardLanes implements FinderSink {
  readonly #services: CardServices;
  readonly #report: CardReport;
  readonly #lanes: (Lane | undefined)[] = new Array(2 * LANES);
  /** For texts that are whole in themselves, by direction. */
  readonly #whole: (Lane | undefined)[] = [undefined, undefined];
  /** Made with the first lane of a direction, and with the first card: most flows have one direction, and none. */
  readonly #ledgers: [Ledger | null, Ledger | null] = [null, null];
  #cards: CardTable | null = null;
  /** Cards past `MAX_CARDS_PER_FLOW`, each occurrence counted. */
  cardsBeyond = 0;
  #lane!: Lane;
  #timeUs = 0;

  constructor(services: CardServices, report: CardReport) {
    this.#services = services;
    this.#report = report;
  }

  /** The cards found so far, oldest first. */
  cards(): Iterable<CardHit> {
    return this.#cards?.values() ?? [];
  }

  /**
   * The next bytes of a text.
   *
   * @param direction 0 or 1. @param lane 0 to 7, see contract.ts. @param encoding As `CardHit.encoding`.
   */
  scan(
    direction: number,
    lane: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    encoding: string,
    timeUs: number,
  ): void {
    if (end <= at) return;
    this.#services.counters.bytes += end - at;
    this.#timeUs = timeUs;
    const index = (direction & 1) * LANES + (lane & LANES - 1);
    const text = this.#lanes[index] ??= this.#newLane(direction & 1);
    text.encoding = encoding;
    this.#lane = text;
    if (text.iso === null && text.total === 0) {
      text.iso = Iso8583Reader.mayBegin(bytes[at]) ? Iso8583Reader.take() : null;
    }
    if (text.iso !== null) at = this.#readIso(text, text.iso, bytes, at, end);
    if (at < end) this.#search(text, bytes, at, end);
  }

  /** A text's end: what was waiting for more bytes is judged with those there are. */
  scanEnd(direction: number, lane: number): void {
    const text = this.#lanes[(direction & 1) * LANES + (lane & LANES - 1)];
    if (text === undefined) return;
    this.#lane = text;
    this.#endText(text);
  }

  /** Words that a parser knows about a lane's text: field name, content type, columns. Until `scanEnd`. */
  scanContext(direction: number, lane: number, context: string): void {
    const index = (direction & 1) * LANES + (lane & LANES - 1);
    const text = this.#lanes[index] ??= this.#newLane(direction & 1);
    weighText(context, text.hints);
  }

  /** A text that is whole in itself: a datagram. Needs no memory between calls. */
  scanWhole(
    direction: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    encoding: string,
    timeUs: number,
  ): void {
    if (end <= at) return;
    this.#services.counters.bytes += end - at;
    this.#timeUs = timeUs;
    const text = this.#whole[direction & 1] ??= this.#newLane(direction & 1);
    text.forget();
    text.encoding = encoding;
    this.#lane = text;
    if (Iso8583Reader.mayBegin(bytes[at])) {
      const iso = Iso8583Reader.take();
      const state = iso.read(bytes, at, end, (track, digits, length) => {
        finder.judgeField(this, text, track, digits, length);
      });
      if (state === IsoState.yes) at = end;
      else if (state === IsoState.no) at = end - iso.unread - iso.pending;
      iso.release();
    }
    if (at < end) this.#probe(text, bytes, at, end, at, -at, false);
  }

  /** The flow is over: judges what waits, and wipes everything. */
  close(): void {
    for (const lane of this.#lanes) {
      if (lane === undefined) continue;
      this.#lane = lane;
      this.#endText(lane);
    }
    this.#lanes.fill(undefined);
  }

  #newLane(direction: number): Lane {
    return new Lane(this.#ledgers[direction] ??= { passed: 0, failed: 0, foreign: 0 }, direction);
  }

  // ------------------------------------------------------------ text

  #search(text: Lane, bytes: Uint8Array, at: number, end: number): void {
    if (text.row === NO_ROW) text.row = this.#services.pool.take();
    const base = text.total; // Offset in the text of `bytes[at]`.
    const i = this.#probe(text, bytes, at, end, text.probeAt - base + at, base - at, true);
    text.total = base + end - at;
    text.probeAt = i - at + base;
    if (text.row === NO_ROW) this.#goOnWithoutMemory(text);
    else this.#keep(text, bytes, at, end);
  }

  /**
   * Judges the probes of `bytes[at, end)` from `i` on, where bytes before `at` are in the carry.
   *
   * Where few probes hit, each is judged. Where many do, the sieve is asked first which of them are worth it; for how
   * long it is asked at once is a matter of cost alone and changes no verdict.
   *
   * @param delta Offset in the text of index 0.
   * @param open More bytes may come.
   * @returns The probe that waits for them.
   */
  #probe(
    text: Lane,
    bytes: Uint8Array,
    at: number,
    end: number,
    i: number,
    delta: number,
    open: boolean,
  ): number {
    const kept = open ? text.kept : 0;
    const isDense = text.dense > 0;
    let hits = 0;
    glances.count = 0;
    // What the sieve holds: `bytes[i]` is at `i + shift`, and it tells of probes before `sifted`.
    let shift = 0;
    let sifted = -Infinity;
    for (;;) {
      if (i >= sifted) {
        if (!isDense && i >= at) i = nextHit(bytes, i, end, at);
        if (i >= end - 1 && (open || i >= end)) break;
        const isBehind = kept > 0 && i < at + BEHIND;
        if (isBehind && !isDense && !this.#isWorthALook(text, bytes, i, at, end)) {
          i += STRIDE;
          continue;
        }
        if ((isDense || isBehind || ++hits > FEW_HITS) && i < end - 1) {
          const before = isBehind ? kept : 0;
          const from = isBehind ? at : Math.max(at, i - BEHIND);
          // Where hits are few, one that looks back on the carry asks for no more than its neighbours.
          const most = isDense || hits > FEW_HITS ? end : Math.min(end, at + BEHIND + 2 * AHEAD + STRIDE);
          const length = this.#fillSieve(text, bytes, from, most, before);
          shift = before - from;
          // Before the end of the bytes at hand, marks end where what is behind them may matter.
          sifted = from + length === end ? end - 1 : from + length - 2 * AHEAD;
          sieve!.run(before + length, i + shift);
        }
      }
      if (i < sifted) {
        i = sieve!.next(i + shift, sifted + shift) - shift;
        sieve!.countFailures(Math.min(i, sifted) + shift, delta - shift, text);
        if (i >= sifted) continue;
      }
      // Near the beginning of these bytes it looks back on the carry, which the sieve holds before them.
      const isBehind = kept > 0 && i < at + BEHIND;
      const next = isBehind
        ? finder.inspect(this, sieve!.text, 0, sieve!.length, i + shift, true, delta - shift, text)
        : finder.inspect(this, bytes, at, end, i, open, delta, text);
      if (next === NEEDS_MORE) break;
      i += stridesTo(isBehind ? next - shift - i : next - i);
    }
    if (sieve !== null) sieve.wipe();
    if (isDense) text.dense--;
    else if (hits > FEW_HITS || glances.count * BYTES_A_GLANCE > end - at) text.dense = DENSE_CALLS;
    return i;
  }

  /** Whether a probe that looks back on the carry can be part of a number, by the bytes around it. */
  #isWorthALook(text: Lane, bytes: Uint8Array, i: number, at: number, end: number): boolean {
    const first = i - AROUND;
    if (first < at - text.kept || i + AROUND >= end) return true;
    const row = this.#services.pool.block(text.row);
    const offset = this.#services.pool.offset(text.row) + text.kept - at;
    for (let k = 0; k <= 2 * AROUND; k++) {
      around[k] = first + k < at ? row[offset + first + k] : bytes[first + k];
    }
    const isWorth = mayHit(around, AROUND, around.length);
    around.fill(0);
    return isWorth;
  }

  /** Puts `before` bytes of the carry and those from `from` on into the sieve; how many of the latter it takes. */
  #fillSieve(text: Lane, bytes: Uint8Array, from: number, end: number, before: number): number {
    sieve ??= new CardSieve();
    sieve.wipe();
    if (before > 0) {
      const offset = this.#services.pool.offset(text.row);
      sieve.text.set(this.#services.pool.block(text.row).subarray(offset, offset + before));
    }
    const length = Math.min(end - from, SIEVE_TEXT - before);
    sieve.text.set(bytes.subarray(from, from + length), before);
    return length;
  }

  /** Keeps what the next probe may look back on. */
  #keep(text: Lane, bytes: Uint8Array, at: number, end: number): void {
    const pool = this.#services.pool;
    const row = pool.block(text.row);
    const offset = pool.offset(text.row);
    const wanted = Math.min(text.total, text.total - Math.min(text.probeAt, text.total) + BEHIND);
    const fresh = end - at;
    if (wanted > fresh) {
      const old = Math.min(text.kept, wanted - fresh);
      row.copyWithin(offset, offset + text.kept - old, offset + text.kept);
      row.set(bytes.subarray(at, end), offset + old);
      text.kept = old + fresh;
    } else {
      row.set(bytes.subarray(end - wanted, end), offset);
      text.kept = wanted;
    }
  }

  /** All rows are taken: the next bytes are a text of their own; a number cut just here is missed (counted). */
  #goOnWithoutMemory(text: Lane): void {
    text.total = 0;
    text.probeAt = 0;
    text.settledTo = 0;
  }

  #endText(text: Lane): void {
    if (text.iso !== null) this.#endIso(text, text.iso);
    if (text.kept > 0) {
      const pool = this.#services.pool;
      const row = pool.block(text.row);
      const offset = pool.offset(text.row);
      const kept = text.kept;
      joint.set(row.subarray(offset, offset + kept));
      this.#probe(text, joint, 0, kept, text.probeAt - text.total + kept, text.total - kept, false);
      joint.fill(0, 0, kept);
    }
    if (text.row !== NO_ROW) {
      this.#services.pool.release(text.row);
      text.row = NO_ROW;
    }
    text.forget();
  }

  // ------------------------------------------------------------ ISO 8583

  /** Feeds the reader; returns from where on the bytes are text again. */
  #readIso(text: Lane, iso: Iso8583Reader, bytes: Uint8Array, at: number, end: number): number {
    const state = iso.read(bytes, at, end, (track, digits, length) => {
      finder.judgeField(this, text, track, digits, length);
    });
    if (state !== IsoState.no) return end;
    text.iso = null;
    const held = iso.held();
    if (held.length > 0) this.#search(text, held, 0, held.length);
    const from = end - iso.unread;
    iso.release();
    return from;
  }

  #endIso(text: Lane, iso: Iso8583Reader): void {
    text.iso = null;
    const held = iso.held();
    if (held.length > 0) this.#search(text, held, 0, held.length);
    iso.release();
  }

  // ------------------------------------------------------------ from the finder

  seenAgain(digits: Uint8Array, length: number): boolean {
    if (this.#cards === null) return false;
    const hit = this.#cards.get(this.#services.tableKey(digits, length));
    if (hit === undefined && this.#cards.size >= MAX_CARDS_PER_FLOW) {
      this.cardsBeyond++;
      this.#services.counters.cardsBeyond++;
      return true;
    }
    if (hit === undefined || hit.confidence < ALERT_CONFIDENCE) return false;
    hit.count++;
    hit.lastUs = this.#timeUs;
    this.#report(hit, false);
    return true;
  }

  found(found: Found): void {
    const { counters } = this.#services;
    const { digits, length, confidence } = found;
    const key = this.#services.tableKey(digits, length);
    const known = this.#cards?.get(key);
    if (known !== undefined) {
      known.count++;
      known.lastUs = this.#timeUs;
      if (confidence > known.confidence) {
        const rises = known.confidence < ALERT_CONFIDENCE && confidence >= ALERT_CONFIDENCE;
        known.confidence = confidence;
        known.reasons = found.reasons;
        known.encoding = this.#encoding(found.wrapping);
        if (found.track !== 0) known.track = found.track;
        if (rises) {
          counters.alerts++;
          counters.notes--;
        }
        this.#report(known, rises);
      } else this.#report(known, false);
      return;
    }
    if (confidence < NOTE_CONFIDENCE) {
      counters.ignored++;
      return;
    }
    const last4 = text(digits, length - 4, length);
    const hit: CardHit = {
      brand: found.brand,
      masked: text(digits, 0, 6) + "*".repeat(length - 10) + last4,
      last4,
      length,
      encoding: this.#encoding(found.wrapping),
      confidence,
      reasons: found.reasons,
      direction: this.#lane.direction,
      fingerprint: this.#services.fingerprint(digits, length),
      count: 1,
      firstUs: this.#timeUs,
      lastUs: this.#timeUs,
    };
    if (found.track !== 0) hit.track = found.track;
    (this.#cards ??= new CardTable()).set(key, hit);
    counters.cards++;
    if (confidence >= ALERT_CONFIDENCE) counters.alerts++;
    else counters.notes++;
    this.#report(hit, true);
  }

  #encoding(wrapping: string): string {
    const outer = this.#lane.encoding;
    return wrapping === "" ? outer : outer === "plain" || outer === "" ? wrapping : `${outer}+${wrapping}`;
  }
}

function text(digits: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += digits[i];
  return text;
}

/** Runs a finder for whichever flow is at work; calls do not nest. */
class SharedFinder {
  readonly #finder = new CardFinder(null as unknown as FinderSink);

  inspect(
    sink: FinderSink,
    bytes: Uint8Array,
    low: number,
    end: number,
    at: number,
    open: boolean,
    delta: number,
    searched: Searched,
  ): number {
    this.#finder.sink = sink;
    return this.#finder.inspect(bytes, low, end, at, open, delta, searched);
  }

  judgeField(
    sink: FinderSink,
    searched: Searched,
    track: 0 | 1 | 2,
    digits: Uint8Array,
    length: number,
  ): void {
    this.#finder.sink = sink;
    this.#finder.judgeField(track, digits, length, searched);
  }
}

const finder = new SharedFinder();

/** From a probe over `bytes` judged to the next one. */
function stridesTo(bytes: number): number {
  return bytes > STRIDE ? STRIDE * Math.ceil(bytes / STRIDE) : STRIDE;
}
