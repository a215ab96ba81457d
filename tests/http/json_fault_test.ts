/** The place at which a text stops being JSON, held to what `JSON.parse` accepts. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonFaultAt } from "../../http/json_fault.ts";

Deno.test("the place of the first character that cannot be there", () => {
  for (
    const [text, at] of [
      ["", 0],
      ["  ", 2],
      ["{}", -1],
      [' {"a": [1, -2.5e3, true, null, "\\u00e9"]} ', -1],
      ['{"a" 1}', 5],
      ['{"a": }', 6],
      ['{"a": 1,}', 8],
      ["{'a': 1}", 1],
      ["[1 2]", 3],
      ["[1,]", 3],
      ["01", 1],
      ['"a\nb"', 0],
      ['{"a": 1} x', 9],
      ['{"a": [1, 2', 11],
      ["[}", 1],
    ] as const
  ) {
    assert.equal(jsonFaultAt(text), at, text);
  }
});

Deno.test("it finds a fault exactly where JSON.parse does, in JSON with characters changed", () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.nat(),
      fc.constantFrom("", ",", "}", "]", '"', "\\", " ", "0", "\n", ":"),
      (json, n, by) => {
        const at = n % (json.length + 1);
        const text = json.slice(0, at) + by + json.slice(at + 1);
        let right = true;
        try {
          JSON.parse(text);
        } catch {
          right = false;
        }
        assert.equal(jsonFaultAt(text) === -1, right, text);
      },
    ),
    { seed: 7, numRuns: 2_000 },
  );
});

Deno.test("deep nesting needs no stack", () => {
  assert.equal(jsonFaultAt("[".repeat(16_000)), 16_000);
  assert.equal(jsonFaultAt("[".repeat(16_000) + "]".repeat(16_000)), -1);
});
