/**
 * MySQL and MariaDB ("MySQL Client/Server Protocol"): version and login, queries and rows for the card search.
 *
 * One event a login, or a client that is not even greeted. Goes over to TLS when the client asks for it. State a direction: `MAX_KEPT_BYTES` of the packet at
 * hand, and names of columns.
 */
import { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol, TO_SERVER } from "./contract.ts";
import { FieldText } from "./database/fields.ts";

/** Packets up to this length are read as a whole; longer ones are searched as they come. */
const MAX_KEPT_BYTES = 8192;
const FIRST_ROOM = 256;
const MAX_SHOWN_CHARS = 64;
const HEADER_BYTES = 4;

const PROTOCOL_10 = 10;
/** Numbers of the server's own errors, and the longest of its messages (MYSQL_ERRMSG_SIZE). */
const FIRST_ERROR = 1000;
const LAST_ERROR = 4999;
const MAX_MESSAGE_BYTES = 512;
/** Of such a message, how much must be text. */
const MIN_MESSAGE_BYTES = 12;
// Capabilities.
const CLIENT_COMPRESS = 0x20;
const CLIENT_PROTOCOL_41 = 0x200;
const CLIENT_SSL = 0x800;
const CLIENT_PLUGIN_AUTH_LENENC = 0x20_0000;
// First bytes of answers.
const OK = 0x00;
const AUTH_MORE = 0x01;
const EOF = 0xfe;
const ERROR = 0xff;

/** The protocol for the registry. */
export const mysql: StreamProtocol = { name: "mysql", probe, create: (flow) => new MysqlParser(flow) };

function probe(c: Cursor, direction: number): number {
  const sequence = c.peek8(3);
  if (direction === TO_SERVER) {
    // A login, or its beginning that asks for TLS: 23 zeros after flags, size and character set.
    if (c.remaining >= 3 && c.peek8(2) !== 0) return Probe.no;
    if (c.remaining >= 4 && sequence !== 1) return Probe.no;
    if (c.remaining >= 6 && ((c.peek8(4) | c.peek8(5) << 8) & CLIENT_PROTOCOL_41) === 0) return Probe.no;
    const length = c.peek8() | c.peek8(1) << 8;
    if (c.remaining >= 2 && (length < 32 || length > 4096)) return Probe.no;
    for (let i = 13; i < 32 && i < c.remaining; i++) if (c.peek8(i) !== 0) return Probe.no;
    return c.remaining >= 36 ? Probe.yes : Probe.more;
  }
  if (c.remaining >= 3 && c.peek8(2) !== 0) return Probe.no;
  if (c.remaining >= 4 && sequence !== 0) return Probe.no;
  if (c.remaining >= 5 && c.peek8(4) === ERROR) return probeError(c);
  if (c.remaining >= 5 && c.peek8(4) !== PROTOCOL_10) return Probe.no;
  if (c.remaining < 8) return Probe.more;
  const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
  const second = c.peek8(6);
  return isDigit(c.peek8(5)) && (isDigit(second) || second === 0x2e) ? Probe.yes : Probe.no;
}

/** An error in place of a greeting: this host may not, there are too many connections already. */
function probeError(c: Cursor): number {
  const length = c.peek8() | c.peek8(1) << 8;
  if (length < 3 + MIN_MESSAGE_BYTES || length > 3 + MAX_MESSAGE_BYTES) return Probe.no;
  const number = c.peek8(5) | c.peek8(6) << 8;
  if (c.remaining >= 7 && (number < FIRST_ERROR || number > LAST_ERROR)) return Probe.no;
  const textAt = HEADER_BYTES + 3;
  for (let i = textAt; i < textAt + MIN_MESSAGE_BYTES && i < c.remaining; i++) {
    if (c.peek8(i) < 0x20 || c.peek8(i) === 0x7f) return Probe.no;
  }
  return c.remaining >= textAt + MIN_MESSAGE_BYTES ? Probe.yes : Probe.more;
}

const Stage = { greeting: 0, login: 1, commands: 2 } as const;

