/** Protocols that are only recognised: their first bytes, and nobody else's. */
import assert from "node:assert/strict";
import {
  bittorrent,
  bittorrentDatagrams,
  bittorrentDht,
} from "../../../../capture/inspect/dpi/bittorrent.ts";
import type { StreamProtocol } from "../../../../capture/inspect/dpi/contract.ts";
import { RECOGNISED } from "../../../../capture/inspect/dpi/recognised.ts";
import { RECOGNISED_DATAGRAMS } from "../../../../capture/inspect/dpi/recognised_datagrams.ts";
import { Cursor } from "../../../../model/cursor.ts";
import {
  converse,
  exchange,
  hex,
  latin1,
  probeDatagram,
  probeStream,
  seeded,
  torment,
  tormentDatagrams,
} from "./flow_recorder.ts";
import { hold } from "./dialogues.ts";

function named(name: string): StreamProtocol {
  return RECOGNISED.find((protocol) => protocol.name === name)!;
}

const LDAP = hex("30 1a 02 01 01 60 15 02 01 03 04 08 636e3d616c696365 80 06 733363726574");

/** Name, first bytes, direction, port. */
const STREAMS: [string, Uint8Array, number, number][] = [
  ["rtsp", latin1("OPTIONS rtsp://cam.example/1 RTSP/1.0\r\n"), 0, 9999],
  ["rtsp", latin1("RTSP/1.0 200 OK\r\n"), 1, 9999],
  ["rfb", latin1("RFB 003.008\n"), 1, 9999],
  ["amqp", latin1("AMQP\0\0\x09\x01"), 0, 9999],
  ["rsync", latin1("@RSYNCD: 31.0\n"), 0, 9999],
  ["irc", latin1("NICK ann\r\n"), 0, 9999],
  ["irc", latin1(":irc.example NOTICE * :*** Looking up\r\n"), 1, 9999],
  ["xmpp", latin1("<?xml version='1.0'?><stream:stream to='x'>"), 0, 9999],
  ["git", latin1("0032git-upload-pack /project.git\0host=myserver.com\0"), 0, 9999],
  ["rlogin", latin1("\0ann\0root\0xterm/38400\0"), 0, 9999],
  ["rsh", latin1("1022\0ann\0root\0ls -l\0"), 0, 514],
  ["ldap", LDAP, 0, 9999],
  ["krb5", hex("00000070 6a6e 306c a103020105 a20302010a"), 0, 9999],
  ["nfs", hex("80000028 12345678 00000000 00000002 000186a3 00000003 00000000"), 0, 9999],
  ["rpcbind", hex("80000028 12345678 00000000 00000002 000186a0 00000002 00000003"), 0, 9999],
  ["modbus", hex("0001 0000 0006 01 03 0000 000a"), 0, 502],
  ["bgp", hex("ff".repeat(16) + "001d 01 04"), 0, 9999],
  ["pptp", hex("009c 0001 1a2b3c4d 0001"), 0, 9999],
  ["rtmp", hex("03 00000000 00000000 01"), 0, 1935],
  ["mongodb", hex("30000000 01000000 00000000 dd070000 00"), 0, 9999],
  ["tds", hex("12 01 002f 0000 01 00 0000 1a"), 0, 9999],
  ["dcerpc", hex("05 00 0b 03 10000000"), 0, 9999],
  ["iec104", hex("68 04 07 000000"), 0, 9999],
];
for (const [name, bytes, direction, port] of STREAMS) {
  Deno.test(`recognised: ${name}, and nothing else`, () => {
    const yes = RECOGNISED.filter((protocol) => probeStream(protocol, bytes, direction, port) === "yes");
    assert.deepEqual(yes.map((protocol) => protocol.name), [name]);
    const flow = converse(named(name), [[direction, bytes]]);
    assert.equal(flow.scanned[`${direction}/0`].length, bytes.length, "all of it is searched");
    torment(named(name), [[direction, bytes]], 100);
  });
}

