/** Makes the packets that QUIC's tests need: headers, frames, and seals as RFC 9001 §5 makes them. */
import { createCipheriv } from "node:crypto";
import { deriveClientKeys } from "../../../../../capture/inspect/dpi/quic/initial_keys.ts";
import { type Scheme, versionOf } from "../../../../../capture/inspect/dpi/quic/versions.ts";

export interface Initial {
  version?: number;
  scheme?: Scheme;
  /** Destination id in the header, and the one the keys come from where that is another. */
  destination: number[];
  keyId?: number[];
  source?: number[];
  token?: number[];
  number?: number;
  frames: number[];
  /** Length of the frames after padding. */
  padTo?: number;
}

export function varint(n: number): number[] {
  if (n < 64) return [n];
  if (n < 16_384) return [0x40 | n >> 8, n & 255];
  return [0x80 | n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255];
}

export function crypto(offset: number, bytes: Uint8Array, type = 6): number[] {
  return [type, ...varint(offset), ...varint(bytes.length), ...bytes];
}

/** An Initial packet of a client. */
export function initial(parts: Initial): Uint8Array {
  const number = parts.version ?? 1;
  const scheme = parts.scheme ?? versionOf(number).schemes[0];
  const keys = deriveClientKeys(scheme, Uint8Array.from(parts.keyId ?? parts.destination));
  const frames = Uint8Array.from([
    ...parts.frames,
    ...new Array(Math.max(0, (parts.padTo ?? 1150) - parts.frames.length)).fill(0),
  ]);
  const source = parts.source ?? [];
  const token = parts.token ?? [];
  const header = Uint8Array.from([
    0xc0 | scheme.initialType << 4 | 1,
    number >>> 24,
    number >>> 16 & 255,
    number >>> 8 & 255,
    number & 255,
    parts.destination.length,
    ...parts.destination,
    source.length,
    ...source,
    ...varint(token.length),
    ...token,
    ...varint(2 + frames.length + 16),
    0,
    parts.number ?? 0,
  ]);
  const nonce = new Uint8Array(keys.iv);
  nonce[11] ^= parts.number ?? 0;
  const cipher = createCipheriv("aes-128-gcm", keys.key, nonce);
  cipher.setAAD(header);
  const sealed = new Uint8Array([...cipher.update(frames), ...cipher.final(), ...cipher.getAuthTag()]);
  const mask = createCipheriv("aes-128-ecb", keys.headerKey, null).update(sealed.subarray(2, 18));
  header[0] ^= mask[0] & 0x0f;
  for (let i = 0; i < 2; i++) header[header.length - 2 + i] ^= mask[1 + i];
  return new Uint8Array([...header, ...sealed]);
}

/** A long header packet of another type, with a body of noise. */
export function long(
  type: number,
  destination: number[],
  source: number[],
  body: number[],
  version = 1,
): Uint8Array {
  return Uint8Array.from([
    0xc0 | type << 4,
    version >>> 24,
    version >>> 16 & 255,
    version >>> 8 & 255,
    version & 255,
    destination.length,
    ...destination,
    source.length,
    ...source,
    ...body,
  ]);
}
