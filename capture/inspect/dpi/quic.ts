/**
 * QUIC: versions 1 and 2, drafts 21 to 34, Facebook's and Google's own. Opens the client's Initial packets, puts
 * its ClientHello together and tells one event per connection.
 *
 * The keys of Initial packets are public, so a stranger can make us compute: `MAX_OPENINGS` bounds how often a flow
 * may. State: the hello, see `MAX_CRYPTO_BYTES`, of the connection at hand; ids of the last few.
 */
import { Cursor } from "../../../model/cursor.ts";
import { type DatagramParser, type DatagramProtocol, type FlowHandle, Probe, TO_SERVER } from "./contract.ts";
import { CryptoStream } from "./quic/crypto_stream.ts";
import { forEachCrypto } from "./quic/frames.ts";
import { findGoogleHello, type GoogleHello } from "./quic/google_hello.ts";
import { deriveClientKeys, type InitialKeys, openInitial } from "./quic/initial_keys.ts";
import {
  bytesOfId,
  isLong,
  type LongHeader,
  readLongHeader,
  readPublicHeader,
  readVarint,
} from "./quic/packets.ts";
import { Family, isKnownVersion, type Scheme, type Version, versionOf } from "./quic/versions.ts";
import { type ClientHello, parseClientHello } from "./tls/client_hello.ts";
import { ja3, ja4 } from "./tls/fingerprints.ts";
import { Extension, isGrease } from "./tls/registry.ts";
import { dnsOverQuic } from "./tls/resolvers.ts";

/** Times a flow's packets may be tried with keys: a hello takes one to three, and one per version tried. */
const MAX_OPENINGS = 24;
/**
 * The same for all flows of a worker together, in one second of packet time: a flood of made-up Initials from
 * made-up addresses costs half a core at most; hellos beyond are not read.
 */
const MAX_OPENINGS_PER_SECOND = 5000;
/** QUIC packets looked at in one datagram, RFC 9000 §12.2. */
const MAX_COALESCED = 8;
/** Datagrams after which a hello that is not whole is told as it is. */
const MAX_DATAGRAMS_WAITING = 64;
/** Datagrams with nothing but short headers after which no other connection is expected on a flow. */
const MAX_SHORT = 8;
/** Ids remembered of a connection: first destination, client's, server's after Retry and for good. */
const MAX_IDS = 8;
/** Transport parameter with a user agent, Chromium's transport_parameters. */
const USER_AGENT_PARAMETER = 0x3129;
const MAX_PARAMETERS = 64;
const MAX_USER_AGENT = 512;

/** The protocol for the registry: EVE's `quic`. */
export const quic: DatagramProtocol = { name: "quic", probe, create: (flow) => new QuicParser(flow) };

function probe(c: Cursor): number {
  if (!isLong(c)) return readPublicHeader(c) === null ? Probe.no : Probe.yes;
  const number = c.peek32(1);
  if (number !== 0 && !isKnownVersion(number)) return Probe.no;
  const header = readLongHeader(c);
  if (header === null) return Probe.no;
  if (header.number === 0) return isNegotiation(c) ? Probe.yes : Probe.no;
  return header.version.known && c.remaining > 0 ? Probe.yes : Probe.no;
}

/** The rest of a version negotiation packet: versions, one of which is known (RFC 8999 §6). */
function isNegotiation(c: Cursor): boolean {
  if (c.remaining === 0 || c.remaining % 4 !== 0 || c.remaining > 256) return false;
  while (c.remaining > 0) {
    const number = c.u32();
    if (number !== 0 && versionOf(number).known && (number & 0x0f0f0f0f) !== 0x0a0a0a0a) return true;
  }
  return false;
}

/** One connection: how its packets are opened and what came out. */
interface Connection {
  header: LongHeader;
  scheme: Scheme;
  keys: InitialKeys;
  ids: string[];
  crypto: CryptoStream;
  told: boolean;
}

