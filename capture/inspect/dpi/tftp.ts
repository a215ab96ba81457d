/**
 * TFTP, RFC 1350: which file is read or written. Told as Suricata 7's `tftp`. The data goes over other ports, in
 * a flow of its own.
 */
import { Cursor } from "../../../model/cursor.ts";
import { scanDatagram } from "./clear_text.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe } from "./contract.ts";
import { presentableText } from "./presentable_text.ts";

const READ = 1;
const WRITE = 2;
const MAX_FILE_BYTES = 512;
const MODES = ["octet", "netascii", "mail"];
const MAX_MODE_BYTES = 9;

/** TFTP over UDP. */
export const tftpDatagrams: DatagramProtocol = {
  name: "tftp",
  probe: (c) => readRequest(c) === null ? Probe.no : Probe.yes,
  create: (flow) => new Tftp(flow),
};

class Tftp implements DatagramParser {
  readonly #flow: FlowHandle;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number): void {
    scanDatagram(this.#flow, direction, bytes, at, end);
    const tftp = readRequest(new Cursor(bytes, at, end));
    if (tftp !== null) this.#flow.tell("tftp", direction, { tftp });
  }

  close(): void {}
}

/** §5, figure 5-1: operation, file name, 0, mode, 0, then perhaps options (RFC 2347). */
function readRequest(c: Cursor): Record<string, unknown> | null {
  const operation = c.u16();
  if (operation !== READ && operation !== WRITE) return null;
  const nameBytes = c.find(0, MAX_FILE_BYTES);
  if (nameBytes <= 0) return null;
  for (let i = 0; i < nameBytes; i++) if (c.peek8(i) < 0x20) return null;
  const file = presentableText(c.bytes, c.at, c.at + nameBytes);
  c.skip(nameBytes + 1);
  const modeBytes = c.find(0, MAX_MODE_BYTES);
  if (modeBytes <= 0) return null;
  const mode = c.ascii(modeBytes).toLowerCase();
  return MODES.includes(mode) ? { packet: operation === READ ? "read" : "write", file, mode } : null;
}
