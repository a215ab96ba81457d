/** What a finding says of itself: always words, and of a card never more than PCI DSS lets be shown. */
import assert from "node:assert/strict";
import {
  brandOf,
  cardText,
  encodingOf,
  gradeOf,
  kindOf,
  lastDigits,
  messageOf,
  otherEvidence,
  reasonsOf,
  titleOf,
} from "../../components/finding_words.ts";
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
  assert.equal(kindOf("dns_tunnel").one, "DNS tunnel");
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

Deno.test("otherEvidence() is a rule's, and what of the inspector's has no place of its own", () => {
  assert.deepEqual(otherEvidence({ masked: "x", confidence: 1, track: 1, parts: [1, 2] }), { parts: [1, 2] });
  assert.deepEqual(otherEvidence({ confidence: 1, evidence: { ports: [1] }, tries: 3 }), {
    tries: 3,
    ports: [1],
  });
  assert.deepEqual(otherEvidence({ evidence: [1] }), { evidence: [1] });
  assert.deepEqual(otherEvidence({ evidence: null }), {});
});

Deno.test("messageOf() makes a sentence of what the inspector found, and leaves those of rules alone", () => {
  const alert = {
    kind: "cardholder_data",
    message: "",
    src_ip: "10.0.0.5",
    dest_ip: "192.0.2.80",
    server_name: "shop.example",
    count: 3,
    details: { brand: "visa", masked: "411111******1111" },
  } as unknown as Anomaly;
  assert.equal(
    messageOf(alert),
    "A card number (Visa) went from 10.0.0.5 to shop.example, 3 times, readable to anyone between",
  );
  assert.equal(
    messageOf({
      ...alert,
      kind: "cleartext_credentials",
      count: 1,
      details: { protocol: "ftp", direction: "toclient" },
    }),
    "A login (FTP) went from shop.example to 192.0.2.80, readable to anyone between",
  );
  assert.equal(
    messageOf({
      ...alert,
      kind: "cleartext_credentials",
      severity: 3,
      count: 1,
      details: { protocol: "sip" },
    }),
    "A login by digest (SIP) went from 10.0.0.5 to shop.example, readable to anyone between, who can guess the password from it",
  );
  assert.equal(messageOf({ ...alert, message: "as it was said" }), "as it was said");
  assert.equal(messageOf({ ...alert, kind: "port_scan" }), "");
});
