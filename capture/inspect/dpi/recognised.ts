/**
 * Protocols over TCP that are recognised by their first bytes and not taken apart. What they carry is searched for card
 * numbers; where the first message is a login that anyone can read, that is told.
 *
 * State: `MAX_LOGIN_BYTES` of the client's first bytes, where the protocol has such a login.
 */
import { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamProtocol, TO_CLIENT, TO_SERVER } from "./contract.ts";
import { firstLine } from "./first_line.ts";
import { latin1 } from "../../../model/latin1.ts";
import { PassThroughStream } from "./pass_through.ts";

/** First bytes within which a login must lie. */
const MAX_LOGIN_BYTES = 1024;
/** Fewer than any login has, and enough for what comes before it. */
const MIN_LOGIN_BYTES = 12;

interface Login {
  kind: string;
  userLength: number;
}

/** A login out of the client's first message; null for none, `undefined` where more bytes are needed. */
type LoginReader = (c: Cursor) => Login | null | undefined;

interface Recognised {
  name: string;
  /** As `StreamProtocol.probe`. */
  probe: (c: Cursor, direction: number, serverPort: number) => number;
  login?: LoginReader;
}

const TABLE: Recognised[] = [
  // Text.
  { name: "rtsp", probe: line(/^(?:[A-Z_]{4,13} rtsps?:\/\/\S+ RTSP\/\d|RTSP\/\d\.\d \d{3})/, "RTSP", 512) },
  { name: "rfb", probe: prefix(/^RFB \d{3}\.\d{3}\n/, "RFB 000.000\n") },
  { name: "amqp", probe: prefix(/^AMQP[^ -~]/, "AMQP\0") },
  { name: "rsync", probe: prefix(/^@RSYNCD: /, "@RSYNCD: ") },
  { name: "irc", probe: irc },
  { name: "xmpp", probe: xmpp },
  { name: "git", probe: git },
  { name: "rlogin", probe: rlogin },
  { name: "rsh", probe: rsh },
  // Binary.
  { name: "ldap", probe: ldap, login: ldapLogin },
  {
    name: "krb5",
    probe: (c) => c.remaining < 5 ? moreOf(c, 0) : kerberos(new Cursor(c.bytes, c.at + 4, c.end)),
  },
  { name: "nfs", probe: (c) => sunRpc(c, 100_003) },
  { name: "rpcbind", probe: (c) => sunRpc(c, 100_000) },
  { name: "modbus", probe: modbus },
  { name: "bgp", probe: bgp },
  { name: "pptp", probe: pptp },
  { name: "rtmp", probe: rtmp },
  { name: "mongodb", probe: mongodb },
  { name: "tds", probe: tds },
  { name: "dcerpc", probe: dcerpc },
  { name: "iec104", probe: iec104 },
];

/** The protocols for the registry. */
export const RECOGNISED: readonly StreamProtocol[] = TABLE.map(({ name, probe, login }) => ({
  name,
  probe,
  create: (flow: FlowHandle) =>
    login === undefined ? new PassThroughStream(flow) : new LoginStream(flow, login),
}));

const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** Reads the login out of the client's first bytes, and hands everything on. */
class LoginStream extends PassThroughStream {
  readonly #login: LoginReader;
  #kept = NOTHING;
  #isRead = false;

  constructor(flow: FlowHandle, login: LoginReader) {
    super(flow);
    this.#login = login;
  }

