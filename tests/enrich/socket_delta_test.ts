/** Sockets that travel by what has changed arrive as they were. */
import assert from "node:assert/strict";
import { SocketDecoder, SocketEncoder } from "../../enrich/socket_delta.ts";
import type { SocketInfo, SystemReport } from "../../model/system.ts";

Deno.test("what arrives is what was sent, whatever came, changed and went", () => {
  const [encoder, decoder] = [new SocketEncoder(), new SocketDecoder()];
  const [a, b, c] = [socket(1), socket(2), socket(3)];
  const send = (...sockets: SocketInfo[]) => {
    const message = structuredClone(encoder.encode(report(sockets)));
    const arrived = decoder.decode(message).sockets;
    assert.deepEqual(arrived.map(text).toSorted(), sockets.map(text).toSorted());
    return message;
  };
  assert.equal(send(a, b).changed.length, 2);
  assert.deepEqual([send(a, b).changed, send(b, a).gone], [[], []]);
  b.bytesSent = 500;
  assert.deepEqual(send(a, b, c).changed.map(({ localPort }) => localPort), [2, 3]);
  a.state = "closed";
  send(a, b, c);
  assert.deepEqual(send(b, c).gone, [1]);
  assert.deepEqual(send().gone, [2, 3]);
});

Deno.test("a socket that did not change stays the same object", () => {
  const [encoder, decoder] = [new SocketEncoder(), new SocketDecoder()];
  const sockets = [socket(1), socket(2)];
  const arrive = () => decoder.decode(structuredClone(encoder.encode(report(sockets)))).sockets;
  const before = arrive();
  sockets[1].rttUs = 7;
  const after = arrive();
  assert.equal(after[0], before[0]);
  assert.notEqual(after[1], before[1]);
  assert.equal(after[1].rttUs, 7);
});

function socket(localPort: number): SocketInfo {
  return {
    protocol: 6,
    localAddress: "192.0.2.1",
    localPort,
    remoteAddress: "192.0.2.2",
    remotePort: 443,
    state: "established",
    uid: 0,
    inode: localPort,
    netns: 0,
    method: "none",
    others: 0,
  };
}

function report(sockets: SocketInfo[]): SystemReport {
  return {
    type: "system-report",
    atMs: 0,
    tookMs: 0,
    sockets,
    socketsLost: 0,
    processes: [],
    interfaces: [],
    problems: [],
  };
}

function text(socket: SocketInfo): string {
  return JSON.stringify(socket);
}
