/** Walks the list that pcap_findalldevs makes: pcap_if_t, pcap_addr_t and sockaddr, all in foreign memory. */
import { formatIpv4, formatIpv6 } from "../../../model/address.ts";
import { createErrorBuffer, loadLibpcap, textAt, textIn } from "./libpcap.ts";

/** One device as libpcap lists it. */
export interface ListedDevice {
  name: string;
  /** Free text; empty where there is none. */
  description: string;
  /** PCAP_IF_ bits, pcap/pcap.h. */
  flags: number;
  addresses: { address: string; prefixLength: number }[];
}

/** Devices and addresses of one device that are looked at, so that a broken list cannot keep us for ever. */
const MAX_DEVICES = 4_096;
const MAX_ADDRESSES = 1_024;

// struct pcap_if: next, name, description, addresses (pointers), flags (u32)
const IF_NAME = 8, IF_DESCRIPTION = 16, IF_ADDRESSES = 24, IF_FLAGS = 32;
// struct pcap_addr: next, addr, netmask, broadaddr, dstaddr (pointers)
const ADDR_ADDRESS = 8, ADDR_NETMASK = 16;
// struct sockaddr_in and sockaddr_in6: where the address lies
const SOCKADDR_IN_ADDRESS = 4, SOCKADDR_IN6_ADDRESS = 8;

const AF_INET = 2;
const AF_INET6 = Deno.build.os === "linux" ? 10 : Deno.build.os === "freebsd" ? 28 : 30;

/** @throws {CaptureError} `no-libpcap`, or {Error} with libpcap's message. */
export function listDevices(): ListedDevice[] {
  const libpcap = loadLibpcap();
  const first = new BigUint64Array(1);
  const message = createErrorBuffer();
  if (libpcap.pcap_findalldevs(first, message) !== 0) throw new Error(textIn(message));
  const list = Deno.UnsafePointer.create(first[0]);
  const devices: ListedDevice[] = [];
  try {
    for (let device = list; device !== null && devices.length < MAX_DEVICES;) {
      const view = new Deno.UnsafePointerView(device);
      devices.push({
        name: textAt(view.getPointer(IF_NAME)),
        description: textAt(view.getPointer(IF_DESCRIPTION)),
        flags: view.getUint32(IF_FLAGS),
        addresses: addressesAt(view.getPointer(IF_ADDRESSES)),
      });
      device = view.getPointer(0);
    }
  } finally {
    libpcap.pcap_freealldevs(list);
  }
  return devices;
}

function addressesAt(first: Deno.PointerValue): ListedDevice["addresses"] {
  const addresses: ListedDevice["addresses"] = [];
  let entry = first;
  for (let n = 0; entry !== null && n < MAX_ADDRESSES; n++) {
    const view = new Deno.UnsafePointerView(entry);
    const bytes = ipAt(view.getPointer(ADDR_ADDRESS));
    if (bytes !== null) {
      const mask = ipAt(view.getPointer(ADDR_NETMASK), bytes.length);
      addresses.push({
        address: bytes.length === 4 ? formatIpv4(bytes) : formatIpv6(bytes),
        prefixLength: mask === null ? bytes.length * 8 : leadingOnes(mask),
      });
    }
    entry = view.getPointer(0);
  }
  return addresses;
}

/** Address bytes of a sockaddr of IP; `null` for others (packet sockets list their hardware address). */
function ipAt(pointer: Deno.PointerValue, length?: number): Uint8Array<ArrayBuffer> | null {
  if (pointer === null) return null;
  const view = new Deno.UnsafePointerView(pointer);
  // Linux has a 16-bit family; BSD and macOS a byte of length and one of family. Netmasks there may leave it 0.
  const family = Deno.build.os === "linux" ? view.getUint16(0) : view.getUint8(1);
  const wanted = length ?? (family === AF_INET ? 4 : family === AF_INET6 ? 16 : 0);
  if (wanted === 0) return null;
  const bytes = new Uint8Array(wanted);
  view.copyInto(bytes, wanted === 4 ? SOCKADDR_IN_ADDRESS : SOCKADDR_IN6_ADDRESS);
  return bytes;
}

function leadingOnes(mask: Uint8Array): number {
  let ones = 0;
  for (const byte of mask) {
    if (byte === 0xff) ones += 8;
    else return ones + Math.clz32((~byte & 0xff) << 24);
  }
  return ones;
}
