/** Hello messages and their fingerprints, from bytes put together here. */
import assert from "node:assert/strict";
import {
  highestOffered,
  parseClientHello,
  parseSni,
} from "../../../../../capture/inspect/dpi/tls/client_hello.ts";
import { ja3, ja4 } from "../../../../../capture/inspect/dpi/tls/fingerprints.ts";
import { parseServerHello } from "../../../../../capture/inspect/dpi/tls/server_hello.ts";
import { dnsOverQuic, dnsOverTls } from "../../../../../capture/inspect/dpi/tls/resolvers.ts";
import { Cursor } from "../../../../../model/cursor.ts";
import { hex, latin1 } from "../flow_recorder.ts";

const u16 = (n: number) => [n >> 8 & 255, n & 255];
const list16 = (values: number[]) => [...u16(2 * values.length), ...values.flatMap(u16)];
const name = (text: string) => [text.length, ...latin1(text)];

function clientHello(
  parts: { version?: number; ciphers: number[]; extensions: [number, number[]][] },
): Uint8Array {
  const extensions = parts.extensions.flatMap(([type, body]) => [...u16(type), ...u16(body.length), ...body]);
  return Uint8Array.from([
    ...u16(parts.version ?? 0x0303),
    ...new Array(32).fill(7),
    0,
    ...list16(parts.ciphers),
    1,
    0,
    ...u16(extensions.length),
    ...extensions,
  ]);
}

function sniBody(host: string): number[] {
  return [...u16(host.length + 3), 0, ...u16(host.length), ...latin1(host)];
}

/** Chrome 112: ciphers, extensions and algorithms as published with JA4, in the order sent, with GREASE. */
const CHROME = clientHello({
  ciphers: [0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014]
    .concat(0x009c, 0x009d, 0x002f, 0x0035),
  extensions: [
    [0xcaca, []],
    [0x0000, sniBody("Example.ORG")],
    [0x0033, list16([])],
    [0x000d, list16([0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601])],
    [0x0023, []],
    [0x000b, [1, 0]],
    [0xff01, [0]],
    [0x000a, list16([0x3a3a, 0x001d, 0x0017, 0x0018])],
    [0x001b, [2, 0, 2]],
    [0x4469, []],
    [0x0012, []],
    [0x002d, [1, 1]],
    [0x0010, [0, 12, ...name("h2"), ...name("http/1.1")]],
    [0x0005, [1, 0, 0, 0, 0]],
    [0x002b, [6, ...u16(0x0a0a), ...u16(0x0304), ...u16(0x0303)]],
    [0x0017, []],
    [0x1a1a, [0]],
    [0x0015, new Array(100).fill(0)],
  ],
});

Deno.test("ja4() gives the published fingerprint of Chrome", () => {
  const hello = parseClientHello(new Cursor(CHROME))!;
  assert.ok(hello.complete);
  assert.equal(hello.sni, "example.org");
  assert.deepEqual(hello.alpns, ["h2", "http/1.1"]);
  assert.equal(highestOffered(hello), 0x0304);
  assert.equal(ja4(hello, "t"), "t13d1516h2_8daaf6152771_e5627efa2ab1");
  assert.equal(ja4(hello, "q"), "q13d1516h2_8daaf6152771_e5627efa2ab1");
});

Deno.test("ja4() knows names of any kind, and hellos with nothing in them", () => {
  const alpn = (...names: string[]): [number, number[]] => {
    const body = names.flatMap(name);
    return [16, [...u16(body.length), ...body]];
  };
  const of = (extensions: [number, number[]][], version = 0x0303, ciphers = [0x002f]) =>
    ja4(parseClientHello(new Cursor(clientHello({ version, ciphers, extensions })))!, "t").split("_")[0];
  assert.equal(of([]), "t12i010000");
  assert.equal(of([alpn("h2")]), "t12i0101h2");
  assert.equal(of([alpn("h")]), "t12i0101hh");
  assert.equal(of([alpn("http/1.1")]), "t12i0101h1");
  assert.equal(of([alpn("\xab")]), "t12i0101ab");
  assert.equal(of([alpn("0\xab")]), "t12i01013b");
  assert.equal(of([alpn("\xab\xcd")]), "t12i0101ad");
  assert.equal(of([], 0x0300), "ts3i010000");
  assert.equal(of([], 0x1234), "t00i010000");
  const many = Array.from({ length: 120 }, (_, i) => i);
  assert.equal(of([], 0x0301, many), "t10i990000");
  assert.equal(
    ja4(parseClientHello(new Cursor(clientHello({ ciphers: [0x1a1a], extensions: [] })))!, "t"),
    "t12i000000_000000000000_000000000000",
  );
  assert.ok(parseClientHello(new Cursor(clientHello({ ciphers: [], extensions: [] })))!.complete);
});

