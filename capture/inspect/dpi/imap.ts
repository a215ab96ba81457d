/**
 * IMAP (RFC 9051, RFC 3501): logins, and the mails fetched or stored for the card search.
 *
 * One event a login. STARTTLS goes over to TLS when the server agrees or the client begins. State: the line readers, `MAX_TAGS` commands that
 * wait for an answer, and what `MailText` keeps a direction.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamProtocol } from "./contract.ts";
import { LineDialogue } from "./dialogue.ts";
import { firstLine, UNFINISHED } from "./first_line.ts";
import type { LineReader } from "./line_reader.ts";
import { MailBlocks, MailText } from "./mail/mime.ts";
import { SaslLogin } from "./mail/sasl.ts";

const PORTS = [143, 993];
const MAIL_LANE = 1;
/** Commands that wait for an answer and are of interest. */
const MAX_TAGS = 64;
/** A literal is as long as a mail; RFC 9051 §9 allows 2^63. */
const MAX_LITERAL_BYTES = 0x7fff_ffff;
/** `{123}`, and `{123+}` which does not wait (RFC 7888); `~` before it where it may hold NUL. */
const LITERAL = /\{(\d{1,10})[+-]?\}$/;

/** The protocol for the registry. */
export const imap: StreamProtocol = { name: "imap", probe, create: (flow) => new ImapParser(flow) };

function probe(c: Cursor, _direction: number, serverPort: number): number {
  const line = firstLine(c);
  if (line === null) return Probe.no;
  if (/^\* (?:OK|PREAUTH|BYE)[ \r\n]/i.test(line)) return Probe.yes;
  if (/^\*(?: [A-Z]{0,7})?$/i.test(line)) return Probe.more;
  if (
    /^[A-Za-z0-9._-]{1,32} (?:CAPABILITY|LOGIN|AUTHENTICATE|STARTTLS|ID|NAMESPACE|SELECT|UID FETCH)\b/i.test(
      line,
    )
  ) {
    return Probe.yes;
  }
  return PORTS.includes(serverPort) && UNFINISHED.test(line) ? Probe.more : Probe.no;
}

/** What goes on in a LOGIN whose words may come as literals. */
interface LoginWords {
  /** Words that have come: user, password. */
  count: number;
  userLength: number;
}

class ImapParser extends LineDialogue {
  /** Commands of interest by their tags. */
  readonly #tags = new Map<string, string>();
  readonly #mails: [MailText, MailText];
  readonly #blocks: [MailBlocks | null, MailBlocks | null] = [null, null];
  /** The line goes on after a literal. */
  readonly #goesOn: [boolean, boolean] = [false, false];
  #login: LoginWords | null = null;
  #sasl: SaslLogin | null = null;

  constructor(flow: FlowHandle) {
    super(flow, "imap", PORTS);
    this.#mails = [new MailText(flow, 0, MAIL_LANE), new MailText(flow, 1, MAIL_LANE)];
  }

  protected override command(line: LineReader): void {
    const side = this.clientSide;
    if (!line.begins) return this.scanLine(side, line);
    const text = line.text();
    const goesOn = this.#goesOn[side];
    this.#goesOn[side] = false;
    if (this.#login !== null && goesOn) {
      this.#loginWords(this.#login, text);
      return;
    }
    this.#login = null;
    if (this.#sasl !== null && !this.#sasl.sent) {
      if (text === "*") this.#sasl = null;
      else this.#answer(this.#sasl, text);
      return;
    }
    const [, tag, verb, words = ""] = /^(\S{1,64}) ([A-Za-z]+)(?: (.*))?$/s.exec(text) ?? ["", "", ""];
    switch (verb.toUpperCase()) {
      case "LOGIN":
        this.flow.scanEnd(side, 0);
        this.#remember(tag, "LOGIN");
        this.#login = { count: 0, userLength: 0 };
        this.#loginWords(this.#login, words);
        return;
      case "AUTHENTICATE": {
        this.flow.scanEnd(side, 0);
        this.#remember(tag, "AUTHENTICATE");
        const [mechanism, initial] = words.trim().split(/ +/, 2);
        this.#sasl = new SaslLogin(mechanism);
        if (initial) this.#answer(this.#sasl, initial === "=" ? "" : initial);
        return;
      }
      case "STARTTLS":
        this.isTlsAsked = true;
        this.#remember(tag, "STARTTLS");
        break;
      case "COMPRESS":
        this.#remember(tag, "COMPRESS");
    }
    this.scanLine(side, line);
    this.#literal(side, text, /^\S+ APPEND /i.test(text));
  }

