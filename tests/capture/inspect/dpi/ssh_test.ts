/** SSH in every segmentation, one-sided, in version 1, behind other lines, damaged: one event each. */
import assert from "node:assert/strict";
import { ssh } from "../../../../capture/inspect/dpi/ssh.ts";
import {
  converse,
  converseCut,
  FlowRecorder,
  latin1,
  probeStream,
  seeded,
  torment,
  type Turn,
} from "./flow_recorder.ts";

// deno-lint-ignore no-explicit-any
type Fields = any;

/** A binary packet, RFC 4253 §6. */
function packet(type: number, body: Uint8Array): Uint8Array {
  const padding = 4 + (8 - (10 + body.length) % 8) % 8;
  const bytes = new Uint8Array(6 + body.length + padding);
  new DataView(bytes.buffer).setUint32(0, 2 + body.length + padding);
  bytes[4] = padding;
  bytes[5] = type;
  bytes.set(body, 6);
  return bytes;
}

/** A KEXINIT with these name lists; languages are empty. */
function kexinit(...lists: string[]): Uint8Array {
  const body: number[] = Array(16).fill(7);
  for (const list of [...lists, "", ""]) {
    body.push(0, 0, list.length >> 8, list.length & 255, ...latin1(list));
  }
  return packet(20, Uint8Array.from([...body, 0, 0, 0, 0, 0]));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const CLIENT_KEX = kexinit(
  "curve25519-sha256,ext-info-c",
  "ssh-ed25519",
  "aes128-ctr",
  "aes256-ctr",
  "hmac-sha2-256",
  "hmac-sha1",
  "none,zlib@openssh.com",
  "none",
);
const SERVER_KEX = kexinit(
  "kex-strict-s-v00@openssh.com,curve25519-sha256",
  "rsa-sha2-512,ssh-ed25519",
  "aes256-ctr,aes128-ctr",
  "aes256-ctr,aes128-ctr",
  "hmac-sha1,hmac-sha2-256",
  "hmac-sha2-512",
  "none",
  "none",
);
const NEWKEYS = packet(21, new Uint8Array(0));
const ECDH = packet(30, new Uint8Array(36));
const SECRET = new Uint8Array(64).fill(0xa7);

const WHOLE: Turn[] = [
  [1, latin1("SSH-2.0-OpenSSH_9.6p1 Ubuntu-3\r\n")],
  [0, latin1("SSH-2.0-PuTTY_Release_0.80\r\n")],
  [0, CLIENT_KEX],
  [1, SERVER_KEX],
  [0, ECDH],
  [1, joined(packet(31, new Uint8Array(200)), NEWKEYS, SECRET)],
  [0, joined(NEWKEYS, SECRET)],
  [1, SECRET],
];
// Each hash is `printf '%s' STRING | md5sum`.
const CLIENT = {
  proto_version: "2.0",
  software_version: "PuTTY_Release_0.80",
  hassh: {
    hash: "1060a6e44d3c7da09b1989f9108043f0",
    string: "curve25519-sha256,ext-info-c;aes128-ctr;hmac-sha2-256;none,zlib@openssh.com",
  },
};
const SERVER = {
  proto_version: "2.0",
  software_version: "OpenSSH_9.6p1",
  hassh: {
    hash: "bb2ac93e5293bf4a8b503681591cf501",
    string: "kex-strict-s-v00@openssh.com,curve25519-sha256;aes256-ctr,aes128-ctr;hmac-sha2-512;none",
  },
};
const AGREED = {
  server_comments: "Ubuntu-3",
  key_exchange: "curve25519-sha256",
  host_key: "ssh-ed25519",
  cipher: "aes128-ctr",
  mac: "hmac-sha2-256",
  compression: "none",
};

function onlyEvent(flow: FlowRecorder): Fields {
  assert.equal(flow.told.length, 1);
  assert.equal(flow.told[0].type, "ssh");
  return flow.told[0].fields;
}

Deno.test("a whole connection gives one event with banners, HASSH and what was agreed", () => {
  const flow = converse(ssh, WHOLE);
  assert.deepEqual(onlyEvent(flow), { ssh: { client: CLIENT, server: SERVER }, netpane: AGREED });
  assert.equal(flow.told[0].direction, 0);
  assert.ok(flow.isDone);
  assert.deepEqual(flow.scanned, {}, "nothing encrypted is searched");
});

Deno.test("every segmentation gives the same event", () => {
  const expected = onlyEvent(converse(ssh, WHOLE));
  assert.deepEqual(onlyEvent(converseCut(ssh, WHOLE, () => 1)), expected);
  for (let seed = 1; seed <= 50; seed++) {
    const random = seeded(seed);
    assert.deepEqual(onlyEvent(converseCut(ssh, WHOLE, () => 1 + random(40))), expected);
  }
});

Deno.test("the client may speak first, and one side alone is told as well", () => {
  const turned: Turn[] = [WHOLE[1], WHOLE[2], WHOLE[0], ...WHOLE.slice(3)];
  assert.deepEqual(onlyEvent(converse(ssh, turned)).ssh, { client: CLIENT, server: SERVER });
  const side = (direction: number) => WHOLE.filter(([of]) => of === direction);
  assert.deepEqual(onlyEvent(converse(ssh, side(0))).ssh, { client: CLIENT });
  assert.deepEqual(onlyEvent(converse(ssh, side(1))).ssh, { server: SERVER });
});

Deno.test("a side alone is let go of some time after it has begun to encrypt", () => {
  const turns: Turn[] = WHOLE.filter(([direction]) => direction === 0);
  for (let i = 0; i < 10; i++) turns.push([0, SECRET]);
  const flow = converse(ssh, turns);
  assert.ok(flow.isDone);
  onlyEvent(flow);
});

const BANNERS: [string, string, Fields][] = [
  ["line feed only", "SSH-2.0-dropbear\n", { proto_version: "2.0", software_version: "dropbear" }],
  ["no line end at all", "SSH-2.0-libssh2_1.11", { proto_version: "2.0", software_version: "libssh2_1.11" }],
  [
    "behind other lines",
    "Welcome.\r\nNo trespassing\nSSH-2.0-Cisco-1.25\r\n",
    { proto_version: "2.0", software_version: "Cisco-1.25" },
  ],
  ["empty software", "SSH-2.0-\r\n", { proto_version: "2.0", software_version: "" }],
  ["version 1", "SSH-1.5-1.2.26\n", { proto_version: "1.5", software_version: "1.2.26" }],
  ["both versions", "SSH-1.99-OpenSSH_4.3\n", { proto_version: "1.99", software_version: "OpenSSH_4.3" }],
];
for (const [name, text, server] of BANNERS) {
  Deno.test(`banner: ${name}`, () => {
    for (const cut of [1, 3, 1000]) {
      assert.deepEqual(onlyEvent(converseCut(ssh, [[1, latin1(text)]], () => cut)).ssh, { server });
    }
    assert.equal(probeStream(ssh, latin1(text), 1, 22), "yes");
  });
}

Deno.test("lines before the banner are searched for card numbers", () => {
  const flow = converse(ssh, [[1, latin1("Welcome.\r\nSSH-2.0-x\r\n")]]);
  assert.equal(flow.scanned["1/0"], "Welcome.\r\n");
});

Deno.test("a capture that took the server for the client is turned round", () => {
  const turned: Turn[] = WHOLE.map(([direction, bytes]) => [1 - direction, bytes]);
  const flow = converse(ssh, turned, new FlowRecorder(22, 50_000));
  assert.deepEqual(onlyEvent(flow).ssh, { client: CLIENT, server: SERVER });
  assert.equal(flow.told[0].direction, 1);
});

Deno.test("lists too long for us, and packets that are none, leave the banners", () => {
  const long = kexinit("x".repeat(20_000), ...Array(7).fill("none"));
  const flow = converse(ssh, [WHOLE[0], WHOLE[1], [0, long], [1, SECRET], [0, NEWKEYS]]);
  const { client, server } = onlyEvent(flow).ssh;
  assert.equal(client.hassh, undefined);
  assert.equal(server.software_version, "OpenSSH_9.6p1");
  assert.ok(flow.isDone);
});

Deno.test("probe() tells SSH from other text", () => {
  assert.equal(probeStream(ssh, latin1("S")), "more");
  assert.equal(probeStream(ssh, latin1("SSH-2")), "yes");
  assert.equal(probeStream(ssh, latin1("SSH-x")), "no");
  assert.equal(probeStream(ssh, latin1("220 ready\r\n"), 1, 21), "no");
  assert.equal(probeStream(ssh, latin1("220 ready\r\n"), 1, 22), "more");
  assert.equal(probeStream(ssh, Uint8Array.of(0x16, 3, 1)), "no");
});

Deno.test("damage of any kind does not make it throw", () => torment(ssh, WHOLE));
