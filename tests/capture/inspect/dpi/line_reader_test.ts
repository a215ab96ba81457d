/** Lines come out whole however they are cut, and long ones in bounded pieces. */
import assert from "node:assert/strict";
import { LineReader } from "../../../../capture/inspect/dpi/line_reader.ts";
import { latin1, seeded } from "./flow_recorder.ts";

/** All pieces of a text, each with `<` where it begins a line and `>` where it ends one. */
function pieces(text: string, nextCut: () => number, max = 16): string[] {
  const reader = new LineReader(max);
  const out: string[] = [];
  const show = () => {
    const { bytes, from, to, begins, ends } = reader;
    out.push(`${begins ? "<" : ""}${String.fromCharCode(...bytes.subarray(from, to))}${ends ? ">" : ""}`);
  };
  const all = latin1(text);
  for (let start = 0; start < all.length;) {
    const chunk = all.slice(start, start + nextCut());
    for (let at = 0; at < chunk.length;) {
      at = reader.read(chunk, at, chunk.length);
      if (reader.ready) show();
    }
    assert.ok(reader.kept < max, "what is kept stays below the ceiling");
    start += chunk.length;
  }
  if (reader.flush()) show();
  return out;
}

Deno.test("whole lines, whatever the cuts", () => {
  const text = "one\r\n\ntwo\n" + "0123456789abcde\n" + "last";
  const expected = ["<one\r\n>", "<\n>", "<two\n>", "<0123456789abcde\n>", "<last"];
  assert.deepEqual(pieces(text, () => 1000), expected);
  for (let seed = 1; seed <= 50; seed++) {
    const random = seeded(seed);
    assert.deepEqual(pieces(text, () => 1 + random(9)), expected);
  }
});

Deno.test("a long line: a first piece as long as the ceiling, whatever the cuts, and no byte lost", () => {
  const long = "0123456789abcdef" + "ghijklmnopqrstuvwxyz";
  for (let seed = 1; seed <= 50; seed++) {
    const random = seeded(seed);
    const out = pieces(`${long}\nnext\n`, () => 1 + random(30));
    assert.equal(out[0], "<0123456789abcdef");
    assert.equal(out.at(-1), "<next\n>");
    assert.equal(out.slice(0, -1).join(""), `<${long}\n>`);
  }
});
