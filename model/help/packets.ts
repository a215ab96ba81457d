/** What the fields of packets and DNS queries mean. */
import type { DnsQuery, DnsQueryPage, LoggedPacket, PacketPage } from "../api.ts";
import { CAPACITY, describe, OFFSET, TOTAL, TS } from "./fields.ts";

const KEPT = { is: "integer", help: "Rows kept now" } as const;

export const LOGGED_PACKET = describe<LoggedPacket>("One packet, with what is known of its flow", {
  number: {
    is: "integer",
    help: "Counted from 1 since the inspector began; gaps are packets that came too fast to be listed",
    example: 18_204,
  },
  time: {
    is: "time",
    help: "When it was captured; fractions are microseconds",
    title: "Time",
    example: 1_795_000_000_123.456,
  },
  src_ip: {
    is: "string",
    help: "Address of the sender; empty without IP",
    title: "Source",
    example: "192.168.1.20",
  },
  dest_ip: {
    is: "string",
    help: "Address of the receiver; empty without IP",
    title: "Destination",
    example: "192.168.1.1",
  },
  src_port: { is: "integer", help: "Port of the sender; 0 where there is none", example: 51312 },
  dest_port: { is: "integer", help: "Port of the receiver; 0 where there is none", example: 53 },
  proto: {
    is: "string",
    help: "Protocol, lower case: tcp, udp, arp, icmp ...",
    title: "Protocol",
    example: "udp",
  },
  length: { is: "integer", help: "Bytes on the wire", title: "Bytes", unit: "B", example: 74 },
  captured: { is: "integer", help: "Bytes captured of them", unit: "B", example: 74 },
  tcp_flags: {
    is: "string",
    help: "TCP flags by first letters: S is SYN, SA SYN and ACK; empty for other than TCP",
    title: "TCP flags",
    example: "SA",
  },
  summary: {
    is: "string",
    help: "A line that a person understands",
    title: "What it is",
    example: "DNS query A www.example.org",
  },
  flow_id: { is: "integer", help: "The flow it belongs to; 0 for none", example: 4711 },
  payload: {
    is: "string",
    help: "Start of the payload: known words, all else masked; only with --show-payload",
    optional: true,
    example: "GET /*** HTTP/1.1",
  },
  in_iface: { is: "string", help: "Interface it was captured on", title: "Interface", example: "eth0" },
  process: {
    is: "string",
    help: "Name of the program at our end; empty where not known",
    title: "Program",
    example: "systemd-resolve",
  },
});

export const PACKET_PAGE = describe<PacketPage>("The latest packets", {
  ts: TS,
  total: TOTAL,
  offset: OFFSET,
  packets: { is: "LoggedPacket", help: "The rows, newest first unless asked for otherwise", list: true },
  next: {
    is: "integer",
    help: "before of the next page of older packets; null at the end",
    nullable: true,
    example: 18_105,
  },
  kept: KEPT,
  capacity: CAPACITY,
  unlogged: {
    is: "integer",
    help: "Packets that came too fast to be listed; they were inspected all the same",
  },
});

export const DNS_QUERY = describe<DnsQuery>("A question, with its answer once that was seen", {
  id: { is: "integer", help: "Rises with each question", example: 812 },
  time: {
    is: "time",
    help: "When it was asked, packet time (or answered, if only that was seen)",
    title: "Time",
    example: 1_795_000_000_123,
  },
  kind: { is: "string", help: "dns, mdns (multicast) or llmnr", example: "dns" },
  rrname: { is: "string", help: "The name asked for", title: "Name", example: "www.example.org" },
  rrtype: { is: "string", help: "The type of record asked for", title: "Type", example: "A" },
  client_ip: { is: "string", help: "Who asked", title: "Client", example: "192.168.1.20" },
  server_ip: { is: "string", help: "Who was asked", title: "Resolver", example: "192.168.1.1" },
  rcode: {
    is: "string",
    help: "How it ended: NOERROR, NXDOMAIN ...; empty while there is no answer",
    example: "NOERROR",
  },
  answers: {
    is: "string",
    help: "Answers as text, at most 8",
    title: "Answer",
    list: true,
    example: ["A 198.51.100.7"],
  },
  latency_ms: {
    is: "number",
    help: "From question to answer; null without both",
    title: "Latency",
    unit: "ms",
    nullable: true,
    example: 8.4,
  },
  process: {
    is: "string",
    help: "Name of the program that asked; empty where not known",
    title: "Program",
    example: "firefox",
  },
  count: {
    is: "integer",
    help: "How often this name was asked for since the start (of the names still remembered)",
    title: "Asked",
    example: 3,
  },
});

export const DNS_QUERY_PAGE = describe<DnsQueryPage>("Recent DNS queries", {
  ts: TS,
  total: TOTAL,
  offset: OFFSET,
  queries: { is: "DnsQuery", help: "The rows, newest first unless asked for otherwise", list: true },
  next: { is: "integer", help: "before of the next page of older queries; null at the end", nullable: true },
  kept: KEPT,
  capacity: CAPACITY,
  left_out: { is: "integer", help: "Observations that the inspector had no room for" },
});
