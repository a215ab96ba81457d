/**
 * PostgreSQL's protocol 3 (documentation, "Frontend/Backend Protocol"): how clients log in, and queries, parameters, rows
 * and copied data for the card search.
 *
 * One event a login. Goes over to TLS when the server agrees. Names of users and databases are not told. State a
 * direction: `MAX_KEPT_BYTES` of a message that is read as a whole, and names of columns.
 */
import { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol, TO_SERVER } from "./contract.ts";
import { FieldText } from "./database/fields.ts";
import { latin1 } from "../../../model/latin1.ts";

/** The server's own limit for what comes before the login is 10,000. */
const MAX_STARTUP_BYTES = 10_000;
/** Messages that are read as a whole; longer ones are read up to here. */
const MAX_KEPT_BYTES = 8192;
/** libpq's limit for a message, 1 GiB. */
const MAX_MESSAGE_BYTES = 0x4000_0000;

/** RFC 4422 §3.1; a name that is none is nobody's business. */
const SASL_NAME = /^[A-Za-z0-9_-]{1,20}$/;

const PROTOCOL_3 = 3; // Major version in the upper half of the number.
const CANCEL = 80_877_102;
const SSL = 80_877_103;
const GSS = 80_877_104;

/** Codes of authentication requests. */
const AUTH_OK = 0;
const AUTH_METHODS: Record<number, string> = { 3: "password", 5: "md5", 7: "gss", 9: "sspi", 10: "sasl" };
/** What a hash of it or the secret itself shows. SCRAM shows neither. */
const READABLE = new Set(["password", "md5"]);
/** Classes of SQLSTATE that refuse a login: invalid authorization, and no such database. */
const REFUSED = /^(?:28|3D)/;

/** The protocol for the registry: EVE's `pgsql`. */
export const postgresql: StreamProtocol = {
  name: "pgsql",
  probe,
  create: (flow) => new PostgresqlParser(flow),
};

function probe(c: Cursor, direction: number): number {
  if (direction === TO_SERVER) {
    if (c.peek8() !== 0 || (c.remaining > 1 && c.peek8(1) !== 0)) return Probe.no;
    if (c.remaining < 8) return Probe.more;
    const length = c.peek32();
    const code = c.peek32(4);
    if (code === SSL || code === GSS) return length === 8 ? Probe.yes : Probe.no;
    if (code === CANCEL) return length === 16 ? Probe.yes : Probe.no;
    if (code >>> 16 !== PROTOCOL_3 || (code & 0xffff) > 2 || length < 9 || length > MAX_STARTUP_BYTES) {
      return Probe.no;
    }
    if (c.remaining < 13) return Probe.more;
    return latin1(c.bytes, c.at + 8, c.at + 12) === "user" || c.peek8(8) >= 0x61 ? Probe.yes : Probe.no;
  }
  if (c.peek8() !== 0x52) return Probe.no;
  if (c.remaining < 9) return Probe.more;
  const length = c.peek32(1);
  const code = c.peek32(5);
  const isKnown = code === AUTH_OK || AUTH_METHODS[code] !== undefined;
  return isKnown && length === (code === 5 ? 12 : code === 10 ? Math.max(10, Math.min(length, 200)) : 8)
    ? Probe.yes
    : Probe.no;
}

/** What is done with the message at hand. */
const Use = { skip: 0, keep: 1, text: 2, copy: 3, row: 4, bind: 5 } as const;

/** Where in a row, or in the parameters of a query. */
const Row = { names: 0, formatCount: 1, formats: 2, count: 3, length: 4, value: 5, rest: 6 } as const;

class Side {
  /** Messages with a type; before, those without one. */
  isTyped: boolean;
  readonly header = new Uint8Array(5);
  headerBytes = 0;
  type = 0;
  /** Bytes of the message still to come. */
  left = 0;
  use: number = Use.skip;
  kept = new Uint8Array(0);
  keptBytes = 0;
  /** Out of step: the rest is text like any other. */
  lost = false;
  // Within a row.
  row: number = Row.count;
  /** Bytes or items of the row's part at hand still to come. */
  rowLeft = 0;
  number = 0;
  fields = 0;
  column = 0;
  readonly values: FieldText;

  constructor(flow: FlowHandle, direction: number) {
    this.isTyped = direction !== TO_SERVER;
    this.values = new FieldText(flow, direction);
  }
}

