/**
 * The body of one message on its way to the card scanner: content codings undone, parts taken apart, forms searched
 * for a password. A body in plain text is handed on as it lies, a call per segment.
 */
import type { FlowHandle } from "../contract.ts";
import { giveAway, type Giver, readJson, readUrlEncoded } from "./credentials.ts";
import {
  type ByteSink,
  CodedText,
  type Coding,
  codingOf,
  type MessageBudget,
  type TextBudget,
} from "./inflater.ts";
import { namesPassword } from "./secret_names.ts";
import { MAX_CODINGS, MAX_FORM_BYTES } from "./limits.ts";
import { boundaryOf, MultipartText, type PartSink } from "./multipart.ts";

export interface BodyOptions {
  flow: FlowHandle;
  direction: number;
  /** Lane of the card scanner, 1 to 7. */
  lane: number;
  budget: TextBudget;
  /** As in the message's head. */
  contentType: string;
  contentEncoding: string;
  transferEncoding: string;
  /** Only what is sent to somebody can log somebody in. */
  request: boolean;
  /** Its head, which is told where it does, and where it surely does not. */
  head: Giver;
}

export class Body implements ByteSink, PartSink {
  readonly #flow: FlowHandle;
  readonly #direction: number;
  readonly #lane: number;
  readonly #request: boolean;
  readonly #head: BodyOptions["head"];
  /** Undoes the codings and ends in the sinks below; null where the bytes are text as they are. */
  readonly #coded: CodedText | null;
  readonly #budget: MessageBudget;
  readonly #parts: MultipartText | null;
  readonly #form: FormWatch | null;
  #hasBegun = false;
  #isWhole = false;

  constructor(options: BodyOptions) {
    this.#flow = options.flow;
    this.#direction = options.direction;
    this.#lane = options.lane;
    this.#request = options.request;
    this.#head = options.head;
    const type = options.contentType;
    const boundary = type === "" ? "" : boundaryOf(type);
    this.#parts = boundary === "" ? null : new MultipartText(boundary, this);
    this.#form = options.request && this.#parts === null ? FormWatch.for(type) : null;
    this.#budget = options.budget.message();
    const codings = codingsOf(options.contentEncoding, options.transferEncoding);
    // A packed file is text, too, whatever it is called.
    if (codings.length === 0 && mayBePacked(type)) codings.push("gzip");
    this.#coded = codings.length === 0 ? null : undo(codings, new DecodedText(this), this.#budget);
    if (type !== "" && type.length < 200) this.#flow.scanContext(this.#direction, this.#lane, type);
  }

  /** The next bytes of the body, without the framing of chunks. */
  push(bytes: Uint8Array, at: number, end: number): void {
    if (at >= end) return;
    this.#hasBegun = true;
    if (this.#coded !== null) {
      this.#budget.sent(end - at);
      this.#coded.push(bytes, at, end);
    } else this.decoded(bytes, at, end);
  }

  /** The body is over. @param isWhole False where the rest of it is lost. */
  end(isWhole = false): void {
    this.#isWhole = isWhole && this.#hasBegun;
    if (this.#coded !== null) this.#coded.end();
    else this.decodedEnd();
  }

  /** Text, its codings undone. */
  decoded(bytes: Uint8Array, at: number, end: number): void {
    if (this.#parts !== null) {
      this.#parts.push(bytes, at, end);
      return;
    }
    this.#form?.push(bytes, at, end);
    this.text(bytes, at, end);
  }

  decodedEnd(): void {
    this.#parts?.end();
    this.textEnd();
    if (!this.#request) return;
    const credentials = this.#parts !== null ? this.#parts.form.credentials : this.#form?.credentials ?? null;
    if (credentials !== null) giveAway(this.#flow, this.#direction, this.#head, credentials);
    else if (this.#isWhole && this.#coded === null) {
      // What was packed may have been given up on the way.
      this.#head.hasNoSecret = this.#parts !== null
        ? !this.#parts.form.hasPassword
        : this.#form?.isNone === true;
    }
  }

  text(bytes: Uint8Array, at: number, end: number): void {
    this.#flow.scan(this.#direction, this.#lane, bytes, at, end, this.#coded?.encoding ?? "plain");
  }

  textEnd(): void {
    this.#flow.scanEnd(this.#direction, this.#lane);
  }

  context(words: string): void {
    this.#flow.scanContext(this.#direction, this.#lane, words);
  }
}

/** The end of the chain of codings. */
class DecodedText implements ByteSink {
  constructor(readonly body: Body) {}
  push(bytes: Uint8Array, at: number, end: number): void {
    this.body.decoded(bytes, at, end);
  }
  end(): void {
    this.body.decodedEnd();
  }
}

/** The codings in the order they were laid on, content before transfer. Unknown ones are taken for none. */
function codingsOf(contentEncoding: string, transferEncoding: string): Coding[] {
  if (contentEncoding === "" && (transferEncoding === "" || transferEncoding.length === "chunked".length)) {
    return [];
  }
  const codings: Coding[] = [];
  for (const name of `${contentEncoding},${transferEncoding}`.split(",", 16)) {
    const coding = codingOf(name);
    if (coding !== null && codings.length < MAX_CODINGS) codings.push(coding);
  }
  return codings;
}

/** @param codings At least one. @returns The outermost. */
function undo(codings: Coding[], sink: ByteSink, budget: MessageBudget): CodedText {
  let next = sink;
  codings.forEach((coding, index) => next = new CodedText(coding, index, next, budget));
  return next as CodedText;
}

function mayBePacked(contentType: string): boolean {
  return /^application\/(x-)?(gzip|gunzip|octet-stream|tar\+gzip|tgz)/i.test(contentType);
}

/** The beginning of a form's text. */
class FormWatch {
  #text = new Uint8Array(256);
  #length = 0;
  #isCut = false;
  readonly #read: typeof readUrlEncoded;

  constructor(read: typeof readUrlEncoded) {
    this.#read = read;
  }

  /** Null where the content type is no form's. */
  static for(contentType: string): FormWatch | null {
    if (/^application\/x-www-form-urlencoded/i.test(contentType)) return new FormWatch(readUrlEncoded);
    return /^(application|text)\/([\w.+-]*\+)?json/i.test(contentType) ? new FormWatch(readJson) : null;
  }

  push(bytes: Uint8Array, at: number, end: number): void {
    const length = Math.min(end - at, MAX_FORM_BYTES - this.#length);
    if (length < end - at) this.#isCut = true;
    if (length <= 0) return;
    if (this.#length + length > this.#text.length) {
      const grown = new Uint8Array(Math.max(this.#length + length, 2 * this.#text.length));
      grown.set(this.#text.subarray(0, this.#length));
      this.#text = grown;
    }
    this.#text.set(bytes.subarray(at, at + length), this.#length);
    this.#length += length;
  }

  get credentials(): ReturnType<typeof readUrlEncoded> {
    return this.#read(this.#all);
  }

  /** All of it was read, and no field is a password's. */
  get isNone(): boolean {
    const text = this.#all;
    return !this.#isCut && !namesPassword(text) && !ESCAPED.test(text);
  }

  get #all(): string {
    return UTF8.decode(this.#text.subarray(0, this.#length));
  }
}

/** Letters of a name may be written so, in JSON and in forms. */
const ESCAPED = /\\u00|%[46][1-9a-f]|%[57][0-9a]/i;
const UTF8 = new TextDecoder();
