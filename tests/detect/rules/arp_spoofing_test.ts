/** ARP spoofing: what convicts, and what only looks like it. */
import assert from "node:assert/strict";
import { arpSpoofing } from "../../../detect/rules/arp_spoofing.ts";
import { areNeighbours, isSharedRouterMac } from "../../../detect/lan.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const [GATEWAY, VICTIM, LIAR, OTHER] = ["10.9.0.1", "10.9.0.20", "10.9.0.66", "10.9.0.30"];
const [GATEWAY_MAC, VICTIM_MAC, LIAR_MAC, OTHER_MAC] = [
  "3c5282000001",
  "a4bb6d000020",
  "0242ac000066",
  "b827eb000030",
];

const judge = (traffic: Traffic) => detect(traffic, [arpSpoofing]);

/** The victim asks for the gateway, which answers. */
function ask(traffic: Traffic, asker = VICTIM, askerMac = VICTIM_MAC): Traffic {
  traffic.arp({ sender: asker, senderMac: askerMac, target: GATEWAY }).wait(0.001);
  traffic.arp({ sender: GATEWAY, senderMac: GATEWAY_MAC, target: asker, targetMac: askerMac });
  return traffic.wait(1.5);
}

/** One forged reply: `address` is at the liar's. */
function lie(traffic: Traffic, address: string, towards: string, mac = VICTIM_MAC): Traffic {
  return traffic.arp({ sender: address, senderMac: LIAR_MAC, target: towards, targetMac: mac });
}

/** Sender and target the same, to all. */
function announce(traffic: Traffic, address: string, mac: string): Traffic {
  return traffic.arp({ sender: address, senderMac: mac, target: address });
}

Deno.test("a man in the middle is told at his third lie, by his own address", () => {
  const traffic = ask(new Traffic());
  traffic.arp({ sender: LIAR, senderMac: LIAR_MAC, target: OTHER });
  for (let i = 0; i < 10; i++) {
    lie(traffic, GATEWAY, VICTIM).wait(0.001);
    lie(traffic, VICTIM, GATEWAY, GATEWAY_MAC).wait(2);
  }
  const { alerts, told } = judge(traffic);
  assert.equal(alerts.length, 1);
  const [{ source, target, severity, message, count, evidence }] = alerts;
  assert.deepEqual([source, target, severity, count], [LIAR, GATEWAY, 1, 20]);
  assert.match(
    message,
    /^02:42:ac:00:00:66 \(10\.9\.0\.66\) claims to be 10\.9\.0\.1 and 10\.9\.0\.20 towards 10\.9\.0\.20, which 3c:52/,
  );
  assert.deepEqual(evidence.owners, ["3c:52:82:00:00:01"]);
  assert.deepEqual(evidence.addresses, [GATEWAY, VICTIM]);
  assert(Math.abs(told[0].first - 1.501) < 0.1);
});

Deno.test("he is also told when the capture begins in the middle, and nobody else is heard", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 3; i++) {
    lie(lie(traffic, GATEWAY, VICTIM).wait(1), VICTIM, GATEWAY, GATEWAY_MAC).wait(1);
  }
  assert.equal(judge(traffic).alerts.length, 1);
});

Deno.test("lies to one side only are told: in a quarrel with the gateway, or when they go on", () => {
  const quarrel = ask(new Traffic());
  lie(lie(quarrel, GATEWAY, VICTIM).wait(2), GATEWAY, VICTIM).wait(2);
  ask(quarrel, OTHER, OTHER_MAC);
  lie(quarrel, GATEWAY, VICTIM);
  assert.deepEqual(judge(quarrel).alerts.map(({ target, source }) => [source, target]), [[GATEWAY, GATEWAY]]);

  const silent = ask(new Traffic()).wait(6);
  for (let i = 0; i < 5; i++) lie(silent, GATEWAY, VICTIM).wait(2);
  assert.deepEqual(judge(silent).alerts.map(({ target }) => target), [GATEWAY]);
});

Deno.test("lies just below each threshold are not", () => {
  const few = ask(new Traffic()).wait(6);
  for (let i = 0; i < 4; i++) lie(few, GATEWAY, VICTIM).wait(2);
  const burst = ask(new Traffic()).wait(6);
  for (let i = 0; i < 12; i++) lie(burst, GATEWAY, VICTIM).wait(0.5);
  const both = new Traffic();
  lie(lie(both, GATEWAY, VICTIM), VICTIM, GATEWAY);
  for (const traffic of [few, burst, both]) assert.deepEqual(judge(traffic).alerts, []);
});

