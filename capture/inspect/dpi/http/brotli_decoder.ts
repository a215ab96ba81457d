/**
 * Brotli, RFC 7932, decoded as it comes: coded bytes go in by segments, text comes out, and a body costs with each
 * segment what that segment holds.
 *
 * What cannot be finished yet waits: of a command at most `ITEM_BYTES`, of a block's header (its code tables) up to
 * `MAX_HEADER_BYTES`, which is read anew only when twice as much of it has come. The window grows with the text. The
 * static dictionary and what goes with it come from the npm package `brotli`, see `BrotliTables`.
 */

/** Tables of RFC 7932 appendices A and B, and §7.1, as the npm package has them. */
export interface BrotliTables {
  /** All words of the dictionary, by length. */
  words: Uint8Array;
  offsetsByLength: ArrayLike<number>;
  sizeBitsByLength: ArrayLike<number>;
  /** Writes word `from` of `length` bytes, transformed, to `target` at `at`. @returns Bytes written. */
  transform(target: Uint8Array, at: number, from: number, length: number, transform: number): number;
  contexts: Uint8Array;
  /** Of each context mode twice: where its tables for the last byte and the one before begin. */
  contextOffsets: ArrayLike<number>;
}

/** Takes text. `bytes` are valid during the call. @returns False where no more is wanted. */
export type TextSink = (bytes: Uint8Array, at: number, end: number) => boolean;

/** A change of block type, a symbol and its extra bits: 15 + 15 + 24 and 15 + 24 + 24 bits at most. */
const ITEM_BYTES = 16;
/** Code tables of one block: 0.2 to 1 KB before text, 5 before programs. */
const MAX_HEADER_BYTES = 16_384;
/** Lengths of codes may take no bits at all: more of them than this are no text's. Real headers have two to four a byte. */
const FREE_LENGTHS = 4096;
const LENGTHS_A_BYTE = 8;
/** Where text goes first; it doubles up to the window that the stream says. */
const FIRST_WINDOW_BYTES = 16_384;
/** Text is handed on in pieces of at most that. */
const PIECE_BYTES = 32_768;

const Stage = {
  stream: 0,
  block: 1,
  skipped: 2,
  plain: 3,
  command: 4,
  literals: 5,
  distance: 6,
  copy: 7,
  done: 8,
  failed: 9,
} as const;

/** Copies from this length on are left to the engine where they can be. */
const LONG_COPY = 48;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_TABLE: Int32Array = new Int32Array(0);
const ENDLESS = 1 << 28;
/** Root of the tables of codes: longer ones go on in a table of their own. */
const ROOT_BITS = 8;
const MAX_CODE_BITS = 15;

