/**
 * Live capture in earnest: the capture worker, with its permissions, on veth pairs in network namespaces. Needs root,
 * iproute2, tcpdump and util-linux; ignored where they are missing.
 */
import assert from "node:assert/strict";
import { SLOT_COUNT } from "../../../capture/source/slot_pool.ts";
import { canCaptureLive, Probe, run, TestNetwork } from "./test_network.ts";

function live(name: string, test: (network: TestNetwork) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !canCaptureLive,
    async fn() {
      await using network = await TestNetwork.create();
      await test(network);
    },
  });
}

/** Captures with tcpdump until `during` is over. @returns How many packets the kernel handed it. */
async function tcpdumpCount(
  network: TestNetwork,
  device: string,
  during: () => Promise<void>,
): Promise<number> {
  const tcpdump = new Deno.Command("ip", {
    args: ["netns", "exec", network.name, "tcpdump", "-ni", device, "--immediate-mode", "-w", "/dev/null"],
    stderr: "piped",
  }).spawn();
  let said = "";
  const listening = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const text of tcpdump.stderr.pipeThrough(new TextDecoderStream())) {
      said += text;
      if (said.includes("listening on")) listening.resolve();
    }
  })();
  await listening.promise;
  await during();
  tcpdump.kill("SIGINT");
  await reading;
  await tcpdump.status;
  return Number(/(\d+) packets? received by filter/.exec(said)?.[1]);
}

live(
  "what is sent is captured: as many packets as were sent and as tcpdump sees, byte for byte",
  async (network) => {
    await network.addPair("veth1", 1);
    await using probe = new Probe(network, { interfaces: ["veth1p"] });
    await probe.open();
    const counted = await tcpdumpCount(network, "veth1p", async () => {
      await network.send(1, 2_000);
      await probe.until(() => probe.seen.packets >= 2_000);
    });
    const report = await probe.nextReport();
    assert.equal(probe.seen.packets, 2_000);
    assert.equal(counted, 2_000);
    assert.equal(report.interfaces[0].received, 2_000);
    assert.equal(report.interfaces[0].kernelDropped, 0);
    assert.equal(report.delivered, 2_000);
    assert.equal(report.deliveredBytes, 2_000 * (16 + 47)); // Ethernet 14, IP 20, UDP 8, "hello" 5
    assert.deepEqual(probe.seen.linkTypes, [1]);
    assert.equal(report.interfaces[0].nanosecond, true);
    assert.match(probe.seen.data[0], /^020000000009.{12}0800.*0a0100010a010009....0009000d....68656c6c6f$/);
    assert(probe.seen.latency < 60, "time stamps are those of the clock");
  },
);

live("a filter lets through what it matches, a snaplen cuts", async (network) => {
  await network.addPair("veth1", 1);
  await using probe = new Probe(network, { interfaces: ["veth1p"], filter: "udp port 10", snaplen: 64 });
  await using other = new Probe(network, { interfaces: ["veth1"], filter: "ip broadcast or udp port 11" });
  await probe.open();
  await other.open();
  await network.send(1, 20, { port: 11 });
  await network.send(1, 30, { port: 10, payload: "x".repeat(1_000) });
  await probe.until(() => probe.seen.packets >= 30);
  await other.until(() => other.seen.packets >= 20);
  assert.equal(probe.seen.packets, 30);
  assert.deepEqual(probe.seen.data.map((data) => data.length / 2), [64, 64, 64]);
  assert.equal(other.seen.packets, 20);
});

live(
  "a filter that does not compile is refused in libpcap's words, and the rest goes on",
  async (network) => {
    await network.addPair("veth1", 1);
    await using probe = new Probe(network, { interfaces: ["veth1p"], filter: "tcp prot 80" });
    const problem = await probe.problem("bad-filter");
    assert.match(problem.message, /The filter "tcp prot 80" does not compile for "veth1p": .*syntax error/);
    assert.match(problem.hint, /pcap-filter/);
    assert.equal(probe.interface()?.status, "waiting");
  },
);

live("a device that is missing is waited for", async (network) => {
  await using probe = new Probe(network, { interfaces: ["veth1p"] });
  const problem = await probe.problem("no-device");
  assert.match(problem.message, /Cannot open "veth1p": there is no such device/);
  assert.match(problem.hint, /interfaces/);
  await network.addPair("veth1", 1);
  await probe.open();
  assert.equal(probe.interface()?.problem, undefined);
  await network.send(1, 5);
  await probe.until(() => probe.seen.packets >= 5);
});

live(
  "a device that is switched off is waited for; switched off while running it loses nothing after",
  async (network) => {
    await network.addPair("veth1", 1);
    await network.run("ip", "link", "set", "veth1p", "down");
    await using probe = new Probe(network, { interfaces: ["veth1p"] });
    const problem = await probe.problem("device-down");
    assert.match(problem.hint, /sudo ip link set dev veth1p up/);
    await network.run("ip", "link", "set", "veth1p", "up");
    await probe.open();
    await network.send(1, 5);
    await probe.until(() => probe.seen.packets >= 5);

    await network.run("ip", "link", "set", "veth1p", "down");
    await probe.problem("device-down");
    assert.equal(probe.interface()?.status, "waiting");
    await network.run("ip", "link", "set", "veth1p", "up");
    await network.send(1, 7); // at once, long before the next try
    await probe.open();
    await probe.until(() => probe.seen.packets >= 12);
    assert.equal(probe.seen.packets, 12);
  },
);

