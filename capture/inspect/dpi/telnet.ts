/**
 * Telnet (RFC 854): what is typed and shown, without its negotiation, for the card search; logins at prompts.
 *
 * What is typed comes character by character, so each direction is one text over all its segments. Echoes are the
 * server's own text: a card in both is one card of the flow. What is typed at a prompt for a password is passed over.
 * State: the end of the server's line (`MAX_PROMPT_CHARS`) and a few counters.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol } from "./contract.ts";
import { latin1 } from "../../../model/latin1.ts";

const TELNET_PORT = 23;
/** Characters of the server's current line that are looked at. */
const MAX_PROMPT_CHARS = 96;
/** Characters of the server's after a login within which it must be clear how it went. */
const MAX_VERDICT_CHARS = 4096;
const MAX_LOGINS_TOLD = 1000;

const IAC = 255; // RFC 854 "Telnet command structure"
const SB = 250;
const SE = 240;
const WILL = 251;
const DONT = 254;

/** Highest option in use but for 138 to 140 and 255, IANA "telnet-options". */
const MAX_OPTION = 49;

const LOGIN_PROMPT = /(?:(?<!last (?:failed )?)login|user ?name|user(?: id)?|account|benutzername)\s*:\s*$/i;
const PASSWORD_PROMPT =
  /(?:passw(?:or[dt])?|passcode|passphrase|pin(?: code)?)(?: for [^:]{1,64}|[^:\w]{0,8})?:\s*$/i;
