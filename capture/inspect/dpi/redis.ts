/**
 * Redis (RESP 2 and 3, redis.io "Redis serialization protocol"): logins, and every value for the card search.
 *
 * One event a login. State: the line readers, the first words of a command, and commands that wait for an answer.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamProtocol } from "./contract.ts";
import { FieldText } from "./database/fields.ts";
import { LineDialogue, Pending } from "./dialogue.ts";
import { firstLine } from "./first_line.ts";
import { latin1 } from "../../../model/latin1.ts";
import { type LineReader } from "./line_reader.ts";

const PORTS = [6379, 6380, 26_379];
/** The server's own limit for a value, 512 MiB. */
const MAX_VALUE_BYTES = 0x2000_0000;
/** Characters of a command's first words that are read. */
const MAX_WORD_CHARS = 64;
/** Words of a command after which AUTH is not looked for any more. */
const MAX_WORDS = 16;

/** The protocol for the registry. */
export const redis: StreamProtocol = { name: "redis", probe, create: (flow) => new RedisParser(flow) };

function probe(c: Cursor, direction: number, serverPort: number): number {
  if (c.remaining === 0) return Probe.no;
  const head = latin1(c.bytes, c.at, Math.min(c.end, c.at + 24));
  if (head.startsWith("*")) {
    if (/^\*[1-9]\d{0,5}\r\n\$\d{1,9}\r\n/.test(head)) return Probe.yes;
    return /^\*(?:[1-9]\d{0,5}(?:\r(?:\n(?:\$(?:\d{1,9}(?:\r)?)?)?)?)?)?$/.test(head) ? Probe.more : Probe.no;
  }
  if (!PORTS.includes(serverPort)) return Probe.no;
  const line = firstLine(c);
  if (line === null) return Probe.no;
  const isWhole = line.endsWith("\n");
  if (direction === 1) {
    if (!/^[-+:$%>]/.test(line)) return Probe.no;
    return isWhole ? Probe.yes : Probe.more;
  }
  if (/^(?:AUTH|PING|INFO|QUIT|GET|SET|SELECT|CONFIG|HELLO|KEYS|COMMAND|MONITOR)\b/i.test(line)) {
    return isWhole ? Probe.yes : Probe.more;
  }
  return Probe.no;
}

class RedisParser extends LineDialogue {
  readonly #pending = new Pending<boolean>();
  readonly #values: [FieldText, FieldText];
  // The command at hand.
  #wordsLeft = 0;
  #words: string[] = [];
  #wordCount = 0;
  /** Words still to come that are user and password. */
  #secretLeft = 0;
  #userLength = 0;
  /** The block at hand: the word it is, where it is short, and whether it is secret. */
  #word = "";
  #isShort = false;
  #isSecret = false;
  /** Elements of the answer at hand still to come. */
  #nested = 0;
  /** The first element of the answer. */
  #isGood = true;

  constructor(flow: FlowHandle) {
    super(flow, "redis", PORTS);
    this.#values = [new FieldText(flow, 0), new FieldText(flow, 1)];
  }

