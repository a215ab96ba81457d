/**
 * SMB 1, 2 and 3 over TCP, with or without NetBIOS sessions ([MS-CIFS], [MS-SMB2], RFC 1002 §4.3): the dialect, how
 * logins went, and what is not encrypted for the card search.
 *
 * State a direction: the beginning of one message (`MAX_KEPT_BYTES`), and the client's list of dialects.
 */
import { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol, TO_SERVER } from "./contract.ts";
import { latin1 } from "../../../model/latin1.ts";

const FRAME_HEADER_BYTES = 4;
/** Beginning of a message that is read: header, and dialects of SMB 1. */
const MAX_KEPT_BYTES = 512;
const MAX_DIALECTS = 32;
const MAX_LOGINS_TOLD = 1000;

const SESSION_MESSAGE = 0x00; // RFC 1002 §4.3.1
const SESSION_REQUEST = 0x81;
const SESSION_KEEP_ALIVE = 0x85;

const SMB1 = 0xff534d42;
const SMB2 = 0xfe534d42;
const ENCRYPTED = 0xfd534d42; // [MS-SMB2] §2.2.41
const COMPRESSED = 0xfc534d42; // [MS-SMB2] §2.2.42

const SMB2_HEADER_BYTES = 64;
const SMB1_HEADER_BYTES = 32;
const SMB1_NEGOTIATE = 0x72;
const SMB1_SESSION_SETUP = 0x73;
const MORE_PROCESSING = 0xc000_0016; // [MS-ERREF] §2.3
const DIALECTS: Record<number, string> = {
  0x0202: "2.02",
  0x0210: "2.10",
  0x02ff: "2.??",
  0x0300: "3.00",
  0x0302: "3.02",
  0x0311: "3.11",
};

/** The protocol for the registry: EVE's `smb`. */
export const smb: StreamProtocol = { name: "smb", probe, create: (flow) => new SmbParser(flow) };

function probe(c: Cursor): number {
  if (c.remaining === 0) return Probe.no;
  const type = c.peek8();
  if (type === SESSION_REQUEST) {
    // Two names of 34 bytes, each begins with its length: 32.
    if (c.remaining < 5) return Probe.more;
    return c.peek16(1) === 0 && c.peek8(3) === 68 && c.peek8(4) === 32 ? Probe.yes : Probe.no;
  }
  if (type !== SESSION_MESSAGE) return Probe.no;
  if (c.remaining >= 6 && c.peek16(5) >>> 8 !== 0x53) return Probe.no;
  if (c.remaining < 8) return Probe.more;
  return isMark(c.peek32(4)) ? Probe.yes : Probe.no;
}

function isMark(mark: number): boolean {
  return mark === SMB1 || mark === SMB2 || mark === ENCRYPTED || mark === COMPRESSED;
}

class Side {
  readonly header = new Uint8Array(FRAME_HEADER_BYTES);
  headerBytes = 0;
  left = 0;
  readonly kept = new Uint8Array(MAX_KEPT_BYTES);
  keptBytes = 0;
  wanted = 0;
  /** Nothing of the message can be read. */
  isHidden = false;
  lost = false;
}

