/** Numbers as a sentence has them: "2.5 min", "41.9 MB". */

const SPANS: readonly [number, string][] = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"], [
  0.001,
  "ms",
]];
const SIZES: readonly [number, string][] = [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]];

/** @param seconds 0 and more. */
export function spanText(seconds: number): string {
  for (const [unit, word] of SPANS) {
    // Up to two of the larger unit are told in the smaller one: "90 s", not "1.5 min".
    if (seconds >= (unit >= 60 ? 2 * unit : unit)) return `${digits(seconds / unit)} ${word}`;
  }
  return "0 s";
}

export function bytesText(bytes: number): string {
  for (const [unit, word] of SIZES) if (bytes >= unit) return `${digits(bytes / unit)} ${word}`;
  return `${Math.round(bytes)} bytes`;
}

/** Share of one as per cent. */
export function percentText(share: number): string {
  return `${digits(100 * share)} %`;
}

/** Three digits that count; whole numbers above a hundred. */
export function digits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** A number for evidence, without digits that mean nothing. */
export function round(value: number, places = 3): number {
  const factor = 10 ** places;
  return Math.round(value * factor) / factor;
}

/** An address or name with its port. */
export function placeText(place: string, port: number): string {
  return port === 0 ? place : place.includes(":") ? `[${place}]:${port}` : `${place}:${port}`;
}