class Side {
  readonly header = new Uint8Array(HEADER_BYTES);
  headerBytes = 0;
  left = 0;
  sequence = 0;
  /** The packet at hand is read as a whole. */
  isKept = false;
  kept = new Uint8Array(FIRST_ROOM);
  keptBytes = 0;
  lost = false;
  readonly values: FieldText;

  constructor(flow: FlowHandle, direction: number) {
    this.values = new FieldText(flow, direction);
  }
}

class MysqlParser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #sides: [Side, Side];
  #stage: number = Stage.greeting;
  #version = "";
  #method = "";
  #userLength = 0;
  #isCompressed = false;
  #isLoginTold = false;
  #over = false;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
    this.#sides = [new Side(flow, 0), new Side(flow, 1)];
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    const side = this.#sides[direction];
    while (at < end && !this.#over) {
      if (side.lost) {
        this.#flow.scan(direction, 0, bytes, at, end, "plain");
        return;
      }
      if (side.left === 0) {
        at = this.#header(direction, side, bytes, at, end);
        continue;
      }
      const n = Math.min(side.left, end - at);
      side.left -= n;
      if (!side.isKept) this.#flow.scan(direction, 0, bytes, at, at + n, "plain");
      else {
        side.kept.set(bytes.subarray(at, at + n), side.keptBytes);
        side.keptBytes += n;
      }
      at += n;
      if (side.left > 0) continue;
      this.#packet(direction, side);
      if (this.#isTlsAsked) {
        this.#over = true;
        this.#flow.switchTo("tls", direction, bytes, at, end);
      }
    }
  }

  gap(direction: number): void {
    const side = this.#sides[direction];
    side.lost = true;
    this.#flow.scanEnd(direction, 0);
  }

  close(): void {}

  #isTlsAsked = false;

  #header(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    while (at < end && side.headerBytes < HEADER_BYTES) side.header[side.headerBytes++] = bytes[at++];
    if (side.headerBytes < HEADER_BYTES) return at;
    side.headerBytes = 0;
    side.left = side.header[0] | side.header[1] << 8 | side.header[2] << 16;
    side.sequence = side.header[3];
    side.isKept = side.left <= MAX_KEPT_BYTES;
    side.keptBytes = 0;
    if (side.isKept && side.left > side.kept.length) {
      side.kept = new Uint8Array(Math.min(MAX_KEPT_BYTES, 2 * side.left));
    }
    if (side.left === 0) this.#packet(direction, side);
    return at;
  }

  /** A packet is whole, or was searched as it came. */
  #packet(direction: number, side: Side): void {
    if (!side.isKept) {
      this.#flow.scanEnd(direction, 0);
      return;
    }
    const body = new Cursor(side.kept, 0, side.keptBytes);
    if (direction === TO_SERVER) this.#fromClient(side, body);
    else this.#fromServer(side, body);
  }

  #fromClient(side: Side, body: Cursor): void {
    if (this.#stage !== Stage.commands) {
      // Commands begin a new count; a login goes on with the server's.
      if (side.sequence === 0) this.#stage = Stage.commands;
      else if (this.#stage === Stage.greeting || this.#userLength === 0) return this.#login(body);
      else return this.#answer();
    }
    if (body.remaining === 0) return;
    const command = body.u8();
    this.#sides[1].values.forgetNames();
    if (command === COM_CHANGE_USER) {
      this.#isLoginTold = false;
      return;
    }
    this.#flow.scan(TO_SERVER, 0, body.bytes, body.at, body.end, "plain");
    this.#flow.scanEnd(TO_SERVER, 0);
  }

  #login(body: Cursor): void {
    this.#stage = Stage.login;
    const capabilities = body.u32le();
    if ((capabilities & CLIENT_PROTOCOL_41) === 0) return;
    this.#isCompressed = (capabilities & CLIENT_COMPRESS) !== 0;
    body.skip(28);
    if ((capabilities & CLIENT_SSL) !== 0 && body.remaining === 0) {
      this.#isTlsAsked = true;
      return;
    }
    const length = body.find(0);
    this.#userLength = Math.max(0, length);
    body.skip(length + 1);
    body.skip((capabilities & CLIENT_PLUGIN_AUTH_LENENC) !== 0 ? lengthEncoded(body) : body.u8());
  }

  /** An answer to what the server asked for after the login. */
  #answer(): void {
    if (this.#method === "mysql_clear_password") {
      this.#flow.credentials(TO_SERVER, "password", this.#userLength);
    }
  }

  #fromServer(side: Side, body: Cursor): void {
    const first = body.peek8();
    if (this.#stage === Stage.commands) {
      this.#row(side, body);
      return;
    }
    if (side.sequence === 0 && first === PROTOCOL_10) {
      body.skip(1);
      this.#version = zeroEnded(body);
      return;
    }
    if (side.sequence === 0 && first === ERROR) this.#refuse(body);
    else if (first === ERROR) this.#tellLogin("failed");
    else if (first === OK) {
      this.#tellLogin("succeeded");
      if (this.#isCompressed) {
        this.#over = true;
        this.#flow.done(); // Everything after is deflated, with other headers.
      }
      this.#stage = Stage.commands;
    } else if (first === EOF) {
      body.skip(1);
      this.#method = zeroEnded(body);
    } else if (first !== AUTH_MORE) this.#row(side, body); // Joined in the middle.
  }

  /** Nobody was asked for a password, so no login has failed. */
  #refuse(body: Cursor): void {
    this.#isLoginTold = true;
    body.skip(1);
    this.#flow.tell("mysql", TO_SERVER, { netpane: { refused: body.u16le() } });
    this.#flow.scan(1 - TO_SERVER, 0, body.bytes, body.at, body.end, "plain");
    this.#flow.scanEnd(1 - TO_SERVER, 0);
  }

  /** A row, a column or an answer: values with lengths before them, else bytes. */
  #row(side: Side, body: Cursor): void {
    if (isValues(new Cursor(body.bytes, body.at, body.end))) {
      const isColumn = body.peek8() === 3 && body.peek32() === COLUMN_MARK;
      for (let column = 0; body.remaining > 0; column++) {
        if (body.peek8() === NULL_VALUE) {
          body.skip(1);
          continue;
        }
        const length = lengthEncoded(body);
        if (isColumn) {
          if (column === COLUMN_NAME) side.values.name(body.ascii(length));
          else body.skip(length);
          continue;
        }
        side.values.begin(column, length);
        side.values.push(body.bytes, body.at, body.at + length);
        side.values.end();
        body.skip(length);
      }
      return;
    }
    this.#flow.scan(1 - TO_SERVER, 0, body.bytes, body.at, body.end, "plain");
    this.#flow.scanEnd(1 - TO_SERVER, 0);
  }

  #tellLogin(login: string): void {
    if (this.#isLoginTold) return;
    this.#isLoginTold = true;
    const netpane: Record<string, string> = { login };
    if (this.#version !== "") netpane.server_version = this.#version;
    if (this.#method !== "") netpane.method = this.#method;
    this.#flow.tell("mysql", TO_SERVER, { netpane });
  }
}

const COM_CHANGE_USER = 0x11;
const NULL_VALUE = 0xfb;
/** A column's description begins with the value "def". */
const COLUMN_MARK = 0x03646566;
/** Catalogue, schema, table, its own name, column, its own name. */
const COLUMN_NAME = 4;

/** Whether values with lengths before them fill the packet to its end. */
function isValues(c: Cursor): boolean {
  while (c.remaining > 0) {
    if (c.peek8() === NULL_VALUE) c.skip(1);
    else c.skip(lengthEncoded(c));
  }
  return !c.failed;
}

/** A length-encoded integer; a failed cursor for what is none, or longer than a packet. */
function lengthEncoded(c: Cursor): number {
  const first = c.u8();
  if (first < NULL_VALUE) return first;
  if (first === 0xfc) return c.u16le();
  if (first === 0xfd) return c.u16le() | c.u8() << 16;
  c.fail();
  return 0;
}

function zeroEnded(c: Cursor): string {
  const length = c.find(0);
  return c.ascii(length < 0 ? c.remaining : length).slice(0, MAX_SHOWN_CHARS);
}