  protected override command(line: LineReader): void {
    const side = this.clientSide;
    if (line.textEnd === line.from && this.#wordsLeft === 0) return; // The line end after a value.
    const text = line.begins ? line.text(MAX_WORD_CHARS) : "";
    const count = /^\*(\d{1,7})$/.exec(text);
    const length = /^\$(\d{1,9})$/.exec(text);
    if (count !== null && this.#wordsLeft === 0) {
      this.#wordsLeft = Number(count[1]);
      this.#beginCommand();
    } else if (length !== null && this.#wordsLeft > 0) {
      this.#beginWord(Math.min(Number(length[1]), MAX_VALUE_BYTES));
    } else if (this.#wordsLeft === 0 && line.begins) this.#inline(line);
    else if (line.textEnd > line.from) this.scanLine(side, line);
  }

  protected override reply(line: LineReader): void {
    const side = 1 - this.clientSide;
    if (line.textEnd === line.from) return;
    const text = line.begins ? line.text(MAX_WORD_CHARS) : "";
    const sign = text[0];
    const isTop = this.#nested === 0;
    if (isTop) this.#isGood = sign !== "-" && sign !== "!";
    const value = /^[$!=](\d{1,9})$/.exec(text);
    if (value !== null) {
      const length = Math.min(Number(value[1]), MAX_VALUE_BYTES);
      this.blockLeft[side] = length;
      this.#values[side].begin(-1, length);
    } else if (line.begins) this.scanLine(side, line);
    if (!line.begins) return this.scanLine(side, line);
    const many = /^([*~>%|])(\d{1,7})$/.exec(text);
    if (!isTop) this.#nested--;
    if (many !== null) this.#nested += Number(many[2]) * (many[1] === "%" || many[1] === "|" ? 2 : 1);
    if (!isTop || sign === ">") return; // Part of an answer, or none: pushed by the server.
    if (this.#pending.shift() === true) this.tellLogin(this.#isGood);
  }

  protected override block(direction: number, bytes: Uint8Array, at: number, end: number): void {
    if (direction !== this.clientSide) this.#values[direction].push(bytes, at, end);
    else if (!this.#isSecret) {
      if (this.#isShort) this.#word += latin1(bytes, at, end);
      this.#values[direction].push(bytes, at, end);
    }
    if (this.blockLeft[direction] > 0) return;
    this.#values[direction].end();
    if (direction === this.clientSide) this.#wordEnds();
  }

  protected override lost(direction: number): void {
    this.#values[direction].end();
    this.#pending.clear();
    if (direction === this.clientSide) this.#wordsLeft = 0;
    else this.#nested = 0;
  }

  // ------------------------------------------------------------ commands

  #beginCommand(): void {
    this.#words = [];
    this.#wordCount = this.#secretLeft = this.#userLength = 0;
    this.#values[this.clientSide].forgetNames();
    if (this.#wordsLeft === 0) this.#pending.push(false);
  }

  #beginWord(length: number): void {
    const side = this.clientSide;
    this.#word = "";
    this.#isShort = length <= MAX_WORD_CHARS;
    this.#isSecret = this.#secretLeft > 0;
    if (this.#secretLeft === 2) this.#userLength = length;
    this.blockLeft[side] = length;
    // What stands before a value says what it is: the key, or the field.
    if (!this.#isSecret) this.#values[side].begin(0, length);
    if (length === 0) this.#wordEnds();
  }

  #wordEnds(): void {
    const side = this.clientSide;
    this.#wordsLeft--;
    this.#wordCount++;
    if (this.#secretLeft > 0) {
      if (--this.#secretLeft === 0) this.flow.credentials(side, "auth", this.#userLength);
    } else {
      if (this.#wordCount <= MAX_WORDS) {
        this.#words.push(this.#word.toUpperCase());
        this.#secretLeft = secretsAfter(this.#words, this.#wordsLeft);
      }
      this.#values[side].forgetNames();
      if (this.#wordCount > 1) this.#values[side].name(this.#word);
    }
    if (this.#wordsLeft === 0) this.#pending.push(isLogin(this.#words));
  }

  /** A command as one line, as typed by hand. */
  #inline(line: LineReader): void {
    const text = line.text();
    const words = text.trim().split(/[ \t]+/);
    const upper = words.slice(0, MAX_WORDS).map((word) => word.toUpperCase());
    const secretAt = upper.findIndex((_, i) => secretsAfter(upper.slice(0, i + 1), words.length - i - 1) > 0);
    if (secretAt < 0) this.scanLine(this.clientSide, line);
    else {
      const secrets = secretsAfter(upper.slice(0, secretAt + 1), words.length - secretAt - 1);
      this.flow.credentials(this.clientSide, "auth", secrets === 2 ? words[secretAt + 1].length : 0);
    }
    this.#pending.push(isLogin(upper));
  }
}

function isLogin(words: string[]): boolean {
  return words[0] === "AUTH" || (words[0] === "HELLO" && words.includes("AUTH"));
}

/** How many of the `left` words after these are user and password: 2, 1 (a password alone) or 0. */
function secretsAfter(words: string[], left: number): number {
  const last = words[words.length - 1];
  if (words.length === 1) return last === "AUTH" ? Math.min(left, 2) : 0;
  if (last === "AUTH" && words[0] === "HELLO") return Math.min(left, 2);
  if (words[0] === "MIGRATE" && (last === "AUTH" || last === "AUTH2")) {
    return Math.min(left, last === "AUTH" ? 1 : 2);
  }
  if (words[0] === "CONFIG" && words[1] === "SET") {
    return last === "REQUIREPASS" || last === "MASTERAUTH" ? Math.min(left, 1) : 0;
  }
  return 0;
}
