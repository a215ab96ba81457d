/**
 * Protocols over UDP that are recognised by their bytes and not taken apart. What can be read of them is searched for
 * card numbers; what is encrypted is let go of.
 */
import { Cursor } from "../../../model/cursor.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe } from "./contract.ts";
import { PassThroughDatagrams } from "./pass_through.ts";
import { isSunRpcCall, kerberos } from "./recognised.ts";

interface Recognised {
  name: string;
  is: (c: Cursor, serverPort: number) => boolean;
  /** Nothing after it can be read. */
  isEncrypted?: boolean;
}

const TABLE: Recognised[] = [
  { name: "stun", is: isStun },
  { name: "wireguard", is: isWireguard, isEncrypted: true },
  { name: "ikev2", is: (c) => isIke(c, 2), isEncrypted: true },
  { name: "ike", is: (c) => isIke(c, 1), isEncrypted: true },
  { name: "krb5", is: (c) => kerberos(new Cursor(c.bytes, c.at, c.end)) === Probe.yes },
  { name: "nfs", is: (c) => isSunRpcCall(c, 0, 100_003) },
  { name: "rpcbind", is: (c) => isSunRpcCall(c, 0, 100_000) },
  { name: "radius", is: isRadius },
];

/** The protocols for the registry. */
export const RECOGNISED_DATAGRAMS: readonly DatagramProtocol[] = TABLE.map(({ name, is, isEncrypted }) => ({
  name,
  probe: (c: Cursor, _direction: number, _clientPort: number, serverPort: number) =>
    is(c, serverPort) ? Probe.yes : Probe.no,
  create: (flow: FlowHandle) => isEncrypted ? new Encrypted(flow) : new PassThroughDatagrams(flow),
}));

class Encrypted implements DatagramParser {
  readonly #flow: FlowHandle;
  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }
  datagram(): void {
    this.#flow.done();
  }
  close(): void {}
}

/** RFC 8489 §5: the magic cookie, and a length in fours. */
function isStun(c: Cursor): boolean {
  return c.remaining >= 20 && c.peek8() < 0x40 && c.peek32(4) === 0x2112_a442 && (c.peek16(2) & 3) === 0 &&
    c.peek16(2) + 20 <= c.remaining;
}

/** Handshake messages, WireGuard paper §5.4: type, three zeros, and exact lengths. */
function isWireguard(c: Cursor): boolean {
  const type = c.peek32();
  return (type === 0x0100_0000 && c.remaining === 148) || (type === 0x0200_0000 && c.remaining === 92) ||
    (type === 0x0300_0000 && c.remaining === 64);
}

/** RFC 7296 §3.1, RFC 2408 §3.1: version, exchange and the datagram's own length. */
function isIke(c: Cursor, version: number): boolean {
  if (c.remaining < 28 || c.peek8(17) >>> 4 !== version || (c.peek8(17) & 15) > 1) return false;
  const exchange = c.peek8(18);
  const isExchange = version === 2 ? exchange >= 34 && exchange <= 43 : exchange >= 1 && exchange <= 34;
  return isExchange && c.peek32(24) === c.remaining && (c.peek32() | c.peek32(4)) !== 0;
}

/** RFC 2865 §3: code, and the datagram's own length; sure with its ports only. */
function isRadius(c: Cursor, serverPort: number): boolean {
  const isPort = serverPort === 1812 || serverPort === 1813 || serverPort === 1645 || serverPort === 1646;
  return isPort && c.remaining >= 20 && [1, 2, 3, 4, 5, 11].includes(c.peek8()) &&
    c.peek16(2) === c.remaining;
}
