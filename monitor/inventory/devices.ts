/**
 * Devices of the local network, by hardware address: from ARP, DHCP, IPv6 neighbour and router discovery as they pass
 * by, and from the kernel's own table of neighbours. Nobody is asked.
 */
import { isMadeUp, type Vendors } from "../../enrich/vendors.ts";
import type { Device, DeviceAddress, NameSource, SeenName } from "../../model/inventory.ts";
import type { SystemReport } from "../../model/system.ts";
import { noteName, sortedNames } from "./host_names.ts";
import { Recent } from "./recent.ts";

/** Devices kept; the one seen least recently goes. Whoever floods a segment with made-up senders gets no further. */
export const MAX_DEVICES = 4_096;
/** Addresses kept of a device (the ones seen longest ago go), and things it says of itself. */
const MAX_ADDRESSES = 16;
const MAX_SAYS = 6;
const MAX_SAYING = 200;

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;
const NOBODY = new Set(["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"]);
const NO_ADDRESS = new Set(["", "0.0.0.0", "::"]);

interface DeviceRecord {
  mac: string;
  own: boolean;
  router: boolean;
  /** The latest last. */
  addresses: DeviceAddress[];
  names: SeenName[];
  says: string[];
  interface: string;
  first: number;
  last: number;
}

/** What was seen of a device. */
export interface DeviceSight {
  ip?: string;
  from: DeviceAddress["from"];
  /** ms. */
  atMs: number;
  interface?: string;
  router?: boolean;
  own?: boolean;
  /** Only known of, not heard. */
  stale?: boolean;
}

export class Devices {
  readonly table: Recent<DeviceRecord>;
  #vendors: Vendors;
  /** Who had an address last. */
  #byAddress = new Map<string, DeviceRecord>();

  constructor(vendors: Vendors, capacity = MAX_DEVICES) {
    this.#vendors = vendors;
    this.table = new Recent(capacity, (gone) => {
      for (const { ip } of gone.addresses) {
        if (this.#byAddress.get(ip) === gone) this.#byAddress.delete(ip);
      }
    });
  }

  /** Takes what was seen. @param mac Anything; what is no card's address is passed over. */
  see(mac: unknown, sight: DeviceSight): void {
    if (typeof mac !== "string" || !isCard(mac)) return;
    const { ip = "", from, atMs, stale = false } = sight;
    let device = this.table.get(mac);
    if (device === undefined) {
      device = {
        mac,
        own: false,
        router: false,
        addresses: [],
        names: [],
        says: [],
        interface: "",
        first: atMs,
        last: 0,
      };
      this.table.touch(mac, device);
    } else if (!stale) this.table.touch(mac, device);
    if (!stale || device.last === 0) device.last = Math.max(device.last, atMs);
    device.own ||= sight.own ?? false;
    device.router ||= sight.router ?? false;
    if (sight.interface) device.interface = sight.interface;
    if (!NO_ADDRESS.has(ip)) this.#noteAddress(device, { ip, from, last: atMs }, stale);
  }

  /** Notes what a device calls itself. */
  name(mac: unknown, name: unknown, from: NameSource, atMs: number): void {
    if (typeof mac !== "string" || typeof name !== "string") return;
    const device = this.table.get(mac);
    if (device !== undefined) noteName(device.names, name, from, atMs);
  }

  /** Notes what the device at `address`, or with this hardware address, says of itself. */
  say(address: string, text: unknown): void {
    if (typeof text !== "string" || text === "") return;
    const device = this.#byAddress.get(address) ?? this.table.get(address);
    const cut = text.slice(0, MAX_SAYING);
    if (device === undefined || device.says.includes(cut)) return;
    device.says.push(cut);
    if (device.says.length > MAX_SAYS) device.says.shift();
  }

  /** DHCP says that the router is at `address`. */
  markRouter(address: string): void {
    const device = this.#byAddress.get(address);
    if (device !== undefined) device.router = true;
  }

  /** Takes our own interfaces, and the kernel's neighbours where the report has them. */
  applySystem({ interfaces, neighbours = [], atMs }: SystemReport): void {
    const nameOf = new Map(interfaces.map(({ index, name }) => [index, name]));
    for (const { mac, name, addresses, up } of interfaces) {
      if (mac === "" || !up) continue;
      const sight = { from: "interface", atMs, interface: name, own: true } as const;
      this.see(mac, sight);
      for (const { address } of addresses) this.see(mac, { ...sight, ip: address });
    }
    for (const { mac, address, index, fresh, router } of neighbours) {
      const sight = { from: "kernel", atMs, interface: nameOf.get(index), router } as const;
      this.see(mac, { ...sight, ip: address, stale: !fresh });
    }
  }

  /** Who has an address; null where that is not known. */
  at(address: string, namesOf: (address: string) => SeenName[]): Device | null {
    const device = this.#byAddress.get(address);
    return device === undefined ? null : this.tell(device, namesOf);
  }

  /** Hardware address and maker of who has an address. */
  cardAt(address: string): { mac: string; vendor: string } | null {
    const device = this.#byAddress.get(address);
    return device === undefined ? null : { mac: device.mac, vendor: this.#vendors.of(device.mac) };
  }

  /** @param namesOf Names of an address, from elsewhere. */
  tell(device: DeviceRecord, namesOf: (address: string) => SeenName[]): Device {
    const names = [...device.names];
    // Of its addresses only what devices say of themselves: what servers are called belongs to hosts.
    for (const { ip } of device.addresses) {
      for (const { name, from, last } of namesOf(ip)) {
        if (from === "mdns" || from === "netbios" || from === "llmnr" || from === "dhcp") {
          noteName(names, name, from, last);
        }
      }
    }
    return {
      mac: device.mac,
      vendor: this.#vendors.of(device.mac),
      random: isMadeUp(device.mac),
      own: device.own,
      router: device.router,
      addresses: device.addresses.toReversed(),
      names: sortedNames(names),
      says: device.says,
      in_iface: device.interface,
      first: device.first,
      last: device.last,
    };
  }

  #noteAddress(device: DeviceRecord, seen: DeviceAddress, stale: boolean): void {
    const holder = this.#byAddress.get(seen.ip);
    if (holder === undefined || (!stale && holder !== device)) this.#byAddress.set(seen.ip, device);
    const at = device.addresses.findIndex(({ ip }) => ip === seen.ip);
    if (at >= 0) {
      const known = device.addresses[at];
      if (stale) return;
      known.last = Math.max(known.last, seen.last);
      known.from = seen.from;
      device.addresses.splice(at, 1);
      device.addresses.push(known);
      return;
    }
    device.addresses.push(seen);
    if (device.addresses.length <= MAX_ADDRESSES) return;
    const gone = device.addresses.shift()!;
    if (this.#byAddress.get(gone.ip) === device) this.#byAddress.delete(gone.ip);
  }
}

/** One card's address: not a group's (bit 0 of the first byte), not nobody's. */
function isCard(mac: string): boolean {
  return MAC.test(mac) && !NOBODY.has(mac) && (parseInt(mac.slice(0, 2), 16) & 1) === 0;
}
