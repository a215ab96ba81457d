/** One packet as the packet log shows it: who, what, how much, and a line that a person understands. */

/** Plain data, in the names the API uses. No payload, unless it was asked for; then masked. */
export interface PacketRecord {
  /** Number of the packet since the inspector began, counted from 1; gaps mean packets that were not logged. */
  number: number;
  /** Milliseconds since 1970, packet time; fractions are microseconds. */
  time: number;
  interface_index: number;
  /** "" without IP. */
  src_ip: string;
  dest_ip: string;
  src_port: number;
  dest_port: number;
  /** Lower case: `tcp`, `udp`, `arp`, `icmp` ... */
  proto: string;
  /** Bytes on the wire. */
  length: number;
  /** Bytes captured of them. */
  captured: number;
  /** `S`, `SA`, `PA` ...; "" for other than TCP. */
  tcp_flags: string;
  /** `DNS query A example.org`, `TLS ClientHello example.org`, `TCP SYN → 443` ... */
  summary: string;
  /** The flow it belongs to (`FlowColumns.id`); 0 for none. */
  flow_id: number;
  /** Start of the payload: words of protocols, all else masked; only with `--show-payload`. */
  payload?: string;
}
