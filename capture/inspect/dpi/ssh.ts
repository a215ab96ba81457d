/**
 * SSH up to where it is encrypted: both banners, both lists of algorithms with their fingerprints, what they agree on.
 *
 * One event a connection: when both sides have sent their lists or begun to encrypt, else at the end with what was
 * seen; and how logins went, which `ssh_login.ts` infers. Either side may be missing, a banner may follow other lines (RFC 4253 §4.2), and SSH 1 has banners only.
 * State: one line and one KEXINIT of `MAX_KEXINIT_BYTES` a direction.
 */
import { createHash } from "node:crypto";
import { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamParser, type StreamProtocol, TO_SERVER } from "./contract.ts";
import { latin1 } from "../../../model/latin1.ts";
import { maskCutEnd } from "./http/mask.ts";
import { LineReader } from "./line_reader.ts";
import { SshLogin } from "./ssh_login.ts";

const SSH_PORT = 22;
/** RFC 4253 §4.2: 255 with CR and LF. Real ones are longer now and then. */
const MAX_BANNER_BYTES = 512;
/** Lines before a banner that are read; RFC 4253 sets no limit, OpenSSH reads 1024. */
const MAX_LINES_BEFORE = 1024;
/** Packets in clear hold at most 35,000 bytes (RFC 4253 §6.1); OpenSSH accepts 256 KiB. */
const MAX_PACKET_BYTES = 262_144;
/** A KEXINIT longer than this is not read. Real ones have 1 to 3 KiB. */
const MAX_KEXINIT_BYTES = 16_384;
/** Longest HASSH string that is shown; the hash is of the whole one. */
const MAX_HASSH_STRING = 4096;
const MAX_SHOWN_CHARS = 255;
/** Chunks of one side after its NEWKEYS after which nobody waits for the other side's. */
const MAX_CHUNKS_ALONE = 8;

const MSG_KEXINIT = 20; // RFC 4250 §4.1.2
const MSG_NEWKEYS = 21;
const COOKIE_BYTES = 16;
/** Strict key exchange and extension negotiation are signs, no algorithms; RFC 8308 §2.1, OpenSSH PROTOCOL §1.9. */
const SIGNS = /^(ext-info-[cs]|kex-strict-[cs]-v00@openssh\.com)$/;

/** The protocol for the registry: EVE's `ssh`. */
export const ssh: StreamProtocol = { name: "ssh", probe, create: (flow) => new SshParser(flow) };

function probe(c: Cursor, _direction: number, serverPort: number): number {
  const { bytes, end } = c;
  const start = matchesSsh(bytes, c.at, end);
  if (start !== NO) return start;
  // Lines before the banner.
  for (let i = c.at; i < end; i++) {
    const byte = bytes[i];
    if (byte >= 0x20) continue;
    if (byte === LF) {
      if (matchesSsh(bytes, i + 1, end) === YES) return YES;
    } else if (byte !== CR && byte !== TAB) return NO;
  }
  return serverPort === SSH_PORT ? MORE : NO;
}

// As plain constants: looked up as properties in rare branches, they throw compiled code away each time.
const { no: NO, yes: YES, more: MORE } = Probe;

/** Whether "SSH-", a digit and a point or digit begin at `at`. */
function matchesSsh(bytes: Uint8Array, at: number, end: number): number {
  for (let i = 0; i < MARK.length; i++) {
    if (at + i >= end) return MORE;
    if (bytes[at + i] !== MARK.charCodeAt(i)) return NO;
  }
  if (at + 4 >= end) return MORE;
  return bytes[at + 4] >= 0x30 && bytes[at + 4] <= 0x39 ? YES : NO;
}

const Stage = { banner: 0, header: 1, body: 2, over: 3 } as const;

/** Name lists of a KEXINIT in its order, RFC 4253 §7.1. */
interface Algorithms {
  kex: string;
  hostKey: string;
  /** To server, to client. */
  encryption: [string, string];
  mac: [string, string];
  compression: [string, string];
}

class Side {
  stage: number = Stage.banner;
  readonly lines = new LineReader(MAX_BANNER_BYTES);
  linesBefore = 0;
  protocol = "";
  software = "";
  comments = "";
  algorithms: Algorithms | null = null;
  readonly header = new Uint8Array(6);
  headerBytes = 0;
  /** Bytes of the packet at hand still to come. */
  left = 0;
  kexinit: Uint8Array | null = null;
  kexinitBytes = 0;
  padding = 0;
  /** After NEWKEYS, or where nothing more can be read. */
  encrypted = false;
  chunksAlone = 0;
  longestSegment = 0;

  get hasBanner(): boolean {
    return this.protocol !== "";
  }
}