Deno.test("ja3() leaves GREASE out and keeps empty parts", () => {
  const hello = parseClientHello(new Cursor(CHROME))!;
  assert.equal(
    ja3(hello).string,
    "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53," +
      "0-51-13-35-11-65281-10-27-17513-18-45-16-5-43-23-21,29-23-24,0",
  );
  // The second example of JA3's own description.
  const bare = parseClientHello(
    new Cursor(clientHello({
      version: 0x0301,
      ciphers: [4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99],
      extensions: [],
    })),
  )!;
  assert.deepEqual(ja3(bare), {
    string: "769,4-5-10-9-100-98-3-6-19-18-99,,,",
    hash: "de350869b8c85de67a350c8d186f11e6",
  });
});

Deno.test("parseClientHello() keeps what was read before the cut, and calls it incomplete", () => {
  const sniEnd = CHROME.length - 1 -
    [...CHROME].reverse().findIndex((_, i, all) => latin1("GRO").every((byte, k) => all[i + k] === byte));
  for (let n = 0; n < CHROME.length; n++) {
    const hello = parseClientHello(new Cursor(CHROME, 0, n));
    if (hello === null) continue;
    // Without any extensions it is a whole hello of old: whoever cut it knows better.
    assert.equal(hello.complete, n === 71, String(n));
    assert.equal(hello.sni, n > sniEnd ? "example.org" : null, String(n));
  }
});

Deno.test("parseSni()", () => {
  const table: [string, string | null][] = [
    ["000a 00 0007 6f72672e6e6574", "org.net"],
    ["000a 00 0007 4f52472e6e6574", "org.net"],
    ["000a 00 0008 6f72672e6e6574", null],
    ["0003 00 0000", null],
    ["000d 01 0000 00 0007 6f72672e6e6574", "org.net"],
    ["", null],
  ];
  for (const [bytes, host] of table) assert.equal(parseSni(new Cursor(hex(bytes))), host, bytes);
  const long = hex("0200 00 0100" + "61".repeat(256));
  assert.equal(parseSni(new Cursor(long)), null);
});

Deno.test("a hello with more ciphers than are kept has no fingerprint", () => {
  const ciphers = Array.from({ length: 2000 }, (_, i) => i);
  const hello = parseClientHello(
    new Cursor(clientHello({ ciphers, extensions: [[0, sniBody("a.example")]] })),
  )!;
  assert.equal(hello.complete, false);
  assert.equal(hello.ciphers.length, 1024);
  assert.equal(hello.sni, "a.example");
});

Deno.test("parseServerHello() reads drafts of TLS 1.3 and survives every cut", () => {
  const draft18 = hex("7f12" + "22".repeat(32) + "1301" + "0006 0033 0002 001d");
  const hello = parseServerHello(new Cursor(draft18))!;
  assert.equal(hello.version, 0x7f12);
  assert.equal(hello.cipher, 0x1301);
  assert.deepEqual(hello.extensions, [0x33]);
  for (let n = 0; n < 36; n++) assert.equal(parseServerHello(new Cursor(draft18, 0, n)), null);
});

Deno.test("resolvers are told by port, ALPN and name", () => {
  assert.equal(dnsOverTls("x.example", ["dot"], 443), "dot");
  assert.equal(dnsOverTls(null, [], 853), "dot");
  assert.equal(dnsOverTls("x.example", ["h2"], 853), null);
  assert.equal(dnsOverTls("dns.google", ["h2"], 443), "doh");
  assert.equal(dnsOverTls("dns.google", [], 443), "doh");
  assert.equal(dnsOverTls("dns.google", ["smtp"], 443), null);
  assert.equal(dnsOverTls("mozilla.cloudflare-dns.com", ["http/1.1"], 443), "doh");
  assert.equal(dnsOverTls("notcloudflare-dns.com", ["h2"], 443), null);
  assert.equal(dnsOverTls(null, ["h2"], 443), null);
  assert.equal(dnsOverQuic("a.example", ["doq-i02"]), "doq");
  assert.equal(dnsOverQuic("dns.google", ["h3"]), "doh");
  assert.equal(dnsOverQuic("a.example", ["h3"]), null);
});
