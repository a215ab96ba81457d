/** What the fields of connections mean. */
import type { Connection, ConnectionPage, ConnectionProcess, RoundTripStats } from "../api.ts";
import { ALL, describe, OFFSET, TOTAL, TS } from "./fields.ts";

export const CONNECTION = describe<Connection>(
  "A flow seen on the wire, a socket of this machine, or both joined",
  {
    id: {
      is: "string",
      help: "Stable while the connection lives: f and a flow number, or s and a socket",
      example: "f4711",
    },
    source: {
      is: "string",
      help: "What it is known from: packets, a socket of this machine, or both",
      values: ["packets", "socket", "both"],
      example: "both",
    },
    proto: {
      is: "string",
      help: "Transport protocol, lower case, or its number",
      title: "Transport",
      example: "tcp",
    },
    src_ip: {
      is: "string",
      help: "Address of the client: whoever spoke first, but for a server's answer",
      title: "Client",
      example: "192.168.1.20",
    },
    src_port: { is: "integer", help: "Port of the client; 0 where there is none", example: 51312 },
    dest_ip: {
      is: "string",
      help: "Address of the server",
      title: "Server’s address",
      example: "198.51.100.7",
    },
    dest_port: {
      is: "integer",
      help: "Port of the server; 0 where there is none",
      title: "Port",
      example: 443,
    },
    direction: {
      is: "string",
      help: "out from this machine (or private network), in to it, local both ends, other neither",
      title: "Direction",
      values: ["out", "in", "local", "other"],
      example: "out",
    },
    app_proto: {
      is: "string",
      help: "Application protocol, told by its bytes, never by its port; empty while it is not known",
      title: "Protocol",
      example: "tls",
    },
    server_name: {
      is: "string",
      help:
        "Host name of the server, as seen in the traffic itself (SNI, Host, DNS answers); empty where none was",
      title: "Server",
      example: "www.example.org",
    },
    country: {
      is: "string",
      help:
        "Country of the other end (of strangers' traffic, the server's), ISO 3166-1 alpha-2; empty where not known",
      title: "Country",
      example: "NL",
    },
    reverse_name: {
      is: "string",
      help: "Name of the other end by reverse DNS; empty unless --reverse-dns is on and it has been answered",
      example: "host7.example.org",
    },
    state: {
      is: "string",
      help:
        "State of the connection: new, syn_sent, syn_received, established, fin_wait, closed, reset, or the socket's own",
      title: "State",
      example: "established",
    },
    process: {
      is: "ConnectionProcess",
      help:
        "The program at this machine's end, where both ends are on it the one that called; null where it is not known",
      title: "Program",
      nullable: true,
    },
    peer: {
      is: "ConnectionProcess",
      help:
        "The program at the other end, where that is on this machine too (over loopback, or in a container); null for none",
      nullable: true,
    },
    bytes_toserver: {
      is: "integer",
      help: "Bytes on the wire from client to server",
      title: "Bytes in, out",
      unit: "B",
      example: 18_204,
    },
    bytes_toclient: {
      is: "integer",
      help: "Bytes on the wire from server to client",
      unit: "B",
      example: 1_204_882,
    },
    pkts_toserver: { is: "integer", help: "Packets from client to server", unit: "packets", example: 210 },
    pkts_toclient: { is: "integer", help: "Packets from server to client", unit: "packets", example: 893 },
    bits_per_second: {
      is: "number",
      help: "Both directions together, over the last second",
      title: "Rate",
      unit: "bit/s",
      example: 2_400_000,
    },
    start: {
      is: "time",
      help: "When it began, packet time: first packet, or first time its socket was seen; 0 where not known",
      title: "Age",
      example: 1_795_000_000_000,
    },
    last: {
      is: "time",
      help: "When it was last active, packet time",
      title: "Last seen",
      example: 1_795_000_012_500,
    },
    rtt_ms: {
      is: "number",
      help: "Round trip; null when not measured",
      title: "RTT",
      unit: "ms",
      nullable: true,
      example: 14.2,
    },
    rtt_from: {
      is: "string",
      help:
        "Where the round trip comes from: TCP handshake, data and acknowledgements, question and answer, or the kernel",
      values: ["handshake", "flow", "exchange", "tcp_info"],
      nullable: true,
      example: "handshake",
    },
    retransmissions: { is: "integer", help: "Segments that were sent again", unit: "packets", example: 3 },
    resent_share: {
      is: "number",
      help: "Share of bytes sent again, of the worse direction; null below 100 kB",
      unit: "share 0 to 1",
      nullable: true,
      example: 0.012,
    },
    rtt_server: {
      is: "RoundTripStats",
      help: "Round trips from where packets were seen to the server and back; null without any",
      nullable: true,
    },
    rtt_client: { is: "RoundTripStats", help: "Likewise to the client and back", nullable: true },
    answer_ms: {
      is: "number",
      help: "From the client's data to the server's next, the way included, smoothed; null without any",
      unit: "ms",
      nullable: true,
      example: 38,
    },
    slow: {
      is: "string",
      help: "Where most of the delay is; empty where there is little, or it cannot be told",
      values: ["", "server", "this machine", "network", "network to the server", "network to the client"],
      example: "server",
    },
    in_iface: {
      is: "string",
      help: "Interface it was seen on; empty for a socket no packet was seen of",
      title: "Interface",
      example: "eth0",
    },
    vlan: { is: "integer", help: "VLAN ids, outer one first; empty without tags", list: true, example: [10] },
    tunnel: { is: "string", help: "Innermost tunnel: none, gre, vxlan ...", example: "none" },
    netns: { is: "integer", help: "Inode of the network namespace where it is not ours, else 0", example: 0 },
  },
);

