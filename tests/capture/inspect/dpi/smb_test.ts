/** SMB: dialects, logins, files in clear and encrypted messages. */
import assert from "node:assert/strict";
import { smb } from "../../../../capture/inspect/dpi/smb.ts";
import { hex, latin1, probeStream, type Turn } from "./flow_recorder.ts";
import { allText, hold } from "./dialogues.ts";

function frame(...parts: Uint8Array[]): Uint8Array {
  const body = parts.flatMap((part) => [...part]);
  return Uint8Array.from([0, body.length >> 16, body.length >> 8, body.length, ...body]);
}
function smb2(command: number, status: number, isAnswer: boolean, body: Uint8Array): Uint8Array {
  const header = new Uint8Array(64);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0xfe534d42);
  view.setUint16(4, 64, true);
  view.setUint32(8, status, true);
  view.setUint16(12, command, true);
  view.setUint32(16, isAnswer ? 1 : 0, true);
  return frame(header, body);
}
function smb1(command: number, isAnswer: boolean, body: Uint8Array): Uint8Array {
  const header = new Uint8Array(32);
  header.set(hex("ff534d42"));
  header[4] = command;
  header[9] = isAnswer ? 0x98 : 0x18;
  return frame(header, body);
}

Deno.test("SMB 3: dialect, a failed and a good login, a file, then encrypted", () => {
  const talk: Turn[] = [
    [0, smb2(0, 0, false, hex("2400 0500"))],
    [1, smb2(0, 0, true, hex("4100 0100 1103 0000"))],
    [0, smb2(1, 0, false, hex("1900"))],
    [1, smb2(1, 0xc0000016, true, hex("0900"))],
    [1, smb2(1, 0xc000006d, true, hex("0900"))],
    [1, smb2(1, 0, true, hex("0900"))],
    [1, smb2(8, 0, true, latin1("card 4111111111111111".padStart(600)))],
    [1, frame(hex("fd534d42"), latin1("4111111111111111".padEnd(600)))],
  ];
  const flow = hold(smb, talk);
  assert.deepEqual(flow.told.map(({ fields }) => fields), [
    {
      smb: {
        dialect: "3.11",
        command: "SMB2_COMMAND_NEGOTIATE_PROTOCOL",
        status: "STATUS_SUCCESS",
        status_code: "0x0",
      },
    },
    { netpane: { login: "failed" } },
    { netpane: { login: "succeeded" } },
  ]);
  assert.equal(allText(flow).split("4111111111111111").length, 2, "once: not in what is encrypted");
});

Deno.test("SMB 1 in a NetBIOS session: the dialect chosen from the client's list", () => {
  const names = latin1("\x02LANMAN1.0\0\x02NT LM 0.12\0");
  const flow = hold(smb, [
    [0, hex("81000044 20" + "43".repeat(32) + "00 20" + "43".repeat(32) + "00")],
    [1, hex("82000000")],
    [0, smb1(0x72, false, Uint8Array.from([0, names.length, 0, ...names]))],
    [1, smb1(0x72, true, hex("11 0100 03"))],
  ]);
  assert.equal((flow.told[0].fields.smb as { dialect: string }).dialect, "NT LM 0.12");
});

Deno.test("first bytes", () => {
  assert.equal(probeStream(smb, smb2(0, 0, false, hex("2400"))), "yes");
  assert.equal(probeStream(smb, hex("000000")), "more");
  assert.equal(probeStream(smb, hex("81000044 20")), "yes");
  assert.equal(probeStream(smb, hex("0000001d abcd 0100")), "no");
});