  protected override reply(line: LineReader): void {
    const side = 1 - this.clientSide;
    this.scanLine(side, line);
    if (!line.begins) return;
    const text = line.text();
    const goesOn = this.#goesOn[side];
    this.#goesOn[side] = false;
    if (
      this.#literal(
        side,
        text,
        /(?:BODY\[(?:HEADER)?\](?:<\d+>)?|RFC822(?:\.HEADER)?) ~?\{\d+\}$/i.test(text),
      )
    ) return;
    const [, tag, state] = /^(\S{1,64}) (OK|NO|BAD)\b/i.exec(text) ?? [];
    const asked = goesOn || tag === undefined ? undefined : this.#tags.get(tag);
    if (asked === undefined) return;
    this.#tags.delete(tag!);
    const isGood = state!.toUpperCase() === "OK";
    if (asked === "LOGIN" || asked === "AUTHENTICATE") {
      this.#sasl = null;
      this.tellLogin(isGood);
    } else if (asked === "STARTTLS" && isGood) this.leaveTo("tls", side);
    else if (asked === "COMPRESS" && isGood) this.flow.done(); // RFC 4978: deflated from here on.
  }

  protected override block(direction: number, bytes: Uint8Array, at: number, end: number): void {
    const isLast = this.blockLeft[direction] === 0;
    if (direction === this.clientSide && this.#login !== null) {
      if (isLast) this.#loginWord(this.#login, -1);
      return;
    }
    const blocks = this.#blocks[direction];
    if (blocks === null) this.flow.scan(direction, 0, bytes, at, end, "plain");
    else blocks.push(bytes, at, end);
    if (!isLast) return;
    if (blocks === null) this.flow.scanEnd(direction, 0);
    else blocks.end();
    this.#blocks[direction] = null;
  }

  protected override lost(direction: number): void {
    this.#blocks[direction]?.end();
    this.#blocks[direction] = null;
    this.#goesOn[direction] = false;
    if (direction === this.clientSide) this.#login = this.#sasl = null;
    this.#tags.clear();
  }

  protected override ended(): void {
    for (const blocks of this.#blocks) blocks?.end();
  }

  #remember(tag: string, command: string): void {
    if (this.#tags.size < MAX_TAGS) this.#tags.set(tag, command);
  }

  /** Whether the line ends in a literal, which is read then. */
  #literal(direction: number, text: string, isMail: boolean): boolean {
    const bytes = Math.min(Number(LITERAL.exec(text)?.[1] ?? -1), MAX_LITERAL_BYTES);
    if (bytes < 0) return false;
    this.#goesOn[direction] = true;
    this.blockLeft[direction] = bytes;
    this.flow.scanEnd(direction, 0);
    if (bytes > 0 && isMail) this.#blocks[direction] = new MailBlocks(this.#mails[direction]);
    return true;
  }

  // ------------------------------------------------------------ logins

  /** The next words of a LOGIN: atoms, quoted strings, and a literal at the end. */
  #loginWords(login: LoginWords, text: string): void {
    const literal = LITERAL.exec(text);
    const end = literal === null ? text.length : literal.index;
    for (let at = 0; at < end && login.count < 2;) {
      if (text[at] === " " || text[at] === "\t") {
        at++;
        continue;
      }
      const isQuoted = text[at] === '"';
      let length = 0;
      if (isQuoted) at++;
      while (at < end && (isQuoted ? text[at] !== '"' : text[at] !== " ")) {
        if (isQuoted && text[at] === "\\") at++;
        at++;
        length++;
      }
      if (isQuoted) at++;
      this.#loginWord(login, length);
    }
    if (literal === null) return;
    const bytes = Math.min(Number(literal[1]), MAX_LITERAL_BYTES);
    this.blockLeft[this.clientSide] = bytes;
    this.#goesOn[this.clientSide] = true;
    if (login.count === 0) login.userLength = bytes;
    if (bytes === 0) this.#loginWord(login, -1);
  }

  /** @param length Characters of the word; -1 where they are known already. */
  #loginWord(login: LoginWords, length: number): void {
    login.count++;
    if (login.count === 1 && length >= 0) login.userLength = length;
    if (login.count === 2) this.flow.credentials(this.clientSide, "user_pass", login.userLength);
  }

  #answer(login: SaslLogin, coded: string): void {
    login.answer(coded);
    if (login.sent && login.kind !== "") this.flow.credentials(this.clientSide, login.kind, login.userLength);
  }
}
