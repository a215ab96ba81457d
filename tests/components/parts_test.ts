import assert from "node:assert/strict";
import { splitHint } from "../../components/hint.ts";
import { Palette, SLICE_COLOURS } from "../../components/palette.ts";
import { filterFor, foldShares, MAX_SLICES } from "../../components/shares.ts";
import { MAX_DRAWN, OVERSCAN, sliceWindow } from "../../components/window.ts";

Deno.test("splitHint() finds the commands", () => {
  const table: [string, [boolean, string][]][] = [
    ["", []],
    ["Run as root", [[false, "Run as root"]]],
    ["sudo ./netpane start", [[true, "sudo ./netpane start"]]],
    ["Install it: apt-get install libpcap0.8", [[false, "Install it: "], [
      true,
      "apt-get install libpcap0.8",
    ]]],
    ["Either `sudo x` or `y`.", [[false, "Either "], [true, "sudo x"], [false, " or "], [true, "y"], [
      false,
      ".",
    ]]],
    ["List them: netpane interfaces", [[false, "List them: "], [true, "netpane interfaces"]]],
    ["Look at: the log", [[false, "Look at: the log"]]],
  ];
  for (const [hint, parts] of table) {
    assert.deepEqual(splitHint(hint), parts.map(([command, text]) => ({ command, text })), hint);
  }
});

Deno.test("Palette keeps a label's colour while it is shown, and hands it on afterwards", () => {
  const palette = new Palette();
  const [tcp, udp] = palette.assign(["tcp", "udp"]);
  assert.deepEqual(palette.assign(["udp", "arp", "tcp"]), [udp, 3, tcp]);
  assert.deepEqual(palette.assign(["udp", "icmp"]), [udp, tcp]);
  const many = palette.assign(Array.from({ length: 30 }, (_, i) => `p${i}`));
  assert.equal(new Set(many).size, SLICE_COLOURS + 1);
  assert.deepEqual(palette.assign(["other", "unattributed"]), [0, SLICE_COLOURS + 1]);
});

Deno.test("foldShares() shows the largest, adds up the rest once, and loses no byte", () => {
  const shares = Array.from({ length: 12 }, (_, i) => ({ label: `p${i}`, bytes: i, share: i / 76 }));
  const folded = foldShares([...shares, { label: "other", bytes: 10, share: 10 / 76 }]);
  assert.equal(folded.length, MAX_SLICES + 1);
  assert.equal(folded[0].label, "p11");
  assert.equal(folded.at(-1)!.label, "other");
  assert.equal(folded.reduce((sum, s) => sum + s.bytes, 0), 76);
  assert.ok(Math.abs(folded.reduce((sum, s) => sum + s.share, 0) - 1) < 1e-9);
  assert.deepEqual(foldShares([{ label: "tcp", bytes: 0, share: 0 }]), []);
});

Deno.test("filterFor() asks for each word, since words are parted by blanks", () => {
  assert.equal(filterFor("process", "Web Content"), "process:Web process:Content");
  assert.equal(filterFor("ip", " "), "");
});

Deno.test("sliceWindow() covers the view, and never more than MAX_DRAWN rows", () => {
  assert.deepEqual(sliceWindow(0, 20, 10), { start: 0, end: 10 });
  assert.deepEqual(sliceWindow(0, 20, 0), { start: 0, end: 0 });
  assert.deepEqual(sliceWindow(500, 20, 10_000), { start: 500 - OVERSCAN, end: 520 + OVERSCAN });
  // The list has shrunk under the view.
  assert.deepEqual(sliceWindow(9_000, 20, 100), { start: 80 - OVERSCAN, end: 100 });
  for (let first = 0; first < 12_000; first += 97) {
    for (const rows of [0, 1, 20, 5_000]) {
      const { start, end } = sliceWindow(first, rows, 10_000);
      assert.ok(0 <= start && start <= end && end <= 10_000 && end - start <= MAX_DRAWN);
    }
  }
});
