/**
 * SIP, RFC 3261: calls being set up. Told as Suricata 7's `sip`, over UDP; over TCP it is recognised and looked at
 * for card numbers. No state.
 */
import { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import {
  type DatagramParser,
  type DatagramProtocol,
  type FlowHandle,
  Probe,
  type StreamParser,
  type StreamProtocol,
} from "./contract.ts";
import { presentableText } from "./presentable_text.ts";

const VERSION = "SIP/2.0";
const METHODS = [
  "INVITE",
  "ACK",
  "BYE",
  "CANCEL",
  "REGISTER",
  "OPTIONS",
  "PRACK",
  "SUBSCRIBE",
  "NOTIFY",
  "PUBLISH",
  "INFO",
  "REFER",
  "MESSAGE",
  "UPDATE",
];
const LONGEST_METHOD = 9;
const MAX_LINE_BYTES = 1024;
/** Of a message, for its credentials. */
const MAX_HEAD_BYTES = 4096;

/** SIP over UDP. */
export const sipDatagrams: DatagramProtocol = {
  name: "sip",
  probe: (c) => readStart(c) === null ? Probe.no : Probe.yes,
  create: (flow) => new SipDatagrams(flow),
};

/** SIP over TCP. */
export const sipStream: StreamProtocol = {
  name: "sip",
  probe(c) {
    if (readStart(new Cursor(c.bytes, c.at, c.end)) !== null) return Probe.yes;
    const text = c.ascii(Math.min(c.remaining, LONGEST_METHOD + 1));
    const whole = METHODS.some((method) => text.startsWith(`${method} `)) || text.startsWith(`${VERSION} `);
    const begun = METHODS.some((method) => `${method} `.startsWith(text)) || `${VERSION} `.startsWith(text);
    // A request's line is read to its end, where the version is: OPTIONS and others are HTTP's and RTSP's as well.
    return begun || whole && c.find(0x0a) < 0 && c.remaining < MAX_LINE_BYTES ? Probe.more : Probe.no;
  },
  create: (flow) => new SipStream(flow),
};

class SipDatagrams implements DatagramParser {
  /** Directions whose credentials were told, by bit. */
  #secrets = 0;

  constructor(readonly flow: FlowHandle) {}

  datagram(direction: number, bytes: Uint8Array, at: number, end: number): void {
    scanDatagram(this.flow, direction, bytes, at, end);
    const c = new Cursor(bytes, at, end);
    const sip = readStart(c);
    if (sip === null) return;
    this.flow.tell("sip", direction, { sip });
    if (sip.method !== undefined && (this.#secrets >> direction & 1) === 0) {
      this.#findCredentials(direction, c);
    }
  }

  close(): void {}

  /** RFC 3261 §22: a digest of the password goes with the user's name, bound to the server's nonce. */
  #findCredentials(direction: number, c: Cursor): void {
    const head = c.ascii(Math.min(c.remaining, MAX_HEAD_BYTES));
    const digest = /^(?:Proxy-)?Authorization[ \t]*:[ \t]*Digest[ \t][^\r\n]*/im.exec(head);
    if (digest === null) return;
    this.#secrets |= 1 << direction;
    const user = /username="([^"]*)"/i.exec(digest[0]);
    this.flow.credentials(direction, "digest", user?.[1].length ?? 0);
  }
}

class SipStream implements StreamParser {
  constructor(readonly flow: FlowHandle) {}

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.flow.scan(direction, 0, bytes, at, end, "plain");
  }

  gap(direction: number): void {
    this.flow.scanEnd(direction, 0);
  }

  close(): void {}
}

/** The first line, RFC 3261 §7.1 and §7.2; `null` when it is none of SIP. */
function readStart(c: Cursor): Record<string, string> | null {
  const first = c.peek8();
  if (first < 0x41 || first > 0x5a) return null;
  const feed = c.find(0x0a, MAX_LINE_BYTES);
  if (feed < VERSION.length) return null;
  const end = c.at + feed - (c.peek8(feed - 1) === 0x0d ? 1 : 0);
  const line = presentableText(c.bytes, c.at, end);
  if (line.startsWith(`${VERSION} `)) {
    const code = line.slice(VERSION.length + 1, VERSION.length + 4);
    if (!/^[1-6]\d\d$/.test(code)) return null;
    c.skip(feed + 1);
    return { version: VERSION, code, reason: line.slice(VERSION.length + 5), response_line: line };
  }
  if (!line.endsWith(` ${VERSION}`)) return null;
  const space = line.indexOf(" ");
  const method = line.slice(0, space);
  if (!METHODS.includes(method)) return null;
  c.skip(feed + 1);
  const uri = maskUri(line.slice(space + 1, -VERSION.length - 1));
  return { method, uri, version: VERSION, request_line: `${method} ${uri} ${VERSION}` };
}

/** RFC 3261 §19.1.1 allows a password behind the user. */
function maskUri(uri: string): string {
  return uri.replace(/^(sips?:[^:@;?]*):[^@]*@/i, "$1:***@");
}
