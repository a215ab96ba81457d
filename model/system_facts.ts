/**
 * What main tells the detector of the machine itself, once a second; from a file there is none of it.
 */

export interface SystemFacts {
  /** Microseconds since 1970. */
  atUs: number;
  /** Share of all cores in use, 0 to 1; null when unknown. */
  cpu: number | null;
  /** Programs that use more than a little CPU: share of one core. */
  busy: { pid: number; program: string; path: string; cpu: number }[];
  /** Flows whose program has become known since the last time. */
  owners: {
    flowId: number;
    program: string;
    path: string;
    pid: number;
    user: string;
    /** The other end. */
    address: string;
    port: number;
    /** Whether the program was called rather than calling. */
    inbound: boolean;
  }[];
  /** All sockets that listen now (TCP) or wait without a peer on a fixed port (UDP). */
  listeners: {
    protocol: "tcp" | "udp";
    address: string;
    port: number;
    program: string;
    path: string;
    pid: number;
  }[];
  interfaces: {
    name: string;
    /** Null where the kernel does not say (virtual ones). */
    speedBitsPerSecond: number | null;
    receivedBitsPerSecond: number;
    sentBitsPerSecond: number;
  }[];
  capture: {
    /** Packets received and lost (by kernel, card or for want of room here) since the beginning. */
    received: number;
    dropped: number;
  };
  /** Countries of addresses that flows were seen to since the last time: ISO code; only where a place is known. */
  places: {
    flowId: number;
    program: string;
    path: string;
    address: string;
    country: string;
    inbound: boolean;
  }[];
}
