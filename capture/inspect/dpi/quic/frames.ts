/** CRYPTO frames of an Initial packet, RFC 9000 §19, and of Google's sealed ones. */
import { Cursor } from "../../../../model/cursor.ts";
import { readVarint } from "./packets.ts";

/** Frames of one packet that are walked through; a packet of 1200 bytes can not hold more than make sense. */
const MAX_FRAMES = 1024;
/** Ranges of an ACK frame stepped over. */
const MAX_ACK_RANGES = 256;

const PADDING = 0x00;
const PING = 0x01;
const ACK = 0x02;
const ACK_ECN = 0x03;
const CRYPTO = 0x06;
// Google's, Chromium net/third_party/quiche quic_types.h: types of versions before the IETF's frames.
const GOOGLE_PING = 0x07;
const GOOGLE_CRYPTO = 0x08;

/**
 * Hands on what CRYPTO frames carry, in the order of the frames.
 *
 * Frames that do not belong into an Initial packet end the walk (RFC 9000 §12.4); what came before them counts.
 */
export function forEachCrypto(
  frames: Uint8Array,
  googleFrames: boolean,
  sink: (offset: number, bytes: Uint8Array) => void,
): void {
  const c = new Cursor(frames);
  const crypto = googleFrames ? GOOGLE_CRYPTO : CRYPTO;
  for (let i = 0; c.remaining > 0 && i < MAX_FRAMES; i++) {
    const type = c.u8();
    if (type === PADDING) {
      while (c.remaining > 0 && c.peek8() === PADDING) c.skip(1);
    } else if (type === crypto) {
      const offset = readVarint(c);
      const length = readVarint(c);
      if (!c.has(length) || c.failed) return;
      sink(offset, c.view(length));
    } else if (googleFrames ? type === GOOGLE_PING : type === PING) {
      continue;
    } else if (!googleFrames && (type === ACK || type === ACK_ECN)) skipAck(c, type === ACK_ECN);
    else return;
  }
}

function skipAck(c: Cursor, ecn: boolean): void {
  readVarint(c); // largest acknowledged
  readVarint(c); // delay
  const ranges = readVarint(c);
  if (ranges > MAX_ACK_RANGES) c.fail();
  for (let i = 0; i < 1 + 2 * ranges && c.remaining > 0; i++) readVarint(c);
  if (ecn) { for (let i = 0; i < 3; i++) readVarint(c); }
}
