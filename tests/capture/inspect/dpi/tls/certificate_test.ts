/** What is weak about a certificate: made with OpenSSL 3.0, keys thrown away. */
import assert from "node:assert/strict";
import { parseCertificate } from "../../../../../capture/inspect/dpi/tls/certificate.ts";
import { Cursor } from "../../../../../model/cursor.ts";
import { hex } from "../flow_recorder.ts";

const CASES: { name: string; der: string; weaknesses: string[] }[] = [
  {
    name: "RSA of 1024 bits, signed with SHA-1 by another",
    der: "308201913081fb020107300d06092a864886f70d0101050500300d310b300906035504030c024341301e170d3236" +
      "313132323139353134335a170d3236313232323139353134335a30163114301206035504030c0b6f6c642e657861" +
      "6d706c6530819f300d06092a864886f70d010101050003818d0030818902818100d1522b3279f1572b49ad0a6295" +
      "23fdcaadc8d4e2d19ef5d63a9da0d7c3a0f6f15f7836c42ea0b208871cb4bdb40c63165d5020c4107f3875c75c67" +
      "e0fd0f74721523d2bc8b49ddde9e5f382195ac94c4929dd732f727757e1cb53c56f1920da6b2a131d0a8d8c90ff8" +
      "0cd426423c2301547eec29dcf934eeb1424be7239aaea50203010001300d06092a864886f70d0101050500038181" +
      "0006263f91feb2d1b740fd3de76a7632d2b15c0e122a4a7607d52300ccc5fb6356d78423590f5488a4cdef040b3a" +
      "a73519a7ce646fbdf3e5c89246fb942662fc2b1a851982320c811a2b6e6c808878079428724f65218c40ff65a35f" +
      "7c1dd5b16db9945d573ed61e83080a5b3efc6b3eee144eb90442740cafa9221448bdb384ca",
    weaknesses: ["SHA-1 signature", "RSA key of 1024 bits"],
  },
  {
    name: "P-256, signed with SHA-256",
    der: "3082014a3081b4020108300d06092a864886f70d01010b0500300d310b300906035504030c024341301e170d3236" +
      "313132323139353134345a170d3236313232323139353134345a30163114301206035504030c0b6e65772e657861" +
      "6d706c653059301306072a8648ce3d020106082a8648ce3d0301070342000416493f70f840236ca27672383f3476" +
      "76a6506009661610b05e438e03bc546c7e30e9b5d6e9fa26632981bd258a3ad224c178c6ac03b54827833f1f2753" +
      "c4d96d300d06092a864886f70d01010b05000381810057da8c5eede8ef11cd8360b44416312d34b32df061f293da" +
      "8095923b53475c37903189eb9abaf8bda8e396963d4c73d022d29740b3a4f35019570193a84cdd907db807f025fe" +
      "bb84b68e8a9ea75df44b2c80d337253fea9c1f0afe1e73bed9313e834b88ca37622c10980212fcbdbe7e7b5d0282" +
      "d6d40649c928e016cec79a10",
    weaknesses: [],
  },
];

for (const { name, der, weaknesses } of CASES) {
  Deno.test(`certificate: ${name}`, () => {
    const bytes = hex(der);
    assert.deepEqual(parseCertificate(new Cursor(bytes), true)?.weaknesses, weaknesses);
    for (let n = 0; n < bytes.length; n++) {
      const cut = parseCertificate(new Cursor(bytes, 0, n), false)?.weaknesses ?? [];
      assert(cut.every((weakness) => weaknesses.includes(weakness)), `cut after ${n}: ${cut}`);
    }
  });
}