class QuicParser implements DatagramParser {
  readonly #flow: FlowHandle;
  #connection: Connection | null = null;
  /** Direction of the client's datagrams; -1 until an Initial of it was opened. */
  #clientDirection = -1;
  #openings = 0;
  #datagrams = 0;
  #short = 0;
  /** A version was seen in clear: told at the end if nothing better was. */
  #seen: { version: Version; direction: number } | null = null;
  #toldNames = new Set<string>();
  #over = false;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  datagram(direction: number, bytes: Uint8Array, at: number, end: number, _whole: boolean): void {
    if (this.#over || at >= end) return;
    this.#datagrams++;
    const c = new Cursor(bytes, at, end);
    if (!isLong(c)) this.#unsealed(direction, c);
    else this.#long(direction, c);
    if (this.#over) return;
    const waiting = this.#connection !== null && !this.#connection.told;
    if (this.#datagrams >= MAX_DATAGRAMS_WAITING && (waiting || this.#connection === null)) this.#finish();
    else if (this.#short >= MAX_SHORT && !waiting && this.#connection !== null) this.#finish();
  }

  close(): void {
    this.#finish();
  }

  /** Google's public header, or a packet that is sealed for good. */
  #unsealed(direction: number, c: Cursor): void {
    const version = readPublicHeader(c);
    if (version === null) {
      this.#short++;
      return;
    }
    this.#googleHello(direction, version, findGoogleHello(c));
  }

  #googleHello(direction: number, version: Version, hello: GoogleHello | null): void {
    this.#seen ??= { version, direction };
    if (hello === null || hello.sni === null || this.#toldNames.has(hello.sni)) return;
    const fields: Record<string, unknown> = { version: version.name, sni: hello.sni };
    if (hello.userAgent !== null) fields.ua = hello.userAgent;
    this.#tell(direction, hello.sni, { quic: fields });
  }

  #long(direction: number, c: Cursor): void {
    for (let i = 0; i < MAX_COALESCED && isLong(c) && c.remaining > 0; i++) {
      const from = c.at;
      const header = readLongHeader(c);
      if (header === null || header.number === 0) return;
      if (header.version.known) this.#seen ??= { version: header.version, direction };
      if (header.version.family === Family.clear) {
        this.#googleHello(direction, header.version, findGoogleHello(c));
        return;
      }
      const schemes = this.#schemesOf(header);
      const initial = schemes.some(({ initialType }) => initialType === header.type);
      if (direction !== this.#clientDirection) this.#serverIds(header);
      // Types go round by one in version 2 (RFC 9369 §3.2); Retry has no length and ends the datagram.
      if (!initial && header.type === ((schemes[0].initialType + 3) & 3)) return;
      if (initial) c.skip(readVarint(c)); // token
      const length = readVarint(c);
      if (c.failed || !c.has(length)) return;
      const numberAt = c.at - from;
      c.skip(length);
      if (initial) this.#initial(direction, header, c.bytes, from, numberAt, c.at);
      if (this.#over) return;
    }
  }

  /** The scheme that fitted before, else those that may. */
  #schemesOf(header: LongHeader): readonly Scheme[] {
    const connection = this.#connection;
    return connection?.header.number === header.number ? [connection.scheme] : header.version.schemes;
  }

  /** The server's own id will be the client's destination. */
  #serverIds(header: LongHeader): void {
    const connection = this.#connection;
    if (connection === null || header.source === "" || !connection.ids.includes(header.destination)) return;
    if (connection.ids.length < MAX_IDS && !connection.ids.includes(header.source)) {
      connection.ids.push(header.source);
    }
  }

  #initial(
    direction: number,
    header: LongHeader,
    bytes: Uint8Array,
    from: number,
    numberAt: number,
    end: number,
  ): void {
    if (this.#clientDirection >= 0 && direction !== this.#clientDirection) return;
    const connection = this.#connection;
    const same = connection !== null && isSame(connection, header);
    if (same && connection.told) return;
    if (connection === null && header.destination === "") return; // a server's
    packetBytes.set(bytes.subarray(from, end));
    const packet = packetBytes.subarray(0, end - from);
    if (connection !== null && !connection.told && header.number === connection.header.number) {
      if (!this.#mayOpen()) return;
      const frames = openInitial(packet, numberAt, connection.keys);
      if (frames !== null) {
        this.#frames(direction, connection, frames);
        return;
      }
    }
    // Another connection, or the same after a Retry, which changes the keys (RFC 9001 §5.2).
    for (const scheme of header.version.schemes) {
      if (header.type !== scheme.initialType) continue;
      if (!this.#mayOpen()) return;
      const keys = deriveClientKeys(scheme, bytesOfId(header.destination));
      const frames = openInitial(packet, numberAt, keys);
      if (frames === null) continue;
      if (connection !== null && !connection.told && !same) this.#tellHello(connection, true);
      connection?.crypto.drop();
      const ids = [header.destination, header.source];
      const next = { header, scheme, keys, ids, crypto: new CryptoStream(), told: false };
      this.#connection = next;
      this.#clientDirection = direction;
      this.#frames(direction, next, frames);
      return;
    }
  }

  /** Whether a packet may be tried with keys; counts it if so. */
  #mayOpen(): boolean {
    if (this.#openings >= MAX_OPENINGS) {
      this.#finish();
      return false;
    }
    if (!openings.take(this.#flow.timeUs)) return false;
    this.#openings++;
    return true;
  }

  #frames(direction: number, connection: Connection, frames: Uint8Array): void {
    const { scheme, crypto, header } = connection;
    if (scheme.googleFrames) {
      const hello = findGoogleHello(new Cursor(frames));
      if (hello !== null) {
        this.#googleHello(direction, header.version, hello);
        connection.told = true;
        return;
      }
    }
    forEachCrypto(frames, scheme.googleFrames, (offset, piece) => crypto.add(offset, piece));
    this.#tellHello(connection, false);
  }

  /** Tells of a connection when its hello is whole; at last, `anyway`, of what there is. */
  #tellHello(connection: Connection, anyway: boolean): void {
    if (connection.told) return;
    const whole = connection.crypto.message();
    const body = whole ?? (anyway || connection.crypto.lost ? connection.crypto.partial() : null);
    if (body === null && !anyway && !connection.crypto.lost) return;
    connection.told = true;
    const hello = body === null ? null : parseClientHello(body);
    if (hello !== null && whole === null) hello.complete = false;
    connection.crypto.drop();
    const name = hello?.sni ?? "";
    if (this.#toldNames.has(name)) return; // said again after a Retry, or another connection to the same
    this.#tell(this.#clientDirection, name, helloFields(connection.header.version, hello, whole !== null));
  }

  #tell(direction: number, name: string, fields: Record<string, unknown>): void {
    if (this.#toldNames.size < MAX_OPENINGS) this.#toldNames.add(name);
    this.#seen = null;
    this.#clientDirection = direction;
    if (direction === TO_SERVER && /^[\x21-\x7e]+$/.test(name)) this.#flow.serverName(name);
    this.#flow.tell("quic", direction, fields);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#connection !== null) {
      this.#tellHello(this.#connection, true);
      this.#connection.crypto.drop();
    }
    if (this.#toldNames.size === 0 && this.#seen !== null) {
      const direction = this.#clientDirection >= 0 ? this.#clientDirection : TO_SERVER;
      this.#tell(direction, "", { quic: { version: this.#seen.version.name } });
    }
    this.#flow.done();
  }
}

/** The packet that is being opened: no datagram is longer. */
const packetBytes = new Uint8Array(65_535);

/** Counts openings by second of packet time. */
class OpeningBudget {
  /** Openings that were not made. */
  refused = 0;
  #second = -1;
  #left = 0;

  take(timeUs: number): boolean {
    const second = Math.floor(timeUs / 1e6);
    if (second !== this.#second) {
      this.#second = second;
      this.#left = MAX_OPENINGS_PER_SECOND;
    }
    if (this.#left === 0) {
      this.refused++;
      return false;
    }
    this.#left--;
    return true;
  }
}

/** Shared by all flows of a worker. */
export const openings: OpeningBudget = new OpeningBudget();

function isSame(connection: Connection, header: LongHeader): boolean {
  return connection.ids.includes(header.destination) ||
    (header.source !== "" && connection.ids.includes(header.source));
}

/** The event, as Suricata 7 writes it; what EVE lacks in `netpane`. */
function helloFields(version: Version, hello: ClientHello | null, whole: boolean): Record<string, unknown> {
  const fields: Record<string, unknown> = { version: version.name };
  const facts: Record<string, unknown> = {};
  if (hello !== null) {
    if (hello.sni !== null && whole) fields.sni = hello.sni;
    if (hello.sni !== null && !whole) facts.partial_sni = hello.sni;
    const userAgent = hello.quicParameters === null ? "" : readUserAgent(new Cursor(hello.quicParameters));
    if (userAgent !== "") fields.ua = userAgent;
    if (hello.complete) {
      fields.ja3 = ja3(hello);
      fields.ja4 = ja4(hello, "q");
    }
    if (hello.alpns.length > 0 && whole) facts.client_alpns = hello.alpns;
    const dns = dnsOverQuic(hello.sni, hello.alpns);
    if (dns !== null) facts.dns = dns;
    if (hello.extensions.includes(Extension.encryptedClientHello)) facts.ech = true;
    if (hello.extensions.includes(Extension.earlyData)) facts.early_data = true;
    if (hello.ciphers.some(isGrease)) facts.grease = true;
  }
  return Object.keys(facts).length === 0 ? { quic: fields } : { quic: fields, netpane: facts };
}

/** The user agent among transport parameters (RFC 9000 §18); "" where it is not one of them. */
function readUserAgent(c: Cursor): string {
  for (let i = 0; i < MAX_PARAMETERS && c.remaining > 0; i++) {
    const id = readVarint(c);
    const length = readVarint(c);
    if (c.failed || !c.has(length)) return "";
    if (id === USER_AGENT_PARAMETER) return c.ascii(Math.min(length, MAX_USER_AGENT));
    c.skip(length);
  }
  return "";
}
