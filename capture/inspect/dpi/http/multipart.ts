/**
 * Bodies in parts (`multipart/form-data`, `mixed`, …, RFC 2046 §5.1): every part is a text of its own, and the names
 * in its head are the words near it. The lines between parts, random digits as often as not, are not looked at.
 */
import { MAX_VALUE_CHARS } from "./limits.ts";
import { LoginForm } from "./credentials.ts";
import type { ByteSink } from "./inflater.ts";
import { lineFeed, textOf } from "./text.ts";

/** RFC 2046 §5.1.1 allows 70. */
const MAX_BOUNDARY_CHARS = 200;
/** Bytes of a part's head that are read. */
const MAX_PART_HEAD_BYTES = 4096;
/** Characters of a value that is kept until the part's end, to tell a password from a switch. */
const MAX_KEPT_CHARS = 64;

/** Where the parts go. */
export interface PartSink {
  /** Text of the part at hand. */
  text(bytes: Uint8Array, at: number, end: number): void;
  /** The text ends here. */
  textEnd(): void;
  /** Names of the part that begins. */
  context(words: string): void;
}

/** The boundary in a content type; "" where there is none. */
export function boundaryOf(contentType: string): string {
  if (!/^multipart\//i.test(contentType)) return "";
  const found = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2] ?? "";
  return boundary.length > MAX_BOUNDARY_CHARS ? "" : boundary;
}

const State = { text: 0, delimiterRest: 1, head: 2 } as const;

export class MultipartText implements ByteSink {
  readonly form = new LoginForm();
  readonly #sink: PartSink;
  readonly #delimiter: Uint8Array;
  #state: number = State.text;
  /** Bytes of the delimiter matched since the line began; -1 in the middle of a line. */
  #matched = 0;
  #head = "";
  #headBytes = 0;
  #lineEmpty = true;
  #name = "";
  #value = "";

  constructor(boundary: string, sink: PartSink) {
    this.#sink = sink;
    this.#delimiter = Uint8Array.from("--" + boundary, (character) => character.charCodeAt(0));
  }

  push(bytes: Uint8Array, at: number, end: number): void {
    while (at < end) {
      if (this.#state === State.text) at = this.#text(bytes, at, end);
      else if (this.#state === State.head) at = this.#headLines(bytes, at, end);
      else at = this.#delimiterRest(bytes, at, end);
    }
  }

  end(): void {
    if (this.#state === State.text && this.#matched > 0) this.#hand(this.#delimiter, 0, this.#matched);
    this.#matched = 0;
    this.#partEnd();
  }

  #text(bytes: Uint8Array, at: number, end: number): number {
    let from = at;
    while (at < end) {
      if (this.#matched < 0) {
        const feed = lineFeed(bytes, at, end);
        if (feed < 0) break;
        at = feed + 1;
        this.#matched = 0;
        continue;
      }
      if (bytes[at] !== this.#delimiter[this.#matched]) {
        // What had matched in an earlier call was text after all.
        const carried = this.#matched - (at - from);
        if (carried > 0) this.#hand(this.#delimiter, 0, carried);
        // A line feed here begins the next line.
        this.#matched = -1;
        continue;
      }
      at++;
      if (++this.#matched < this.#delimiter.length) continue;
      this.#hand(bytes, from, Math.max(from, at - this.#matched));
      this.#partEnd();
      this.#matched = 0;
      this.#state = State.delimiterRest;
      return at;
    }
    // The beginning of a delimiter is kept back: it is known by its length.
    const kept = Math.min(Math.max(this.#matched, 0), end - from);
    this.#hand(bytes, from, end - kept);
    from = end;
    return end;
  }

  #delimiterRest(bytes: Uint8Array, at: number, end: number): number {
    const feed = lineFeed(bytes, at, end);
    if (feed < 0) return end;
    this.#state = State.head;
    this.#head = "";
    this.#headBytes = 0;
    this.#lineEmpty = true;
    return feed + 1;
  }

  #headLines(bytes: Uint8Array, at: number, end: number): number {
    const feed = lineFeed(bytes, at, end);
    const stop = feed < 0 ? end : feed + 1;
    const room = MAX_PART_HEAD_BYTES - this.#headBytes;
    if (room > 0) this.#head += textOf(bytes, at, stop, room);
    this.#headBytes += stop - at;
    const contentEnd = feed < 0 ? end : feed;
    for (let i = at; i < contentEnd && this.#lineEmpty; i++) this.#lineEmpty = bytes[i] === 0x0d;
    this.#sink.text(bytes, at, stop);
    if (feed < 0) return stop;
    if (this.#lineEmpty) this.#partBegin();
    this.#lineEmpty = true;
    return stop;
  }

  #partBegin(): void {
    this.#sink.textEnd();
    this.#name =
      /[;\s]name\s*=\s*(?:"([^"]{0,128})"|([^\s;"]{1,128}))/i.exec(this.#head)?.slice(1).find(Boolean) ?? "";
    const type = /^content-type\s*:\s*([^\r\n;]{1,128})/im.exec(this.#head)?.[1] ?? "";
    const words = `${this.#name} ${type}`.trim().slice(0, MAX_VALUE_CHARS);
    if (words !== "") this.#sink.context(words);
    this.#value = "";
    this.#head = "";
    this.#state = State.text;
    this.#matched = 0;
  }

  #partEnd(): void {
    this.#sink.textEnd();
    if (this.#name !== "") this.form.field(this.#name, this.#value.replace(/\r?\n$/, ""));
    this.#name = this.#value = "";
  }

  #hand(bytes: Uint8Array, at: number, end: number): void {
    if (at >= end) return;
    if (this.#name !== "" && this.#value.length < MAX_KEPT_CHARS) {
      this.#value += textOf(bytes, at, end, MAX_KEPT_CHARS - this.#value.length);
    }
    this.#sink.text(bytes, at, end);
  }
}
