/**
 * The ClientHello: what a client says in clear before anything is encrypted, the same over TLS, DTLS and QUIC.
 *
 * The one place that names the server (SNI) and tells one client program from another (fingerprints).
 */
import { Cursor } from "../../../../model/cursor.ts";
import { Extension, isGrease } from "./registry.ts";

/** Entries of any list in a hello that are kept; real clients send less than a third. Beyond: no fingerprints. */
const MAX_ENTRIES = 1024;
/** Protocol names kept of an ALPN list. */
const MAX_ALPNS = 32;
const HOST_NAME = 0; // NameType, RFC 6066 §3
/** RFC 1035 §2.3.4; what is longer names nothing that could be resolved. */
const MAX_HOST_NAME = 255;

/** All numbers are as sent, GREASE included, in the order sent. */
export interface ClientHello {
  /** `legacy_version`. */
  version: number;
  sessionId: string;
  ciphers: number[];
  /** Types of all extensions. */
  extensions: number[];
  /** Server name in lower case; null where there is none. */
  sni: string | null;
  alpns: string[];
  /** `supported_versions`; empty where the client has none. */
  versions: number[];
  groups: number[];
  pointFormats: number[];
  signatureAlgorithms: number[];
  /** Body of `quic_transport_parameters`, for as long as the hello's bytes are there; null outside QUIC. */
  quicParameters: Uint8Array | null;
  /** Read to its end, with no list cut: a fingerprint of it means something. */
  complete: boolean;
}

/**
 * ClientHello, RFC 8446 §4.1.2, RFC 5246 §7.4.1.2, RFC 6347 §4.2.1.
 *
 * @param c Over the message's body (after type and length), which may be cut short.
 * @param datagram DTLS: there is a cookie after the session id.
 * @returns What could be read before the end or the first damage; null when not even the ciphers could.
 */
export function parseClientHello(c: Cursor, datagram = false): ClientHello | null {
  const hello: ClientHello = {
    version: c.u16(),
    sessionId: "",
    ciphers: [],
    extensions: [],
    sni: null,
    alpns: [],
    versions: [],
    groups: [],
    pointFormats: [],
    signatureAlgorithms: [],
    quicParameters: null,
    complete: true,
  };
  c.skip(32);
  hello.sessionId = c.ascii(c.u8());
  if (datagram) c.skip(c.u8());
  if (c.failed) return null;
  hello.complete = readU16s(c.sub(c.u16()), hello.ciphers) && !c.failed;
  c.skip(c.u8()); // compression methods
  if (c.failed && hello.ciphers.length === 0) return null;
  if (c.failed) hello.complete = false;
  else if (c.remaining > 0) readExtensions(c, hello);
  return hello;
}

function readExtensions(c: Cursor, hello: ClientHello): void {
  const list = c.sub(c.u16());
  if (c.failed) hello.complete = false;
  while (list.remaining > 0) {
    const type = list.u16();
    const length = list.u16();
    if (list.failed || hello.extensions.length === MAX_ENTRIES) {
      hello.complete = false;
      return;
    }
    hello.extensions.push(type);
    const body = list.sub(length);
    if (list.failed) hello.complete = false;
    if (!readExtension(type, body, hello)) hello.complete = false;
  }
}

function readExtension(type: number, body: Cursor, hello: ClientHello): boolean {
  switch (type) {
    case Extension.serverName:
      hello.sni ??= parseSni(body);
      return true;
    case Extension.supportedGroups:
      return readU16s(body.sub(body.u16()), hello.groups);
    case Extension.ecPointFormats: {
      const formats = body.sub(body.u8());
      if (hello.pointFormats.length + formats.remaining > MAX_ENTRIES) return false; // of several such extensions
      while (formats.remaining > 0) hello.pointFormats.push(formats.u8());
      return true;
    }
    case Extension.signatureAlgorithms:
      return readU16s(body.sub(body.u16()), hello.signatureAlgorithms);
    case Extension.alpn:
      hello.alpns = parseAlpns(body);
      return true;
    case Extension.supportedVersions:
      return readU16s(body.sub(body.u8()), hello.versions);
    case Extension.quicTransportParameters:
    case Extension.quicTransportParametersDraft:
      hello.quicParameters = body.view(body.remaining);
      return true;
    default:
      return true;
  }
}

/**
 * Server name (SNI) from the body of a `server_name` extension, RFC 6066 §3.
 *
 * @returns Host name in lower case; null when absent, cut short or longer than a host name may be.
 */
export function parseSni(c: Cursor): string | null {
  c.u16(); // list length: redundant, the extension's end is the tighter bound
  while (c.remaining > 0) {
    const type = c.u8();
    const length = c.u16();
    const name = c.ascii(length);
    if (c.failed) return null;
    if (type === HOST_NAME) return length === 0 || length > MAX_HOST_NAME ? null : name.toLowerCase();
  }
  return null;
}

/** Protocol names from the body of an ALPN extension, RFC 7301 §3.1; at most 32, the whole ones. */
export function parseAlpns(c: Cursor): string[] {
  const list = c.sub(c.u16());
  const names: string[] = [];
  while (list.remaining > 0 && names.length < MAX_ALPNS) {
    const name = list.ascii(list.u8());
    if (list.failed) break;
    names.push(name);
  }
  return names;
}

/** The highest version the client offers, as a TLS or DTLS version number; GREASE does not count. */
export function highestOffered(hello: ClientHello): number {
  const datagram = isDatagramVersion(hello.version);
  let highest = 0;
  for (const version of hello.versions) {
    if (isGrease(version) || isDatagramVersion(version) !== datagram) continue;
    // DTLS counts down: 1.0 is 0xfeff, 1.2 0xfefd (RFC 6347 §4.1).
    if (highest === 0 || (datagram ? version < highest : version > highest)) highest = version;
  }
  return highest === 0 ? hello.version : highest;
}

/** DTLS versions have 0xfe as their high byte; OpenSSL's DTLS before RFC 4347 was 0x0100. */
function isDatagramVersion(version: number): boolean {
  return version >> 8 === 0xfe || version === 0x0100;
}

/** False when the list was longer than is kept. */
function readU16s(c: Cursor, into: number[]): boolean {
  while (c.remaining > 1) {
    if (into.length === MAX_ENTRIES) return false;
    into.push(c.u16());
  }
  return true;
}