class SmbParser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #sides: [Side, Side] = [new Side(), new Side()];
  #offered: string[] = [];
  #isDialectTold = false;
  #loginsTold = 0;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    const side = this.#sides[direction];
    while (at < end) {
      if (side.lost) return this.#flow.scan(direction, 0, bytes, at, end, "plain");
      if (side.left === 0) {
        at = this.#frame(direction, side, bytes, at, end);
        continue;
      }
      const n = Math.min(side.left, end - at);
      side.left -= n;
      this.#content(direction, side, bytes, at, at + n);
      at += n;
    }
  }

  gap(direction: number): void {
    this.#sides[direction].lost = true;
    this.#flow.scanEnd(direction, 0);
  }

  close(): void {}

  #frame(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    while (at < end && side.headerBytes < FRAME_HEADER_BYTES) side.header[side.headerBytes++] = bytes[at++];
    if (side.headerBytes < FRAME_HEADER_BYTES) return at;
    side.headerBytes = 0;
    const c = new Cursor(side.header);
    const type = c.u8();
    side.left = c.u24();
    side.keptBytes = 0;
    side.wanted = Math.min(side.left, MAX_KEPT_BYTES);
    side.isHidden = type !== SESSION_MESSAGE;
    if (type !== SESSION_MESSAGE && (type < SESSION_REQUEST || type > SESSION_KEEP_ALIVE)) {
      side.lost = true;
      this.#flow.scan(direction, 0, side.header, 0, FRAME_HEADER_BYTES, "plain");
    }
    return at;
  }

  #content(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): void {
    if (side.keptBytes < side.wanted) {
      const n = Math.min(end - at, side.wanted - side.keptBytes);
      side.kept.set(bytes.subarray(at, at + n), side.keptBytes);
      side.keptBytes += n;
      at += n;
      if (side.keptBytes < side.wanted) return;
      if (!side.isHidden) this.#message(direction, side);
    }
    if (!side.isHidden) this.#flow.scan(direction, 0, bytes, at, end, "plain");
  }

  #message(direction: number, side: Side): void {
    const c = new Cursor(side.kept, 0, side.keptBytes);
    const mark = c.u32();
    if (mark === ENCRYPTED) {
      side.isHidden = true;
      return;
    }
    if (mark === SMB2) this.#smb2(c);
    else if (mark === SMB1) this.#smb1(direction, c);
    // Each message is a text of its own.
    this.#flow.scanEnd(direction, 0);
    this.#flow.scan(direction, 0, side.kept, 0, side.keptBytes, "plain");
  }

  #smb2(c: Cursor): void {
    c.skip(4);
    const status = c.u32le();
    const command = c.u16le();
    c.skip(2);
    const isAnswer = (c.u32le() & 1) !== 0;
    if (!isAnswer) return;
    c.at = SMB2_HEADER_BYTES;
    if (c.at > c.end) return;
    if (command === 0) {
      c.skip(4);
      const dialect = c.u16le();
      if (!c.failed && status === 0) {
        this.#tellDialect(
          DIALECTS[dialect] ?? `0x${dialect.toString(16)}`,
          "SMB2_COMMAND_NEGOTIATE_PROTOCOL",
        );
      }
    } else if (command === 1) this.#login(status);
  }

  #smb1(direction: number, c: Cursor): void {
    const command = c.u8();
    const status = c.u32le();
    const isAnswer = (c.u8() & 0x80) !== 0;
    c.at = SMB1_HEADER_BYTES;
    if (c.at > c.end) return;
    if (command === SMB1_SESSION_SETUP && isAnswer) this.#login(status);
    if (command !== SMB1_NEGOTIATE) return;
    const words = c.u8();
    if (!isAnswer && direction === TO_SERVER) {
      c.skip(2 * words + 2);
      // Each is a byte 2 and a name that ends in NUL.
      this.#offered = latin1(c.bytes, c.at, c.end).split("\0", MAX_DIALECTS).map((name) => name.slice(1, 33));
    } else if (isAnswer && words > 0 && status === 0) {
      const dialect = this.#offered[c.u16le()];
      if (dialect !== undefined) this.#tellDialect(dialect, "SMB1_COMMAND_NEGOTIATE_PROTOCOL");
    }
  }

  #tellDialect(dialect: string, command: string): void {
    if (this.#isDialectTold || dialect === "2.??") return; // What follows says which.
    this.#isDialectTold = true;
    this.#flow.tell("smb", TO_SERVER, {
      smb: { dialect, command, status: "STATUS_SUCCESS", status_code: "0x0" },
    });
  }

  #login(status: number): void {
    if (status === MORE_PROCESSING || this.#loginsTold++ >= MAX_LOGINS_TOLD) return;
    this.#flow.tell("smb", TO_SERVER, { netpane: { login: status === 0 ? "succeeded" : "failed" } });
  }
}