class SshParser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #sides: [Side, Side] = [new Side(), new Side()];
  #told = false;
  #over = false;
  /** Once both sides encrypt. */
  #login: SshLogin | null = null;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    if (this.#over) return;
    if (this.#login !== null) return this.#watch(this.#login, direction, end - at);
    const side = this.#sides[direction];
    side.longestSegment = Math.max(side.longestSegment, end - at);
    while (at < end && side.stage !== Stage.over) {
      if (side.stage === Stage.banner) at = this.#bannerLine(direction, side, bytes, at, end);
      else if (side.stage === Stage.header) at = this.#packetHeader(side, bytes, at, end);
      else at = this.#packetBody(side, bytes, at, end);
    }
    if (side.stage === Stage.over) side.chunksAlone++;
    this.#look();
    // What follows its NEWKEYS in the same segment.
    if (this.#login !== null && at < end) this.#watch(this.#login, direction, end - at);
  }

  gap(direction: number): void {
    if (this.#over) return;
    if (this.#login !== null) {
      // Where the client's bytes are missing it has spoken: what the server said before is an answer.
      if (this.#isClient(direction)) this.#tellLogin(this.#login.answered());
      return this.#finish();
    }
    const side = this.#sides[direction];
    this.#partLine(direction, side);
    side.stage = Stage.over;
    side.encrypted = true;
    side.kexinit = null;
    this.#look();
  }

  close(): void {
    if (this.#over) return;
    this.#sides.forEach((side, direction) => this.#partLine(direction, side));
    this.#tell();
    if (this.#login !== null) this.#tellLogin(this.#login.close());
    this.#over = true;
  }

  #bannerLine(direction: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    at = side.lines.read(bytes, at, end);
    if (side.lines.ready) this.#takeLine(direction, side);
    return at;
  }

  /** A line that has not ended when the stream does: a banner all the same. */
  #partLine(direction: number, side: Side): void {
    if (side.stage === Stage.banner && side.lines.flush()) this.#takeLine(direction, side);
  }

  #takeLine(direction: number, side: Side): void {
    const { bytes, from, to, begins } = side.lines;
    const banner = begins ? BANNER.exec(side.lines.text(MAX_BANNER_BYTES)) : null;
    if (banner !== null) {
      side.protocol = shown(banner[1]);
      side.software = shown(banner[2]);
      side.comments = shown((banner[3] ?? "").trim());
      // SSH 1 packets look otherwise; 1.99 speaks both.
      side.stage = side.protocol.startsWith("1.") && side.protocol !== "1.99" ? Stage.over : Stage.header;
      if (side.stage === Stage.over) side.encrypted = true;
      return;
    }
    this.#flow.scan(direction, 0, bytes, from, to, "plain");
    if (++side.linesBefore > MAX_LINES_BEFORE) {
      side.stage = Stage.over;
      side.encrypted = true;
    }
  }

  #packetHeader(side: Side, bytes: Uint8Array, at: number, end: number): number {
    while (at < end && side.headerBytes < side.header.length) side.header[side.headerBytes++] = bytes[at++];
    if (side.headerBytes < side.header.length) return at;
    side.headerBytes = 0;
    const c = new Cursor(side.header);
    const length = c.u32();
    side.padding = c.u8();
    const type = c.u8();
    if (type === MSG_NEWKEYS && length <= 255) {
      side.stage = Stage.over;
      side.encrypted = true;
      return at;
    }
    // Length counts padding length and type, which are read already.
    if (length < 5 || length > MAX_PACKET_BYTES || side.padding + 2 > length || type < 1 || type > 79) {
      side.stage = Stage.over;
      side.encrypted = true;
      return at;
    }
    side.left = length - 2;
    side.stage = Stage.body;
    if (type === MSG_KEXINIT && side.algorithms === null && side.left <= MAX_KEXINIT_BYTES) {
      side.kexinit = new Uint8Array(side.left);
      side.kexinitBytes = 0;
    }
    return at;
  }

  #packetBody(side: Side, bytes: Uint8Array, at: number, end: number): number {
    const n = Math.min(side.left, end - at);
    if (side.kexinit !== null) {
      side.kexinit.set(bytes.subarray(at, at + n), side.kexinitBytes);
      side.kexinitBytes += n;
    }
    side.left -= n;
    if (side.left === 0) {
      side.stage = Stage.header;
      if (side.kexinit !== null) {
        side.algorithms = parseKexinit(new Cursor(side.kexinit, 0, side.kexinit.length - side.padding));
        side.kexinit = null;
      }
    }
    return at + n;
  }

  /** Tells as soon as nothing more will come, and lets go of the flow when both sides are encrypted. */
  #look(): void {
    const [a, b] = this.#sides;
    const isKnown = (side: Side) => side.hasBanner && (side.algorithms !== null || side.encrypted);
    if (isKnown(a) && isKnown(b)) this.#tell();
    const isAlone = a.chunksAlone >= MAX_CHUNKS_ALONE || b.chunksAlone >= MAX_CHUNKS_ALONE;
    if (!(a.encrypted && b.encrypted) && !isAlone) return;
    this.#tell();
    if (!isAlone) this.#login = this.#createLogin();
    if (this.#login === null) this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#flow.done();
  }

  /** Null where lengths say nothing. */
  #createLogin(): SshLogin | null {
    const [client, server] = this.#isTurned ? [this.#sides[1], this.#sides[0]] : this.#sides;
    if (client.algorithms === null || server.algorithms === null) return null;
    const { encryption, mac, compression } = client.algorithms;
    const offered = server.algorithms;
    const login = SshLogin.of(
      chosen(encryption[1], offered.encryption[1]),
      chosen(mac[1], offered.mac[1]),
      chosen(compression[1], offered.compression[1]),
    );
    if (login !== null) login.longestSegment = server.longestSegment;
    return login;
  }

  #watch(login: SshLogin, direction: number, bytes: number): void {
    this.#tellLogin(login.take(this.#isClient(direction), bytes));
    if (login.over) this.#finish();
  }

  #tellLogin(login: string): void {
    if (login === "") return;
    const method = login === "failed" && this.#login!.wasPassword ? { method: "password" } : {};
    const direction = this.#isTurned ? 1 - TO_SERVER : TO_SERVER;
    this.#flow.tell("ssh", direction, { netpane: { login, ...method } });
  }

  #isClient(direction: number): boolean {
    return (direction === TO_SERVER) !== this.#isTurned;
  }

  /** A capture that began in the middle may have taken the server for the client. */
  get #isTurned(): boolean {
    return this.#flow.clientPort === SSH_PORT && this.#flow.serverPort !== SSH_PORT;
  }

  #tell(): void {
    if (this.#told) return;
    const isTurned = this.#isTurned;
    const [client, server] = isTurned ? [this.#sides[1], this.#sides[0]] : this.#sides;
    if (!client.hasBanner && !server.hasBanner) return;
    this.#told = true;
    const event: Record<string, unknown> = {};
    if (client.hasBanner) event.client = describe(client, 0);
    if (server.hasBanner) event.server = describe(server, 1);
    const fields: Record<string, unknown> = { ssh: event };
    const agreed = agree(client.algorithms, server.algorithms);
    const comments: Record<string, string> = {};
    if (client.comments !== "") comments.client_comments = client.comments;
    if (server.comments !== "") comments.server_comments = server.comments;
    if (agreed !== null || Object.keys(comments).length > 0) fields.netpane = { ...comments, ...agreed };
    this.#flow.tell("ssh", isTurned ? 1 - TO_SERVER : TO_SERVER, fields);
  }
}