Deno.test("lies in the form of questions and of announcements are told while the owner is heard", () => {
  const questions = ask(new Traffic());
  const announcements = ask(new Traffic());
  for (let i = 0; i < 6; i++) {
    questions.arp({ sender: GATEWAY, senderMac: LIAR_MAC, target: VICTIM }).wait(2);
    ask(questions, OTHER, OTHER_MAC);
    announce(announcements, GATEWAY, LIAR_MAC).wait(2);
    ask(announcements, OTHER, OTHER_MAC);
  }
  for (const traffic of [questions, announcements]) {
    assert.deepEqual(judge(traffic).alerts.map(({ target, severity }) => [target, severity]), [[GATEWAY, 1]]);
  }
});

Deno.test("many who are lied to are one alert", () => {
  const traffic = new Traffic();
  for (let round = 0; round < 4; round++) {
    for (let host = 100; host < 150; host++) {
      lie(traffic, GATEWAY, `10.9.0.${host}`).wait(0.01);
      lie(traffic, `10.9.0.${host}`, GATEWAY, GATEWAY_MAC).wait(0.01);
    }
  }
  const { alerts } = judge(traffic);
  assert.deepEqual(alerts.map(({ target }) => target), [GATEWAY]);
  assert((alerts[0].evidence.addresses as string[]).length <= 32);
});

Deno.test("two hosts with one address are a quarrel of the second severity", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 8; i++) {
    ask(traffic).arp({ sender: VICTIM, senderMac: VICTIM_MAC, target: GATEWAY });
    traffic.arp({ sender: GATEWAY, senderMac: OTHER_MAC, target: VICTIM, targetMac: VICTIM_MAC }).wait(1);
  }
  const { alerts } = judge(traffic);
  assert.deepEqual(alerts.map(({ severity, target }) => [severity, target]), [[2, GATEWAY]]);
  assert.match(alerts[0].message, /3c:52:82:00:00:01 and b8:27:eb:00:00:30 both answer for 10\.9\.0\.1/);
});

Deno.test("what is no spoofing", () => {
  const looks: Record<string, Traffic> = {
    "an address probed, announced and used after another had it": announce(
      announce(
        ask(new Traffic()).arp({ sender: "0.0.0.0", senderMac: OTHER_MAC, target: VICTIM }),
        VICTIM,
        OTHER_MAC,
      )
        .wait(2),
      VICTIM,
      OTHER_MAC,
    ),
    "a laptop that goes from Wi-Fi to cable and back": announce(
      announce(announce(new Traffic(), VICTIM, VICTIM_MAC).wait(600), VICTIM, OTHER_MAC).wait(60),
      VICTIM,
      VICTIM_MAC,
    ),
  };
  const standby = ask(new Traffic());
  for (let i = 0; i < 10; i++) announce(standby, GATEWAY, OTHER_MAC).wait(1); // keepalived, five and five again
  for (let i = 0; i < 5; i++) ask(standby.wait(5), VICTIM, VICTIM_MAC).frames.pop(); // its requests, without answers
  looks["a standby that takes over the address, and goes on announcing it"] = standby;

  const shared = new Traffic();
  for (let i = 0; i < 30; i++) {
    shared.arp({ sender: GATEWAY, senderMac: "3c5282000001", target: VICTIM }).wait(0.001);
    shared.arp({ sender: VICTIM, senderMac: VICTIM_MAC, target: GATEWAY, targetMac: "3c5282000001" });
    shared.arp({ sender: VICTIM, senderMac: VICTIM_MAC, target: GATEWAY }).wait(0.001);
    shared.arp({ sender: GATEWAY, senderMac: "00005e000107", target: VICTIM, targetMac: VICTIM_MAC }).wait(
      10,
    );
  }
  looks["a virtual router whose owner asks with its own card"] = shared;

  const proxy = new Traffic();
  for (let host = 2; host < 200; host++) {
    proxy.arp({ sender: VICTIM, senderMac: VICTIM_MAC, target: `10.9.1.${host}` }).wait(0.001);
    proxy.arp({ sender: `10.9.1.${host}`, senderMac: GATEWAY_MAC, target: VICTIM, targetMac: VICTIM_MAC })
      .wait(0.1);
  }
  looks["a router that answers for a whole network (proxy ARP)"] = proxy;

  const flux = new Traffic();
  for (let i = 0; i < 20; i++) {
    for (const address of [OTHER, "10.9.0.31"]) {
      flux.arp({ sender: VICTIM, senderMac: VICTIM_MAC, target: address }).wait(0.001);
      const own = address === OTHER;
      for (const senderMac of own ? [OTHER_MAC, "0242ac000031"] : ["0242ac000031", OTHER_MAC]) {
        flux.arp({ sender: address, senderMac, target: VICTIM, targetMac: VICTIM_MAC }).wait(0.001);
      }
      flux.wait(5);
    }
  }
  looks["one host with two cards that answers on both for both (ARP flux)"] = flux;

  const bond = new Traffic();
  for (let i = 0; i < 30; i++) {
    bond.arp({ sender: GATEWAY, senderMac: "3c5282000001", target: OTHER, targetMac: OTHER_MAC }).wait(0.1);
    bond.arp({ sender: GATEWAY, senderMac: "90e2ba000002", target: VICTIM, targetMac: VICTIM_MAC }).wait(5);
  }
  looks["a bond of unlike cards that tells each client another of them"] = bond;

  const ports = ask(new Traffic());
  for (let i = 0; i < 30; i++) {
    ports.arp({ sender: GATEWAY, senderMac: "3c5282000002", target: VICTIM, targetMac: VICTIM_MAC }).wait(3);
    ask(ports, OTHER, OTHER_MAC);
  }
  looks["two ports of one card"] = ports;

  const cluster = new Traffic();
  for (let i = 0; i < 30; i++) {
    ask(cluster);
    cluster.arp({ sender: GATEWAY, senderMac: "03bf0a090001", target: VICTIM, targetMac: VICTIM_MAC }).wait(
      3,
    );
  }
  looks["a cluster that answers with a group's address"] = cluster;

  for (const [what, traffic] of Object.entries(looks)) assert.deepEqual(judge(traffic).alerts, [], what);
});

