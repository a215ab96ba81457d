/**
 * Who has which address on the local network, as the kernel knows it already: RTM_GETNEIGH, rtnetlink(7). Reading that
 * table sends no packet.
 */
import { formatAddress } from "../model/address.ts";
import type { Cursor } from "../model/cursor.ts";
import type { NeighbourInfo } from "../model/system.ts";
import type { NetlinkSocket } from "./ffi/netlink_socket.ts";
import { AttributeReader } from "./netlink.ts";

/** Neighbours told at most: the kernel's own ceiling is 1,024 unless it was raised (`gc_thresh3`). */
export const MAX_NEIGHBOURS = 4_096;

const RTM_NEWNEIGH = 28; // linux/rtnetlink.h
const RTM_GETNEIGH = 30;
const NDMSG_BYTES = 12; // struct ndmsg, linux/neighbour.h
const AF_INET = 2;
const AF_INET6 = 10;
// Attributes, linux/neighbour.h.
const NDA_DST = 1;
const NDA_LLADDR = 2;
// States: heard of within the reachable time, or just asked; and those that say nothing about anybody.
const NUD_INCOMPLETE = 0x01;
const NUD_REACHABLE = 0x02;
const NUD_DELAY = 0x08;
const NUD_PROBE = 0x10;
const NUD_FAILED = 0x20;
const NUD_NOARP = 0x40;
const FRESH = NUD_REACHABLE | NUD_DELAY | NUD_PROBE;
const NOTHING = NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP;
const NTF_ROUTER = 0x80;
const MAC_BYTES = 6;

const attributes = new AttributeReader();

/** One RTM_NEWNEIGH body; `null` when it is cut, of another family, or names nobody's card. */
export function parseNeighbour(c: Cursor): NeighbourInfo | null {
  const family = c.u8();
  c.skip(3);
  const index = c.u32le();
  const state = c.u16le();
  const flags = c.u8();
  c.skip(1); // type
  if (c.failed || (family !== AF_INET && family !== AF_INET6) || (state & NOTHING) !== 0) return null;
  const length = family === AF_INET ? 4 : 16;
  let address = "";
  let mac = "";
  attributes.reset(c);
  while (attributes.next()) {
    const value = attributes.value;
    if (attributes.type === NDA_DST && value.remaining >= length) {
      address = formatAddress(value.bytes, value.at, family === AF_INET ? 4 : 6);
    } else if (attributes.type === NDA_LLADDR && value.remaining === MAC_BYTES) {
      mac = Array.from(value.view(MAC_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join(":");
    }
  }
  if (address === "" || mac === "") return null;
  return { address, mac, index, fresh: (state & FRESH) !== 0, router: (flags & NTF_ROUTER) !== 0 };
}

/** @throws {SystemError} When the kernel refuses. */
export function readNeighbours(socket: NetlinkSocket): NeighbourInfo[] {
  const neighbours: NeighbourInfo[] = [];
  socket.dump({
    type: RTM_GETNEIGH,
    body: new Uint8Array(NDMSG_BYTES),
    restart: () => neighbours.length = 0,
    visit: (message) => {
      if (message.type !== RTM_NEWNEIGH || neighbours.length >= MAX_NEIGHBOURS) return;
      const neighbour = parseNeighbour(message.body);
      if (neighbour !== null) neighbours.push(neighbour);
    },
  });
  return neighbours;
}