Deno.test("ordinary first bytes and noise are none of them", () => {
  const others = [
    "GET / HTTP/1.1\r\n",
    "220 mx ESMTP\r\n",
    "+OK\r\n",
    "* OK x\r\n",
    "hello\r\n",
    "4111111111111111",
    "{}",
  ];
  for (const text of others) {
    for (const protocol of RECOGNISED) {
      assert.notEqual(probeStream(protocol, latin1(text)), "yes", protocol.name);
    }
  }
  const random = seeded(7);
  let found = 0;
  for (let round = 0; round < 3000; round++) {
    const noise = Uint8Array.from({ length: 64 }, () => random(256));
    for (const protocol of RECOGNISED) {
      for (let n = 0; n <= 64; n += 16) protocol.probe(new Cursor(noise, 0, n), 0, 514);
      if (probeStream(protocol, noise) === "yes") found++;
    }
  }
  assert.equal(found, 0);
});

Deno.test("logins in first messages: presence and length", () => {
  const ldap = hold(named("ldap"), [[0, LDAP]]);
  assert.deepEqual(ldap.secrets, [{ direction: 0, kind: "simple_bind", userLength: 8 }]);
  const nobody = converse(named("ldap"), [[0, hex("30 0c 02 01 01 60 07 02 01 03 04 00 80 00")]]);
  assert.deepEqual(nobody.secrets, []);
});

const DATAGRAMS: [string, Uint8Array, number][] = [
  ["stun", hex("0001 0000 2112a442 000102030405060708090a0b"), 9999],
  ["wireguard", Uint8Array.from({ length: 148 }, (_, i) => i === 0 ? 1 : i < 4 ? 0 : 7), 9999],
  ["ikev2", hex("0102030405060708 0000000000000000 21 20 22 08 00000000 0000001c"), 500],
  ["krb5", hex("6a6e 306c a103020105 a20302010a"), 88],
  ["nfs", hex("12345678 00000000 00000002 000186a3 00000003 00000000"), 2049],
  ["radius", hex("01 05 0014" + "07".repeat(16)), 1812],
];
for (const [name, bytes, port] of DATAGRAMS) {
  Deno.test(`recognised datagram: ${name}, and nothing else`, () => {
    const yes = RECOGNISED_DATAGRAMS.filter((protocol) =>
      probeDatagram(protocol, bytes, 0, 40_000, port) === "yes"
    );
    assert.deepEqual(yes.map((protocol) => protocol.name), [name]);
    tormentDatagrams(yes[0], [[0, bytes]], 100);
  });
}

Deno.test("encrypted datagrams are let go of", () => {
  const wireguard = RECOGNISED_DATAGRAMS.find(({ name }) => name === "wireguard")!;
  assert.ok(exchange(wireguard, [[0, DATAGRAMS[1][1]]]).isDone);
});

Deno.test("BitTorrent: peers, DHT, trackers, uTP", () => {
  const handshake = latin1(
    `\x13BitTorrent protocol${"\0".repeat(8)}${"\xab".repeat(20)}-qB4500-abcdefghijkl`,
  );
  const flow = hold(bittorrent, [[0, handshake], [1, handshake]]);
  assert.deepEqual(flow.told.map(({ fields }) => fields), [
    { netpane: { info_hash: "ab".repeat(20), client_version: "qB4500" } },
  ]);
  assert.equal(probeStream(bittorrent, handshake.subarray(0, 9)), "more");
  assert.equal(
    probeDatagram(bittorrentDht, latin1("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe")),
    "yes",
  );
  assert.equal(probeDatagram(bittorrentDatagrams, hex("00000417 27101980 00000000 12345678")), "yes");
  assert.equal(
    probeDatagram(bittorrentDatagrams, hex("41 00 1234 00000001 00000000 00100000 0001 0000")),
    "yes",
  );
  assert.equal(
    probeDatagram(bittorrentDatagrams, hex("41 00 1234 00000001 00000009 00100000 0001 0000")),
    "no",
  );
});
