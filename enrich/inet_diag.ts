/** Sockets as NETLINK_SOCK_DIAG tells them: linux/inet_diag.h and `tcp_info` of linux/tcp.h. Pure bytes. */
import type { Cursor } from "../model/cursor.ts";
import { AttributeReader } from "./netlink.ts";

/** Message type of request and answer, linux/sock_diag.h. */
export const SOCK_DIAG_BY_FAMILY = 20;

export const AF_INET = 2; // linux/socket.h
export const AF_INET6 = 10;

/** TCP states, include/net/tcp_states.h; also the bit of a state in a request's mask. */
export const TcpState = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  SYN_RECV: 3,
  FIN_WAIT1: 4,
  FIN_WAIT2: 5,
  TIME_WAIT: 6,
  CLOSE: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
  NEW_SYN_RECV: 12,
} as const;

const TCP_STATE_NAMES: readonly string[] = [
  "unknown",
  "established",
  "syn_sent",
  "syn_recv",
  "fin_wait1",
  "fin_wait2",
  "time_wait",
  "close",
  "close_wait",
  "last_ack",
  "listen",
  "closing",
  "syn_recv", // NEW_SYN_RECV: the handshake as a request socket; people know one name for both
];

/** Linux name of a TCP state, lower case. */
export function tcpStateName(state: number): string {
  return TCP_STATE_NAMES[state] ?? "unknown";
}

/** A UDP socket is connected to one peer, or not. */
export function udpStateName(state: number): string {
  return state === TcpState.ESTABLISHED ? "established" : "unconnected";
}

const INET_DIAG_INFO = 2; // attribute with struct tcp_info; bit 1 << (2 - 1) of idiag_ext asks for it
const REQUEST_BYTES = 56; // struct inet_diag_req_v2
const MESSAGE_BYTES = 72; // struct inet_diag_msg

/**
 * Body of a dump request, `struct inet_diag_req_v2`; `states` is a mask of `1 << state`. With `localPort` the kernel
 * tells of that port's sockets only.
 */
export function inetDiagRequest(
  { family, protocol, states, tcpInfo, localPort = 0 }: {
    family: number;
    protocol: number;
    states: number;
    tcpInfo: boolean;
    localPort?: number;
  },
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(REQUEST_BYTES);
  bytes[0] = family; // sdiag_family
  bytes[1] = protocol; // sdiag_protocol
  bytes[2] = tcpInfo ? 1 << (INET_DIAG_INFO - 1) : 0; // idiag_ext
  const view = new DataView(bytes.buffer);
  view.setUint32(4, states, true); // idiag_states
  view.setUint16(8, localPort); // id.idiag_sport; the rest of the id stays zero
  return bytes;
}

/** One answer, reused from socket to socket. Addresses stay in the message: see `bytes` and the offsets. */
export interface DiagRow {
  family: number;
  state: number;
  localPort: number;
  remotePort: number;
  /** Where the two addresses are (4 or 16 bytes); valid until the next datagram. */
  bytes: Uint8Array;
  localAt: number;
  remoteAt: number;
  /**
   * Names the socket over the kernel's life, the same in every state it goes through: a number exact up to 2^53, or
   * a text where the source has no such number.
   */
  cookie: number | string;
  /** 0 with `inode` 0: the kernel no longer knows (time_wait, orphaned) or does not tell. */
  uid: number;
  inode: number;
  /** Whether the fields below were told. */
  hasInfo: boolean;
  rttUs: number;
  rttVarUs: number;
  retransmits: number;
  bytesSent: number;
  bytesReceived: number;
  /** Since payload was last sent; since the beginning where none was. */
  sendIdleMs: number;
}

export function createDiagRow(): DiagRow {
  return {
    family: 0,
    state: 0,
    localPort: 0,
    remotePort: 0,
    bytes: new Uint8Array(0),
    localAt: 0,
    remoteAt: 0,
    cookie: 0,
    uid: 0,
    inode: 0,
    hasInfo: false,
    rttUs: 0,
    rttVarUs: 0,
    retransmits: 0,
    bytesSent: 0,
    bytesReceived: 0,
    sendIdleMs: 0,
  };
}

const attributes = new AttributeReader();

/** Reads `struct inet_diag_msg` and its attributes into `row`; false when it is cut or not of IPv4 or IPv6. */
export function parseInetDiag(c: Cursor, row: DiagRow): boolean {
  if (!c.has(MESSAGE_BYTES)) return false;
  row.family = c.u8();
  row.state = c.u8();
  c.skip(2); // timer, retrans
  row.localPort = c.u16(); // ports and addresses are in network order
  row.remotePort = c.u16();
  row.bytes = c.bytes;
  row.localAt = c.at;
  row.remoteAt = c.at + 16;
  c.skip(32);
  c.skip(4); // interface
  const cookieLow = c.u32le();
  row.cookie = c.u32le() * 0x1_0000_0000 + cookieLow;
  c.skip(12); // expires, receive queue, send queue
  row.uid = c.u32le();
  row.inode = c.u32le();
  row.hasInfo = false;
  attributes.reset(c);
  while (attributes.next()) {
    if (attributes.type !== INET_DIAG_INFO) continue;
    parseTcpInfo(attributes.value, row);
    break; // the rest is not for us
  }
  return row.family === AF_INET || row.family === AF_INET6;
}

/** `struct tcp_info`: it only ever grew at its end, so an older kernel's is a prefix of ours. */
function parseTcpInfo(c: Cursor, row: DiagRow): void {
  if (!c.has(104)) return; // up to tcpi_total_retrans, Linux 2.6
  c.skip(44);
  row.sendIdleMs = c.u32le(); // tcpi_last_data_sent at 44
  c.skip(20);
  row.rttUs = c.u32le(); // tcpi_rtt at 68, microseconds
  row.rttVarUs = c.u32le(); // tcpi_rttvar at 72
  c.skip(24);
  row.retransmits = c.u32le(); // tcpi_total_retrans at 100
  row.bytesSent = 0;
  row.bytesReceived = 0;
  row.hasInfo = true;
  if (!c.has(32)) return; // up to tcpi_bytes_received, Linux 4.1
  c.skip(16);
  row.bytesSent = u64le(c); // tcpi_bytes_acked at 120: also counts SYN and FIN; replaced below where it can be
  row.bytesReceived = u64le(c); // tcpi_bytes_received at 128
  if (!c.has(72)) return; // up to tcpi_bytes_sent, Linux 4.19
  c.skip(64);
  row.bytesSent = u64le(c); // tcpi_bytes_sent at 200: payload, what was sent again counts again
}

/** Exact up to 2^53. */
function u64le(c: Cursor): number {
  const low = c.u32le();
  return c.u32le() * 0x1_0000_0000 + low;
}
