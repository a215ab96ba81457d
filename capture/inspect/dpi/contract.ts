/**
 * What a protocol parser is given and must give: the contract of every file beside this one.
 *
 * A parser sees the bytes of one flow in order. It decides by bytes and not by ports, keeps a bounded state, never
 * throws on any input, and takes time in proportion to the bytes it is given. Bytes are borrowed for the length of
 * the call: they may lie in shared memory and are overwritten afterwards, so what must outlive it is copied.
 */
import type { Cursor } from "../../../model/cursor.ts";

/** Direction of bytes: from the client (whoever sent the flow's first packet) or from the server. */
export const TO_SERVER = 0;
export const TO_CLIENT = 1;

/** Whether first bytes are those of a protocol. */
export const Probe = {
  no: 0,
  yes: 1,
  /** Not enough bytes to tell; ask again with more. */
  more: 2,
} as const;

/** What a parser may do and know about its flow. */
export interface FlowHandle {
  /** As `FlowColumns.id`. */
  readonly id: number;
  /** As `formatAddress` writes it. */
  readonly clientAddress: string;
  readonly serverAddress: string;
  readonly clientPort: number;
  readonly serverPort: number;
  /** Packet time of the bytes at hand, microseconds since 1970. */
  readonly timeUs: number;

  /**
   * Tells of something seen.
   *
   * @param type EVE's `event_type`.
   * @param fields Top-level fields of the event, such as `{ dns: {...} }`; owned by the receiver from now on.
   */
  tell(type: string, direction: number, fields: Record<string, unknown>): void;

  /** The name of the application protocol, where the parser knows better than its registration: `http2`, `dot`. */
  name(protocol: string): void;

  /** A host name of the flow's server: from SNI, Host, or the like. Kept in lower case, at most 255 characters. */
  serverName(host: string): void;

  /** An address that a name was seen to stand for (DNS answers), so that later flows to it can be named. */
  learnName(address: string, name: string, ttlSeconds: number): void;

  /**
   * Bytes in clear text to look for card numbers in. A *lane* is one unbroken text: its state is carried from call
   * to call, so that a number cut in two is found. Lane 0 is the direction's raw stream; a parser that decodes
   * bodies uses lanes of its own, 1 to 7, and then does not hand the coded bytes to lane 0.
   *
   * @param encoding How the text was wrapped, for the event: `plain`, `gzip`, `base64` ...
   */
  scan(direction: number, lane: number, bytes: Uint8Array, at: number, end: number, encoding: string): void;

  /** The text of a lane ends here: what comes next on it is another text. */
  scanEnd(direction: number, lane: number): void;

  /** Words that were seen near (field names, content types): raises or lowers the confidence of what a lane holds. */
  scanContext(direction: number, lane: number, context: string): void;

  /**
   * Credentials went by in clear text. Only how and how long, never what.
   *
   * @param kind `basic`, `form`, `user_pass`, `community` ...
   * @param userLength Characters of the user name; 0 where there is none.
   */
  credentials(direction: number, kind: string, userLength: number): void;

  /**
   * Whether a password is another than the one this client gave this server before for the same account, as far as is
   * remembered. Nothing else of it is kept.
   */
  isOtherSecret(account: string, secret: string): boolean;

  /**
   * From here on (both directions) another protocol speaks: `tls` after STARTTLS, null to find out. The parser gets
   * nothing more; what is left of the bytes at hand is handed to the next one at once.
   */
  switchTo(protocol: string | null, direction: number, bytes: Uint8Array, at: number, end: number): void;

  /**
   * A flow that this one announced (FTP's data connection): to `address`, `port`, within a minute; it will be
   * named `protocol`.
   */
  expect(address: string, port: number, protocol: string): void;

  /** Nothing more can be learnt and what follows is not clear text: the flow's payload is not looked at again. */
  done(): void;
}

/** A parser over a TCP flow's two byte streams. */
export interface StreamParser {
  /** The next bytes of a direction, in order, each byte once. */
  data(direction: number, bytes: Uint8Array, at: number, end: number): void;
  /** Bytes of a direction were not seen; what comes next does not follow what came before. */
  gap(direction: number): void;
  /** The flow is over: tell what is half known. */
  close(): void;
}

/** A parser over a UDP flow's datagrams. */
export interface DatagramParser {
  /**
   * One datagram.
   *
   * @param whole False where the capture cut it short.
   */
  datagram(direction: number, bytes: Uint8Array, at: number, end: number, whole: boolean): void;
  close(): void;
}

/** A protocol over TCP, registered in `registry.ts`. */
export interface StreamProtocol {
  /** EVE's `app_proto`. */
  readonly name: string;
  /**
   * Whether a direction's first bytes are this protocol's.
   *
   * @param c Over all bytes of that direction so far (up to `MAX_PROBE_BYTES`).
   * @param serverPort A hint for the undecidable, never the reason alone.
   */
  probe(c: Cursor, direction: number, serverPort: number): number;
  create(flow: FlowHandle): StreamParser;
}

/** A protocol over UDP, registered in `registry.ts`. */
export interface DatagramProtocol {
  readonly name: string;
  /** Whether a datagram is this protocol's; `more` means "perhaps: ask again with the next one". */
  probe(c: Cursor, direction: number, clientPort: number, serverPort: number): number;
  create(flow: FlowHandle): DatagramParser;
}
