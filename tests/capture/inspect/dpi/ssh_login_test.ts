/** How SSH logins went, by lengths alone: lengths of real ciphers, and whole logins of each kind. */
import assert from "node:assert/strict";
import { sealedBytes, SshLogin } from "../../../../capture/inspect/dpi/ssh_login.ts";

const CHACHA = "chacha20-poly1305@openssh.com";

Deno.test("lengths on the wire, by cipher and MAC", () => {
  // Worked out by hand after RFC 4253 §6 and OpenSSH PROTOCOL.chacha20poly1305: SERVICE_ACCEPT (17 bytes) and SUCCESS (1 byte).
  const table: [string, string, number, number][] = [
    [CHACHA, "", 44, 28],
    ["aes128-gcm@openssh.com", "", 52, 36],
    ["aes256-ctr", "hmac-sha2-256-etm@openssh.com", 68, 52],
    ["aes128-ctr", "hmac-sha2-256", 64, 48],
    ["aes128-ctr", "umac-64-etm@openssh.com", 44, 28],
    ["3des-cbc", "hmac-sha1", 52, 36],
  ];
  for (const [cipher, mac, accept, success] of table) {
    assert.deepEqual([sealedBytes(17, cipher, mac), sealedBytes(1, cipher, mac)], [accept, success], cipher);
  }
  assert.equal(sealedBytes(1, "unheard-of", "hmac-sha1"), 0);
  assert.equal(sealedBytes(1, "aes128-ctr", "unheard-of"), 0);
});

const [C, S] = [true, false];
const size = (payload: number) => sealedBytes(payload, CHACHA, "");
const ACCEPT = size(17);
const FAILURE = size(6 + "publickey,password".length);
const SUCCESS = size(1);
type Turn = [boolean, number];
const START: Turn[] = [[S, 404], [C, size(17)], [S, ACCEPT], [C, size(40)], [S, FAILURE]];

function outcomes(turns: Turn[], closes = true): string[] {
  const login = SshLogin.of(CHACHA, "", "none")!;
  const told = turns.map(([isClient, bytes]) => login.take(isClient, bytes));
  if (closes) told.push(login.close());
  return told.filter((word) => word !== "");
}

Deno.test("three passwords refused are three failures", () => {
  const tries: Turn[] = [[C, 84], [S, FAILURE], [C, 84], [S, FAILURE], [C, 84], [S, FAILURE]];
  assert.deepEqual(outcomes([...START, ...tries]), ["failed", "failed", "failed"]);
});

Deno.test("a key, or a password at the second try", () => {
  assert.deepEqual(outcomes([...START, [C, 148], [S, 132], [C, 284], [S, SUCCESS], [C, 76]]), ["succeeded"]);
  const second: Turn[] = [[C, 84], [S, FAILURE], [C, 84], [S, SUCCESS]];
  assert.deepEqual(outcomes([...START, ...second]), ["failed", "succeeded"]);
});

Deno.test("Dropbear's success is padded to sixteen bytes; recorded", () => {
  const session: Turn[] = [
    [C, 44],
    [S, 44],
    [C, 68],
    [S, 52],
    [C, 140],
    [S, 100],
    [C, 228],
    [S, 36],
    [C, 52],
    [S, 44],
  ];
  assert.equal(sealedBytes(1, CHACHA, "", 16), 36);
  assert.deepEqual(outcomes(session), ["succeeded"]);
});

Deno.test("questions between (keyboard-interactive) are no failures", () => {
  const ask: Turn[] = [[C, 60], [S, size(45)], [C, 44], [S, FAILURE]];
  assert.deepEqual(outcomes([...START, ...ask]), ["failed"]);
});

Deno.test("what is too short for a key's offer was a password", () => {
  const login = SshLogin.of(CHACHA, "", "none")!;
  const sizes: Turn[] = [...START, [C, 76], [S, FAILURE]];
  for (const [isClient, bytes] of sizes) login.take(isClient, bytes);
  assert.equal(login.wasPassword, true);
  for (const [isClient, bytes] of [[C, 148], [S, FAILURE]] as Turn[]) login.take(isClient, bytes);
  assert.equal(login.wasPassword, false);
});

Deno.test("one answer and the end: a failure; none: nothing", () => {
  assert.deepEqual(outcomes(START), ["failed"]);
  assert.deepEqual(outcomes(START.slice(0, 3)), []);
});

Deno.test("a session whose beginning was not noticed is one by what it says", () => {
  const session: Turn[] = [[C, 84], [S, SUCCESS + 700]];
  for (let i = 0; i < 6; i++) session.push([C, 36], [S, 1100 + 8 * i]);
  assert.deepEqual(outcomes([...START, ...session]), ["succeeded"]);
});

/** A banner of the server's before its first answer, RFC 4252 §5.4. */
const WITH_BANNER: Turn[] = [...START.slice(0, -1), [S, 11_000 + FAILURE]];
const KEY: Turn[] = [[C, 148], [S, 132], [C, 284], [S, SUCCESS], [C, 76]];

Deno.test("a banner of any length is no failure", () => {
  assert.deepEqual(outcomes([...WITH_BANNER, ...KEY]), ["succeeded"]);
  const keys: Turn[] = [[C, 148], [S, FAILURE], [C, 300], [S, FAILURE], [C, 84], [S, SUCCESS]];
  assert.deepEqual(outcomes([...WITH_BANNER, ...keys]), ["failed", "succeeded"]);
});

Deno.test("success is one too where it follows a banner, or the session's first message follows it", () => {
  const direct: Turn[] = [...START.slice(0, 3), [C, 84], [S, 700], [S, SUCCESS], [C, 76]];
  assert.deepEqual(outcomes(direct), ["succeeded"]);
  assert.deepEqual(outcomes([...START, [C, 84], [S, SUCCESS], [S, 768], [C, 76]]), ["succeeded"]);
});

Deno.test("a refusal like those before is told at once, and only once a turn", () => {
  const login = SshLogin.of(CHACHA, "", "none")!;
  for (const [isClient, bytes] of START) assert.equal(login.take(isClient, bytes), "");
  login.take(C, 84);
  assert.equal(login.take(S, FAILURE), "failed");
  assert.equal(login.take(S, FAILURE), "");
  assert.equal(login.take(S, 60), ""); // SSH_MSG_DISCONNECT
  assert.equal(login.close(), "");
});

Deno.test("messages cut into equal segments, of whatever length, are told as whole ones", () => {
  const tries: Turn[] = [[C, 84], [S, FAILURE], [C, 84], [S, FAILURE], [C, 84], [S, SUCCESS], [C, 76]];
  for (const talk of [[...START, ...tries], [...START, ...KEY], [...WITH_BANNER, ...KEY], START]) {
    const whole = outcomes(talk);
    for (let most = 1; most <= 1500; most++) assert.deepEqual(outcomes(cut(talk, most)), whole, `${most}`);
  }
});

function cut(turns: Turn[], most: number): Turn[] {
  return turns.flatMap(([side, bytes]) => {
    const full = Array.from({ length: Math.floor(bytes / most) }, (): Turn => [side, most]);
    return bytes % most === 0 ? full : [...full, [side, bytes % most]];
  });
}