Deno.test("the same address on two VLANs is two hosts", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 30; i++) {
    for (const [vlan, senderMac] of [[5, GATEWAY_MAC], [6, OTHER_MAC]] as const) {
      lie(traffic, GATEWAY, VICTIM);
      const { bytes } = traffic.frames.pop()!;
      const tag = Uint8Array.of(0x81, 0, 0, vlan);
      const tagged = Uint8Array.of(...bytes.subarray(0, 12), ...tag, ...bytes.subarray(12));
      const mac = senderMac.match(/../g)!.map((byte) => parseInt(byte, 16));
      tagged.set(mac, 4 + 14 + 8);
      traffic.frame(tagged).wait(1);
    }
  }
  assert.deepEqual(judge(traffic).alerts, []);
});

Deno.test("a flood of invented senders neither grows what is kept nor hides who lies", () => {
  const traffic = ask(ask(new Traffic()).wait(2));
  for (let i = 0; i < 30_000; i++) {
    const host = `10.${64 + (i >> 16)}.${i >> 8 & 255}.${i & 255}`;
    traffic.arp({
      sender: host,
      senderMac: (0x0200_0000_0000 + i).toString(16).padStart(12, "0"),
      target: VICTIM,
    });
    traffic.wait(0.0001);
    if (i % 3_000 === 0) lie(traffic, GATEWAY, VICTIM).wait(2);
  }
  const { alerts, counters } = judge(traffic);
  assert.deepEqual(alerts.map(({ target }) => target), [GATEWAY]);
  const { entries, capacity, evicted } = counters.rules.arp_spoofing;
  assert(entries <= capacity && evicted > 0, `${entries} of ${capacity}`);
});

Deno.test("MAC addresses that routers share, and ports of one card, are known", () => {
  for (const mac of [0x00005e000101, 0x00005e0002ff, 0x00000c07ac0a, 0x00000c9ff001, 0x0007b4000102]) {
    assert(isSharedRouterMac(mac), mac.toString(16));
  }
  for (const mac of [0x02005e000001, 0x00005e900001, 0x00000c07ab0a, 0]) assert(!isSharedRouterMac(mac));
  assert(areNeighbours(0x3c5282000001, 0x3c5282000002));
  assert(!areNeighbours(0x025282000001, 0x025282000002));
});

Deno.test("announcing another's address to all, on and on, is told; a take-over, or a lease given anew, is not", () => {
  const announced = (count: number, pauseS: number, own: boolean) => {
    const traffic = ask(new Traffic());
    if (own) traffic.arp({ sender: LIAR, senderMac: LIAR_MAC, target: GATEWAY });
    for (let i = 0; i < count; i++) announce(traffic, GATEWAY, LIAR_MAC).wait(pauseS);
    return judge(traffic).alerts;
  };
  const [alert] = announced(8, 2, true);
  assert.deepEqual([alert.source, alert.target, alert.severity], [LIAR, GATEWAY, 2]);
  assert.match(alert.message, /claims to be 10\.9\.0\.1, which 3c:52:82:00:00:01 is/);
  assert.deepEqual(announced(8, 2, false), []); // it has no other address
  assert.deepEqual(announced(5, 2, true), []);
  assert.deepEqual(announced(10, 0.1, true), []); // a standby takes over
});