function describe(side: Side, direction: 0 | 1): Record<string, unknown> {
  const out: Record<string, unknown> = { proto_version: side.protocol, software_version: side.software };
  if (side.algorithms !== null) out.hassh = hassh(side.algorithms, direction);
  return out;
}

/**
 * HASSH and HASSH server after salesforce/hassh (BSD 3-Clause): MD5 of key exchanges, ciphers, MACs and compressions
 * that a side offers for what it sends, as they stand.
 */
function hassh(algorithms: Algorithms, direction: 0 | 1): { hash: string; string: string } {
  const { kex, encryption, mac, compression } = algorithms;
  const text = [kex, encryption[direction], mac[direction], compression[direction]].join(";");
  return {
    hash: createHash("md5").update(text, "latin1").digest("hex"),
    string: text.slice(0, MAX_HASSH_STRING),
  };
}

function parseKexinit(c: Cursor): Algorithms | null {
  c.skip(COOKIE_BYTES);
  const names = () => {
    const length = c.u32();
    const at = c.at;
    return c.skip(length) ? latin1(c.bytes, at, at + length) : "";
  };
  const algorithms: Algorithms = {
    kex: names(),
    hostKey: names(),
    encryption: [names(), names()],
    mac: [names(), names()],
    compression: [names(), names()],
  };
  return c.failed ? null : algorithms;
}

function shown(text: string): string {
  return text.length > MAX_SHOWN_CHARS ? maskCutEnd(text.slice(0, MAX_SHOWN_CHARS)) : text;
}

/** What is used: the first of the client's list that the server offers, RFC 4253 §7.1. */
function agree(client: Algorithms | null, server: Algorithms | null): Record<string, string> | null {
  if (client === null || server === null) return null;
  const out: Record<string, string> = {};
  const pick = (name: string, ours: string, theirs: string) => {
    const both = chosen(ours, theirs);
    if (both !== "") out[name] = shown(both);
  };
  pick("key_exchange", client.kex, server.kex);
  pick("host_key", client.hostKey, server.hostKey);
  pick("cipher", client.encryption[0], server.encryption[0]);
  pick("mac", client.mac[0], server.mac[0]);
  pick("compression", client.compression[0], server.compression[0]);
  return out;
}

/** The first of ours that is also theirs; "" for none. */
function chosen(ours: string, theirs: string): string {
  const offered = new Set(theirs.split(","));
  return ours.split(",").find((algorithm) => offered.has(algorithm) && !SIGNS.test(algorithm)) ?? "";
}

const MARK = "SSH-";
/** Protocol version, software version, comments; RFC 4253 §4.2. */
const BANNER = /^SSH-(\d[^-\s]*)-([^\s]*)(?:[ \t](.*))?/;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
