/** What the fields of places, names and echo requests mean. */
import { SPECIAL_KINDS } from "./kinds.ts";
import type {
  DnsRecord,
  GeoIpAnswer,
  PingAnswer,
  PingReply,
  Place,
  PlaceSource,
  ResolveAnswer,
} from "../who.ts";
import { describe, TS } from "./fields.ts";

export const PLACE = describe<Place>(
  "Where an address is and whose, as far as the data has it: addresses move",
  {
    country: {
      is: "string",
      help: "ISO 3166-1 alpha-2; empty where not known",
      title: "Country",
      example: "NL",
    },
    country_name: { is: "string", help: "In English; empty where not known", example: "The Netherlands" },
    region: { is: "string", help: "Empty where not known", example: "North Holland" },
    city: { is: "string", help: "Empty where not known", example: "Amsterdam" },
    latitude: {
      is: "number",
      help: "North; null where not known",
      unit: "°",
      nullable: true,
      example: 52.37,
    },
    longitude: { is: "number", help: "East; null where not known", unit: "°", nullable: true, example: 4.9 },
    asn: { is: "integer", help: "Autonomous system; null where not known", nullable: true, example: 64_496 },
    organisation: { is: "string", help: "Who runs it; empty where not known", example: "Example Networks" },
    source: { is: "string", help: "Sources that gave any of this, in the order they were asked", list: true },
  },
);

export const PLACE_SOURCE = describe<PlaceSource>("One source of places", {
  name: { is: "string", help: "File name, or ipinfo" },
  type: { is: "string", help: "As the data calls itself", example: "GeoLite2-City" },
  built: { is: "time", help: "When the data was made; 0 where it does not say. Old data is wrong oftener" },
  size: { is: "integer", help: "Size of the file", unit: "B" },
  credit: { is: "string", help: "Whom its licence wants to be named; empty where that is not known" },
});

export const SPECIAL = describe<NonNullable<GeoIpAnswer["special"]>>("A special range of IANA's registries", {
  prefix: { is: "string", help: "The range", example: "10.0.0.0/8" },
  name: { is: "string", help: "Its name", example: "Private-Use" },
  source: { is: "string", help: "Who set it", example: "RFC 1918" },
});

export const GEOIP_ANSWER = describe<GeoIpAnswer>("Where an address is and whose", {
  ts: TS,
  ip: { is: "string", help: "As it is usually written", example: "198.51.100.7" },
  kind: { is: "string", help: "What kind of address it is", values: SPECIAL_KINDS, example: "global" },
  special: {
    is: "SpecialRange",
    help: "The special range it is in: never looked up; null for global addresses",
    nullable: true,
  },
  place: { is: "Place", help: "Null where no source knows it", nullable: true },
  databases: { is: "PlaceSource", help: "Sources at hand", list: true },
});

export const DNS_RECORD = describe<DnsRecord>("One resource record", {
  name: { is: "string", help: "Whose", example: "www.example.org" },
  type: { is: "string", help: "Its type", example: "A" },
  ttl: { is: "integer", help: "How long it may be kept", unit: "s", example: 300 },
  data: { is: "string", help: "As in master files, RFC 1035", example: "198.51.100.7" },
});

export const RESOLVE_ERROR = describe<ResolveAnswer["errors"][number]>("A type that could not be asked", {
  type: { is: "string", help: "Of record", example: "CAA" },
  error: { is: "string", help: "Why", example: "timeout" },
});

export const RESOLVE_ANSWER = describe<ResolveAnswer>("What DNS has about a name, or about an address", {
  ts: TS,
  domain: {
    is: "string",
    help: "As asked, in the letters that DNS has, without a dot at the end",
    example: "example.org",
  },
  rcode: {
    is: "string",
    help: "NXDOMAIN where the name does not exist; otherwise NOERROR when any type was answered",
    example: "NOERROR",
  },
  records: { is: "DnsRecord", help: "All that was found", list: true },
  errors: { is: "ResolveError", help: "Types that could not be asked; the others are complete", list: true },
  server: { is: "string", help: "Server that answered", example: "192.168.1.1" },
  took_ms: { is: "number", help: "All of it", unit: "ms", example: 31 },
  cached: { is: "boolean", help: "Known from a moment ago: nobody was asked", example: false },
});

export const PING_REPLY = describe<PingReply>("One echo request", {
  sequence: { is: "integer", help: "Counted from 1", example: 1 },
  rtt_ms: {
    is: "number",
    help: "Null when no answer came in time",
    unit: "ms",
    nullable: true,
    example: 14.2,
  },
  error: { is: "string", help: "What came instead; empty with an answer", example: "" },
});

export const PING_TRIPS = describe<NonNullable<PingAnswer["rtt_ms"]>>("Round trips of a run", {
  min: { is: "number", help: "The shortest", unit: "ms" },
  median: { is: "number", help: "Half were shorter", unit: "ms" },
  mean: { is: "number", help: "Their mean", unit: "ms" },
  p95: { is: "number", help: "95 of 100 were shorter; nearest rank", unit: "ms" },
  max: { is: "number", help: "The longest", unit: "ms" },
});

export const PING_ANSWER = describe<PingAnswer>("Round trips of ICMP echo requests", {
  ts: TS,
  ip: { is: "string", help: "Asked", example: "198.51.100.7" },
  sent: { is: "integer", help: "Requests", example: 4 },
  received: { is: "integer", help: "Answers", example: 4 },
  duplicates: { is: "integer", help: "Answers that came a second time", example: 0 },
  loss: { is: "number", help: "Share of requests without an answer", unit: "share 0 to 1", example: 0 },
  rtt_ms: { is: "PingTrips", help: "Null where nothing was received", nullable: true },
  jitter_ms: {
    is: "number",
    help: "Mean difference of successive round trips; null with fewer than two",
    unit: "ms",
    nullable: true,
    example: 0.4,
  },
  socket: {
    is: "string",
    help: "Kind of socket they went through",
    values: ["datagram", "raw"],
    example: "datagram",
  },
  replies: { is: "PingReply", help: "Each request", list: true },
});