live("a device that is deleted is lost, and picked up when it returns; its sums go on", async (network) => {
  await network.addPair("veth1", 1);
  await using probe = new Probe(network, { interfaces: ["veth1p"] });
  await probe.open();
  await network.send(1, 5);
  await probe.until(() => probe.seen.packets >= 5);
  await network.run("ip", "link", "del", "veth1");
  const problem = await probe.problem("lost");
  assert.match(problem.message, /"veth1p"/);
  assert.notEqual(problem.hint, "");
  await network.addPair("veth1", 1);
  await probe.open();
  await network.send(1, 6);
  await probe.until(() => probe.seen.packets >= 11);
  const report = await probe.nextReport();
  assert.equal(report.interfaces[0].received, 11);
  assert.equal(probe.seen.packets, 11);
});

live(
  "several interfaces are told apart, and one that is missing does not stop the others",
  async (network) => {
    await network.addPair("veth1", 1);
    await network.addPair("veth2", 2);
    await using probe = new Probe(network, { interfaces: ["veth1p", "none", "veth2p"] });
    await probe.open(0);
    await probe.open(2);
    await Promise.all([network.send(1, 300), network.send(2, 200)]);
    await probe.until(() => probe.seen.packets >= 500);
    assert.deepEqual(probe.seen.packetsOn, [300, null, 200]);
    const report = await probe.nextReport();
    assert.deepEqual(report.interfaces.map((each) => each.received), [300, 0, 200]);
    assert.equal(report.interfaces[1].problem?.code, "no-device");
  },
);

live('the device "any" captures on all interfaces, with cooked headers', async (network) => {
  await network.addPair("veth1", 1);
  await using probe = new Probe(network, { interfaces: ["any"] });
  await probe.open();
  await network.send(1, 10);
  await probe.until(() => probe.seen.packets >= 20);
  assert.equal(probe.seen.packets, 20); // once out of `veth1`, once into `veth1p`
  assert.deepEqual(probe.seen.linkTypes, [276]); // LINKTYPE_LINUX_SLL2
});

live("packets on loopback count once", async (network) => {
  await network.run("ip", "link", "set", "lo", "up");
  await using probe = new Probe(network, { interfaces: ["lo"], filter: "udp" });
  await probe.open();
  await network.run("bash", "-c", "for i in 1 2 3; do printf hello > /dev/udp/127.0.0.1/9; done 2>/dev/null");
  await probe.until(() => probe.seen.packets >= 3);
  const report = await probe.nextReport();
  assert.equal(report.interfaces[0].received, 3);
  assert.equal(probe.seen.packets, 3);
});

live("a busy inspector makes the kernel buffer; nothing is lost and stalls are counted", async (network) => {
  await network.addPair("veth1", 1);
  await using probe = new Probe(network, { interfaces: ["veth1p"] });
  await probe.open();
  probe.tell({ hold: true });
  // One slot each until all are taken: the batches must be apart in time, so wait for each.
  for (let n = 1; n <= SLOT_COUNT; n++) {
    await network.send(1, 1);
    await probe.until(() => probe.seen.batches === n);
  }
  await network.send(1, 100);
  await probe.until(() => (probe.report?.stalls ?? 0) > 0 && probe.report?.slotsFree === 0);
  assert.equal(probe.seen.packets, SLOT_COUNT);
  probe.tell({ release: true });
  await probe.until(() => probe.seen.packets >= SLOT_COUNT + 100);
  const report = await probe.nextReport();
  assert.equal(probe.seen.packets, SLOT_COUNT + 100);
  assert.equal(report.interfaces[0].kernelDropped, 0);
  assert.equal(report.slotsFree, SLOT_COUNT);
});

live("a kernel buffer that is too small loses packets, and says how many", async (network) => {
  await network.addPair("veth1", 1);
  await using probe = new Probe(network, { interfaces: ["veth1p"], bufferBytes: 1 << 19 });
  await probe.open();
  probe.tell({ hold: true });
  for (let n = 1; n <= SLOT_COUNT; n++) {
    await network.send(1, 1);
    await probe.until(() => probe.seen.batches === n);
  }
  await network.send(1, 12_000); // 96 bytes each in the ring
  await probe.until(() => (probe.interface()?.kernelDropped ?? 0) > 0);
  probe.tell({ release: true });
  await probe.until(() => {
    const { received = 0, kernelDropped = 0 } = probe.interface() ?? {};
    return received + kernelDropped >= SLOT_COUNT + 12_000;
  });
  const { received, kernelDropped } = probe.interface()!;
  assert.equal(received + kernelDropped, SLOT_COUNT + 12_000);
  await probe.until(() => probe.seen.packets === received);
});

live("without the permission it says so, and how to get it", async (network) => {
  await network.addPair("veth1", 1);
  const through = [
    "setpriv",
    "--bounding-set=-net_raw,-net_admin,-sys_admin",
    "--inh-caps=-net_raw,-net_admin",
  ];
  await using probe = new Probe(network, { interfaces: ["veth1p"], through });
  const problem = await probe.problem("no-permission");
  assert.match(problem.message, /Cannot open "veth1p": capturing is not permitted/);
  assert.match(problem.hint, /sudo.*setcap cap_net_raw/);
});

live("without libpcap it says so, and what to install", async (network) => {
  const libraries = (await run("sh", "-c", "ldconfig -p | sed -n 's/.*libpcap.*=> //p'")).trim().split("\n");
  const hide = libraries.map((path) => `mount --bind /dev/null "$(readlink -f ${path})" && `).join("");
  const through = ["unshare", "--mount", "sh", "-c", `${hide} exec "$@"`, "sh"];
  await using probe = new Probe(network, { interfaces: ["lo"], through });
  const problem = await probe.problem("no-libpcap");
  assert.equal(problem.message, "Cannot load libpcap");
  assert.match(problem.hint, /apt-get install libpcap0.8/);
});