class PostgresqlParser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #sides: [Side, Side];
  /** Answers of one byte that are still to come: to requests for encryption. */
  #encryptionAsked = 0;
  #version = "";
  #userLength = 0;
  #method = "";
  #isLoggedIn = false;
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
      if (direction !== TO_SERVER && this.#encryptionAsked > 0 && side.left === 0 && side.headerBytes === 0) {
        at = this.#encryptionAnswer(direction, bytes, at, end);
      } else if (side.left === 0) at = this.#header(direction, side, bytes, at, end);
      else {
        const n = Math.min(side.left, end - at);
        side.left -= n;
        this.#content(direction, side, bytes, at, at + n);
        at += n;
        if (side.left === 0) this.#messageEnds(direction, side);
      }
    }
  }

  gap(direction: number): void {
    const side = this.#sides[direction];
    side.lost = true;
    side.values.end();
    this.#flow.scanEnd(direction, 0);
  }

  close(): void {}

  #encryptionAnswer(direction: number, bytes: Uint8Array, at: number, end: number): number {
    const answer = bytes[at];
    if (answer !== 0x53 && answer !== 0x4e && answer !== 0x47) { // S, N, G
      this.#encryptionAsked = 0; // An error, perhaps.
      return at;
    }
    this.#encryptionAsked--;
    if (answer === 0x4e) return at + 1;
    this.#over = true;
    if (answer === 0x53) this.#flow.switchTo("tls", direction, bytes, at + 1, end);
    else this.#flow.done();
    return at + 1;
  }

  #header(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    const wanted = side.isTyped ? 5 : 4;
    while (at < end && side.headerBytes < wanted) side.header[side.headerBytes++] = bytes[at++];
    if (side.headerBytes < wanted) return at;
    side.headerBytes = 0;
    const c = new Cursor(side.header, 0, wanted);
    side.type = side.isTyped ? c.u8() : 0;
    const length = c.u32();
    const isType = !side.isTyped || (side.type >= 0x30 && side.type <= 0x7a);
    if (length < 4 || length > (side.isTyped ? MAX_MESSAGE_BYTES : MAX_STARTUP_BYTES) || !isType) {
      side.lost = true;
      this.#flow.scan(direction, 0, side.header, 0, wanted, "plain");
      return at;
    }
    side.left = length - 4;
    side.use = useOf(direction, side.type);
    if (side.use === Use.keep) {
      side.kept = new Uint8Array(Math.min(side.left, MAX_KEPT_BYTES));
      side.keptBytes = 0;
    } else if (side.use === Use.row || side.use === Use.bind) {
      side.row = side.use === Use.row ? Row.count : Row.names;
      side.rowLeft = 2; // Bytes of the count, and names, are two.
      side.number = 0;
    }
    if (side.left === 0) this.#messageEnds(direction, side);
    return at;
  }

  #content(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): void {
    switch (side.use) {
      case Use.keep: {
        const n = Math.min(end - at, side.kept.length - side.keptBytes);
        side.kept.set(bytes.subarray(at, at + n), side.keptBytes);
        side.keptBytes += n;
        return;
      }
      case Use.text:
      case Use.copy:
        this.#flow.scan(direction, 0, bytes, at, end, "plain");
        return;
      case Use.row:
      case Use.bind:
        rowBytes(side, bytes, at, end);
    }
  }

  #messageEnds(direction: number, side: Side): void {
    if (side.use === Use.text) this.#flow.scanEnd(direction, 0);
    else if (side.use === Use.row || side.use === Use.bind) side.values.end();
    else if (side.use === Use.keep) {
      const body = new Cursor(side.kept, 0, side.keptBytes);
      side.kept = new Uint8Array(0);
      if (!side.isTyped) this.#startup(side, body);
      else if (direction === TO_SERVER) this.#password();
      else if (side.type === R) this.#authentication(body);
      else if (side.type === T) columnNames(side.values, body);
      else this.#error(direction, body);
    }
  }

  #startup(side: Side, body: Cursor): void {
    const code = body.u32();
    if (code === SSL || code === GSS) {
      this.#encryptionAsked++;
      return;
    }
    if (code >>> 16 !== PROTOCOL_3) return;
    this.#version = `${code >>> 16}.${code & 0xffff}`;
    side.isTyped = true;
    while (body.remaining > 0) {
      const name = zeroEnded(body);
      if (name === "") break;
      const value = zeroEnded(body);
      if (name === "user") this.#userLength = value.length;
    }
  }

  /** A password, or a message of SASL: which tells what the server asked for. */
  #password(): void {
    if (!READABLE.has(this.#method)) return;
    this.#flow.credentials(TO_SERVER, this.#method, this.#userLength);
  }

  #authentication(body: Cursor): void {
    const code = body.u32();
    if (code === AUTH_OK) {
      this.#isLoggedIn = true;
      this.#tellLogin("succeeded");
      return;
    }
    this.#method = AUTH_METHODS[code] ?? this.#method;
    if (code === 10) this.#method = SASL_NAME.exec(zeroEnded(body))?.[0].toLowerCase() ?? "sasl";
  }

  #error(direction: number, body: Cursor): void {
    this.#flow.scan(direction, 0, body.bytes, body.at, body.end, "plain");
    this.#flow.scanEnd(direction, 0);
    if (this.#isLoggedIn) return;
    for (let field = body.u8(); field !== 0; field = body.u8()) {
      const value = zeroEnded(body);
      if (field === 0x43 && REFUSED.test(value)) this.#tellLogin("failed");
    }
  }

  #tellLogin(login: string): void {
    if (this.#isLoginTold) return;
    this.#isLoginTold = true;
    const netpane: Record<string, string> = { login };
    if (this.#method !== "") netpane.method = this.#method;
    const fields: Record<string, unknown> = { netpane };
    if (this.#version !== "") fields.pgsql = { request: { protocol_version: this.#version } };
    this.#flow.tell("pgsql", TO_SERVER, fields);
  }
}

const R = 0x52;
const T = 0x54;

function useOf(direction: number, type: number): number {
  const letter = type === 0 ? "" : String.fromCharCode(type);
  if (letter === "") return Use.keep;
  if (letter === "d") return Use.copy;
  if (direction === TO_SERVER) {
    if (letter === "Q" || letter === "P" || letter === "F") return Use.text; // Query, Parse, function call.
    return letter === "B" ? Use.bind : letter === "p" ? Use.keep : Use.skip;
  }
  if (letter === "D") return Use.row;
  if (letter === "R" || letter === "T" || letter === "E") return Use.keep;
  return letter === "N" || letter === "A" || letter === "V" ? Use.text : Use.skip;
}

/** Steps through a DataRow, or through a Bind, whose parameters look the same. */
function rowBytes(side: Side, bytes: Uint8Array, at: number, end: number): void {
  while (at < end) {
    switch (side.row) {
      case Row.names: // Portal and statement.
        if (bytes[at++] === 0 && --side.rowLeft === 0) {
          side.row = Row.formatCount;
          side.rowLeft = 2;
          side.number = 0;
        }
        break;
      case Row.formats: {
        const n = Math.min(side.rowLeft, end - at);
        at += n;
        side.rowLeft -= n;
        if (side.rowLeft === 0) beginNumber(side, Row.count, 2);
        break;
      }
      case Row.value: {
        const n = Math.min(side.rowLeft, end - at);
        side.values.push(bytes, at, at + n);
        at += n;
        side.rowLeft -= n;
        if (side.rowLeft === 0) nextField(side);
        break;
      }
      case Row.rest:
        return;
      default: // A number.
        side.number = (side.number << 8 | bytes[at++]) >>> 0;
        if (--side.rowLeft === 0) numberEnds(side);
    }
  }
}

function numberEnds(side: Side): void {
  const { number } = side;
  if (side.row === Row.formatCount) {
    side.row = Row.formats;
    side.rowLeft = 2 * number;
    if (number === 0) beginNumber(side, Row.count, 2);
  } else if (side.row === Row.count) {
    side.fields = number;
    side.column = -1;
    nextField(side);
  } else if (number === 0xffff_ffff || number === 0) nextField(side); // NULL, or nothing.
  else {
    side.row = Row.value;
    side.rowLeft = number;
    side.values.begin(side.use === Use.row ? side.column : -1, number);
  }
}

function nextField(side: Side): void {
  side.values.end();
  if (++side.column >= side.fields) side.row = Row.rest;
  else beginNumber(side, Row.length, 4);
}

function beginNumber(side: Side, row: number, bytes: number): void {
  side.row = row;
  side.rowLeft = bytes;
  side.number = 0;
}

/** RowDescription: names of columns, each with 18 bytes about it. */
function columnNames(values: FieldText, body: Cursor): void {
  values.forgetNames();
  for (let left = body.u16(); left > 0 && body.remaining > 0; left--) {
    values.name(zeroEnded(body));
    body.skip(18);
  }
}

/** Text up to a NUL, which is stepped over; the rest where there is none. */
function zeroEnded(c: Cursor): string {
  const length = c.find(0);
  if (length < 0) return c.ascii(c.remaining);
  const text = c.ascii(length);
  c.skip(1);
  return text;
}
