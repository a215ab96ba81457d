/** What protocols that talk in lines have in common: TLS begins with the client's hello, whatever was heard before. */
import assert from "node:assert/strict";
import type { StreamProtocol } from "../../../../capture/inspect/dpi/contract.ts";
import { ftp } from "../../../../capture/inspect/dpi/ftp.ts";
import { imap } from "../../../../capture/inspect/dpi/imap.ts";
import { pop3 } from "../../../../capture/inspect/dpi/pop3.ts";
import { smtp } from "../../../../capture/inspect/dpi/smtp.ts";
import { hold, turns } from "./dialogues.ts";
import { FlowRecorder, hex, type Turn } from "./flow_recorder.ts";

const HELLO: Turn = [0, hex("16 0301 0005 01 000001 03")];
const NEXT: Turn = [0, new TextEncoder().encode("NOOP\r\n\x16\x03")];

const CASES: [string, StreamProtocol, string, string][] = [
  ["IMAP", imap, "S: * OK x\nC: a CAPABILITY\nC: a STARTTLS", "S: a OK go"],
  ["SMTP", smtp, "S: 220 x ESMTP\nC: EHLO c\nC: STARTTLS", "S: 220 go ahead"],
  ["POP3", pop3, "S: +OK x\nC: CAPA\nC: STLS", "S: +OK go"],
  ["FTP", ftp, "S: 220 FTP\nC: FEAT\nC: AUTH TLS", "S: 234 go"],
];
for (const [name, protocol, asked, agreed] of CASES) {
  Deno.test(`${name}: TLS begins with the client's hello, though an answer was not captured`, () => {
    // The server's word, taken for the answer to the command before, or not seen at all.
    for (const talk of [turns(`${asked}\n${agreed}`), turns(asked)]) {
      assert.deepEqual(hold(protocol, [...talk, HELLO]).switched.map((to) => to.protocol), ["tls"]);
    }
    assert.deepEqual(hold(protocol, [...turns(asked), NEXT]).switched, []);
  });
}

Deno.test("after a gap of the server's the client's hello still begins TLS", () => {
  const flow = new FlowRecorder();
  const parser = imap.create(flow);
  for (const [direction, bytes] of turns("S: * OK x\nC: a STARTTLS")) {
    parser.data(direction, bytes, 0, bytes.length);
  }
  parser.gap(1);
  parser.data(0, HELLO[1], 0, HELLO[1].length);
  assert.deepEqual(flow.switched, [{ protocol: "tls", direction: 0, rest: HELLO[1] }]);
});
