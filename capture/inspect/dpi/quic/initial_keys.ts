/**
 * Opens a client's Initial packet, RFC 9001 §5: the keys follow from the destination id of its first one.
 *
 * The seal (AES-128-GCM) says whether the keys were right, so nothing that comes out was made up by chance.
 * Deriving keys costs some 10 µs in plain JavaScript, opening a packet 10 (bench/quic_initial.ts).
 */
import { createDecipheriv } from "node:crypto";
import { encryptBlock } from "../../../../model/crypto/aes128.ts";
import { HmacSha256 } from "../../../../model/crypto/sha256.ts";
import type { Scheme } from "./versions.ts";

const HASH_BYTES = 32;
const TAG_BYTES = 16;
const SAMPLE_BYTES = 16;
const RESERVED_BITS = 0x0c;
/** The sample lies where a packet number of full length would end, RFC 9001 §5.4.2. */
const SAMPLE_OFFSET = 4;

/** Keys that open a client's Initial packets. */
export interface InitialKeys {
  key: Uint8Array;
  iv: Uint8Array;
  headerKey: Uint8Array;
}

const KEY_BYTES = 16;
const IV_BYTES = 12;
/** The secret at hand, and HMAC under it. */
const secret = new Uint8Array(HASH_BYTES);
const secretHmac = new HmacSha256(secret);
const mask = new Uint8Array(16);
const nonce = new Uint8Array(IV_BYTES);

/** HKDF-Extract of each scheme: its salt is always the same. */
const extracts = new Map<Scheme, HmacSha256>();
/** What HKDF-Expand-Label hashes, by label; there are two of each but `client in`. */
const infos = new Map<string, Uint8Array>();

/** Keys of the client for the destination id of its first packet (or of the one after a Retry). */
export function deriveClientKeys(scheme: Scheme, destinationId: Uint8Array): InitialKeys {
  let extract = extracts.get(scheme);
  if (extract === undefined) extracts.set(scheme, extract = new HmacSha256(scheme.salt));
  secretHmac.rekey(extract.sign(destinationId, secret));
  expandLabel("client in", HASH_BYTES);
  secretHmac.rekey(secret);
  // One piece of memory for all three: each array is memory outside of the heap.
  const all = new Uint8Array(KEY_BYTES + IV_BYTES + KEY_BYTES);
  all.set(expandLabel(`${scheme.label}key`, KEY_BYTES));
  all.set(expandLabel(`${scheme.label}iv`, IV_BYTES), KEY_BYTES);
  all.set(expandLabel(`${scheme.label}hp`, KEY_BYTES), KEY_BYTES + IV_BYTES);
  return {
    key: all.subarray(0, KEY_BYTES),
    iv: all.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES),
    headerKey: all.subarray(KEY_BYTES + IV_BYTES),
  };
}

/**
 * The frames in an Initial packet.
 *
 * @param packet The packet from its first byte to the end of its payload, in memory of our own; it is as before
 * afterwards.
 * @param numberAt Where its packet number begins.
 * @returns Null where the seal does not fit.
 */
export function openInitial(packet: Uint8Array, numberAt: number, keys: InitialKeys): Uint8Array | null {
  const sampleAt = numberAt + SAMPLE_OFFSET;
  if (sampleAt + SAMPLE_BYTES > packet.length) return null;
  encryptBlock(keys.headerKey, packet, sampleAt, mask);
  const first = packet[0] ^ (mask[0] & 0x0f);
  // RFC 9000 §17.2: reserved bits are 0, so three of four wrong keys are known before the seal is tried.
  if ((first & RESERVED_BITS) !== 0) return null;
  const numberBytes = (first & 3) + 1;
  const headerEnd = numberAt + numberBytes;
  const sealEnd = packet.length - TAG_BYTES;
  if (sealEnd <= headerEnd) return null;
  const decipher = createDecipheriv("aes-128-gcm", keys.key, nonceOf(keys.iv, packet, numberAt, numberBytes));
  // The header as it was before its protection, in place, and back again: other keys may be tried on the packet.
  unmask(packet, first, numberAt, numberBytes);
  decipher.setAAD(packet.subarray(0, headerEnd));
  unmask(packet, packet[0] ^ (mask[0] & 0x0f), numberAt, numberBytes);
  decipher.setAuthTag(packet.subarray(sealEnd));
  const frames = decipher.update(packet.subarray(headerEnd, sealEnd));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return frames;
}

/** The first packets have small numbers: what is sent of one is all of it. */
function nonceOf(iv: Uint8Array, packet: Uint8Array, numberAt: number, numberBytes: number): Uint8Array {
  nonce.set(iv);
  for (let i = 0; i < numberBytes; i++) {
    nonce[IV_BYTES - numberBytes + i] ^= packet[numberAt + i] ^ mask[1 + i];
  }
  return nonce;
}

/** Takes the protection from the packet number, or lays it on again, RFC 9001 §5.4.1. */
function unmask(packet: Uint8Array, first: number, numberAt: number, numberBytes: number): void {
  packet[0] = first;
  for (let i = 0; i < numberBytes; i++) packet[numberAt + i] ^= mask[1 + i];
}

/**
 * HKDF-Expand-Label of the secret at hand with an empty context, RFC 8446 §7.1; one block of output is always enough
 * here. It is in `secret` until the next call.
 */
function expandLabel(label: string, length: number): Uint8Array {
  let info = infos.get(label);
  if (info === undefined) infos.set(label, info = createInfo(label, length));
  return secretHmac.sign(info, secret).subarray(0, length);
}

function createInfo(label: string, length: number): Uint8Array {
  const info = new Uint8Array(5 + 6 + label.length);
  info[1] = length;
  info[2] = 6 + label.length;
  put(info, 3, "tls13 ");
  put(info, 9, label);
  info[info.length - 1] = 1; // HKDF-Expand's counter, after the empty context's length of 0
  return info;
}

function put(into: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
}
