/**
 * A mail on its way: head and parts (RFC 5322, RFC 2045, RFC 2046), each part a text of its own for the card search,
 * with base64 and quoted-printable undone as they come.
 *
 * Parts nest (`MAX_DEPTH`), and a mail in a mail is read like the outer one. State: the boundaries, one header field,
 * and less than one coded group; nothing of the bodies is kept.
 */
import type { FlowHandle } from "../contract.ts";
import { boundaryOf } from "../http/multipart.ts";
import { latin1 } from "../../../../model/latin1.ts";
import { LineReader } from "../line_reader.ts";
import { Base64Bytes, MAX_CODED_AT_ONCE } from "./base64.ts";
import { QuotedPrintableBytes } from "./quoted_printable.ts";

/** Multiparts in multiparts whose boundaries are known; deeper ones are read as text. */
const MAX_DEPTH = 16;
/** Characters of a header field that are kept, its continuation lines among them. */
const MAX_FIELD_CHARS = 2048;
/** Boundaries have 70 characters at most (RFC 2046 §5.1.1); real ones are longer now and then. */
const MAX_DELIMITER_BYTES = 220;

/** One mail after the other, in one direction of a flow. */
export class MailText {
  readonly #flow: FlowHandle;
  readonly #direction: number;
  readonly #lane: number;
  /** Delimiters of the multiparts around, outermost first. */
  #delimiters: string[] = [];
  #inHead = true;
  /** The header field at hand. */
  #field = "";
  #contentType = "";
  #transferEncoding = "";
  #base64: Base64Bytes | null = null;
  #quoted: QuotedPrintableBytes | null = null;

  /** @param lane Of its own; see `FlowHandle.scan`. */
  constructor(flow: FlowHandle, direction: number, lane: number) {
    this.#flow = flow;
    this.#direction = direction;
    this.#lane = lane;
  }

  /**
   * The next line, or a piece of one (see `LineReader`).
   *
   * @param begins, ends Whether `bytes[from, to)` begins a line and holds its end.
   */
  line(bytes: Uint8Array, from: number, to: number, begins: boolean, ends: boolean): void {
    if (
      begins && this.#delimiters.length > 0 && isDashed(bytes, from, to) && this.#delimiter(bytes, from, to)
    ) {
      return;
    }
    if (this.#inHead) this.#headLine(bytes, from, to, begins, ends);
    else this.#body(bytes, from, to);
  }

  /** The mail is over; another one may follow. */
  end(): void {
    this.#bodyEnd();
    this.#delimiters = [];
    this.#headBegins();
  }

  // ------------------------------------------------------------ parts

  /** Whether the line parts a multipart. */
  #delimiter(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from > MAX_DELIMITER_BYTES) return false;
    const line = latin1(bytes, from, to).trimEnd();
    for (let depth = this.#delimiters.length - 1; depth >= 0; depth--) {
      const delimiter = this.#delimiters[depth];
      const isLast = line.length === delimiter.length + 2 && line.endsWith("--") &&
        line.startsWith(delimiter);
      if (!isLast && line !== delimiter) continue;
      this.#bodyEnd();
      this.#delimiters.length = isLast ? depth : depth + 1;
      this.#headBegins();
      this.#inHead = !isLast;
      return true;
    }
    return false;
  }

  #headBegins(): void {
    this.#inHead = true;
    this.#field = this.#contentType = this.#transferEncoding = "";
  }

  // ------------------------------------------------------------ heads

  #headLine(bytes: Uint8Array, from: number, to: number, begins: boolean, ends: boolean): void {
    this.#flow.scan(this.#direction, this.#lane, bytes, from, to, "plain");
    const room = MAX_FIELD_CHARS - this.#field.length;
    if (!begins) return;
    const isFolded = bytes[from] === SPACE || bytes[from] === TAB;
    if (!isFolded) this.#takeField();
    if (ends && isBlank(bytes, from, to)) {
      this.#headEnds();
      return;
    }
    if (isFolded && this.#field === "") return; // Belongs to a field that is of no interest.
    if (!isFolded && (bytes[from] | 0x20) !== LOWER_C) return; // Both fields of interest begin with Content-.
    if (room > 0) this.#field += latin1(bytes, from, Math.min(to, from + room)).trimEnd();
  }

  #takeField(): void {
    const field = /^content-(type|transfer-encoding)[ \t]*:[ \t]*(.*)$/i.exec(this.#field);
    this.#field = "";
    if (field === null) return;
    if (field[1].length === 4) this.#contentType = field[2];
    else this.#transferEncoding = field[2].trim().toLowerCase();
  }

  #headEnds(): void {
    this.#flow.scanEnd(this.#direction, this.#lane);
    const type = this.#contentType;
    const encoding = this.#transferEncoding;
    const boundary = boundaryOf(type);
    if (boundary !== "" && this.#delimiters.length < MAX_DEPTH) {
      this.#delimiters.push(`--${boundary}`);
      this.#inHead = false; // What stands before the first part.
      return;
    }
    if (/^message\/(rfc822|global)/i.test(type) && encoding !== "base64" && encoding !== "quoted-printable") {
      this.#headBegins();
      return;
    }
    this.#inHead = false;
    if (encoding === "base64") this.#base64 = new Base64Bytes();
    else if (encoding === "quoted-printable") this.#quoted = new QuotedPrintableBytes();
    if (type !== "" && type.length < 200) this.#flow.scanContext(this.#direction, this.#lane, type);
  }

  // ------------------------------------------------------------ bodies

  #body(bytes: Uint8Array, from: number, to: number): void {
    const [flow, direction, lane] = [this.#flow, this.#direction, this.#lane];
    if (this.#base64 === null && this.#quoted === null) {
      flow.scan(direction, lane, bytes, from, to, "plain");
      return;
    }
    for (let at = from; at < to; at += MAX_CODED_AT_ONCE) {
      const end = Math.min(to, at + MAX_CODED_AT_ONCE);
      if (this.#base64 !== null) {
        const length = this.#base64.push(bytes, at, end);
        flow.scan(direction, lane, Base64Bytes.out, 0, length, "base64");
      } else {
        const length = this.#quoted!.push(bytes, at, end);
        flow.scan(direction, lane, QuotedPrintableBytes.out, 0, length, "quoted_printable");
      }
    }
  }

  #bodyEnd(): void {
    if (this.#base64 !== null) {
      this.#flow.scan(this.#direction, this.#lane, Base64Bytes.out, 0, this.#base64.end(), "base64");
    }
    this.#base64 = null;
    this.#quoted = null;
    this.#flow.scanEnd(this.#direction, this.#lane);
  }
}

/** A mail that comes in blocks and not in lines. */
export class MailBlocks {
  readonly #lines = new LineReader();
  readonly #mail: MailText;

  constructor(mail: MailText) {
    this.#mail = mail;
  }

  push(bytes: Uint8Array, at: number, end: number): void {
    while (at < end) {
      at = this.#lines.read(bytes, at, end);
      if (this.#lines.ready) this.#hand();
    }
  }

  end(): void {
    if (this.#lines.flush()) this.#hand();
    this.#mail.end();
  }

  #hand(): void {
    const { bytes, from, to, begins, ends } = this.#lines;
    this.#mail.line(bytes, from, to, begins, ends);
  }
}

function isDashed(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from > 2 && bytes[from] === DASH && bytes[from + 1] === DASH;
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from === 1 || (to - from === 2 && bytes[from] === CR);
}

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const DASH = 0x2d;
const LOWER_C = 0x63;
