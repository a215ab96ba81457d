/**
 * Names as the rules about DNS see them: what somebody registered, and what stands in front of it.
 *
 * The public suffix list comes with `tldts`, pinned: with its private section, which `tldts-icann` leaves out for half
 * the size. Whoever rents `x.duckdns.org` or `x.cloudfront.net` is not who rents the next one, so a tunnel there is
 * one domain, and a thousand sites of a host are a thousand.
 */
import { Memo } from "../model/memo.ts";
// @ts-types="npm:tldts@7.5.4"
import { parse } from "tldts"; // as an ES module: others load five times slower
import { looksGenerated } from "./letters.ts";

export interface NameParts {
  /** The whole, in lower case: resolvers may change it (draft-vixie-dnsext-dns0x20). */
  name: string;
  /**
   * What was registered, with its suffix; the last two labels where the suffix is on no list; `NO_DOMAIN` where the
   * last label can be no suffix at all. "" for a name of one label.
   */
  domain: string;
  /** The registered label alone. */
  label: string;
  /** Hash of the label, and whether it looks drawn by chance. */
  labelHash: number;
  isGenerated: boolean;
  /** All in front of `domain`, without the dot between; "" for none. */
  sub: string;
  /** Whether the suffix is on the public list: one of ICANN's, or a company's. */
  isIcann: boolean;
  isPrivate: boolean;
}

const NO_VALIDATION = {
  allowPrivateDomains: true,
  extractHostname: false,
  validateHostname: false,
  detectIp: false,
};

/** Names are asked again and again, and an answer has the question's. */
const MAX_KNOWN = 4_096;
const known = new Memo<NameParts>(MAX_KNOWN);

/** Stands for the domain of names that end in none: tunnels straight to their server may leave it out. */
export const NO_DOMAIN = "(no domain)";

/** Suffixes that nobody registers under: RFC 6762 App. G, RFC 8375, ICANN's `internal`, container platforms. */
export const HOME_SUFFIX =
  /(?:^|\.)(?:local|lan|internal|intranet|corp|home|private|localdomain|arpa|docker|svc|invalid|onion)$/;

/** Suffixes have letters only, or are punycode; the longest have 24 (RFC 3696 §2, IANA's list of root zones). */
const NO_SUFFIX = /\.(?!xn--)(?:[^.]*[^a-z.][^.]*|[a-z]{25,})$/;

/** Takes a name apart. Whoever gets it must not change it: others get the same. */
export function nameParts(rrname: string): NameParts {
  return known.get(rrname, () => takeApart(rrname.toLowerCase()));
}

function takeApart(name: string): NameParts {
  if (NO_SUFFIX.test(name)) {
    const none = { label: "", labelHash: hashText(""), isGenerated: false, isIcann: false, isPrivate: false };
    return { name, domain: NO_DOMAIN, sub: name, ...none };
  }
  const { domain, domainWithoutSuffix, isIcann, isPrivate } = parse(name, NO_VALIDATION);
  const label = domainWithoutSuffix ?? "";
  return {
    name,
    domain: domain ?? "",
    label,
    labelHash: hashText(label),
    isGenerated: looksGenerated(label),
    sub: domain === null || domain.length >= name.length
      ? ""
      : name.slice(0, name.length - domain.length - 1),
    isIcann: isIcann === true,
    isPrivate: isPrivate === true,
  };
}

/** Whether a text of two labels and more ends as names on the Internet do. */
export function hasPublicSuffix(text: string): boolean {
  if (!/\.[a-z]{2,24}$/.test(text)) return false;
  const { isIcann } = parse(text, NO_VALIDATION);
  return isIcann === true;
}

/** FNV-1a over the characters: 32 bits, for filters where a rare mistake costs little. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}

/** A DNS event in the words of rules. */
export interface DnsEvent {
  isAnswer: boolean;
  name: string;
  type: string;
  /** "" for queries. */
  code: string;
  answers: readonly { rrname: string; rrtype: string; rdata?: string }[];
  /** Who asks, and whom. */
  client: string;
  server: string;
}

const NO_ANSWERS: DnsEvent["answers"] = [];
const event = { isAnswer: false, name: "", type: "", code: "", answers: NO_ANSWERS, client: "", server: "" };

/**
 * Reads an observation of type `dns`. The object is used again.
 *
 * Who asks follows from whose bytes it was, as a capture that begins with an answer takes the server for the client.
 */
export function readDns(observation: {
  direction: number;
  fields: Record<string, unknown>;
  flow: { clientAddress: string; serverAddress: string };
}): DnsEvent {
  const dns = observation.fields.dns as {
    type: string;
    rrname?: string;
    rrtype?: string;
    rcode?: string;
    answers?: DnsEvent["answers"];
  };
  const { clientAddress, serverAddress } = observation.flow;
  event.isAnswer = dns.type === "answer";
  const askerIsClient = event.isAnswer === (observation.direction === 1);
  event.client = askerIsClient ? clientAddress : serverAddress;
  event.server = askerIsClient ? serverAddress : clientAddress;
  event.name = dns.rrname ?? "";
  event.type = dns.rrtype ?? "";
  event.code = dns.rcode ?? "";
  event.answers = dns.answers ?? NO_ANSWERS;
  return event;
}
