/** The ServerHello: what the server chose. */
import type { Cursor } from "../../../../model/cursor.ts";
import { parseAlpns } from "./client_hello.ts";
import { Extension } from "./registry.ts";

/** Extensions kept; servers send a handful. */
const MAX_EXTENSIONS = 64;
/** The `random` that makes a ServerHello a HelloRetryRequest, RFC 8446 §4.1.3: its first eight bytes are enough. */
const RETRY_RANDOM_HIGH = 0xcf21ad74;
const RETRY_RANDOM_LOW = 0xe59a6111;

export interface ServerHello {
  /** `legacy_version`. */
  legacyVersion: number;
  /** The version chosen: `supported_versions` where it is there. */
  version: number;
  sessionId: string;
  cipher: number;
  extensions: number[];
  /** Chosen ALPN protocol; null in TLS 1.3, where it is encrypted. */
  alpn: string | null;
  /** The server took a pre-shared key, in TLS 1.3 mostly that of an earlier session. */
  preSharedKey: boolean;
  /** It is a HelloRetryRequest: the client is to say hello again. */
  retry: boolean;
  complete: boolean;
}

/**
 * ServerHello, RFC 8446 §4.1.3, RFC 5246 §7.4.1.3.
 *
 * @param c Over the message's body, which may be cut short.
 * @returns What could be read; null when not even the cipher could.
 */
export function parseServerHello(c: Cursor): ServerHello | null {
  const version = c.u16();
  const high = c.u32();
  const low = c.u32();
  c.skip(24); // the rest of the 32 bytes of `random`
  // TLS 1.3 up to draft 21 had neither session id nor compression here; later ones pretend to be TLS 1.2.
  const draft = version >> 8 === 0x7f;
  const sessionId = draft ? "" : c.ascii(c.u8());
  const cipher = c.u16();
  if (!draft) c.u8();
  if (c.failed) return null;
  const hello: ServerHello = {
    legacyVersion: version,
    version,
    sessionId,
    cipher,
    extensions: [],
    alpn: null,
    preSharedKey: false,
    retry: high === RETRY_RANDOM_HIGH && low === RETRY_RANDOM_LOW,
    complete: true,
  };
  if (c.remaining > 0) readExtensions(c, hello);
  return hello;
}

function readExtensions(c: Cursor, hello: ServerHello): void {
  const list = c.sub(c.u16());
  while (list.remaining > 0 && hello.extensions.length < MAX_EXTENSIONS) {
    const type = list.u16();
    const length = list.u16();
    if (list.failed) break;
    hello.extensions.push(type);
    const body = list.sub(length);
    if (type === Extension.supportedVersions && body.has(2)) hello.version = body.u16();
    else if (type === Extension.preSharedKey) hello.preSharedKey = true;
    else if (type === Extension.alpn) hello.alpn = parseAlpns(body)[0] ?? null;
  }
  hello.complete = !c.failed && !list.failed && list.remaining === 0;
}
