/**
 * Hellos in the form of SSL 2.0: of SSLv2 itself, and of old clients that offered SSLv3 or TLS 1.0 in it
 * (RFC 5246 Appendix E.2; the SSL 2.0 Protocol Specification, 1995, §2.5 and §2.6).
 *
 * They carry neither server name nor extensions; that they are there at all is what is worth telling.
 */
import { Cursor } from "../../../../model/cursor.ts";
import { Probe } from "../contract.ts";
import type { ClientHello } from "./client_hello.ts";
import type { ServerHello } from "./server_hello.ts";

/** Bytes needed to tell an SSLv2 hello. */
export const SSLV2_HEADER_BYTES = 11;
/** Hellos of both kinds in this form are far shorter, but a server's certificate may be in it. */
const MAX_HELLO_BYTES = 8192;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 4;

/** One of `Probe`: whether bytes begin an SSLv2 hello whose lengths add up. */
export function isSslv2Hello(bytes: Uint8Array, at: number, end: number): number {
  const c = new Cursor(bytes, at, end);
  const head = c.peek8();
  if (c.remaining > 0 && (head & 0x80) === 0) return Probe.no;
  if (c.remaining < 3) return Probe.more;
  const length = c.u16() & 0x7fff;
  const type = c.u8();
  if (length > MAX_HELLO_BYTES || (type !== CLIENT_HELLO && type !== SERVER_HELLO)) return Probe.no;
  if (type === CLIENT_HELLO) {
    if (c.remaining >= 2 && !isVersion(c.peek16())) return Probe.no;
    if (c.remaining < 8) return Probe.more;
    c.skip(2);
    const [ciphers, session, challenge] = [c.u16(), c.u16(), c.u16()];
    return ciphers > 0 && ciphers % 3 === 0 && (session === 0 || session === 16) && challenge >= 16 &&
        challenge <= 32 && 9 + ciphers + session + challenge === length
      ? Probe.yes
      : Probe.no;
  }
  if (c.remaining < 8) return Probe.more;
  const sessionHit = c.u8();
  c.skip(1);
  const version = c.u16();
  const [certificate, ciphers] = [c.u16(), c.u16()];
  return sessionHit <= 1 && version === 2 && ciphers % 3 === 0 && 11 + certificate + ciphers <= length
    ? Probe.yes
    : Probe.no;
}

function isVersion(version: number): boolean {
  return version === 0x0002 || (version >= 0x0300 && version <= 0x0303);
}

/** The hello in a whole SSLv2 record for which `isSslv2Hello` said yes. */
export function parseSslv2Hello(
  record: Uint8Array,
): { client: ClientHello | null; server: ServerHello | null } {
  const c = new Cursor(record, 2);
  if (c.u8() === SERVER_HELLO) {
    c.skip(2);
    const version = c.u16();
    const certificate = c.u16();
    c.skip(4 + certificate);
    // The server offers ciphers, and the client chooses: the first one shown stands for them.
    const cipher = c.u24();
    return {
      client: null,
      server: {
        legacyVersion: version,
        version,
        sessionId: "",
        cipher,
        extensions: [],
        alpn: null,
        preSharedKey: false,
        retry: false,
        complete: false,
      },
    };
  }
  const version = c.u16();
  const list = c.u16();
  c.skip(4);
  const ciphers: number[] = [];
  for (const entries = c.sub(list); entries.remaining > 0;) {
    const cipher = entries.u24();
    if (cipher <= 0xffff) ciphers.push(cipher); // larger ones are SSLv2's own
  }
  return {
    client: {
      version,
      sessionId: "",
      ciphers,
      extensions: [],
      sni: null,
      alpns: [],
      versions: [],
      groups: [],
      pointFormats: [],
      signatureAlgorithms: [],
      quicParameters: null,
      complete: false,
    },
    server: null,
  };
}