// RFC 7932 §5 and §6: first values and extra bits.
// deno-fmt-ignore
const INSERT_BASE = [0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 18, 26, 34, 50, 66, 98, 130, 194, 322, 578, 1090, 2114, 6210, 22594];
const INSERT_BITS = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 12, 14, 24];
// deno-fmt-ignore
const COPY_BASE = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 22, 30, 38, 54, 70, 102, 134, 198, 326, 582, 1094, 2118];
const COPY_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 24];
// deno-fmt-ignore
const COUNT_BASE = [
  1, 5, 9, 13, 17, 25, 33, 41, 49, 65, 81, 97, 113, 145, 177, 209, 241, 305, 369, 497, 753, 1265, 2289, 4337, 8433, 16625,
];
const COUNT_BITS = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 24];
/** By the upper bits of a command: first codes of its two lengths. The first two cells say no distance. */
const INSERT_CELL = [0, 0, 0, 0, 8, 8, 0, 16, 8, 16, 16];
const COPY_CELL = [0, 8, 0, 8, 0, 8, 16, 0, 16, 8, 16];
/** The order in which lengths of the code for code lengths come, §3.5. */
const LENGTH_ORDER = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/** Distances that are an earlier one and something, §4: which one, how much. */
const RING_INDEX = [0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
const RING_DELTA = [0, 0, 0, 0, -1, 1, -2, 2, -3, 3, -1, 1, -2, 2, -3, 3];

const COMMANDS = 704;
const LITERALS = 256;
const COUNTS = 26;
const MAX_TRANSFORM = 120;
const MIN_WORD = 4;
const MAX_WORD = 24;
/** A word with what its transform lays round it. */
const word = new Uint8Array(64);
/** Lengths of the code at hand by symbol; of the code for lengths. */
const lengths = new Uint8Array(1200);
const codeLengths = new Uint8Array(18);

/** Literals, commands or distances of a block: their block types, and how long the one at hand is. */
class Category {
  types = 1;
  typeCode = NO_TABLE;
  countCode = NO_TABLE;
  left = ENDLESS;
  type = 0;
  before = 1;
  trees: Int32Array[] = [];
}

export class BrotliDecoder {
  readonly #tables: BrotliTables;
  readonly #sink: TextSink;
  readonly #account: (bytes: number) => boolean;
  #stage: number = Stage.stream;
  /** Coded bytes that wait, zeros behind them for reads of four bytes; and the next bit. */
  #input = NO_BYTES;
  #inputBytes = 0;
  #bit = 0;
  /** Where the header at hand begins, and lengths of codes read of it, and looked through. */
  #headerBit = 0;
  #lengthsRead = 0;
  /** Bytes of a block's header with which it is tried again. */
  #retryAt = 0;

  #window: Uint8Array = NO_BYTES;
  #windowBytes = 0;
  /** Text so far, and how much of it was handed on. */
  #produced = 0;
  #told = 0;
  #last1 = 0;
  #last2 = 0;

  /** Bytes of the block at hand still to come, of text or of what is skipped. */
  #left = 0;
  #isLast = false;
  #categories = [new Category(), new Category(), new Category()];
  #modes = NO_BYTES;
  #literalMap = NO_BYTES;
  #distanceMap = NO_BYTES;
  #postfixBits = 0;
  #direct = 0;
  readonly #ring = [4, 11, 15, 16];

  #insert = 0;
  #copy = 0;
  #distance = 0;
  #noDistance = false;

  /**
   * @param account Asked for memory; told of memory given back by a negative number.
   */
  constructor(tables: BrotliTables, sink: TextSink, account: (bytes: number) => boolean) {
    this.#tables = tables;
    this.#sink = sink;
    this.#account = account;
  }

  /** The stream ended by itself. */
  get done(): boolean {
    return this.#stage === Stage.done;
  }

  /** Damaged, or no memory, or no more text was wanted: nothing more comes of it. */
  get failed(): boolean {
    return this.#stage === Stage.failed;
  }

  /** Decodes what comes, as far as it goes. */
  push(bytes: Uint8Array, at: number, end: number): void {
    if (this.#stage >= Stage.done || at >= end) return;
    if (!this.#take(bytes, at, end)) return this.#fail();
    this.#run(false);
    this.#tell();
  }

  /** No more comes: decodes the rest. What is not done after it was cut short. */
  finish(): void {
    if (this.#stage >= Stage.done) return;
    this.#run(true);
    this.#tell();
  }

  /** Gives all memory back. */
  close(): void {
    this.#account(-(this.#input.length + this.#window.length));
    this.#input = this.#window = NO_BYTES;
    if (this.#stage !== Stage.done) this.#stage = Stage.failed;
  }

  // ------------------------------------------------------------ bytes in and out

  /** Puts bytes behind those that wait. */
  #take(bytes: Uint8Array, at: number, end: number): boolean {
    const used = this.#bit >> 3;
    const waiting = this.#inputBytes - used;
    const needed = waiting + end - at + ITEM_BYTES;
    if (needed > this.#input.length) {
      const room = Math.max(4096, needed, waiting > 4096 ? 2 * needed : 0);
      if (!this.#account(room - this.#input.length)) return false;
      const input = new Uint8Array(room);
      input.set(this.#input.subarray(used, this.#inputBytes));
      this.#input = input;
    } else this.#input.copyWithin(0, used, this.#inputBytes);
    this.#input.set(bytes.subarray(at, end), waiting);
    this.#inputBytes = waiting + end - at;
    this.#input.fill(0, this.#inputBytes, this.#inputBytes + ITEM_BYTES);
    this.#bit &= 7;
    return true;
  }

  /** Makes room for one more byte of text at least. @returns False where there is no memory. */
  #grow(): boolean {
    const { length } = this.#window;
    const room = length === 0 ? Math.min(FIRST_WINDOW_BYTES, this.#windowBytes) : 2 * length;
    if (!this.#account(room - length)) return false;
    const window = new Uint8Array(room);
    window.set(this.#window);
    this.#window = window;
    return true;
  }

  /** Hands on the text since the last time; it never wraps. @returns Whether more is wanted. */
  #tell(): boolean {
    const bytes = this.#produced - this.#told;
    if (bytes === 0 || this.#window.length === 0) return true;
    const at = this.#told & this.#window.length - 1;
    this.#told = this.#produced;
    if (this.#sink(this.#window, at, at + bytes)) return true;
    this.#fail();
    return false;
  }

  #fail(): void {
    this.#stage = Stage.failed;
  }

  /** Up to `most` bytes of room in the window from where the next byte goes, without wrapping; 0 to stop. */
  #room(most: number): number {
    let at = this.#produced & this.#window.length - 1;
    if (this.#produced - this.#told >= PIECE_BYTES || at === 0 && this.#produced > this.#told) {
      if (!this.#tell()) return 0;
    }
    if (this.#produced >= this.#window.length && this.#window.length < this.#windowBytes) {
      if (!this.#grow()) {
        this.#fail();
        return 0;
      }
      at = this.#produced;
    }
    return Math.min(most, this.#window.length - at, PIECE_BYTES);
  }

  // ------------------------------------------------------------ stages

  #run(isEnd: boolean): void {
    for (;;) {
      const bytesLeft = this.#inputBytes - (this.#bit >> 3);
      switch (this.#stage) {
        case Stage.stream:
          if (bytesLeft === 0) return;
          this.#readWindow();
          break;
        case Stage.block: {
          if (bytesLeft < this.#retryAt && !isEnd) return;
          const bit = this.#bit;
          this.#readBlock();
          if (this.#bit <= 8 * this.#inputBytes) {
            this.#retryAt = 0;
            break;
          }
          // Read beyond what is there, whatever came of it.
          if (isEnd || bytesLeft > MAX_HEADER_BYTES) return this.#fail();
          this.#bit = bit;
          this.#stage = Stage.block;
          this.#retryAt = 2 * bytesLeft;
          return;
        }
        case Stage.skipped:
        case Stage.plain: {
          const length = this.#stage === Stage.plain ? this.#room(this.#left) : this.#left;
          const n = Math.min(length, bytesLeft);
          if (this.#stage === Stage.plain) this.#copyPlain(n);
          this.#bit += 8 * n;
          this.#left -= n;
          if (this.#left === 0) this.#endBlock();
          else if (n === bytesLeft) return;
          break;
        }
        case Stage.command:
        case Stage.distance:
          if (bytesLeft < ITEM_BYTES && !isEnd) return;
          if (this.#stage === Stage.command) this.#readCommand();
          else this.#readDistance();
          if (this.#bit > 8 * this.#inputBytes) return this.#fail();
          break;
        case Stage.literals:
          if (!this.#readLiterals(isEnd)) return;
          break;
        case Stage.copy:
          this.#copyText();
          break;
        default:
          return;
      }
    }
  }

  #endBlock(): void {
    if (this.#stage !== Stage.failed) this.#stage = this.#isLast ? Stage.done : Stage.block;
  }

  /** WBITS, §9.1; the first byte decides. */
  #readWindow(): void {
    let bits = 16;
    if (this.#bits(1) === 1) {
      const n = this.#bits(3);
      if (n > 0) bits = 17 + n;
      else {
        const m = this.#bits(3);
        bits = m === 0 ? 17 : 8 + m;
      }
    }
    this.#windowBytes = 1 << bits;
    this.#stage = bits >= 10 && this.#grow() ? Stage.block : Stage.failed;
  }

  /** The header of a meta-block, §9.2, with all its codes. */
  #readBlock(): void {
    this.#headerBit = this.#bit;
    this.#lengthsRead = 0;
    this.#isLast = this.#bits(1) === 1;
    if (this.#isLast && this.#bits(1) === 1) {
      this.#stage = Stage.done;
      return;
    }
    const nibbles = this.#bits(2) + 4;
    if (nibbles === 7) {
      if (this.#bits(1) !== 0) return this.#fail();
      const bytes = this.#bits(2);
      this.#left = bytes === 0 ? 0 : this.#bits(8 * bytes) + 1;
      this.#bit = this.#bit + 7 & ~7;
      this.#stage = Stage.skipped;
      return;
    }
    this.#left = 1;
    for (let i = 0; i < nibbles; i++) this.#left += this.#bits(4) << 4 * i;
    if (!this.#isLast && this.#bits(1) === 1) {
      this.#bit = this.#bit + 7 & ~7;
      this.#stage = Stage.plain;
      return;
    }
    this.#stage = this.#readCodes() ? Stage.command : Stage.failed;
  }

  #readCodes(): boolean {
    const categories = [new Category(), new Category(), new Category()];
    for (const category of categories) {
      category.types = this.#count();
      if (category.types === 1) continue;
      const typeCode = this.#readCode(category.types + 2);
      const countCode = typeCode && this.#readCode(COUNTS);
      if (!countCode) return false;
      category.typeCode = typeCode;
      category.countCode = countCode;
      category.left = this.#readCount(countCode);
    }
    const [literals, commands, distances] = categories;
    this.#postfixBits = this.#bits(2);
    this.#direct = this.#bits(4) << this.#postfixBits;
    this.#modes = new Uint8Array(literals.types);
    for (let i = 0; i < literals.types; i++) this.#modes[i] = this.#bits(2);
    const literalTrees = this.#count();
    const literalMap = this.#readMap(64 * literals.types, literalTrees);
    if (literalMap === null) return false;
    const distanceTrees = this.#count();
    const distanceMap = this.#readMap(4 * distances.types, distanceTrees);
    if (distanceMap === null) return false;
    this.#literalMap = literalMap;
    this.#distanceMap = distanceMap;
    this.#categories = categories;
    return this.#readTrees(literals.trees, literalTrees, LITERALS) &&
      this.#readTrees(commands.trees, commands.types, COMMANDS) &&
      this.#readTrees(distances.trees, distanceTrees, 16 + this.#direct + (48 << this.#postfixBits));
  }

  #readTrees(trees: Int32Array[], count: number, symbols: number): boolean {
    for (let i = 0; i < count; i++) {
      const code = this.#readCode(symbols);
      if (code === null) return false;
      trees.push(code);
    }
    return true;
  }

  /** 1 to 256 in 1 to 11 bits, §9.2. */
  #count(): number {
    if (this.#bits(1) === 0) return 1;
    const bits = this.#bits(3);
    return (1 << bits) + this.#bits(bits) + 1;
  }

  /** A context map, §7.3. */
  #readMap(size: number, trees: number): Uint8Array | null {
    const map = new Uint8Array(size);
    if (trees === 1) return map;
    const runs = this.#bits(1) === 0 ? 0 : this.#bits(4) + 1;
    const code = this.#readCode(trees + runs);
    if (code === null) return null;
    for (let i = 0; i < size;) {
      if (this.#bit > 8 * this.#inputBytes) return null;
      const symbol = this.#symbol(code);
      if (symbol > runs) map[i++] = symbol - runs;
      else {
        const zeros = symbol === 0 ? 1 : (1 << symbol) + this.#bits(symbol);
        if (i + zeros > size) return null;
        i += zeros;
      }
    }
    if (this.#bits(1) === 1) moveToFront(map);
    return map;
  }

  /** A prefix code, §3.4 and §3.5; null where it is none, or goes on beyond what is there. */
  #readCode(symbols: number): Int32Array | null {
    if (this.#bit > 8 * this.#inputBytes) return null;
    lengths.fill(0, 0, symbols);
    const skip = this.#bits(2);
    if (skip === 1) return this.#readSimpleCode(symbols);
    codeLengths.fill(0);
    let space = 32;
    let codes = 0;
    for (let i = skip; i < 18 && space > 0; i++) {
      const length = this.#codeLength();
      codeLengths[LENGTH_ORDER[i]] = length;
      if (length > 0) {
        space -= 32 >> length;
        codes++;
      }
    }
    if (space !== 0 && codes !== 1) return null;
    const code = tableOf(codeLengths, 18);
    if (code === null || !this.#readLengths(code, symbols)) return null;
    this.#lengthsRead += symbols >> 3;
    const most = FREE_LENGTHS + LENGTHS_A_BYTE * (this.#bit - this.#headerBit >> 3);
    return this.#lengthsRead > most ? null : tableOf(lengths, symbols);
  }

  /** Up to four symbols as they are. */
  #readSimpleCode(symbols: number): Int32Array | null {
    const bits = 32 - Math.clz32(symbols - 1);
    const count = this.#bits(2) + 1;
    const named: number[] = [];
    for (let i = 0; i < count; i++) {
      const symbol = this.#bits(bits);
      if (symbol >= symbols || named.includes(symbol)) return null;
      named.push(symbol);
    }
    if (count === 1) return Int32Array.of(named[0]);
    const deep = count === 4 && this.#bits(1) === 1;
    const shape = count === 2 ? [1, 1] : count === 3 ? [1, 2, 2] : deep ? [1, 2, 3, 3] : [2, 2, 2, 2];
    named.forEach((symbol, i) => lengths[symbol] = shape[i]);
    return tableOf(lengths, symbols);
  }

  /** The fixed code for lengths of the code for lengths. */
  #codeLength(): number {
    switch (this.#peek() & 15) {
      case 7:
        this.#bit += 4;
        return 1;
      case 15:
        this.#bit += 4;
        return 5;
      case 3:
      case 11:
        this.#bit += 3;
        return 2;
    }
    const two = this.#bits(2);
    return two === 0 ? 0 : two === 1 ? 4 : 3;
  }

  /** Lengths of the symbols into `lengths`. */
  #readLengths(code: Int32Array, symbols: number): boolean {
    let space = 32_768;
    let before = 8;
    let repeated = 0;
    let repeats = 0;
    for (let symbol = 0; symbol < symbols && space > 0;) {
      if (this.#bit > 8 * this.#inputBytes) return false;
      this.#lengthsRead++;
      const length = this.#symbol(code);
      if (length < 16) {
        repeats = 0;
        lengths[symbol++] = length;
        if (length > 0) {
          before = length;
          space -= 32_768 >> length;
        }
        continue;
      }
      const bits = length - 14;
      const value = length === 16 ? before : 0;
      if (repeated !== value) repeats = 0;
      repeated = value;
      const old = repeats;
      repeats = (old > 0 ? (old - 2) << bits : 0) + this.#bits(bits) + 3;
      const more = repeats - old;
      if (symbol + more > symbols) return false;
      lengths.fill(value, symbol, symbol + more);
      symbol += more;
      if (value > 0) space -= more << 15 - value;
    }
    return space === 0;
  }

  // ------------------------------------------------------------ commands

  #readCommand(): void {
    const commands = this.#categories[1];
    if (commands.left === 0 && !this.#nextType(commands)) return;
    commands.left--;
    const symbol = this.#symbol(commands.trees[commands.type]);
    const cell = symbol >> 6;
    const insert = INSERT_CELL[cell] + (symbol >> 3 & 7);
    const copy = COPY_CELL[cell] + (symbol & 7);
    this.#insert = INSERT_BASE[insert] + this.#bits(INSERT_BITS[insert]);
    this.#copy = COPY_BASE[copy] + this.#bits(COPY_BITS[copy]);
    this.#noDistance = cell < 2;
    if (this.#insert > this.#left) return this.#fail();
    this.#left -= this.#insert;
    this.#stage = this.#insert > 0 ? Stage.literals : this.#left === 0 ? Stage.failed : Stage.distance;
  }

  /** @returns Whether all of them are there. */
  #readLiterals(isEnd: boolean): boolean {
    const literals = this.#categories[0];
    const { contexts, contextOffsets } = this.#tables;
    const trees = literals.trees;
    const map = this.#literalMap;
    const limit = 8 * (isEnd ? this.#inputBytes : this.#inputBytes - ITEM_BYTES);
    const single = trees.length === 1;
    let last1 = this.#last1;
    let last2 = this.#last2;
    while (this.#insert > 0) {
      const room = this.#room(this.#insert);
      if (room === 0) return false;
      const window = this.#window;
      let at = this.#produced & window.length - 1;
      const start = at;
      for (const stop = at + room; at < stop && this.#bit <= limit;) {
        if (literals.left === 0 && !this.#nextType(literals)) return false;
        literals.left--;
        let tree = 0;
        if (!single) {
          const mode = 2 * this.#modes[literals.type];
          const context = contexts[contextOffsets[mode] + last1] | contexts[contextOffsets[mode + 1] + last2];
          tree = map[64 * literals.type + context];
        }
        last2 = last1;
        window[at++] = last1 = this.#symbol(trees[tree]);
      }
      this.#produced += at - start;
      this.#insert -= at - start;
      this.#last1 = last1;
      this.#last2 = last2;
      if (this.#bit > 8 * this.#inputBytes) {
        this.#produced--; // the last one was made up from bits that are not there
        this.#fail();
        return false;
      }
      if (this.#insert > 0 && this.#bit > limit) {
        if (isEnd) this.#fail();
        return false;
      }
    }
    if (this.#left === 0) this.#endBlock();
    else this.#stage = Stage.distance;
    return true;
  }

  /** How far back the copy goes, §4; or which word of the dictionary it is, §8. */
  #readDistance(): void {
    const ring = this.#ring;
    let code = 0;
    if (!this.#noDistance) {
      const distances = this.#categories[2];
      if (distances.left === 0 && !this.#nextType(distances)) return;
      distances.left--;
      const context = this.#copy > 4 ? 3 : this.#copy - 2;
      code = this.#symbol(distances.trees[this.#distanceMap[4 * distances.type + context]]);
    }
    let distance: number;
    if (code < 16) distance = ring[RING_INDEX[code]] + RING_DELTA[code];
    else if (code < 16 + this.#direct) distance = code - 15;
    else {
      const rest = code - this.#direct - 16;
      const bits = 1 + (rest >> this.#postfixBits + 1);
      const high = rest >> this.#postfixBits;
      const offset = ((2 + (high & 1)) << bits) - 4 + this.#bits(bits);
      distance = (offset << this.#postfixBits) + (rest & (1 << this.#postfixBits) - 1) + this.#direct + 1;
    }
    if (distance <= 0 || this.#bit > 8 * this.#inputBytes) return this.#fail();
    const farthest = Math.min(this.#windowBytes - 16, this.#produced);
    if (distance > farthest) return this.#putWord(distance - farthest - 1);
    if (code !== 0) {
      ring[3] = ring[2];
      ring[2] = ring[1];
      ring[1] = ring[0];
      ring[0] = distance;
    }
    if (this.#copy > this.#left) return this.#fail();
    this.#distance = distance;
    this.#stage = Stage.copy;
  }

  /** Text from before, again. */
  #copyText(): void {
    this.#left -= this.#copy;
    const distance = this.#distance;
    while (this.#copy > 0) {
      const room = this.#room(this.#copy);
      if (room === 0) return;
      const window = this.#window;
      const mask = window.length - 1;
      const at = this.#produced & mask;
      const from = at - distance & mask;
      if (room < LONG_COPY) { for (let i = 0; i < room; i++) window[at + i] = window[from + i & mask]; }
      else if (distance === 1) window.fill(window[from], at, at + room);
      else if (distance >= room && from + room <= window.length) window.copyWithin(at, from, from + room);
      else for (let i = 0; i < room; i++) window[at + i] = window[from + i & mask];
      this.#produced += room;
      this.#copy -= room;
    }
    this.#afterText();
  }

  #putWord(id: number): void {
    const { words, offsetsByLength, sizeBitsByLength, transform } = this.#tables;
    const length = this.#copy;
    if (length < MIN_WORD || length > MAX_WORD) return this.#fail();
    const bits = sizeBitsByLength[length];
    const kind = id >> bits;
    if (kind > MAX_TRANSFORM || words.length === 0) return this.#fail();
    const from = offsetsByLength[length] + (id & (1 << bits) - 1) * length;
    const size = transform(word, 0, from, length, kind);
    if (size > this.#left) return this.#fail();
    this.#left -= size;
    for (let i = 0; i < size; i++) {
      if (this.#room(1) === 0) return;
      this.#window[this.#produced++ & this.#window.length - 1] = word[i];
    }
    this.#afterText();
  }

  #afterText(): void {
    const mask = this.#window.length - 1;
    if (this.#produced > 0) this.#last1 = this.#window[this.#produced - 1 & mask];
    if (this.#produced > 1) this.#last2 = this.#window[this.#produced - 2 & mask];
    if (this.#left === 0) this.#endBlock();
    else this.#stage = Stage.command;
  }

  #copyPlain(n: number): void {
    if (n === 0) return;
    const from = this.#bit >> 3;
    this.#window.set(this.#input.subarray(from, from + n), this.#produced & this.#window.length - 1);
    this.#produced += n;
    const mask = this.#window.length - 1;
    this.#last1 = this.#window[this.#produced - 1 & mask];
    this.#last2 = this.#produced > 1 ? this.#window[this.#produced - 2 & mask] : 0;
  }

  /** The block of a category is over: which type comes next, and for how long, §6. */
  #nextType(category: Category): boolean {
    if (category.types === 1) {
      category.left = ENDLESS;
      return true;
    }
    const code = this.#symbol(category.typeCode);
    let type = code === 0 ? category.before : code === 1 ? category.type + 1 : code - 2;
    if (type >= category.types) type -= category.types;
    category.before = category.type;
    category.type = type;
    category.left = this.#readCount(category.countCode);
    return true;
  }

  #readCount(code: Int32Array): number {
    const symbol = this.#symbol(code);
    return COUNT_BASE[symbol] + this.#bits(COUNT_BITS[symbol]);
  }

  // ------------------------------------------------------------ bits

  /** The next 25 bits at least; zeros beyond what is there. */
  #peek(): number {
    const input = this.#input;
    const at = this.#bit >> 3;
    if (at + 4 > input.length) return 0; // far beyond the end: whoever reads on finds out
    return (input[at] | input[at + 1] << 8 | input[at + 2] << 16 | input[at + 3] << 24) >>> (this.#bit & 7);
  }

  /** @param count 0 to 24. */
  #bits(count: number): number {
    const value = this.#peek() & (1 << count) - 1;
    this.#bit += count;
    return value;
  }

  #symbol(table: Int32Array): number {
    const { length } = table;
    if (length === 1) return table[0]; // a code of one symbol has no bits
    const bits = this.#peek();
    let entry = table[bits & (length < 1 << ROOT_BITS ? length - 1 : (1 << ROOT_BITS) - 1)];
    if (entry < 0) {
      // Where its table is, and how many bits it has.
      const more = -entry;
      entry = table[(more >> 4) + (bits >> ROOT_BITS & (1 << (more & 15)) - 1)];
    }
    this.#bit += entry & 15;
    return entry >> 4;
  }
}

// Of the code at hand: how many codes have a length, the next code of each; codes by symbol; longest code by root.
const counts = new Uint16Array(MAX_CODE_BITS + 1);
const next = new Uint16Array(MAX_CODE_BITS + 2);
const codes = new Uint16Array(1200);
const deepest = new Uint8Array(1 << ROOT_BITS);

/**
 * A table for a prefix code: `symbol << 4 | bits` by the next bits, as many as the longest code has, at most
 * `ROOT_BITS`; longer codes have there, below zero, where their own table begins. Null where the lengths are those of
 * no complete code. A code of one symbol is a table of one.
 */
function tableOf(bitLengths: Uint8Array, symbols: number): Int32Array | null {
  counts.fill(0);
  let only = 0;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const bits = bitLengths[symbol];
    counts[bits]++;
    if (bits > 0) only = symbol;
  }
  if (counts[0] === symbols - 1) return Int32Array.of(only);
  let space = 0;
  let longest = 0;
  next[1] = 0;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    if (counts[bits] > 0) longest = bits;
    space += counts[bits] << MAX_CODE_BITS - bits;
    next[bits + 1] = next[bits] + counts[bits] << 1;
  }
  if (space !== 1 << MAX_CODE_BITS) return null;
  const rootBits = longest < ROOT_BITS ? longest : ROOT_BITS;
  const rootMask = (1 << rootBits) - 1;
  let size = 1 << rootBits;
  if (longest > ROOT_BITS) deepest.fill(0);
  for (let symbol = 0; symbol < symbols; symbol++) {
    const bits = bitLengths[symbol];
    if (bits === 0) continue;
    const code = codes[symbol] = reversed(next[bits]++, bits);
    const root = code & rootMask;
    if (bits > ROOT_BITS && bits > deepest[root]) {
      size += (1 << bits - ROOT_BITS) - (deepest[root] === 0 ? 0 : 1 << deepest[root] - ROOT_BITS);
      deepest[root] = bits;
    }
  }
  const table = new Int32Array(size);
  if (longest > ROOT_BITS) {
    let free = 1 << ROOT_BITS;
    for (let root = 0; root < deepest.length; root++) {
      if (deepest[root] === 0) continue;
      const bits = deepest[root] - ROOT_BITS;
      table[root] = -(free << 4 | bits);
      free += 1 << bits;
    }
  }
  for (let symbol = 0; symbol < symbols; symbol++) {
    const bits = bitLengths[symbol];
    if (bits === 0) continue;
    const code = codes[symbol];
    const entry = symbol << 4 | bits;
    if (bits <= ROOT_BITS) {
      for (let i = code; i <= rootMask; i += 1 << bits) table[i] = entry;
    } else {
      const more = -table[code & rootMask];
      const end = 1 << (more & 15);
      for (let i = code >> ROOT_BITS; i < end; i += 1 << bits - ROOT_BITS) table[(more >> 4) + i] = entry;
    }
  }
  return table;
}

function reversed(code: number, bits: number): number {
  let out = 0;
  for (let i = 0; i < bits; i++) out = out << 1 | code >> i & 1;
  return out;
}

/** Undoes move-to-front coding in place, §7.3. */
function moveToFront(map: Uint8Array): void {
  const order = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (let i = 0; i < map.length; i++) {
    const index = map[i];
    const value = order[index];
    map[i] = value;
    order.copyWithin(1, 0, index);
    order[0] = value;
  }
}
