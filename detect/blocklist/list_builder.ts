/**
 * A blocklist out of the lines of a file. Understood, line by line, so that they may be mixed:
 *  - an address, a network (`1.2.3.0/24`), a range (`1.2.3.4-1.2.3.9`), a name (`bad.example`, also `*.bad.example`);
 *  - Spamhaus DROP: `1.2.3.0/24 ; SBL123` and, a line each, `{"cidr":"1.2.3.0/24","sblid":"SBL123"}`;
 *  - hosts files: `0.0.0.0 bad.example worse.example`;
 *  - adblock's `||bad.example^`, and URLs, of which the host counts;
 *  - JSON lists of the former (`["1.2.3.4", {"domain":"bad.example"}]`), when they are written a value a line.
 * `#`, `;`, `!` and `//` begin comments.
 *
 * Nothing is kept of a line but numbers: ranges in two columns, names as hashes.
 */
import { isIpv4Mapped, parseAddress } from "../../model/address.ts";
import { type Blocklist, MAX_BLOCKLIST_ENTRIES } from "../../model/blocklist.ts";
import { hashName, nameHash } from "./name_hash.ts";

/** Wrong lines that are shown. */
const MAX_SHOWN = 3;
const MAX_LINE = 4_096;
/** What of a wrong line is shown. */
const MAX_EXCERPT = 40;
/** RFC 1035 §2.3.4. */
const MAX_NAME = 253;
/** Names that every hosts file has for the machine itself. */
const OWN_NAMES = /^(localhost|localhost\.localdomain|local|broadcasthost|ip6-\w+|0\.0\.0\.0)$/;
/** Where a hosts file sends what it blocks. */
const NOWHERE = new Set(["0.0.0.0", "127.0.0.1", "::", "::1", "255.255.255.255", "fe80::1%lo0", "ff00::0"]);
/** Fields of JSON entries that hold what is listed. */
const FIELDS = ["cidr", "ip", "ip_address", "address", "domain", "host", "hostname", "name", "indicator"];

export interface WrongLine {
  line: number;
  /** Its beginning. */
  text: string;
}

/** A list, and what of its file could not be understood. */
export interface BuiltList {
  list: Blocklist;
  wrong: number;
  /** The first few. */
  shown: WrongLine[];
  /** Entries beyond the ceiling. */
  left: number;
}

export class ListBuilder {
  readonly #ipv4 = new Words();
  readonly #ipv6 = new Words();
  readonly #names = new Words();
  #line = 0;
  #rest = "";
  #tooLong = false;
  #entries = 0;
  #left = 0;
  #wrong = 0;
  readonly #shown: WrongLine[] = [];

