/** One Interface Description Block, draft-ietf-opsawg-pcapng §4.2: what its packets have in common. */
import { createTimeUnits, type TimeUnits } from "./time_units.ts";

/** What packets of one pcapng interface have in common. */
export interface PcapngInterface {
  linkType: number;
  /** Captured bytes at most; 0 is no limit. Needed for simple packets, which do not say their captured length. */
  snaplen: number;
  units: TimeUnits;
  /** Number within the file, counted over all sections, 255 at most. */
  index: number;
}

const OPTION_END = 0; // opt_endofopt
const OPTION_TSRESOL = 9; // if_tsresol, 1 byte
const OPTION_TSOFFSET = 14; // if_tsoffset, 8 bytes, signed

/** Bytes of the block's fixed part: type, length, link type, reserved, snaplen. */
const FIXED_BYTES = 16;
const DEFAULT_TSRESOL = 6; // microseconds

/**
 * Reads the block between `start` and `end` (its trailing length excluded). Options that run over the end are
 * left out with all after them.
 *
 * @returns `null` when the block is too short.
 */
export function parseInterface(
  view: DataView,
  start: number,
  end: number,
  littleEndian: boolean,
  index: number,
): PcapngInterface | null {
  if (end - start < FIXED_BYTES) return null;
  let resolution = DEFAULT_TSRESOL;
  let offsetSeconds = 0;
  let at = start + FIXED_BYTES;
  while (end - at >= 4) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    at += 4;
    if (code === OPTION_END || length > end - at) break;
    if (code === OPTION_TSRESOL && length >= 1) resolution = view.getUint8(at);
    // Seconds of any age fit in a number; beyond 2^53 the time is nonsense, rounded nonsense then.
    if (code === OPTION_TSOFFSET && length >= 8) offsetSeconds = Number(view.getBigInt64(at, littleEndian));
    at += (length + 3) & ~3; // options are padded to 32 bits
  }
  return {
    linkType: view.getUint16(start + 8, littleEndian),
    snaplen: view.getUint32(start + 12, littleEndian),
    units: createTimeUnits(resolution, offsetSeconds),
    index,
  };
}
