/**
 * NTP, RFC 5905: which clock a machine follows. Told as `ntp` for the first request and the first answer of a flow.
 */
import { Cursor } from "../../../model/cursor.ts";
import { formatIpv4 } from "../../../model/address.ts";
import { scanDatagram } from "./clear_text.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe } from "./contract.ts";
import { presentableText } from "./presentable_text.ts";

const NTP_PORT = 123;
const HEADER_BYTES = 48; // §7.3
/** Header, and a key number with a digest of MD5 or SHA-1 (§7.3); others have extension fields (RFC 7822). */
const USUAL_BYTES = [HEADER_BYTES, HEADER_BYTES + 20, HEADER_BYTES + 24];
const MAX_STRATUM = 16;
/** Seconds of delay or dispersion above which nobody believes in a clock, §11.2: its ceiling is 16. */
const MAX_ROOT_SECONDS = 16;

const MODES = [
  "reserved",
  "symmetric_active",
  "symmetric_passive",
  "client",
  "server",
  "broadcast",
  "control",
  "private",
];
const SERVER = 4;
const BROADCAST = 5;
const CONTROL = 6;

/** NTP over UDP. */
export const ntpDatagrams: DatagramProtocol = {
  name: "ntp",
  probe(c, _direction, clientPort, serverPort) {
    const onPort = clientPort === NTP_PORT || serverPort === NTP_PORT;
    return isNtp(c, onPort) ? Probe.yes : Probe.no;
  },
  create: (flow) => new Ntp(flow),
};

function isNtp(c: Cursor, onPort: boolean): boolean {
  const version = c.peek8() >> 3 & 7;
  const mode = c.peek8() & 7;
  if (version < 1 || version > 4 || mode === 0) return false;
  // Control and private messages (ntpq, ntpdc) have nothing to tell them by but the port.
  if (mode >= CONTROL) return onPort && c.has(4);
  if (!c.has(HEADER_BYTES) || c.peek8(1) > MAX_STRATUM) return false;
  if (onPort) return true;
  const precision = c.peek8(3) << 24 >> 24;
  return USUAL_BYTES.includes(c.remaining) && version >= 3 && c.peek8(2) <= 17 && precision <= 0 &&
    precision > -32 &&
    c.peek16(4) < MAX_ROOT_SECONDS && c.peek16(8) < MAX_ROOT_SECONDS && c.peek32(40) !== 0;
}

class Ntp implements DatagramParser {
  readonly #flow: FlowHandle;
  readonly #cursor = new Cursor(NOTHING);
  /** Directions told of, by bit. */
  #told = 0;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number): void {
    scanDatagram(this.#flow, direction, bytes, at, end);
    if (this.#told >> direction & 1) return;
    const c = this.#cursor;
    c.reset(bytes, at, end);
    if (!isNtp(c, true)) return;
    this.#told |= 1 << direction;
    const mode = c.peek8() & 7;
    const ntp: Record<string, unknown> = { version: c.peek8() >> 3 & 7, mode: MODES[mode] };
    if (mode < CONTROL) ntp.stratum = c.peek8(1);
    if (mode === SERVER || mode === BROADCAST) ntp.reference_id = referenceOf(c);
    this.#flow.tell("ntp", direction, { ntp });
  }

  close(): void {}
}

/** §7.3: four letters at stratum 0 (a kiss code) and 1 (the clock), else the IPv4 address of the server above. */
function referenceOf(c: Cursor): string {
  const at = c.at + 12;
  if (c.peek8(1) > 1) return formatIpv4(c.bytes, at);
  let end = at + 4;
  while (end > at && c.bytes[end - 1] === 0) end--;
  return presentableText(c.bytes, at, end);
}

const NOTHING = new Uint8Array(0);
