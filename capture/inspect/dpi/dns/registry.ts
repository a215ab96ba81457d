/**
 * Names of DNS numbers, IANA "Domain Name System (DNS) Parameters", spelled as Suricata does. Types that hardly any
 * decoder has a name for (NXNAME, EUI48 ...) go by their number, so that events of several tools can be joined.
 */

/** Record types that are read further than to be named. */
export const Type = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  RT: 21,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  ANY: 255,
  URI: 256,
  CAA: 257,
} as const;

const TYPE_NAMES = new Map<number, string>([
  ...Object.entries(Type).map(([name, number]): [number, string] => [number, name]),
  [3, "MD"],
  [4, "MF"],
  [11, "WKS"],
  [19, "X25"],
  [20, "ISDN"],
  [22, "NSAP"],
  [23, "NSAPPTR"],
  [24, "SIG"],
  [25, "KEY"],
  [26, "PX"],
  [27, "GPOS"],
  [30, "NXT"],
  [31, "EID"],
  [32, "NIMLOC"],
  [34, "ATMA"],
  [38, "A6"],
  [40, "SINK"],
  [42, "APL"],
  [45, "IPSECKEY"],
  [55, "HIP"],
  [63, "ZONEMD"],
  [249, "TKEY"],
  [250, "TSIG"],
  [251, "IXFR"],
  [252, "AXFR"],
  [253, "MAILB"],
  [254, "MAILA"],
  [32768, "TA"],
  [32769, "DLV"],
]);

const RCODES = [
  "NOERROR",
  "FORMERR",
  "SERVFAIL",
  "NXDOMAIN",
  "NOTIMP",
  "REFUSED",
  "YXDOMAIN",
  "YXRRSET",
  "NXRRSET",
  "NOTAUTH",
  "NOTZONE",
  "DSOTYPENI",
  "12",
  "13",
  "14",
  "15",
  "BADVERS",
  "BADKEY",
  "BADTIME",
  "BADMODE",
  "BADNAME",
  "BADALG",
  "BADTRUNC",
  "BADCOOKIE",
];

/** Name of a record type; `TYPE123` where it has none here (RFC 3597 §5). */
export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`;
}

/** Whether a record type has a name. */
export function isKnownType(type: number): boolean {
  return TYPE_NAMES.has(type);
}

/** Name of a response code, the extended ones of RFC 6891 §6.1.3 included; the number where it has none. */
export function rcodeName(rcode: number): string {
  return RCODES[rcode] ?? `${rcode}`;
}