  override data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    super.data(direction, bytes, at, end);
    if (direction !== TO_SERVER || this.#isRead) return;
    const room = Math.min(end - at, MAX_LOGIN_BYTES - this.#kept.length);
    const whole = new Uint8Array(this.#kept.length + room);
    whole.set(this.#kept);
    whole.set(bytes.subarray(at, at + room), this.#kept.length);
    const login = this.#login(new Cursor(whole));
    this.#isRead = login !== undefined || whole.length === MAX_LOGIN_BYTES;
    this.#kept = this.#isRead ? NOTHING : whole;
    if (login) this.flow.credentials(TO_SERVER, login.kind, login.userLength);
  }

  override gap(direction: number): void {
    super.gap(direction);
    if (direction === TO_SERVER) this.#isRead = true;
  }
}

// ------------------------------------------------------------ kinds of signs

function moreOf(c: Cursor, first: number): number {
  return c.remaining > 0 && c.peek8() === first ? Probe.more : Probe.no;
}

/** The first line, which begins in upper case, matches; with less than a line, as long as it begins like `start`. */
function line(pattern: RegExp, start: string, maxBytes: number): Recognised["probe"] {
  return (c) => {
    if (!isUpperCase(c.peek8())) return Probe.no;
    const text = firstLine(c);
    if (text === null) return Probe.no;
    if (pattern.test(text)) return Probe.yes;
    const isBeginning = start.startsWith(text) || text.startsWith(start) || RTSP_METHOD.test(text);
    return !text.endsWith("\n") && text.length < maxBytes && isBeginning ? Probe.more : Probe.no;
  };
}

function isUpperCase(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a || byte === 0x5f;
}

const RTSP_METHOD =
  /^(?:OPTIONS|DESCRIBE|ANNOUNCE|SETUP|PLAY|PAUSE|TEARDOWN|RECORD|GET_PARAMETER|SET_PARAMETER) (?:r(?:t(?:s(?:p.*)?)?)?)?$/;

/**
 * The first bytes match; with fewer, as long as they agree with `example` but for digits. It begins as `pattern` does:
 * nearly every flow is ruled out by one byte, without making text of it.
 */
function prefix(pattern: RegExp, example: string): Recognised["probe"] {
  const first = example.charCodeAt(0);
  return (c) => {
    const n = Math.min(c.remaining, example.length);
    if (n === 0 || c.peek8() !== first) return Probe.no;
    const text = latin1(c.bytes, c.at, c.at + n);
    if (n === example.length) return pattern.test(text) ? Probe.yes : Probe.no;
    return text.replace(/\d/g, "0") === example.slice(0, n) ? Probe.more : Probe.no;
  };
}

function matches(c: Cursor, pattern: RegExp, maxBytes: number): number {
  return pattern.test(latin1(c.bytes, c.at, Math.min(c.end, c.at + maxBytes))) ? Probe.yes : Probe.no;
}

/** Stands for any byte in what `bytesAre` is asked. */
const ANY = -1;

/** Whether the first bytes are these; `yes` only when all of them are there. */
function bytesAre(c: Cursor, wanted: readonly number[]): number {
  const n = Math.min(c.remaining, wanted.length);
  for (let i = 0; i < n; i++) if (wanted[i] !== ANY && c.peek8(i) !== wanted[i]) return Probe.no;
  if (n < wanted.length) return n > 0 ? Probe.more : Probe.no;
  return Probe.yes;
}

// ------------------------------------------------------------ text

/** gitprotocol-pack: a length in four hexadecimal digits, a command. */
function git(c: Cursor): number {
  return c.peek8(4) === 0x67
    ? matches(c, /^[0-9a-f]{4}git-(?:upload|receive)-(?:pack|archive) /, 24)
    : Probe.no;
}

/** RFC 1282: NUL, two user names, a terminal with its speed. */
function rlogin(c: Cursor): number {
  return c.peek8() === 0
    ? matches(c, /^\0[\w.-]{1,32}\0[\w.-]{1,32}\0[\w.+-]{1,32}\/\d{1,6}\0$/, 110)
    : Probe.no;
}

/** RFC 2812 §3.1; servers begin with their name or with NOTICE. */
function irc(c: Cursor, direction: number): number {
  if (!IRC_FIRST.includes(String.fromCharCode(c.peek8() | 0x20))) return Probe.no;
  const text = firstLine(c);
  if (text === null || !text.endsWith("\n")) {
    return text !== null && direction === TO_SERVER && /^(?:NICK|USER|CAP) ?/.test(text)
      ? Probe.more
      : Probe.no;
  }
  const isIrc = direction === TO_CLIENT
    ? /^(?::\S+ (?:NOTICE|\d{3}|CAP) |NOTICE (?:AUTH|\*) :)/.test(text)
    : /^(?:NICK :?[^\s:@!]{1,30}\r?\n|CAP (?:LS|REQ|LIST)\b|USER \S+ \S+ \S+ :|JOIN #)/i.test(text);
  return isIrc ? Probe.yes : Probe.no;
}

/** First bytes of what `irc` takes, in lower case; a colon is the same in either. */
const IRC_FIRST = ":ncuj";

/** RFC 6120 §4.2. */
function xmpp(c: Cursor): number {
  if (c.peek8() !== 0x3c) return Probe.no;
  const text = latin1(c.bytes, c.at, Math.min(c.end, c.at + 300));
  if (/^(?:<\?xml[^>]*>\s*)?<stream:stream\s/.test(text)) return Probe.yes;
  return text !== "" && text.length < 300 && ("<?xml ".startsWith(text) || "<stream:stream ".startsWith(text))
    ? Probe.more
    : Probe.no;
}

/** Port for errors, two user names and a command, each with NUL; the rest of the protocol has no sign. */
function rsh(c: Cursor, direction: number, serverPort: number): number {
  if (direction !== TO_SERVER || serverPort !== 514) return Probe.no;
  const text = latin1(c.bytes, c.at, Math.min(c.end, c.at + 300));
  if (/^\d{0,5}\0[\w.-]{1,32}\0[\w.-]{1,32}\0[^\0]+\0$/.test(text)) return Probe.yes;
  return /^(?:\d{1,5}|\d{0,5}\0[\w.-]{0,32}(?:\0[\w.-]{0,32}(?:\0[^\0]*)?)?)$/.test(text) && text.length < 300
    ? Probe.more
    : Probe.no;
}

// ------------------------------------------------------------ binary

/** Bind, unbind, search, modify, add, delete, compare, extended; and their answers. */
// deno-fmt-ignore
const LDAP_OPERATIONS = new Set([
  0x60, 0x61, 0x42, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x4a, 0x6b, 0x6e, 0x6f, 0x73, 0x77, 0x78,
]);

/** RFC 4511 §4.1.1: a sequence, a message's number, an operation. */
function ldap(c: Cursor): number {
  if (c.remaining === 0 || c.peek8() !== 0x30) return Probe.no;
  if (c.remaining < 7) return Probe.more;
  const body = ldapBody(new Cursor(c.bytes, c.at, c.end));
  if (body === null) return Probe.no;
  return LDAP_OPERATIONS.has(body.peek8()) && (body.remaining > 1 || body.peek8() === 0x42)
    ? Probe.yes
    : Probe.no;
}

/** A cursor at the operation; null where it is no message. */
function ldapBody(c: Cursor): Cursor | null {
  c.skip(1);
  const total = berLength(c);
  if (c.failed || total < 5 || total > 0x100_0000 || c.u8() !== 2) return null;
  const length = c.u8();
  return length >= 1 && length <= 4 && c.skip(length) ? c : null;
}

function berLength(c: Cursor): number {
  const first = c.u8();
  if (first < 0x80) return first;
  let length = 0;
  if (first === 0x80 || first > 0x84) c.fail();
  else for (let i = first & 0x7f; i > 0; i--) length = length * 256 + c.u8();
  return length;
}

/** A simple bind, RFC 4511 §4.2: version, name, and a password with the tag 0x80. */
function ldapLogin(message: Cursor): Login | null | undefined {
  if (message.remaining < MIN_LOGIN_BYTES) return undefined;
  const c = ldapBody(message);
  if (c === null || c.peek8() !== 0x60) return null;
  c.skip(1);
  berLength(c);
  c.skip(1);
  c.skip(c.u8()); // Version.
  c.skip(1);
  const userLength = berLength(c);
  c.skip(userLength);
  const choice = c.u8();
  const passwordLength = berLength(c);
  if (c.failed) return undefined;
  return choice === 0x80 && passwordLength > 0 ? { kind: "simple_bind", userLength } : null;
}

/** RFC 4120 §5.4.1: version 5 within the first bytes of a request, an answer or an error. */
export function kerberos(c: Cursor): number {
  const tag = c.peek8();
  if (!(tag >= 0x6a && tag <= 0x6d || tag === 0x7e)) return Probe.no;
  c.skip(1);
  berLength(c);
  if (c.u8() !== 0x30) return Probe.no;
  berLength(c);
  const field = c.u8();
  const isVersion = (field === 0xa1 || field === 0xa0) && c.u8() === 3 && c.u8() === 2 && c.u8() === 1 &&
    c.u8() === 5;
  return isVersion && !c.failed ? Probe.yes : Probe.no;
}

/** A call, RFC 5531 §9, behind a record's mark (§11). */
function sunRpc(c: Cursor, program: number): number {
  if (c.remaining === 0 || c.peek8() !== 0x80) return Probe.no;
  if (c.remaining >= 2 && c.peek8(1) > 0x10) return Probe.no;
  if (c.remaining < 24) return c.remaining >= 12 && c.peek32(8) !== 0 ? Probe.no : Probe.more;
  return isSunRpcCall(c, 4, program) ? Probe.yes : Probe.no;
}

/** @param at Offset of the transaction's number. */
export function isSunRpcCall(c: Cursor, at: number, program: number): boolean {
  return c.peek32(at + 4) === 0 && c.peek32(at + 8) === 2 && c.peek32(at + 12) === program && c.has(at + 20);
}

/** Modbus/TCP: without its port, the header says too little. */
function modbus(c: Cursor, _direction: number, serverPort: number): number {
  if (serverPort !== 502 || c.remaining === 0) return Probe.no;
  if (c.remaining < 8) return c.remaining >= 4 && c.peek16(2) !== 0 ? Probe.no : Probe.more;
  const length = c.peek16(4);
  const code = c.peek8(7) & 0x7f;
  return c.peek16(2) === 0 && length >= 2 && length <= 254 && code >= 1 && code <= 43 ? Probe.yes : Probe.no;
}

const BGP_HEADER = [...new Array<number>(16).fill(0xff), ANY, ANY, ANY];

/** RFC 4271 §4.1: a marker of ones, a length, a type. */
function bgp(c: Cursor): number {
  const found = bytesAre(c, BGP_HEADER);
  if (found !== Probe.yes) return found;
  const length = c.peek16(16);
  return length >= 19 && length <= 4096 && c.peek8(18) >= 1 && c.peek8(18) <= 5 ? Probe.yes : Probe.no;
}

const PPTP_HEADER = [ANY, ANY, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d];

/** RFC 2637 §1.4: a control message with the magic cookie. */
function pptp(c: Cursor): number {
  return bytesAre(c, PPTP_HEADER) === Probe.yes ? Probe.yes : Probe.no;
}

/** RTMP 1.0 §5.2: version 3, a time, zeros or a version of Flash; sure with its port only. */
function rtmp(c: Cursor, direction: number, serverPort: number): number {
  if (serverPort !== 1935 || c.peek8() !== 3) return Probe.no;
  return direction === TO_SERVER && c.remaining < 9 ? moreOf(c, 3) : Probe.yes;
}

/** OP_MSG or OP_QUERY behind a length in little-endian order. */
function mongodb(c: Cursor): number {
  if (c.remaining < 16) return Probe.no;
  const header = new Cursor(c.bytes, c.at, c.at + 16);
  const length = header.u32le();
  header.skip(4);
  const answers = header.u32le();
  const code = header.u32le();
  if (length < 21 || length > 48_000_000) return Probe.no;
  return code === 2013 || (code === 2004 && answers === 0) ? Probe.yes : Probe.no;
}

const TDS_PRELOGIN = [0x12, 1, ANY, ANY, 0, 0, ANY, 0, 0, 0];

/** PRELOGIN, [MS-TDS] §2.2.6.5: its first option is the version's. */
function tds(c: Cursor): number {
  return bytesAre(c, TDS_PRELOGIN);
}

const DCERPC_BIND = [5, 0, 0x0b, ANY, 0x10, 0, 0, 0];

/** BIND of connection-oriented DCE RPC 5.0, C706 §12.6.4.3. */
function dcerpc(c: Cursor): number {
  return bytesAre(c, DCERPC_BIND);
}

const IEC104_CONTROL = [0x68, 4, ANY, 0, 0, 0];

/** IEC 60870-5-104 §5: STARTDT or TESTFR, which a client begins with. */
function iec104(c: Cursor): number {
  const found = bytesAre(c, IEC104_CONTROL);
  if (found !== Probe.yes) return found;
  return c.peek8(2) === 7 || c.peek8(2) === 0x43 ? Probe.yes : Probe.no;
}
