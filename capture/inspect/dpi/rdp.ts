/**
 * Remote Desktop's first two messages ([MS-RDPBCGR] §2.2.1.1, §2.2.1.2): which security both agree on. Then it is TLS,
 * or RDP's own encryption, of which nothing can be read. The cookie holds a user's name: only its length is told.
 *
 * State: `MAX_MESSAGE_BYTES` a direction.
 */
import { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol } from "./contract.ts";

const RDP_PORT = 3389;
const TPKT_HEADER_BYTES = 4; // RFC 2126 §4.3
const MAX_MESSAGE_BYTES = 512;

const CONNECTION_REQUEST = 0xe0; // X.224 §13.3
const CONNECTION_CONFIRM = 0xd0;
const TYPE_REQUEST = 1; // [MS-RDPBCGR] §2.2.1.1.1, §2.2.1.2.1, §2.2.1.2.2
const TYPE_RESPONSE = 2;
const TYPE_FAILURE = 3;
const PROTOCOLS: Record<number, string> = { 0: "rdp", 1: "ssl", 2: "hybrid", 4: "rdstls", 8: "hybrid_ex" };

/** The protocol for the registry: EVE's `rdp`. */
export const rdp: StreamProtocol = { name: "rdp", probe, create: (flow) => new RdpParser(flow) };

function probe(c: Cursor, _direction: number, serverPort: number): number {
  if (c.remaining === 0 || c.peek8() !== 3 || c.peek8(1) !== 0) return Probe.no;
  if (c.remaining < 6) return Probe.more;
  const length = c.peek16(2);
  const type = c.peek8(5);
  if (type !== CONNECTION_REQUEST && type !== CONNECTION_CONFIRM) return Probe.no;
  if (length < 11 || length > MAX_MESSAGE_BYTES || c.peek8(4) !== length - 5) return Probe.no;
  if (length === 11) return serverPort === RDP_PORT ? Probe.yes : Probe.no; // Old ones say nothing more.
  if (c.remaining < 12) return Probe.more;
  const next = c.peek8(11);
  // A cookie, a routing token, or the negotiation; other protocols over X.224 begin their parameters with 0xc0 to 0xc2.
  return next === 0x43 || next === 0x6d || (next >= TYPE_REQUEST && next <= TYPE_FAILURE)
    ? Probe.yes
    : Probe.no;
}

class RdpParser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #kept = [new Uint8Array(MAX_MESSAGE_BYTES), new Uint8Array(MAX_MESSAGE_BYTES)];
  readonly #keptBytes = [0, 0];
  #userLength = -1;
  #over = false;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    const kept = this.#kept[direction];
    while (at < end && !this.#over) {
      let length = this.#keptBytes[direction];
      const wanted = length < TPKT_HEADER_BYTES
        ? TPKT_HEADER_BYTES
        : Math.min(MAX_MESSAGE_BYTES, Math.max(TPKT_HEADER_BYTES + 1, kept[2] << 8 | kept[3]));
      while (at < end && length < wanted) kept[length++] = bytes[at++];
      this.#keptBytes[direction] = length;
      if (length < wanted || wanted === TPKT_HEADER_BYTES) continue;
      this.#keptBytes[direction] = 0;
      this.#message(direction, new Cursor(kept, 0, length), bytes, at, end);
    }
  }

  gap(): void {
    this.#finish();
  }

  close(): void {
    if (!this.#over && this.#userLength >= 0) this.#tell({ event_type: "initial_request" });
    this.#over = true;
  }

  #message(direction: number, c: Cursor, bytes: Uint8Array, at: number, end: number): void {
    c.skip(5);
    const type = c.u8();
    c.skip(5);
    if (type === CONNECTION_REQUEST) this.#userLength = cookieLength(c);
    else if (type === CONNECTION_CONFIRM) this.#confirm(c, direction, bytes, at, end);
    else this.#finish();
  }

  #confirm(c: Cursor, direction: number, bytes: Uint8Array, at: number, end: number): void {
    const kind = c.remaining >= 8 ? c.u8() : 0;
    c.skip(3);
    const value = kind === 0 ? 0 : c.u32le();
    if (kind === TYPE_FAILURE) {
      this.#tell({ event_type: "initial_response", error_code: value });
      return this.#finish();
    }
    const protocol = kind === TYPE_RESPONSE ? value : 0;
    this.#tell({ event_type: "initial_response", protocol: PROTOCOLS[protocol] ?? String(protocol) });
    if (protocol === 0) return this.#finish();
    this.#over = true;
    this.#flow.switchTo("tls", direction, bytes, at, end);
    this.#flow.name("rdp"); // Whatever it is wrapped in.
  }

  #tell(rdp: Record<string, unknown>): void {
    const fields: Record<string, unknown> = { rdp };
    if (this.#userLength > 0) fields.netpane = { user_length: this.#userLength };
    this.#flow.tell("rdp", 0, fields);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#flow.done();
  }
}

/** Length of the user's name in `Cookie: mstshash=NAME`; 0 where there is none. */
function cookieLength(c: Cursor): number {
  const text = c.ascii(c.remaining);
  return /^Cookie: mstshash=([^\r\n]*)/.exec(text)?.[1].length ?? 0;
}