  /** The next piece of the file's text; lines may be cut anywhere. */
  text(text: string): void {
    let from = 0;
    for (;;) {
      const end = text.indexOf("\n", from);
      if (end < 0) break;
      const whole = this.#tooLong ? "" : this.#rest + text.slice(from, end);
      this.#line++;
      if (this.#tooLong) this.#complain("a line that is too long");
      else this.#read(whole);
      this.#rest = "";
      this.#tooLong = false;
      from = end + 1;
    }
    if (this.#tooLong) return;
    this.#rest += text.slice(from);
    if (this.#rest.length > MAX_LINE && !/^\s*[[{]/.test(this.#rest.slice(0, 64))) {
      this.#tooLong = true;
      this.#rest = "";
    }
  }

  finish(name: string): BuiltList {
    if (this.#rest !== "" || this.#tooLong) this.text("\n");
    const list: Blocklist = {
      name,
      ipv4: joined(this.#ipv4.cut(), 1),
      ipv6: joined(this.#ipv6.cut(), 4),
      names: table(this.#names.cut()),
      entries: this.#entries,
    };
    return { list, wrong: this.#wrong, shown: this.#shown, left: this.#left };
  }

  #read(line: string): void {
    const trimmed = line.trim().replace(/^\ufeff/, "");
    const first = trimmed.charCodeAt(0);
    // Nothing, and comments: # ; ! //
    if (trimmed === "" || first === 35 || first === 59 || first === 33 || trimmed.startsWith("//")) return;
    if (first === 123 || first === 91 || first === 93 || first === 125 || first === 34) {
      return this.#readJson(trimmed);
    }
    const bare = trimmed.replace(/\s*(#|;|\/\/ | \/\/).*$/, "");
    const words = bare.split(/[\s,]+/);
    if (words.length > 1 && NOWHERE.has(words[0])) {
      for (let i = 1; i < words.length; i++) {
        if (!OWN_NAMES.test(words[i]) && !this.#add(words[i])) return this.#complain(line);
      }
      return;
    }
    const range = words.length === 3 && words[1] === "-" ? words.join("") : words[0];
    if (!this.#add(range)) this.#complain(line);
  }

  /** A value a line, as Spamhaus has it; also the lines of a list that was printed over several. */
  #readJson(line: string): void {
    const text = line.replace(/,\s*$/, "");
    if (/^[[\]{}]+$/.test(text)) return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // A line of an object that goes over several: "cidr": "1.2.3.0/24"
      const pair = /^"(\w+)"\s*:\s*"([^"]*)"$/.exec(text);
      if (pair === null || (FIELDS.includes(pair[1]) && !this.#add(pair[2]))) {
        if (!/^"\w+"\s*:/.test(text)) this.#complain(line);
      }
      return;
    }
    for (const one of Array.isArray(value) ? value : [value]) {
      if (!this.#addJson(one)) return this.#complain(line);
    }
  }

  #addJson(value: unknown): boolean {
    if (typeof value === "string") return this.#add(value);
    if (typeof value !== "object" || value === null) return false;
    const fields = value as Record<string, unknown>;
    // Spamhaus ends its files with a line about the file itself.
    if (fields.type === "metadata") return true;
    const field = FIELDS.find((name) => typeof fields[name] === "string");
    return field !== undefined && this.#add(fields[field] as string);
  }

  #add(word: string): boolean {
    const isListed = this.#addNumeric(word) || this.#addName(word);
    if (isListed) this.#entries++;
    return isListed;
  }

  /** An address, a network or a range of addresses. */
  #addNumeric(word: string): boolean {
    const first = word.charCodeAt(0);
    const isV6 = word.includes(":") && !word.includes("//");
    if (!isV6 && !(first >= 48 && first <= 57)) return false;
    const slash = word.indexOf("/");
    const dash = slash < 0 ? word.indexOf("-") : -1;
    const from = parseAddress(slash >= 0 ? word.slice(0, slash) : dash >= 0 ? word.slice(0, dash) : word);
    if (from === null) return false;
    let to: Uint8Array | null = from;
    let start: Uint8Array = from;
    if (dash >= 0) to = parseAddress(word.slice(dash + 1));
    else if (slash >= 0) {
      const bits = /^\d{1,3}$/.test(word.slice(slash + 1)) ? Number(word.slice(slash + 1)) : -1;
      if (bits < 0 || bits > 8 * from.length) return false;
      start = from.map((byte, i) => byte & ~hostBits(bits, i));
      to = from.map((byte, i) => byte | hostBits(bits, i));
    }
    if (to === null || to.length !== start.length) return false;
    if (start.length === 16 && isIpv4Mapped(start) && isIpv4Mapped(to)) {
      start = start.subarray(12);
      to = to.subarray(12);
    }
    const column = start.length === 4 ? this.#ipv4 : this.#ipv6;
    if (!this.#hasRoom()) return true;
    for (const bytes of [start, to]) {
      for (let at = 0; at < bytes.length; at += 4) {
        column.push((bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0);
      }
    }
    return true;
  }

  #addName(word: string): boolean {
    let name = word.toLowerCase();
    if (name.startsWith("||")) name = name.slice(2).replace(/\^.*$/, "");
    const scheme = name.indexOf("://");
    if (scheme > 0) {
      name = name.slice(scheme + 3).replace(/[/?#].*$/, "").replace(/^[^@]*@/, "").replace(/:\d+$/, "");
      if (this.#addNumeric(name.replace(/^\[(.*)\]$/, "$1"))) return true;
    }
    name = name.replace(/^\*?\./, "").replace(/\.$/, "");
    // A name without a dot would be a whole top level domain.
    if (name.length > MAX_NAME || !/^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)+$/u.test(name)) return false;
    if (/^[\d.]+$/.test(name)) return false; // an address that is none
    if (!this.#hasRoom()) return true;
    hashName(name);
    this.#names.push(nameHash[0]);
    this.#names.push(nameHash[1]);
    return true;
  }

  #hasRoom(): boolean {
    if (this.#entries < MAX_BLOCKLIST_ENTRIES) return true;
    this.#entries--; // counted by whoever asked
    this.#left++;
    return false;
  }

  #complain(line: string): void {
    this.#wrong++;
    if (this.#shown.length < MAX_SHOWN) {
      this.#shown.push({
        line: this.#line,
        text: line.trim().replaceAll(/\p{Cc}/gu, " ").slice(0, MAX_EXCERPT),
      });
    }
  }
}

/** Bits of byte `i` that a prefix of so many bits leaves to hosts. */
function hostBits(bits: number, i: number): number {
  return 255 >> Math.min(8, Math.max(0, bits - 8 * i));
}

/** Numbers of 32 bits that grow. */
class Words {
  #words = new Uint32Array(1024);
  #length = 0;

  push(word: number): void {
    if (this.#length === this.#words.length) {
      const more = new Uint32Array(2 * this.#length);
      more.set(this.#words);
      this.#words = more;
    }
    this.#words[this.#length++] = word;
  }

  cut(): Uint32Array {
    return this.#words.slice(0, this.#length);
  }
}

/** Ranges sorted by their first address, those that overlap as one. @param size Words of an address. */
function joined(ranges: Uint32Array, size: 1 | 4): Uint32Array {
  const step = 2 * size;
  const order = new Uint32Array(ranges.length / step).map((_, i) => i * step);
  order.sort(
    size === 1 ? (a, b) => ranges[a] - ranges[b] : (a, b) => compareWords(ranges, a, ranges, b, size),
  );
  const out = new Uint32Array(ranges.length);
  let length = 0;
  for (const at of order) {
    const overlaps = length > 0 && compareWords(ranges, at, out, length - size, size) <= 0;
    if (!overlaps) {
      out.set(ranges.subarray(at, at + step), length);
      length += step;
    } else if (compareWords(ranges, at + size, out, length - size, size) > 0) {
      out.set(ranges.subarray(at + size, at + step), length - size);
    }
  }
  return out.slice(0, length);
}

/** Addresses of `size` words, the most significant first. */
export function compareWords(a: Uint32Array, atA: number, b: Uint32Array, atB: number, size: number): number {
  for (let i = 0; i < size; i++) if (a[atA + i] !== b[atB + i]) return a[atA + i] < b[atB + i] ? -1 : 1;
  return 0;
}

/** An open table at most half full. */
function table(hashes: Uint32Array): Uint32Array {
  if (hashes.length === 0) return hashes;
  let size = 16;
  while (size < hashes.length) size *= 2; // hashes.length is twice the number of names
  const slots = new Uint32Array(2 * size);
  for (let at = 0; at < hashes.length; at += 2) {
    let slot = hashes[at] & (size - 1);
    while (slots[2 * slot + 1] !== 0) {
      if (slots[2 * slot] === hashes[at] && slots[2 * slot + 1] === hashes[at + 1]) break;
      slot = slot + 1 & (size - 1);
    }
    slots[2 * slot] = hashes[at];
    slots[2 * slot + 1] = hashes[at + 1];
  }
  return slots;
}
