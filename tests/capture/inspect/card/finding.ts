/** Shared by the tests of the card finder: what a flow tells of a text, whole or cut. */
import { type CardHit, CardLanes, CardServices } from "../../../../capture/inspect/card/card_lanes.ts";
import { latin1 } from "../dpi/flow_recorder.ts";

export const KEY = new Uint8Array(32).fill(7);
/** Valid numbers of no one: random digits with the right check digit. */
export const VISA = "4539578763621486";
export const MASTERCARD = "5425233430109903";

export interface Asked {
  encoding?: string;
  context?: string;
  /** Length of the next piece; whole where not given. */
  cut?: () => number;
}

/** All cards of a text. */
export function cardsIn(
  text: string | Uint8Array,
  { encoding = "plain", context, cut }: Asked = {},
): CardHit[] {
  const bytes = typeof text === "string" ? latin1(text) : text;
  const services = new CardServices(KEY);
  const lanes = new CardLanes(services, () => {});
  if (context !== undefined) lanes.scanContext(0, 0, context);
  // Bytes lie at an odd place of memory that is overwritten right after, as in a capture.
  const slot = new Uint8Array(bytes.length + 9);
  for (let at = 0; at < bytes.length;) {
    const length = Math.max(1, Math.min(bytes.length - at, cut?.() ?? bytes.length));
    slot.set(bytes.subarray(at, at + length), 5);
    lanes.scan(0, 0, slot, 5, 5 + length, encoding, 1_700_000_000_000_000 + at);
    slot.fill(0x34);
    at += length;
  }
  lanes.close();
  if (services.pool.rows !== 0) throw new Error("a row of the carry was not given back");
  return [...lanes.cards()];
}

/** What must not depend on how a text was cut: all but times. */
export function verdict(hits: CardHit[]): string {
  return JSON.stringify(hits.map(({ firstUs: _, lastUs: __, ...rest }) => rest));
}
