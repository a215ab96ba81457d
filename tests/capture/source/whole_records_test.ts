import assert from "node:assert/strict";
import { wholeRecords } from "../../../capture/source/whole_records.ts";
import { concat, hex, record, words } from "./capture_bytes.ts";

Deno.test("wholeRecords() counts up to the first record that is cut, at every length", () => {
  const bytes = concat(
    record(true, 1, 1, hex("aabbcc")),
    record(true, 2, 2, hex("")),
    record(true, 3, 3, hex("dd")),
  );
  const ends = [0, 19, 35, 52];
  for (let length = 0; length <= bytes.length; length++) {
    const packets = ends.filter((end) => end > 0 && end <= length).length;
    assert.deepEqual(wholeRecords(bytes, length), { packets, bytes: ends[packets] });
  }
});

Deno.test("wholeRecords() does not follow a length past the end", () => {
  assert.deepEqual(wholeRecords(words(true, 1, 1, 0xffff_ffff, 1), 16), { packets: 0, bytes: 0 });
  assert.deepEqual(wholeRecords(hex("00"), 4_000), { packets: 0, bytes: 0 });
});
