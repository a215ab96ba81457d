/**
 * SMTP and LMTP (RFC 5321, RFC 2033): who greets whom, envelopes, logins, and the mails themselves for the card search.
 *
 * One event a mail, and one a login. STARTTLS goes over to TLS when the server agrees or the client begins. State: the line readers, an
 * envelope of `MAX_RECIPIENTS`, commands that wait for an answer, and what `MailText` keeps.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamProtocol } from "./contract.ts";
import { LineDialogue, Pending } from "./dialogue.ts";
import { maskCards, maskCutEnd } from "./http/mask.ts";
import type { LineReader } from "./line_reader.ts";
import { MailBlocks, MailText } from "./mail/mime.ts";
import { SaslLogin } from "./mail/sasl.ts";
import { firstLine, UNFINISHED } from "./first_line.ts";

const PORTS = [25, 465, 587, 2525];
/** Recipients of an envelope that are told; RFC 5321 §4.5.3.1.8 asks servers to take 100. */
const MAX_RECIPIENTS = 100;
/** Characters of recipients that a flow holds; further ones are only counted. 100 common addresses have a quarter. */
const MAX_RECIPIENT_CHARS = 16_384;
/** Longest address or name that is told, RFC 5321 §4.5.3.1.3 and some. */
const MAX_SHOWN_CHARS = 320;
/** Of a line whose words are kept: what is cut from a longer text would hold on to all of it. */
const MAX_WORDS_CHARS = MAX_SHOWN_CHARS + 16;
/** Lane of mails; commands and answers are lane 0. */
const MAIL_LANE = 1;
/** A chunk of BDAT may be as long as a file. */
const MAX_CHUNK_BYTES = 0x7fff_ffff;

/** The protocol for the registry: EVE's `smtp`. */
export const smtp: StreamProtocol = { name: "smtp", probe, create: (flow) => new SmtpParser(flow) };

function probe(c: Cursor, _direction: number, serverPort: number): number {
  const line = firstLine(c);
  if (line === null) return Probe.no;
  if (/^(?:(?:EHLO|HELO|LHLO) |MAIL FROM:|RCPT TO:)/i.test(line)) return Probe.yes;
  if (!/^(?:220|421|554)(?:[ -]|$)/.test(line)) return UNFINISHED.test(line) ? Probe.more : Probe.no;
  if (/^...[ -].*(?:\b[EL]?SMTP|Postfix|Sendmail|Exim)/i.test(line)) return Probe.yes;
  if (!line.endsWith("\n")) return Probe.more;
  // FTP greets in the same way: what is said next tells.
  return PORTS.includes(serverPort) ? Probe.yes : line.startsWith("220") ? Probe.more : Probe.no;
}

interface Envelope {
  from: string;
  recipients: string[];
  /** All recipients, told or not. */
  recipientCount: number;
}

interface Command {
  name: string;
  /** The mail that this command sends. */
  mail: Envelope | null;
}

class SmtpParser extends LineDialogue {
  readonly #pending = new Pending<Command>();
  readonly #mail: MailText;
  #blocks: MailBlocks | null = null;
  #isGreeted = false;
  /** Lines of the client's are those of a mail. */
  #inMail = false;
  #lastChunk = false;
  #login: SaslLogin | null = null;
  #helo = "";
  #envelope = createEnvelope();
  #recipientChars = 0;

  constructor(flow: FlowHandle) {
    super(flow, "smtp", PORTS);
    this.#mail = new MailText(flow, this.clientSide, MAIL_LANE);
  }

  protected override command(line: LineReader): void {
    if (this.#inMail) {
      this.#mailLine(line);
      return;
    }
    if (line.begins && this.#login !== null && !this.#login.sent) {
      this.#answer(line);
      return;
    }
    if (!line.begins) {
      this.scanLine(this.clientSide, line);
      return;
    }
    const text = line.text();
    const [, verb, rest] = /^([A-Za-z]+)[ \t]*(.*)$/s.exec(text) ?? ["", "", ""];
    const name = verb.toUpperCase();
    if (name === "AUTH") this.#auth(rest);
    else this.scanLine(this.clientSide, line);
    const asked: Command = { name, mail: null };
    this.#pending.push(asked);
    switch (name) {
      case "EHLO":
      case "HELO":
      case "LHLO":
        this.#tellUnsent();
        this.#helo = shown(line.text(MAX_WORDS_CHARS).slice(verb.length));
        break;
      case "MAIL":
        this.#tellUnsent();
        this.#envelope.from = address(line.text(MAX_WORDS_CHARS).slice(verb.length));
        break;
      case "RCPT":
        if (
          this.#envelope.recipientCount++ < MAX_RECIPIENTS && this.#recipientChars < MAX_RECIPIENT_CHARS
        ) {
          const recipient = address(line.text(MAX_WORDS_CHARS).slice(verb.length));
          this.#recipientChars += recipient.length;
          this.#envelope.recipients.push(recipient);
        }
        break;
      case "DATA":
        this.#inMail = true;
        this.#send(asked);
        break;
      case "BDAT":
        this.#chunk(asked, rest);
        break;
      case "STARTTLS":
        this.isTlsAsked = true;
        break;
      case "RSET":
        this.#tellUnsent();
    }
  }

