/**
 * Events of packets that belong to no conversation: ARP, and ICMP messages about other packets (errors, redirects,
 * router and neighbour advertisements). What repeats itself is told once a minute.
 */
import { formatAddress } from "../../../model/address.ts";
import { Cursor } from "../../../model/cursor.ts";
import type { FlowIdentity, Observation } from "../../../model/observation.ts";
import { Kind, type PacketView } from "../decode/packet_view.ts";
import { arpEvent, type PacketEvent } from "./arp_event.ts";
import { icmpEvent } from "./icmp_event.ts";

/** The same is not told again within this time. */
const REPEAT_US = 60e6;
/** Messages remembered for that. */
const MAX_REMEMBERED = 4_096;
/** ICMP types that tell of trouble, of routes, and of who has an address: RFC 792, RFC 4443, RFC 4861. */
const NOTEWORTHY = new Set([3, 4, 5, 9, 11, 12]);
const NOTEWORTHY_V6 = new Set([1, 2, 3, 4, 134, 136, 137]);
/** ARP: 28 bytes for IPv4 over Ethernet. */
const ARP_BYTES = 28;

export class PacketEvents {
  readonly #tell: (observation: Observation) => void;
  readonly #cursor = new Cursor(new Uint8Array(0));
  #told = new Map<string, number>();

  constructor(tell: (observation: Observation) => void) {
    this.#tell = tell;
  }

  /** Tells of the packet where it is one of those above. The cursor must lie where the decoder left it. */
  take(view: PacketView): void {
    const { kind } = view;
    if (kind === Kind.arp) return this.#tellOnce(view, "arp", arpKey(view));
    const noteworthy = kind === Kind.icmp
      ? NOTEWORTHY.has(view.sourcePort)
      : kind === Kind.icmpv6 && NOTEWORTHY_V6.has(view.sourcePort);
    if (noteworthy) this.#tellOnce(view, "icmp", icmpKey(view));
  }

  /** What the packet says, for people; "" where it is neither ARP nor ICMP, or cannot be read. */
  summary(view: PacketView): string {
    return this.#read(view)?.summary ?? "";
  }

  #tellOnce(view: PacketView, type: string, key: string): void {
    const timeUs = view.timeUs[0];
    const before = this.#told.get(key);
    if (before !== undefined && Math.abs(timeUs - before) < REPEAT_US) return;
    const event = this.#read(view);
    if (event === null) return;
    this.#told.delete(key); // so that the order of the map is that of telling
    this.#told.set(key, timeUs);
    if (this.#told.size > MAX_REMEMBERED) this.#told.delete(this.#told.keys().next().value!);
    this.#tell({ type, timeUs, flow: identityOf(view), direction: 0, fields: event.fields });
  }

  #read(view: PacketView): PacketEvent | null {
    const { bytes, at, end } = view.cursor;
    this.#cursor.reset(bytes, at, end);
    if (view.kind === Kind.arp) return arpEvent(this.#cursor);
    if (view.kind === Kind.icmp || view.kind === Kind.icmpv6) return icmpEvent(this.#cursor, view.ipVersion);
    return null;
  }
}

/** Ends of the packet itself; ARP has none. */
function identityOf(view: PacketView): FlowIdentity {
  const version = view.kind === Kind.arp ? 0 : view.ipVersion;
  return {
    id: 0,
    ipVersion: version,
    protocol: version === 0 ? 0 : view.protocol,
    clientAddress: formatAddress(view.addressBytes, 0, version),
    clientPort: 0,
    serverAddress: formatAddress(view.addressBytes, 16, version),
    serverPort: 0,
    vlan: view.vlan,
    tunnel: view.tunnel,
    interfaceIndex: view.interfaceIndex,
    communityId: "",
  };
}

function arpKey(view: PacketView): string {
  const { bytes, at, end } = view.cursor;
  let key = "arp";
  for (let i = at; i < end && i < at + ARP_BYTES; i++) key += String.fromCharCode(bytes[i]);
  return key;
}

function icmpKey(view: PacketView): string {
  const version = view.ipVersion;
  const ends = `${formatAddress(view.addressBytes, 0, version)} ${
    formatAddress(view.addressBytes, 16, version)
  }`;
  return `${view.sourcePort} ${view.cursor.peek8(1)} ${ends}`;
}
