/** Who may be asked, and how often; then the real thing on this machine's loopback. */
import assert from "node:assert/strict";
import { Pinger, PingError } from "../../../enrich/ping/pinger.ts";
import { PingRuns } from "../../../enrich/ping/runs.ts";
import type { Ping } from "../../../model/protocol.ts";
import type { InterfaceInfo } from "../../../model/system.ts";
import { needs } from "../../support/needs.ts";

const DEVICE: InterfaceInfo = {
  index: 7,
  name: "eth0",
  mac: "",
  mtu: 1500,
  up: true,
  running: true,
  loopback: false,
  addresses: [{ address: "192.168.1.5", prefixLength: 24 }, { address: "10.0.0.2", prefixLength: 31 }],
  receivedBytes: 0,
  receivedPackets: 0,
  receivedErrors: 0,
  receivedDropped: 0,
  sentBytes: 0,
  sentPackets: 0,
  sentErrors: 0,
  sentDropped: 0,
};

async function code(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    assert.ok(error instanceof PingError, String(error));
    return error.code;
  }
  return "answered";
}

/** A pinger and what it sent; answer with `answer()`. */
function connected() {
  const pinger = new Pinger("not yet");
  const sent: Ping[] = [];
  pinger.connect((message) => sent.push(message));
  pinger.setInterfaces([DEVICE]);
  const answer = (id: number) =>
    pinger.apply({
      type: "ping-report",
      id,
      socket: "raw",
      duplicates: 0,
      replies: [{ sequence: 1, rtt_ms: 5, error: "" }],
    });
  return { pinger, sent, answer };
}

Deno.test("what is no host is refused, and nothing is sent", async () => {
  const { pinger, sent } = connected();
  for (
    const target of [
      ...["0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "239.255.255.250", "ff02::1", "ff02::1%eth0"],
      ...["255.255.255.255", "::ffff:255.255.255.255", "192.168.1.255", "example.org", "", "1.2.3"],
      ...["fe80::1", "fe80::1%wlan9"],
    ]
  ) assert.equal(await code(pinger.ping(target, 1)), "bad-address", target);
  assert.equal(sent.length, 0);
  assert.equal(pinger.counters().refused, 15);
});

Deno.test("hosts are asked by their bytes, link-local ones on their interface", async () => {
  const { pinger, sent, answer } = connected();
  for (
    const [text, target, bytes, scope] of [
      ["192.168.1.254", "192.168.1.254", 4, 0],
      ["10.0.0.3", "10.0.0.3", 4, 0], // a /31 has no broadcast address, RFC 3021
      ["::ffff:192.168.1.9", "192.168.1.9", 4, 0],
      ["2001:DB8::1", "2001:db8::1", 16, 0],
      ["fe80::1%eth0", "fe80::1%eth0", 16, 7],
      ["fe80::1%7", "fe80::1%eth0", 16, 7],
    ] as const
  ) {
    const asked = pinger.ping(text, 1);
    const message = sent.at(-1)!;
    assert.deepEqual([message.address.length, message.scope, message.count], [bytes, scope, 1]);
    answer(message.id);
    const { ip, received, loss, socket } = await asked;
    assert.deepEqual([ip, received, loss, socket], [target, 1, 0, "raw"]);
  }
  assert.deepEqual(pinger.counters(), { running: 0, runs: 6, sent: 6, received: 6, refused: 0 });
});

Deno.test("one run a target, eight in all, and none where nothing can be sent", async () => {
  const { pinger, sent, answer } = connected();
  const runs = Array.from({ length: 8 }, (_, i) => pinger.ping(`10.1.0.${i}`, 1));
  assert.equal(await code(pinger.ping("10.1.0.3", 1)), "busy-target");
  assert.equal(await code(pinger.ping("10.1.0.9", 1)), "busy");
  for (const { id } of sent) answer(id);
  await Promise.all(runs);
  const again = pinger.ping("10.1.0.3", 1);
  answer(sent.at(-1)!.id);
  await again;

  const cut = pinger.ping("10.1.0.4", 1);
  pinger.connect(null, "It has crashed");
  assert.equal(await code(cut), "lost");
  assert.equal(await code(pinger.ping("10.1.0.4", 1)), "unavailable");
  assert.equal(await code(new Pinger("A file is played").ping("10.1.0.4", 1)), "unavailable");
});

const need = needs("root");

Deno.test({
  name: need.name("the loopback answers, over IPv4 and IPv6, through libc"),
  ignore: need.ignore || Deno.build.os !== "linux",
  async fn() {
    const pinger = new Pinger("not yet");
    const runs = new PingRuns((report) => pinger.apply(report));
    pinger.connect((message) => runs.start(message));
    try {
      const answers = await Promise.all(["127.0.0.1", "::1"].map((address) => pinger.ping(address, 3)));
      for (const { sent, received, duplicates, rtt_ms } of answers) {
        assert.deepEqual([sent, received, duplicates], [3, 3, 0]);
        assert.ok(rtt_ms!.min > 0 && rtt_ms!.median < 50);
      }
    } finally {
      runs.close();
    }
  },
});
