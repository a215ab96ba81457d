/**
 * pcapng counts time in units that each interface names (`if_tsresol`); a batch has seconds and a fraction.
 *
 * The count has 64 bits, more than a number holds exactly, so it is divided in three steps of exact numbers.
 */

/** How the counts of one interface become seconds and a fraction. */
export interface TimeUnits {
  /** Whether fractions are nanoseconds (else microseconds). */
  nanosecond: boolean;
  /** Units in a second. */
  perSecond: bigint;
  /** The same as a number where three-step division is exact (up to 2^36), else 0: the slow way is taken. */
  divisor: number;
  /** Fraction units in one unit: 1 for the usual resolutions, not whole for binary ones. */
  scale: number;
  /** Seconds to be added, `if_tsoffset`. */
  offsetSeconds: number;
}

/** The largest divisor for which a remainder times 2^16 is still exact, with room to spare. */
const MAX_EXACT_DIVISOR = 2 ** 36;

/**
 * Units from the options of an interface.
 *
 * @param resolution `if_tsresol`: bit 7 chooses powers of 2 (else of 10), the rest is the negative exponent.
 *   The default, without the option, is 6: microseconds.
 * @param offsetSeconds `if_tsoffset`.
 */
export function createTimeUnits(resolution: number, offsetSeconds: number): TimeUnits {
  const exponent = BigInt(resolution & 0x7f);
  const perSecond = (resolution & 0x80 ? 2n : 10n) ** exponent;
  const nanosecond = perSecond > 1_000_000n || 1_000_000n % perSecond !== 0n;
  const exact = perSecond <= MAX_EXACT_DIVISOR;
  return {
    nanosecond,
    perSecond,
    divisor: exact ? Number(perSecond) : 0,
    scale: exact ? (nanosecond ? 1e9 : 1e6) / Number(perSecond) : 0,
    offsetSeconds,
  };
}

/** The answer of `splitTime`, reused: whole seconds, modulo 2^32 as in a pcap record, and the fraction. */
export const splitResult = { seconds: 0, fraction: 0 };

/** Splits the count `high * 2^32 + low` into `splitResult`. Allocates only for resolutions finer than 2^-36. */
export function splitTime(units: TimeUnits, high: number, low: number): void {
  const { divisor } = units;
  if (divisor === 0) return splitFineTime(units, high, low);
  // Long division in base 2^16: each remainder is below the divisor, so times 2^16 it stays below 2^53.
  const q0 = Math.floor(high / divisor);
  const r0 = (high - q0 * divisor) * 65_536 + (low >>> 16);
  const q1 = Math.floor(r0 / divisor);
  const r1 = (r0 - q1 * divisor) * 65_536 + (low & 0xffff);
  const q2 = Math.floor(r1 / divisor);
  const rest = r1 - q2 * divisor;
  splitResult.seconds = (q1 * 65_536 + q2 + units.offsetSeconds) >>> 0; // q0 counts 2^32 seconds: gone anyway
  splitResult.fraction = Math.floor(rest * units.scale);
}

function splitFineTime(units: TimeUnits, high: number, low: number): void {
  const count = (BigInt(high) << 32n) | BigInt(low);
  const seconds = count / units.perSecond;
  splitResult.seconds = (Number(BigInt.asUintN(32, seconds)) + units.offsetSeconds) >>> 0;
  splitResult.fraction = Number((count % units.perSecond) * 1_000_000_000n / units.perSecond);
}
