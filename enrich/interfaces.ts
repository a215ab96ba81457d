/** Network interfaces, their addresses and 64-bit counters, from NETLINK_ROUTE: rtnetlink(7). */
import type { Cursor } from "../model/cursor.ts";
import { formatAddress } from "../model/address.ts";
import type { InterfaceInfo } from "../model/system.ts";
import type { NetlinkSocket } from "./ffi/netlink_socket.ts";
import { AF_INET, AF_INET6 } from "./inet_diag.ts";
import { AttributeReader } from "./netlink.ts";

/** Interfaces told at most, and addresses of one. */
export const MAX_INTERFACES = 4_096;
export const MAX_ADDRESSES = 256;

// Message types, linux/rtnetlink.h.
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;

const IFINFOMSG_BYTES = 16;
const IFADDRMSG_BYTES = 8;

// Attributes, linux/if_link.h.
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_STATS64 = 23;
// linux/if_addr.h
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;

// Flags, linux/if.h.
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_RUNNING = 0x40;

const attributes = new AttributeReader();

/** One RTM_NEWLINK body, without addresses; `null` when it is cut or nameless. */
export function parseLink(c: Cursor): InterfaceInfo | null {
  c.skip(4); // family, pad, type
  const index = c.u32le();
  const flags = c.u32le();
  c.skip(4); // change
  if (c.failed) return null;
  const info: InterfaceInfo = {
    index,
    name: "",
    mac: "",
    mtu: 0,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    addresses: [],
    receivedBytes: 0,
    receivedPackets: 0,
    receivedErrors: 0,
    receivedDropped: 0,
    sentBytes: 0,
    sentPackets: 0,
    sentErrors: 0,
    sentDropped: 0,
  };
  attributes.reset(c);
  while (attributes.next()) {
    const value = attributes.value;
    switch (attributes.type) {
      case IFLA_IFNAME:
        info.name = zeroEnded(value);
        break;
      case IFLA_ADDRESS:
        if (!info.loopback) info.mac = macText(value); // lo has six zeros
        break;
      case IFLA_MTU:
        info.mtu = value.u32le();
        break;
      case IFLA_STATS64:
        parseStats(value, info);
        break;
    }
  }
  return info.name === "" ? null : info;
}

/** One RTM_NEWADDR body; `null` when it is cut or of another family. */
export function parseInterfaceAddress(
  c: Cursor,
): { index: number; address: string; prefixLength: number } | null {
  const family = c.u8();
  const prefixLength = c.u8();
  c.skip(2); // flags, scope
  const index = c.u32le();
  if (c.failed || (family !== AF_INET && family !== AF_INET6)) return null;
  const length = family === AF_INET ? 4 : 16;
  let address = "";
  attributes.reset(c);
  while (attributes.next()) {
    const value = attributes.value;
    if (value.remaining < length) continue;
    // On a point-to-point link IFA_ADDRESS is the peer and IFA_LOCAL ours; elsewhere they are the same.
    if (attributes.type === IFA_LOCAL || (attributes.type === IFA_ADDRESS && address === "")) {
      address = formatAddress(value.bytes, value.at, family === AF_INET ? 4 : 6);
    }
  }
  return address === "" ? null : { index, address, prefixLength };
}

/** @throws {SystemError} When the kernel refuses. */
export function readInterfaces(socket: NetlinkSocket): InterfaceInfo[] {
  const byIndex = new Map<number, InterfaceInfo>();
  socket.dump({
    type: RTM_GETLINK,
    body: new Uint8Array(IFINFOMSG_BYTES),
    restart: () => byIndex.clear(),
    visit: (message) => {
      if (message.type !== RTM_NEWLINK || byIndex.size >= MAX_INTERFACES) return;
      const link = parseLink(message.body);
      if (link !== null) byIndex.set(link.index, link);
    },
  });
  socket.dump({
    type: RTM_GETADDR,
    body: new Uint8Array(IFADDRMSG_BYTES),
    restart: () => {
      for (const link of byIndex.values()) link.addresses = [];
    },
    visit: (message) => {
      if (message.type !== RTM_NEWADDR) return;
      const found = parseInterfaceAddress(message.body);
      const link = found === null ? undefined : byIndex.get(found.index);
      if (found === null || link === undefined || link.addresses.length >= MAX_ADDRESSES) return;
      link.addresses.push({ address: found.address, prefixLength: found.prefixLength });
    },
  });
  return [...byIndex.values()].sort((a, b) => a.index - b.index);
}

/** `struct rtnl_link_stats64`, linux/if_link.h: u64 each, in this order. */
function parseStats(c: Cursor, info: InterfaceInfo): void {
  if (!c.has(64)) return;
  info.receivedPackets = u64le(c);
  info.sentPackets = u64le(c);
  info.receivedBytes = u64le(c);
  info.sentBytes = u64le(c);
  info.receivedErrors = u64le(c);
  info.sentErrors = u64le(c);
  info.receivedDropped = u64le(c);
  info.sentDropped = u64le(c);
}

function u64le(c: Cursor): number {
  const low = c.u32le();
  return c.u32le() * 0x1_0000_0000 + low;
}

/** Hardware address, "" unless it has the six bytes of a MAC (tunnels have four or sixteen: an IP address). */
function macText(c: Cursor): string {
  if (c.remaining !== 6) return "";
  return Array.from(c.view(6), (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

const decoder = new TextDecoder();

function zeroEnded(c: Cursor): string {
  const length = c.find(0);
  return decoder.decode(c.copy(length < 0 ? c.remaining : length));
}
