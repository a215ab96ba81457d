import assert from "node:assert/strict";
import { maskCards, maskUrl } from "../../../../../capture/inspect/dpi/http/mask.ts";

// Card numbers are the schemes' published test numbers.
const URLS: [string, string][] = [
  ["/a?b=c&d=%20e#f", "/a?b=c&d=%20e#f"],
  ["/?password=hunter2&x=1", "/?password=***&x=1"],
  ["/?x=1;PassWord=a", "/?x=1;PassWord=***"],
  ["/?user%5Bpassword%5D=a&pass%77ord=b", "/?user%5Bpassword%5D=***&pass%77ord=***"],
  ["/?access_token=abc&page_token=2&csrf=3", "/?access_token=***&page_token=2&csrf=3"],
  ["/cb#access_token=abc", "/cb#access_token=***"],
  ["/?token=&key=play&sid=9", "/?token=&key=play&sid=9"],
  ["/?api_key=demo&apiKey=0123456789abcdef0123", "/?api_key=demo&apiKey=***"],
  ["https://user:secret@host/p@q", "https://***@host/p@q"],
  ["//user@host", "//***@host"],
  ["/a//b@c", "/a//b@c"],
  ["/pay/4111111111111111", "/pay/xxxxxxxxxxxx1111"],
  ["/?cc=4111-1111-1111-1111", "/?cc=xxxx-xxxx-xxxx-1111"],
  ["/?cc=4111+1111+1111+1111", "/?cc=xxxx+xxxx+xxxx+1111"],
  ["/?q=%224111%201111%201111%201111%22", "/?q=%22xxxx%20xxxx%20xxxx%201111%22"],
  ["/?cc=3782-822463-10005", "/?cc=xxxx-xxxxxx-x0005"],
];

Deno.test("maskUrl: secrets go, everything else stays as it was sent", () => {
  for (const [url, expected] of URLS) assert.equal(maskUrl(url), expected);
});

Deno.test("maskUrl: card numbers in percent-encoding, base64 and hexadecimal", () => {
  assert.equal(maskUrl("/?cc=%34%3111111111%31%31111%31"), "/?cc=xxxxxxxxxxxx111%31");
  for (
    const coded of [
      btoa('{"card":"4111111111111111"}'),
      btoa("4111111111111111").replaceAll("=", ""),
      btoa("a4111-1111-1111-1111"),
      btoa("ab4111 1111 1111 1111"),
      [..."4111111111111111"].map((digit) => "3" + digit).join(""),
    ]
  ) assert.doesNotMatch(maskUrl(`/pay?d=${coded}&x=1`), new RegExp(coded.replaceAll("=", "").slice(4, 12)));
});

Deno.test("maskCards: what only looks like a card stays", () => {
  for (
    const text of [
      "jQuery18306855657112319022_1470103242123", // a time in milliseconds that passes Luhn
      "/a?t=1506671991128",
      "/40750-585645353a7a47615755b7714c611835.jpg",
      "/f4111111111111111a", // in a hash
      "IBAN DE72 5531 1299 4425 6654 52",
      "4111111111111112", // Luhn says no
      "/41111111111111111111111", // too long
      "1234567890123",
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
      "/d=IAAAAAAgAAA6X1tPSEVEX1lYX11IQEdWS1dYR01QQFBFV0JFWUFfXVNaQkRcQ0RSQUVTVltHWkFFVF1e",
    ]
  ) assert.equal(maskCards(text), text);
});
