/**
 * HPACK, RFC 7541: the header fields of HTTP/2. One decoder a direction; its table of fields seen is bounded, and so is
 * every string.
 */
import { decodeHuffman } from "./huffman.ts";

/** Bytes of the dynamic table at most. Peers agree on 4096 unless told otherwise, RFC 9113 §6.5.2. */
const MAX_TABLE_BYTES = 65_536;
const DEFAULT_TABLE_BYTES = 4096;
/** What an entry counts besides its text, RFC 7541 §4.1. */
const ENTRY_OVERHEAD = 32;
/** Octets of a string, decoded. */
const MAX_STRING_BYTES = 16_384;

/** RFC 7541 appendix A. */
const STATIC_TABLE: [string, string][] =
  (":authority\n:method GET\n:method POST\n:path /\n:path /index.html\n:scheme http\n:scheme https\n:status 200\n" +
    ":status 204\n:status 206\n:status 304\n:status 400\n:status 404\n:status 500\naccept-charset\n" +
    "accept-encoding gzip, deflate\naccept-language\naccept-ranges\naccept\naccess-control-allow-origin\nage\nallow\n" +
    "authorization\ncache-control\ncontent-disposition\ncontent-encoding\ncontent-language\ncontent-length\n" +
    "content-location\ncontent-range\ncontent-type\ncookie\ndate\netag\nexpect\nexpires\nfrom\nhost\nif-match\n" +
    "if-modified-since\nif-none-match\nif-range\nif-unmodified-since\nlast-modified\nlink\nlocation\nmax-forwards\n" +
    "proxy-authenticate\nproxy-authorization\nrange\nreferer\nrefresh\nretry-after\nserver\nset-cookie\n" +
    "strict-transport-security\ntransfer-encoding\nuser-agent\nvary\nvia\nwww-authenticate")
    .split("\n").map((line) => {
      const blank = line.indexOf(" ");
      return blank < 0 ? [line, ""] : [line.slice(0, blank), line.slice(blank + 1)];
    });

/** Takes the fields of a block in order. */
export interface FieldSink {
  field(name: string, value: string): void;
  /** A value that was written out, and not only pointed at: its bytes, valid during the call. */
  literal(name: string, bytes: Uint8Array, at: number, end: number): void;
}

interface Entry {
  name: string;
  value: string;
}

export class HpackDecoder {
  /** The youngest entry last; those before `#first` were evicted. */
  #table: Entry[] = [];
  #first = 0;
  #tableBytes = 0;
  #tableLimit = DEFAULT_TABLE_BYTES;
  /** Blocks are missing: what the table holds is not what the sender means. */
  #torn = false;
  #bytes: Uint8Array = NOTHING;
  #at = 0;
  #end = 0;
  #failed = false;

  /** Part of a block was lost: the table is not believed any more, fields written out still are. */
  tear(): void {
    this.#torn = true;
    this.#table = [];
    this.#first = 0;
    this.#tableBytes = 0;
  }

  /** Decodes a whole block. @returns False where it is damaged; the fields before the damage were handed on. */
  decode(bytes: Uint8Array, at: number, end: number, sink: FieldSink): boolean {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
    this.#failed = false;
    while (this.#at < this.#end && !this.#failed) {
      const first = bytes[this.#at];
      if (first & 0x80) this.#indexed(sink);
      else if (first & 0x40) this.#literal(6, true, sink);
      else if (first & 0x20) this.#resize();
      else this.#literal(4, false, sink);
    }
    this.#bytes = NOTHING;
    if (this.#failed) this.tear();
    return !this.#failed;
  }

  #indexed(sink: FieldSink): void {
    const entry = this.#entry(this.#integer(7));
    if (entry !== null && !this.#failed) sink.field(entry.name, entry.value);
  }

  #literal(prefix: number, keep: boolean, sink: FieldSink): void {
    const index = this.#integer(prefix);
    const name = index > 0 ? this.#entry(index)?.name ?? "" : this.#text(this.#string()).toLowerCase();
    const value = this.#string();
    if (this.#failed) return;
    const text = this.#text(value);
    sink.literal(name, value.bytes, value.at, value.end);
    if (name !== "") sink.field(name, text);
    if (keep) this.#keep({ name, value: text });
  }

  /** Null where the table does not say; that is damage only while the table is believed. */
  #entry(index: number): Entry | null {
    if (index === 0) this.#failed = true;
    if (index <= STATIC_TABLE.length) {
      const [name, value] = STATIC_TABLE[index - 1] ?? ["", ""];
      return { name, value };
    }
    const at = this.#table.length - (index - STATIC_TABLE.length);
    const entry = at < this.#first ? undefined : this.#table[at];
    if (entry === undefined && !this.#torn) this.#failed = true;
    return this.#torn ? null : entry ?? null;
  }

  #keep(entry: Entry): void {
    this.#table.push(entry);
    this.#tableBytes += sizeOf(entry);
    this.#evict();
  }

  #resize(): void {
    const limit = this.#integer(5);
    // Beyond what is kept here the table would differ from the sender's.
    if (limit > MAX_TABLE_BYTES) this.#torn = true;
    this.#tableLimit = Math.min(limit, MAX_TABLE_BYTES);
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#tableLimit) this.#tableBytes -= sizeOf(this.#table[this.#first++]);
    // Seldom enough that an entry costs the same whatever the table's size.
    if (this.#first > 64 && this.#first * 2 > this.#table.length) {
      this.#table = this.#table.slice(this.#first);
      this.#first = 0;
    }
  }

  /** RFC 7541 §5.1 */
  #integer(prefix: number): number {
    const mask = (1 << prefix) - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    this.#failed = true;
    return 0;
  }

  #byte(): number {
    if (this.#at < this.#end) return this.#bytes[this.#at++];
    this.#failed = true;
    return 0;
  }

  /** RFC 7541 §5.2. The bytes are valid until the next string. */
  #string(): { bytes: Uint8Array; at: number; end: number } {
    const huffman = this.#at < this.#end && (this.#bytes[this.#at] & 0x80) !== 0;
    const length = this.#integer(7);
    const at = this.#at;
    if (this.#failed || length > this.#end - at) {
      this.#failed = true;
      return { bytes: NOTHING, at: 0, end: 0 };
    }
    this.#at += length;
    if (!huffman) return { bytes: this.#bytes, at, end: at + Math.min(length, MAX_STRING_BYTES) };
    const written = decodeHuffman(this.#bytes, at, this.#at, decoded);
    if (written < 0) this.#failed = true;
    return { bytes: decoded, at: 0, end: Math.max(written, 0) };
  }

  #text({ bytes, at, end }: { bytes: Uint8Array; at: number; end: number }): string {
    let text = "";
    for (let i = at; i < end; i += 4096) {
      text += String.fromCharCode.apply(null, bytes.subarray(i, Math.min(end, i + 4096)) as never);
    }
    return text;
  }
}

function sizeOf({ name, value }: Entry): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

const NOTHING: Uint8Array = new Uint8Array(0);
const decoded = new Uint8Array(MAX_STRING_BYTES);
