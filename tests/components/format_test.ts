import assert from "node:assert/strict";
import {
  bitRate,
  byteCount,
  clock,
  count,
  counted,
  dateTime,
  duration,
  endpoint,
  isoTime,
  percent,
  roundTrip,
  shortCount,
  shortDuration,
  text,
} from "../../components/format.ts";

/** Text with ordinary blanks, so that the tables below can be read. */
const plain = (s: string) => s.replaceAll("\u00a0", " ");

Deno.test("bitRate() has three figures and a decimal prefix", () => {
  const table: [number, string][] = [
    [0, "0 bit/s"],
    [999, "999 bit/s"],
    [999.6, "1.00 kbit/s"],
    [1_000, "1.00 kbit/s"],
    [9_994, "9.99 kbit/s"],
    [9_996, "10.0 kbit/s"],
    [99_949, "99.9 kbit/s"],
    [99_951, "100 kbit/s"],
    [999_499, "999 kbit/s"],
    [999_500, "1.00 Mbit/s"],
    [12_345_678, "12.3 Mbit/s"],
    [40e9, "40.0 Gbit/s"],
    [5e18, "5,000 Pbit/s"],
    [-1, "– bit/s"],
    [NaN, "– bit/s"],
    [Infinity, "– bit/s"],
  ];
  for (const [n, expected] of table) assert.equal(plain(text(bitRate(n))), expected, String(n));
});

Deno.test("byteCount() and shortCount() follow the same rule; counts are whole up to five figures", () => {
  assert.equal(plain(text(byteCount(1_500_000))), "1.50 MB");
  assert.equal(plain(text(shortCount(99_999))), "99,999");
  assert.equal(plain(text(shortCount(123_456))), "123 k");
  assert.equal(count(1_234_567.4), "1,234,567");
  assert.equal(count(NaN), "–");
  assert.equal(plain(counted(1, "packet")), "1 packet");
  assert.equal(plain(counted(0, "entry", "entries")), "0 entries");
});

Deno.test("percent() never rounds something to nothing, nor a part to the whole", () => {
  const table: [number, string][] = [
    [0, "0 %"],
    [0.0001, "<0.1 %"],
    [0.0123, "1.2 %"],
    [0.5, "50 %"],
    [0.9995, ">99.9 %"],
    [1, "100 %"],
    [-1, "–"],
    [NaN, "–"],
  ];
  for (const [share, expected] of table) assert.equal(plain(percent(share)), expected, String(share));
});

Deno.test("duration() names at most two units, shortDuration() one", () => {
  const table: [number, string, string][] = [
    [0, "0 s", "0 s"],
    [59_999, "59 s", "59 s"],
    [60_000, "1 min", "1 min"],
    [252_000, "4 min 12 s", "4 min"],
    [7_500_000, "2 h 5 min", "2 h"],
    [86_400_000 * 3 + 3_600_000 * 4, "3 d 4 h", "3 d"],
    [-1, "–", "–"],
  ];
  for (const [ms, long, short] of table) {
    assert.equal(plain(duration(ms)), long);
    assert.equal(plain(shortDuration(ms)), short);
  }
});

Deno.test("roundTrip() keeps two figures below ten milliseconds", () => {
  const table: [number | null, string][] = [
    [null, "–"],
    [0.424, "0.42 ms"],
    [4.24, "4.2 ms"],
    [42.4, "42 ms"],
    [1_240, "1.2 s"],
  ];
  for (const [ms, expected] of table) assert.equal(plain(roundTrip(ms)), expected);
});

Deno.test("clock() and dateTime() show no moment as a dash, not as 1970", () => {
  const ms = new Date(2014, 2, 5, 12, 0, 3).getTime();
  assert.equal(clock(ms), "12:00:03");
  assert.equal(dateTime(ms), "2014-03-05 12:00:03");
  for (const none of [0, NaN, -5, 1e18]) {
    assert.equal(clock(none), "–");
    assert.equal(dateTime(none), "–");
    assert.equal(isoTime(none), "");
  }
});

Deno.test("endpoint() puts IPv6 in brackets and leaves out port 0", () => {
  assert.equal(endpoint("10.0.0.1", 80), "10.0.0.1:80");
  assert.equal(endpoint("fe80::1", 443), "[fe80::1]:443");
  assert.equal(endpoint("fe80::1", 0), "fe80::1");
});
