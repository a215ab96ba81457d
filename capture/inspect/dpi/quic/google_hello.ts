/**
 * The hello of Google's QUIC before it took TLS (Q050 and before): a table of tags and values, "QUIC Crypto",
 * A. Langley and W. Chang, 2016.
 */
import { Cursor } from "../../../../model/cursor.ts";

const CHLO = 0x43484c4f;
const SNI = 0x534e4900;
const USER_AGENT = 0x55414944; // UAID
/** kMaxEntries of Chromium's crypto_framer. */
const MAX_TAGS = 128;
const MAX_HOST_NAME = 255;
const MAX_USER_AGENT = 512;

export interface GoogleHello {
  sni: string | null;
  userAgent: string | null;
}

/**
 * The hello somewhere in a packet: what lies before it are frames whose form changed with every version, and the
 * tag and the table after it can not be mistaken. Linear: the tag is looked for once.
 *
 * @returns Null where there is none, or its table does not add up.
 */
export function findGoogleHello(c: Cursor): GoogleHello | null {
  while (c.remaining >= 8) {
    const next = c.find(CHLO >>> 24);
    if (next < 0) return null;
    c.skip(next);
    if (c.peek32() === CHLO) return readTable(c);
    c.skip(1);
  }
  return null;
}

function readTable(c: Cursor): GoogleHello | null {
  c.skip(4);
  const count = c.u16le();
  if (c.u16le() !== 0 || count === 0 || count > MAX_TAGS) return null;
  const table = c.sub(8 * count);
  if (c.failed) return null;
  const hello: GoogleHello = { sni: null, userAgent: null };
  const valuesAt = c.at;
  let from = 0;
  for (let i = 0; i < count; i++) {
    const tag = table.u32();
    const to = table.u32le();
    if (to < from) return null;
    const value = new Cursor(c.bytes, valuesAt + from, Math.min(c.end, valuesAt + to));
    const whole = value.has(to - from) && valuesAt + to <= c.end;
    if (whole && tag === SNI && to - from <= MAX_HOST_NAME && to > from) {
      hello.sni = value.ascii(to - from).toLowerCase();
    } else if (whole && tag === USER_AGENT && to > from) {
      hello.userAgent = value.ascii(Math.min(to - from, MAX_USER_AGENT));
    }
    from = to;
  }
  return hello;
}
