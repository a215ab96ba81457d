/** What a finding says of itself: always words, and of a card never more than PCI DSS lets be shown. */
import assert from "node:assert/strict";
import {
  brandOf,
  cardText,
  encodingOf,
  gradeOf,
  kindOf,
  lastDigits,
  otherDetails,
  reasonsOf,
  titleOf,
} from "../../components/finding_words.ts";
import { markOf, marksByConnection } from "../../components/marks.ts";
import type { Anomaly } from "../../model/api.ts";

Deno.test("cardText() shows the last four digits, and the first six only when asked", () => {
  for (
    const [masked, short, long] of [
      ["411111******1111", "•••• 1111", "4111 11•• •••• 1111"],
      ["378282*****0005", "•••• 0005", "3782 82•••• •0005"],
      ["305693****5904", "•••• 5904", "3056 93•••• 5904"],
      ["676300*********0001", "•••• 0001", "6763 00•• •••• •••0 001"],
      ["", "••••", "••••"],
      ["****", "••••", "••••"],
    ]
  ) {
    assert.equal(cardText(masked, false), short);
    assert.equal(cardText(masked, true), long);
  }
});

Deno.test("a number that was not masked is masked on the page", () => {
  assert.equal(cardText("4111111111111111", false), "•••• 1111");
  assert.equal(cardText("4111111111111111", true), "4111 11•• •••• 1111");
  assert.equal(lastDigits("4111111111111111"), "1111");
});

Deno.test("grades, kinds, brands, encodings and reasons have words, also those that are not known", () => {
  assert.deepEqual([1, 2, 3, 9].map((severity) => gradeOf(severity).word), [
    "High",
    "Medium",
    "Note",
    "Note",
  ]);
  assert.equal(kindOf("cardholder_data").one, "Card number in clear text");
  assert.equal(kindOf("port_scan").one, "Port scan");
  assert.equal(kindOf("constructor").one, "Constructor");
  assert.equal(titleOf({ kind: "port_scan", signature: "Many ports of one host" }), "Many ports of one host");
  assert.equal(brandOf("amex"), "American Express");
  assert.equal(brandOf("Visa"), "Visa");
  assert.equal(encodingOf("gzip+base64"), "gzip, in it Base64");
  assert.equal(encodingOf("toString"), "toString");
  assert.deepEqual(reasonsOf(["luhn", "context_other", "new_reason"]).map(({ weight }) => weight), [
    1,
    -1,
    0,
  ]);
  assert.equal(reasonsOf(["new_reason"])[0].text, "new reason");
  assert.deepEqual(reasonsOf("luhn"), []);
  assert.equal(reasonsOf(Array(100).fill("luhn")).length, 12);
});

Deno.test("otherDetails() are bounded texts, without those that have a place of their own", () => {
  const details = { masked: "x", ports_touched: [1, 2], note: "y".repeat(1_000), nothing: undefined };
  assert.deepEqual(otherDetails(details).map(([name]) => name), ["ports touched", "note", "nothing"]);
  assert.equal(otherDetails(details)[0][1], "[1,2]");
  assert.equal(otherDetails(details)[1][1].length, 201);
});

Deno.test("marksByConnection() joins the findings of a flow, the gravest first in rank", () => {
  const anomaly = (id: string, severity: number) =>
    ({
      id,
      severity,
      kind: "cardholder_data",
      signature: "",
      details: { brand: "visa", masked: "4111111111111111" },
    }) as unknown as Anomaly;
  const flows = marksByConnection(
    [anomaly("12:card:a", 3), anomaly("12:card:b", 1), anomaly("7:x", 2)].map(markOf),
  );
  assert.deepEqual([...flows.keys()], ["f12", "f7"]);
  assert.equal(flows.get("f12")!.severity, 1);
  assert.deepEqual(flows.get("f12")!.marks.map(({ text }) => text), [
    "Card number in clear text: Visa •••• 1111 (unsure)",
    "Card number in clear text: Visa •••• 1111",
  ]);
});
