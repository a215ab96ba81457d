/**
 * Every number on the page carries its unit, and is written the same way everywhere: that way is here.
 *
 * Pure functions of their arguments, for the server's first page and the browser alike. Prefixes are decimal
 * (SI): a link of 100 Mbit/s moves 12.5 MB a second. What is not a finite number is shown as `–`.
 */

/** A number and its unit, apart, so that a page can set them in different sizes. */
export interface Quantity {
  value: string;
  unit: string;
}

/** Keeps a number and its unit on one line. */
const NBSP = "\u00a0";

/** What stands where there is no number. */
export const NOTHING = "–";

const PREFIXES = ["", "k", "M", "G", "T", "P"];
const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Bits per second, as `12.4` and `Mbit/s`; negative and missing rates are `–`. */
export function bitRate(bitsPerSecond: number): Quantity {
  return scaled(bitsPerSecond, "bit/s");
}

/** Bytes, as `3.1` and `GB`. */
export function byteCount(bytes: number): Quantity {
  return scaled(bytes, "B");
}

/** A bare count made short, as `12.4` and `k`; below 100,000 in full with no unit. */
export function shortCount(n: number): Quantity {
  return n < 99_999.5 ? { value: count(n), unit: "" } : scaled(n, "");
}

/** One text of a quantity: number, no-break space, unit. */
export function text(q: Quantity): string {
  return q.unit === "" ? q.value : q.value + NBSP + q.unit;
}

/** A whole number with its thousands set apart: `12,345`. */
export function count(n: number): string {
  return Number.isFinite(n) ? GROUPED.format(n) : NOTHING;
}

/** `1 packet`, `2 packets`. */
export function counted(n: number, one: string, many = one + "s"): string {
  return count(n) + NBSP + (n === 1 ? one : many);
}

/**
 * A share from 0 to 1 in percent. What is more than nothing is never shown as 0 %, nor what is less than all as
 * 100 %: `<0.1 %`, `>99.9 %`.
 */
export function percent(share: number): string {
  if (!Number.isFinite(share) || share < 0) return NOTHING;
  const value = share * 100;
  if (value === 0) return `0${NBSP}%`;
  if (value < 0.1) return `<0.1${NBSP}%`;
  if (value > 99.9 && value < 100) return `>99.9${NBSP}%`;
  return (value < 10 ? trimmed(value, 1) : String(Math.round(Math.min(value, 100)))) + NBSP + "%";
}

/** How long something takes or took, from milliseconds: `3 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return NOTHING;
  const s = Math.floor(ms / 1000);
  if (s < 60) return s + NBSP + "s";
  if (s < 3600) return two(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86_400) return two(Math.floor(s / 3600), "h", Math.floor(s / 60) % 60, "min");
  return two(Math.floor(s / 86_400), "d", Math.floor(s / 3600) % 24, "h");
}

/** A duration in its largest unit, for narrow columns: `3 s`, `4 min`, `2 h`, `3 d`. */
export function shortDuration(ms: number): string {
  return duration(ms).split(" ")[0];
}

/** A round trip, from milliseconds: `0.42 ms`, `12 ms`, `1.2 s`; `–` where it was not measured. */
export function roundTrip(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms) || ms < 0) return NOTHING;
  if (ms < 1) return trimmed(ms, 2) + NBSP + "ms";
  if (ms < 10) return trimmed(ms, 1) + NBSP + "ms";
  if (ms < 1000) return Math.round(ms) + NBSP + "ms";
  return trimmed(ms / 1000, 1) + NBSP + "s";
}

/** Time of day in the reader's zone, from milliseconds since 1970: `12:00:03`. */
export function clock(ms: number): string {
  if (!isMoment(ms)) return NOTHING;
  const d = new Date(ms);
  return [d.getHours(), d.getMinutes(), d.getSeconds()].map(digits2).join(":");
}

/** Time of day to the millisecond, for rows of packets: `12:00:03` and `.042`. */
export function clockParts(ms: number): [clock: string, fraction: string] {
  return [clock(ms), isMoment(ms) ? `.${String(new Date(ms).getMilliseconds()).padStart(3, "0")}` : ""];
}

/** Date and time of day in the reader's zone: `2014-03-05 12:00:03`. */
export function dateTime(ms: number): string {
  if (!isMoment(ms)) return NOTHING;
  const d = new Date(ms);
  return `${d.getFullYear()}-${digits2(d.getMonth() + 1)}-${digits2(d.getDate())} ${clock(ms)}`;
}

/** For the `datetime` attribute of `<time>`; empty for what is no moment. */
export function isoTime(ms: number): string {
  return isMoment(ms) ? new Date(ms).toISOString() : "";
}

/** Address and port as RFC 3986 writes them: `10.0.0.1:80`, `[fe80::1]:80`; port 0 is left out. */
export function endpoint(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A protocol as readers know it, wherever it comes from: `icmpv6` for `ipv6-icmp`, `other ip` for `other_ip`. */
export function protocolWord(proto: string): string {
  return proto === "ipv6-icmp" ? "icmpv6" : proto.replaceAll("_", " ");
}

/** Whether a protocol has ports; ICMP has a type and a code in their place. */
export function hasPorts(proto: string): boolean {
  return proto === "tcp" || proto === "udp" || proto === "sctp";
}

function scaled(n: number, unit: string): Quantity {
  if (!Number.isFinite(n) || n < 0) return { value: NOTHING, unit };
  let step = 0;
  // 999.5 would be rounded to 1000, which is one step up.
  while (n >= 999.5 && step < PREFIXES.length - 1) {
    n /= 1000;
    step++;
  }
  const value = step === 0 || n >= 99.95 ? GROUPED.format(n) : trimmed(n, n >= 9.995 ? 1 : 2);
  return { value, unit: PREFIXES[step] + unit };
}

/** Rounded to so many places; a figure that changes each second keeps its width by keeping its zeros. */
function trimmed(n: number, places: number): string {
  return n.toFixed(places);
}

function two(a: number, unitA: string, b: number, unitB: string): string {
  return b === 0 ? a + NBSP + unitA : `${a}${NBSP}${unitA} ${b}${NBSP}${unitB}`;
}

function digits2(n: number): string {
  return String(n).padStart(2, "0");
}

/** Zero is "no packet yet", never 1970; the end is ECMAScript's own for dates. */
function isMoment(ms: number): boolean {
  return Number.isFinite(ms) && ms > 0 && ms <= 8.64e15;
}
