/** Issuer ranges, check digits, layouts: a row per brand. */
import assert from "node:assert/strict";
import { cardLayout, issuerRange, Layout } from "../../../../capture/inspect/card/brands.ts";
import { passesLuhn } from "../../../../model/luhn.ts";
import { isPublishedTestNumber } from "../../../../capture/inspect/card/test_numbers.ts";
import { luhn } from "./texts.ts";

const values = (digits: string) => Uint8Array.from(digits, Number);

/** First digits, digits in all, brand. */
const BRANDS: [string, number, string | null][] = [
  ["4539", 16, "visa"],
  ["4539", 13, "visa"],
  ["4539", 19, "visa"],
  ["4539", 15, null],
  ["51", 16, "mastercard"],
  ["55", 16, "mastercard"],
  ["51", 15, null],
  ["222100", 16, "mastercard"],
  ["272099", 16, "mastercard"],
  ["222099", 16, null],
  ["272100", 16, null],
  ["34", 15, "amex"],
  ["37", 15, "amex"],
  ["37", 16, null],
  ["6011", 16, "discover"],
  ["644", 16, "discover"],
  ["659", 16, "discover"],
  ["300", 14, "diners"],
  ["305", 14, "diners"],
  ["3095", 14, "diners"],
  ["36", 14, "diners"],
  ["38", 14, "diners"],
  ["306", 14, null],
  ["3528", 16, "jcb"],
  ["3589", 16, "jcb"],
  ["3527", 16, null],
  ["3590", 16, null],
  ["62", 16, "unionpay"],
  ["62", 19, "unionpay"],
  ["622126", 16, "unionpay"],
  ["6759", 16, "maestro"],
  ["6304", 19, "maestro"],
  ["5018", 13, "maestro"],
  ["2200", 16, "mir"],
  ["2204", 16, "mir"],
  ["2205", 16, null],
  ["5085", 16, "rupay"],
  ["6521", 16, "rupay"],
  ["979200", 16, "troy"],
  ["506099", 16, "verve"],
  ["650002", 16, "verve"],
  ["636368", 16, "elo"],
  ["606282", 16, "hipercard"],
  ["5019", 16, "dankort"],
  ["1354", 15, "uatp"],
  ["6360", 16, "interpayment"],
  ["0000", 16, null],
  ["7", 16, null],
  ["99", 16, null],
  ["17000000", 13, null],
  ["20240101", 14, null],
];

for (const [first, length, brand] of BRANDS) {
  Deno.test(`issuerRange(): ${first}... of ${length} digits is ${brand ?? "no card"}`, () => {
    for (const filler of "059") {
      const digits = values(first.padEnd(length, filler).slice(0, length));
      if (brand !== "mastercard" && first.length < 4) continue;
      assert.equal(issuerRange(digits, length)?.brand ?? null, brand);
    }
    const digits = values((first + "1234567890123456789").slice(0, length));
    assert.equal(issuerRange(digits, length)?.brand ?? null, brand);
  });
}

Deno.test("issuerRange() is null for every length that no brand has", () => {
  for (const length of [0, 1, 12, 20]) assert.equal(issuerRange(values("4".repeat(20)), length), null);
});

Deno.test("passesLuhn(): numbers with the right last digit only, of both parities", () => {
  for (
    const start of [
      "453957876362148",
      "37828224631000",
      "3056930902590",
      "402406511598068904",
      "422222222222",
    ]
  ) {
    const right = luhn(start);
    for (const last of "0123456789") {
      assert.equal(passesLuhn(values(start + last), start.length + 1), last === right, start + last);
    }
  }
});

Deno.test("cardLayout(): groups as on the card, as typed, and no others", () => {
  for (const groups of [[4, 4, 4, 4], [4, 6, 5], [4, 6, 4], [6, 13], [4, 4, 4, 4, 3], [4, 3, 3, 3]]) {
    assert.equal(cardLayout(groups, 0, groups.length), Layout.own, String(groups));
    assert.equal(cardLayout([9, ...groups, 9], 1, groups.length), Layout.own);
  }
  assert.equal(cardLayout([4, 4, 4, 3], 0, 4), Layout.typed);
  for (
    const groups of [[4, 4], [8, 8], [4, 4, 4], [3, 4, 4, 5], [8, 4, 4, 4, 12], [5, 5, 6], [16], [], [
      20,
      20,
      20,
      20,
    ]]
  ) {
    assert.equal(cardLayout(groups, 0, groups.length), Layout.none, String(groups));
  }
});

Deno.test("published test numbers are known, others are not", () => {
  for (const number of ["4111111111111111", "378282246310005", "6205500000000000004", "30569309025904"]) {
    assert.ok(passesLuhn(values(number), number.length));
    assert.ok(isPublishedTestNumber(values(number), number.length), number);
  }
  assert.ok(!isPublishedTestNumber(values("4539578763621486"), 16));
});