  protected override reply(line: LineReader): void {
    this.scanLine(1 - this.clientSide, line);
    const answer = line.begins ? /^(\d{3})(?: |$)/.exec(line.text(5)) : null;
    if (answer === null) return; // A line before the last one, or a piece.
    const code = Number(answer[1]);
    const asked = this.#pending.first();
    if (!this.#isGreeted && code === 220 && asked?.name !== "STARTTLS") {
      this.#isGreeted = true;
      return;
    }
    if (asked === undefined) return;
    const { name, mail } = asked;
    if (name === "AUTH") {
      if (code === 334) return; // Go on.
      this.#login = null;
      this.tellLogin(code === 235);
    } else if (name === "DATA" && code === 354) return; // The answer proper comes after the mail.
    this.#pending.shift();
    if (name === "STARTTLS" && code === 220) this.leaveTo("tls", 1 - this.clientSide);
    else if (mail !== null && name === "DATA" && this.#inMail) {
      // Refused before it was sent: its envelope is still open.
      this.#inMail = false;
      this.#mail.end();
      this.#envelope = mail;
    } else if (mail !== null) this.#tellMail(mail, code);
  }

  protected override block(direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.#blocks ??= new MailBlocks(this.#mail);
    this.#blocks.push(bytes, at, end);
    if (this.blockLeft[direction] === 0) this.#chunkEnds();
  }

  protected override lost(direction: number): void {
    this.#tellUnanswered();
    this.#pending.clear();
    this.#login = null;
    this.#isGreeted = true;
    if (direction !== this.clientSide || this.#inMail) return;
    this.#blocks = null;
    this.#mail.end();
  }

  protected override ended(): void {
    this.#blocks?.end();
    this.#mail.end();
    this.#tellUnanswered();
    this.#tellUnsent();
  }

  // ------------------------------------------------------------ logins

  #auth(rest: string): void {
    const [mechanism, initial] = rest.trim().split(/[ \t]+/, 2);
    this.#login = new SaslLogin(mechanism);
    this.flow.scanEnd(this.clientSide, 0);
    // "=" is an empty answer, RFC 4954 §4.
    if (initial) this.#takeAnswer(this.#login, initial === "=" ? "" : initial);
  }

  #answer(line: LineReader): void {
    const text = line.text();
    if (text === "*") this.#login = null;
    else this.#takeAnswer(this.#login!, text);
  }

  #takeAnswer(login: SaslLogin, coded: string): void {
    login.answer(coded);
    if (login.sent && login.kind !== "") this.flow.credentials(this.clientSide, login.kind, login.userLength);
  }

  // ------------------------------------------------------------ mails

  #mailLine(line: LineReader): void {
    const { bytes, to, begins, ends } = line;
    let from = line.from;
    if (begins && bytes[from] === DOT) {
      if (line.textEnd - from === 1) {
        this.#inMail = false;
        this.#mail.end();
        return;
      }
      from++; // RFC 5321 §4.5.2
    }
    this.#mail.line(bytes, from, to, begins, ends);
  }

  #chunk(asked: Command, rest: string): void {
    const chunk = /^(\d{1,10})(?:[ \t]+(LAST))?/i.exec(rest);
    if (chunk === null) return;
    this.#lastChunk = chunk[2] !== undefined;
    if (this.#lastChunk) this.#send(asked);
    this.blockLeft[this.clientSide] = Math.min(Number(chunk[1]), MAX_CHUNK_BYTES);
    if (this.blockLeft[this.clientSide] === 0) this.#chunkEnds();
  }

  #chunkEnds(): void {
    if (!this.#lastChunk) return;
    this.#blocks?.end();
    this.#blocks = null;
  }

  /** From here on the next envelope is written. */
  #send(asked: Command): void {
    asked.mail = this.#envelope;
    this.#envelope = createEnvelope();
  }

  #tellUnsent(): void {
    const envelope = this.#envelope;
    this.#envelope = createEnvelope();
    this.#tellMail(envelope, null);
  }

  #tellUnanswered(): void {
    for (let asked = this.#pending.shift(); asked !== undefined; asked = this.#pending.shift()) {
      if (asked.mail !== null) this.#tellMail(asked.mail, null);
    }
  }

  /** @param code The server's answer; null where none was seen. */
  #tellMail(mail: Envelope, code: number | null): void {
    for (const recipient of mail.recipients) this.#recipientChars -= recipient.length;
    if (mail.from === "" && mail.recipientCount === 0) return;
    const event: Record<string, unknown> = {};
    if (this.#helo !== "") event.helo = this.#helo;
    if (mail.from !== "") event.mail_from = mail.from;
    if (mail.recipients.length > 0) event.rcpt_to = mail.recipients;
    const netpane: Record<string, unknown> = {};
    if (code !== null) netpane.reply_code = code;
    if (mail.recipientCount > mail.recipients.length) netpane.recipients = mail.recipientCount;
    this.tell(Object.keys(netpane).length > 0 ? { smtp: event, netpane } : { smtp: event });
  }
}

function createEnvelope(): Envelope {
  return { from: "", recipients: [], recipientCount: 0 };
}

/** `<ann@example.org>` out of `FROM:<ann@example.org> SIZE=5`, as EVE has it. */
function address(rest: string): string {
  const found = /^\s*(?:FROM|TO):[ \t]*(<[^>]*>|\S+)/i.exec(rest);
  return shown(found?.[1] ?? "");
}

function shown(text: string): string {
  const whole = text.trim();
  return maskCards(whole.length > MAX_SHOWN_CHARS ? maskCutEnd(whole.slice(0, MAX_SHOWN_CHARS)) : whole);
}

const DOT = 0x2e;
