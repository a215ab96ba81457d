/** Telnet: negotiation is left out, what is typed is one text, passwords are passed over. */
import assert from "node:assert/strict";
import { telnet } from "../../../../capture/inspect/dpi/telnet.ts";
import { hex, latin1, type Turn } from "./flow_recorder.ts";
import { allText, hold, holdProbes } from "./dialogues.ts";

/** Each character typed in a segment of its own, and echoed. */
function typed(text: string, echoed = true): Turn[] {
  return [...text].flatMap((character): Turn[] =>
    echoed ? [[0, latin1(character)], [1, latin1(character)]] : [[0, latin1(character)]]
  );
}

const OPENING: Turn[] = [
  [1, hex("fffd18 fffd20 fffb03")],
  [0, hex("fffb18 fffc20 fffd03 fffa 18 00 787465726d fff0")],
  [1, latin1("Debian GNU/Linux\r\n\r\nhost login: ")],
];

Deno.test("a login and a card typed key by key", () => {
  const flow = hold(telnet, [
    ...OPENING,
    ...typed("alixx\x7f\x7fce\r\0"),
    [1, latin1("\r\nPassword: ")],
    ...typed("s3cret\r\0", false),
    [1, latin1("\r\nLast login: Mon Jan 1\r\n$ ")],
    ...typed("pay 4111 1111 1111 1111\r\0"),
  ]);
  assert.deepEqual(flow.secrets, [{ direction: 0, kind: "user_pass", userLength: 5 }]);
  assert.deepEqual(flow.told.map(({ type, fields }) => [type, fields]), [
    ["telnet", { netpane: { login: "succeeded" } }],
  ]);
  assert.ok(flow.scanned["0/0"].endsWith("¶pay 4111 1111 1111 1111\r"));
  assert.ok(flow.scanned["1/0"].startsWith("Debian GNU/Linux"));
  assert.ok(!allText(flow).includes("s3cret"));
  assert.ok(!allText(flow).includes("xterm"));
});

const VERDICTS: [string, string][] = [
  ["\r\nLogin incorrect\r\nhost login: ", "failed"],
  ["\r\n% Authentication failed\r\n", "failed"],
  ["\r\nPassword: ", "failed"],
  ["\r\n3 failed login attempts since the last one.\r\n", "succeeded"],
  ["\r\nrouter>", "succeeded"],
  ["\r\nroot@host:~# ", "succeeded"],
];
for (const [text, verdict] of VERDICTS) {
  Deno.test(`after a password: ${JSON.stringify(text)}`, () => {
    const flow = hold(telnet, [
      ...OPENING,
      [0, latin1("bob\r\n")],
      [1, latin1("Password for bob: ")],
      [0, latin1("s3cret\r\n")],
      [1, latin1(text)],
    ]);
    assert.deepEqual(flow.told.map(({ fields }) => fields), [{ netpane: { login: verdict } }]);
    assert.equal(flow.secrets[0].userLength, 3);
  });
}

Deno.test("a doubled 255 is a character, and parameters may hold one", () => {
  const flow = hold(telnet, [[1, hex("61 ffff 62 fffa 18 ffff 63 fff0 64 fff1 65")]]);
  assert.equal(flow.scanned["1/0"], "a\xffbde");
});

Deno.test("first bytes", () =>
  holdProbes(telnet, [
    ["\xff\xfd\x18", 0, 9999, "yes"],
    ["\xff\xfb", 0, 23, "more"],
    ["\xff\xd8\xff\xe0", 1, 23, "no"],
    ["\xff\xfb\x90\x64", 1, 9999, "no"],
    ["BusyBox\r\nrouter login: ", 1, 9999, "yes"],
    ["BusyBox", 1, 23, "more"],
    ["BusyBox", 1, 9999, "no"],
  ]));
