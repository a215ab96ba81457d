/** Lists in all their shapes, and what is found on them. */
import assert from "node:assert/strict";
import { Listed } from "../../../detect/blocklist/listed.ts";
import { type BuiltList, ListBuilder } from "../../../detect/blocklist/list_builder.ts";
import { parseAddress } from "../../../model/address.ts";

function build(text: string, pieces = 1_000_000): BuiltList {
  const builder = new ListBuilder();
  for (let at = 0; at < text.length; at += pieces) builder.text(text.slice(at, at + pieces));
  return builder.finish("test");
}

/** The entry that an address or name is found by; "" for none. */
function find(built: BuiltList, what: string): string {
  const listed = new Listed([built.list]);
  const bytes = parseAddress(what);
  if (bytes === null) return listed.name(what)?.entry ?? "";
  return listed.address(bytes, 0, bytes.length === 4 ? 4 : 6)?.entry ?? "";
}

const SHAPES: Record<string, [text: string, found: Record<string, string>]> = {
  "plain, with comments": [
    "# bad ones\n45.90.1.7\n  45.90.2.8  # since March\n; more\n2a07:a8c0::7\r\nBad.Example.\n",
    {
      "45.90.1.7": "45.90.1.7",
      "45.90.1.8": "",
      "45.90.2.8": "45.90.2.8",
      "2a07:a8c0::7": "2a07:a8c0::7",
      "bad.example": "bad.example",
      "www.bad.example": "bad.example",
      "notbad.example": "",
      "example": "",
    },
  ],
  "networks and ranges": [
    "45.90.0.0/16\n45.91.1.4-45.91.1.9\n45.92.0.1 - 45.92.0.2\n2a07:a8c0::/33\n",
    {
      "45.90.255.255": "45.90.0.0/16",
      "45.91.1.3": "",
      "45.91.1.9": "45.91.1.4-45.91.1.9",
      "45.92.0.2": "45.92.0.1-45.92.0.2",
      "2a07:a8c0:7fff::1": "2a07:a8c0::/33",
      "2a07:a8c0:8000::1": "",
    },
  ],
  "Spamhaus DROP as text": [
    "; Spamhaus DROP List 2026/08/20\n; Last-Modified: ...\n45.90.8.0/22 ; SBL123\n2a07:a8c0::/32 ; SBL124\n",
    { "45.90.11.255": "45.90.8.0/22", "45.90.12.0": "", "2a07:a8c0:1::": "2a07:a8c0::/32" },
  ],
  "Spamhaus DROP as JSON lines": [
    '{"cidr":"45.90.8.0/22","sblid":"SBL123","rir":"ripencc"}\n' +
    '{"type":"metadata","timestamp":1755680000,"size":2,"records":1,"copyright":"(c)"}\n',
    { "45.90.8.1": "45.90.8.0/22" },
  ],
  "JSON in one line, and printed over several": [
    '["45.90.1.1", {"domain":"bad.example"}]\n[\n  "45.90.1.2",\n  {\n    "ip": "45.90.1.3",\n    "first": "x"\n  }\n]\n',
    {
      "45.90.1.1": "45.90.1.1",
      "a.bad.example": "bad.example",
      "45.90.1.2": "45.90.1.2",
      "45.90.1.3": "45.90.1.3",
    },
  ],
  "a hosts file": [
    "127.0.0.1 localhost localhost.localdomain\n::1 ip6-localhost ip6-loopback\n0.0.0.0 bad.example worse.example # x\n",
    { "bad.example": "bad.example", "worse.example": "worse.example", "127.0.0.1": "", "localhost": "" },
  ],
  "wildcards, adblock and addresses of pages": [
    "*.bad.example\n||worse.example^\nhttps://user@evil.example:8443/a/b?c#d\nhttp://45.90.1.1/x\n",
    {
      "x.bad.example": "bad.example",
      "worse.example": "worse.example",
      "evil.example": "evil.example",
      "45.90.1.1": "45.90.1.1",
    },
  ],
};

for (const [shape, [text, found]] of Object.entries(SHAPES)) {
  Deno.test(`a list: ${shape}`, () => {
    for (const pieces of [1_000_000, 7, 1]) {
      const built = build(text, pieces);
      assert.equal(built.wrong, 0, JSON.stringify(built.shown));
      for (const [what, entry] of Object.entries(found)) assert.equal(find(built, what), entry, what);
    }
  });
}

Deno.test("wrong lines are counted, and the first few shown with their number", () => {
  const built = build(
    "45.90.1.1\n45.90.1.300\nfoo\n45.90.0.0/33\n1.2.3\n" + "x".repeat(10_000) + "\nbad.example",
  );
  assert.equal(built.wrong, 5);
  assert.deepEqual(built.shown, [{ line: 2, text: "45.90.1.300" }, { line: 3, text: "foo" }, {
    line: 4,
    text: "45.90.0.0/33",
  }]);
  assert.equal(built.list.entries, 2);
  assert.equal(find(built, "bad.example"), "bad.example");
});

Deno.test("ranges that overlap are joined, those that touch are not", () => {
  const built = build("45.90.0.0/16\n45.90.3.0/24\n45.91.0.0/24\n45.91.1.0/24\n45.91.1.128-45.91.2.5\n");
  assert.equal(built.list.ipv4.length, 2 * 3);
  assert.equal(find(built, "45.90.3.1"), "45.90.0.0/16");
  assert.equal(find(built, "45.91.0.9"), "45.91.0.0/24");
  assert.equal(find(built, "45.91.2.5"), "45.91.1.0-45.91.2.5");
});

Deno.test("private and other special addresses are found only one by one", () => {
  const bogons = build("10.0.0.0/8\n0.0.0.0/8\n127.0.0.0/8\n224.0.0.0/4\nfe80::/10\n192.168.7.66\n");
  for (const address of ["10.1.2.3", "127.0.0.1", "224.0.0.251", "fe80::1", "192.168.7.65"]) {
    assert.equal(find(bogons, address), "", address);
  }
  assert.equal(find(bogons, "192.168.7.66"), "192.168.7.66");
});

Deno.test("a list of many is found in as a plain set finds, whatever comes in", () => {
  let state = 7;
  const random = () => (state = Math.imul(state, 1103515245) + 12345 >>> 0) / 2 ** 32;
  const addresses = new Set<string>();
  const names = new Set<string>();
  while (addresses.size < 5_000) {
    addresses.add(
      [1 + random() * 8, random() * 256, random() * 256, random() * 256].map(Math.floor).join("."),
    );
    names.add(`h${Math.floor(random() * 1e5)}.example`);
  }
  const built = build([...addresses, ...names].join("\n"));
  const listed = new Listed([built.list]);
  for (let i = 0; i < 20_000; i++) {
    const address = [1 + random() * 8, random() * 256, random() * 256, random() * 256].map(Math.floor).join(
      ".",
    );
    assert.equal(
      listed.address(parseAddress(address)!, 0, 4)?.entry ?? "",
      addresses.has(address) ? address : "",
    );
    const name = `h${Math.floor(random() * 1e5)}.example`;
    assert.equal(listed.name(`www.${name}`)?.entry ?? "", names.has(name) ? name : "");
  }
  for (const address of addresses) assert.equal(find(built, address), address);
});
