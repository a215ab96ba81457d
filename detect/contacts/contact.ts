/** A first contact whose outcome is known: the words that the scan rules share. */

/** How it was tried; the names are what people call such scans. */
export const Probe = {
  syn: 0,
  fin: 1,
  null: 2,
  xmas: 3,
  ack: 4,
  maimon: 5,
  oddFlags: 6,
  udp: 7,
  sctp: 8,
  echo: 9,
  timestamp: 10,
  arp: 11,
  neighbour: 12,
} as const;

export const PROBE_NAMES: readonly string[] = [
  "SYN",
  "FIN",
  "NULL",
  "Xmas",
  "ACK",
  "Maimon",
  "odd flags",
  "UDP",
  "SCTP INIT",
  "ICMP echo",
  "ICMP timestamp",
  "ARP",
  "neighbour solicitation",
];

/** What came of it. */
export const Outcome = {
  /** Answered as a service answers. */
  success: 0,
  /** Corrects an earlier `success`: the connection was reset by its client without a byte said. */
  bare: 1,
  /** SYN-ACK, and then RST from who asked: no ordinary client does that. */
  halfOpen: 2,
  /** RST, ABORT, port unreachable: nobody is there. */
  refused: 3,
  /** Another ICMP unreachable: no way there. */
  unreachable: 4,
  /** No answer within `WAIT_US`. */
  silent: 5,
} as const;

/** Bit of `Contact.prefix`. */
export const PREFIX_16 = 1 << 24;

/** One of them; the object is used again. */
export interface Contact {
  outcome: number;
  /** One of `Probe`. */
  probe: number;
  /** Silence of a kind that says little, see `WEAK`. */
  weak: boolean;
  client: string;
  server: string;
  /** Hashes of the client, the server and both, 64 bits each: for `Walks` and `World.nameOfHashed`. */
  clientFirst: number;
  clientSecond: number;
  serverFirst: number;
  serverSecond: number;
  pairFirst: number;
  pairSecond: number;
  /**
   * Of the target: addresses with the same are neighbours. /24 of IPv4 as a number (/16 of private ones, but for UDP, with
   * `PREFIX_16`), /64 of IPv6 or what neighbours have in common as text.
   */
  prefix: number | string;
  /** IP protocol number; 0 for ARP. */
  protocol: number;
  port: number;
  version: number;
  /** When it was tried, packet time. */
  timeUs: number;
  /** 0 for what is no flow. */
  flowId: number;
  interfaceIndex: number;
  /** Of a failure: successes of its source before, at this target over all ports, and on this port over all targets. */
  creditAtTarget: number;
  creditOnPort: number;
  /** The latter as it is now, 15 at most. */
  answeredOnPort: number;
  /** Of those, the ones of the last seconds, in full. */
  burstAtTarget: number;
  burstOnPort: number;
  /** Of a failure: whether its source reached something like its target lately (same IP version, private or not). */
  reaches: boolean;
}

export function createContact(): Contact {
  return {
    ...{ outcome: 0, probe: 0, weak: false, client: "", server: "", prefix: "", protocol: 0, port: 0 },
    ...{ clientFirst: 0, clientSecond: 0, serverFirst: 0, serverSecond: 0, pairFirst: 0, pairSecond: 0 },
    ...{ version: 0, timeUs: 0, flowId: 0, interfaceIndex: 0 },
    ...{
      creditAtTarget: 0,
      creditOnPort: 0,
      answeredOnPort: 0,
      burstAtTarget: 0,
      burstOnPort: 0,
      reaches: false,
    },
  };
}

/** A scanner's sign, whatever the target said. */
export function isFailure(outcome: number): boolean {
  return outcome >= Outcome.halfOpen;
}

/** Whether a failure is undone by a later success: nobody was there yet. Who breaks off a handshake is no such thing. */
export function mayComeUp(outcome: number): boolean {
  return outcome === Outcome.silent || outcome === Outcome.refused || outcome === Outcome.unreachable;
}