export const CONNECTION_PROCESS = describe<ConnectionProcess>(
  "The process at this machine's end of a connection, and how surely it is known",
  {
    pid: { is: "integer", help: "Process number", example: 4711 },
    name: { is: "string", help: "Name of the program", example: "firefox" },
    path: { is: "string", help: "Its file; empty where not known", example: "/usr/lib/firefox/firefox" },
    user: { is: "string", help: "User it runs as", example: "alice" },
    container: {
      is: "string",
      help: "Container or unit; empty where none is known",
      example: "nginx.service",
    },
    started: {
      is: "time",
      help: "Start of the process; 0 where not known. With pid it names the process for ever",
      example: 1_794_990_000_000,
    },
    end: {
      is: "string",
      help: "Which end of the connection is its own",
      values: ["client", "server"],
      example: "client",
    },
    method: {
      is: "string",
      help: "How it was found",
      values: ["inode", "shared-inode", "remembered", "none"],
      example: "inode",
    },
    confidence: { is: "number", help: "How sure that is", unit: "share 0 to 1", example: 1 },
    others: { is: "integer", help: "Further processes that hold the same socket", example: 0 },
  },
);

export const ROUND_TRIP_STATS = describe<RoundTripStats>(
  "Round trips of a connection, from data and acknowledgements; median and percentile of the last sixteen",
  {
    min_ms: { is: "number", help: "The shortest", unit: "ms", example: 11.9 },
    median_ms: { is: "number", help: "Half were shorter", unit: "ms", example: 14.2 },
    p95_ms: { is: "number", help: "95 of 100 were shorter", unit: "ms", example: 41 },
    samples: { is: "integer", help: "Round trips measured", example: 120 },
  },
);

export const CONNECTION_PAGE = describe<ConnectionPage>("Connections: a part of the list", {
  ts: TS,
  total: TOTAL,
  all: ALL,
  left_out: {
    is: "integer",
    help: "Live flows that are counted but not listed, because the table is bounded: the quietest",
  },
  offset: OFFSET,
  connections: { is: "Connection", help: "The rows, in the order asked for", list: true },
});