const SHELL_PROMPT = /[$#>%]\s?$/;
/** What is said to those who are in. */
const GREETING = /last (?:failed |successful )?login|failed login attempts?/i;
const FAILURE =
  /incorrect|denied|fail|invalid|bad (?:password|login|user)|wrong|not authori[sz]ed|unknown user/i;

/** The protocol for the registry: EVE's `telnet`. */
export const telnet: StreamProtocol = { name: "telnet", probe, create: (flow) => new TelnetParser(flow) };

function probe(c: Cursor, direction: number, serverPort: number): number {
  if (c.peek8() === IAC) {
    const verb = c.peek8(1);
    if (c.remaining === 1) return Probe.more;
    if (verb === SB) return serverPort === TELNET_PORT ? Probe.yes : Probe.no;
    if (verb < WILL || verb > DONT) return Probe.no;
    if (c.remaining < 3) return Probe.more;
    const option = c.peek8(2);
    return option <= MAX_OPTION || (option >= 138 && option <= 140) ? Probe.yes : Probe.no;
  }
  if (direction !== 1 || c.remaining === 0) return Probe.no;
  if (LOGIN_PROMPT.test(latin1(c.bytes, Math.max(c.at, c.end - MAX_PROMPT_CHARS), c.end))) return Probe.yes;
  return serverPort === TELNET_PORT ? Probe.more : Probe.no;
}

const State = { text: 0, command: 1, option: 2, parameters: 3, parametersCommand: 4 } as const;

/** One direction without its negotiation. */
class Side {
  state: number = State.text;
  /** The byte before was CR: NUL or LF after it belongs to it. */
  afterCr = false;
}

/** Text without negotiation. Shared: nothing is kept in it between calls. */
const plain = new Uint8Array(4096);

class TelnetParser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #sides: [Side, Side] = [new Side(), new Side()];
  readonly #clientSide: number;
  /** What the client's next line is. */
  #asked: "" | "user" | "password" = "";
  /** The end of the server's current line. */
  #prompt = "";
  #isRead = true;
  #userLength = 0;
  /** The last byte typed was CR. */
  #typedCr = false;
  /** Characters left to tell how a login went; 0: none is open. */
  #verdictLeft = 0;
  #loginsTold = 0;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
    this.#clientSide = flow.clientPort === TELNET_PORT && flow.serverPort !== TELNET_PORT ? 1 : 0;
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    const side = this.#sides[direction];
    while (at < end) {
      let length = 0;
      while (at < end && length < plain.length) {
        const byte = bytes[at++];
        if (this.#isText(side, byte)) plain[length++] = byte;
      }
      if (length === 0) continue;
      if (direction === this.#clientSide) this.#typed(length);
      else this.#shown(length);
    }
  }

  gap(direction: number): void {
    const side = this.#sides[direction];
    side.state = State.text;
    side.afterCr = false;
    this.#flow.scanEnd(direction, 0);
    if (direction !== this.#clientSide) this.#prompt = "";
  }

  close(): void {
    this.#readPrompt();
  }

  /** Whether a byte is text; steps through commands and options. */
  #isText(side: Side, byte: number): boolean {
    switch (side.state) {
      case State.text: {
        if (byte === IAC) {
          side.state = State.command;
          return false;
        }
        const isFill = byte === 0 && side.afterCr; // RFC 854: a bare CR is sent as CR and NUL.
        side.afterCr = byte === CR;
        return !isFill;
      }
      case State.command:
        side.state = byte === SB
          ? State.parameters
          : byte >= WILL && byte <= DONT
          ? State.option
          : State.text;
        return byte === IAC;
      case State.option:
        side.state = State.text;
        return false;
      case State.parameters:
        if (byte === IAC) side.state = State.parametersCommand;
        return false;
      default:
        side.state = byte === SE ? State.text : State.parameters;
        return false;
    }
  }

  /** `plain[0, length)` was typed. */
  #typed(length: number): void {
    this.#readPrompt();
    let from = 0;
    for (let i = 0; i < length; i++) {
      if (this.#asked === "") break;
      const byte = plain[i];
      const isEnd = byte === CR || byte === LF;
      const isSecondEnd = byte === LF && (i > 0 ? plain[i - 1] === CR : this.#typedCr);
      if (isSecondEnd) continue; // Of the line before, whose end came in two segments.
      if (this.#asked === "password") {
        from = i + 1; // Not searched.
        if (isEnd) {
          this.#asked = "";
          this.#flow.scanEnd(this.#clientSide, 0);
          this.#flow.credentials(this.#clientSide, "user_pass", this.#userLength);
          this.#verdictLeft = MAX_VERDICT_CHARS;
          this.#prompt = "";
        }
      } else if (isEnd) {
        this.#asked = "";
      } else if (byte === BACKSPACE || byte === DELETE) this.#userLength = Math.max(0, this.#userLength - 1);
      else if (byte >= SPACE) this.#userLength++;
    }
    this.#typedCr = plain[length - 1] === CR;
    this.#flow.scan(this.#clientSide, 0, plain, from, length, "plain");
  }

  /** `plain[0, length)` was shown. */
  #shown(length: number): void {
    this.#flow.scan(1 - this.#clientSide, 0, plain, 0, length, "plain");
    for (let from = 0; from < length;) {
      let to = from;
      while (to < length && plain[to] !== LF && plain[to] !== CR) to++;
      this.#prompt = (this.#prompt + latin1(plain, Math.max(from, to - MAX_PROMPT_CHARS), to)).slice(
        -MAX_PROMPT_CHARS,
      );
      if (to < length) {
        if (this.#verdictLeft > 0) this.#judge(this.#prompt);
        this.#prompt = "";
      }
      this.#verdictLeft = Math.max(0, this.#verdictLeft - (to - from));
      this.#isRead = false;
      from = to + 1;
    }
  }

  /**
   * Reads the line that the server has left unfinished, once the client answers it: before, more of it may be on its
   * way.
   */
  #readPrompt(): void {
    if (this.#isRead) return;
    this.#isRead = true;
    const prompt = this.#prompt;
    const isPassword = PASSWORD_PROMPT.test(prompt);
    const isLogin = !isPassword && LOGIN_PROMPT.test(prompt);
    if (this.#verdictLeft > 0) {
      if (isPassword || isLogin) this.#tellLogin(false);
      else if (SHELL_PROMPT.test(prompt)) this.#tellLogin(true);
      else this.#judge(prompt);
    }
    if (isPassword) this.#asked = "password";
    else if (isLogin) {
      this.#asked = "user";
      this.#userLength = 0;
    }
  }

  /** Looks at a line after a password for how the login went. */
  #judge(line: string): void {
    if (GREETING.test(line)) this.#tellLogin(true);
    else if (FAILURE.test(line)) this.#tellLogin(false);
  }

  #tellLogin(succeeded: boolean): void {
    this.#verdictLeft = 0;
    if (this.#loginsTold++ >= MAX_LOGINS_TOLD) return;
    this.#flow.tell("telnet", this.#clientSide, { netpane: { login: succeeded ? "succeeded" : "failed" } });
  }
}

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const BACKSPACE = 0x08;
const DELETE = 0x7f;
