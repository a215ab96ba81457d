/** Another way out: by DHCP, by network card, by IPv6. */
import assert from "node:assert/strict";
import { gatewayChanged } from "../../../detect/rules/gateway_changed.ts";
import { advertise, dhcp } from "../../support/lan_traffic.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const [GATEWAY, OTHER, HOST] = ["10.9.0.1", "10.9.0.254", "10.9.0.20"];
const [OLD, NEW] = ["3c5282000001", "b827eb000030"];
const judge = (traffic: Traffic) => detect(traffic, [gatewayChanged]);

/** The gateway asks for a host of its, as gateways do. */
function work(traffic: Traffic, mac: string, times: number): Traffic {
  for (let i = 0; i < times; i++) traffic.arp({ sender: GATEWAY, senderMac: mac, target: HOST }).wait(20);
  return traffic;
}

Deno.test("another router in a lease of the same network is told once a server, with its clients", () => {
  const traffic = new Traffic();
  for (const routers of [[GATEWAY], [OTHER]]) {
    for (let i = 1; i <= 3; i++) {
      dhcp(traffic, { server: GATEWAY, client: `02000000000${i}`, address: `10.9.0.2${i}`, routers }).wait(
        60,
      );
    }
  }
  const { alerts } = judge(traffic);
  assert.deepEqual(alerts.map(({ severity, count }) => [severity, count]), [[2, 3]]);
  assert.equal(
    alerts[0].message,
    "The DHCP server 10.9.0.1 gives 10.9.0.254 as gateway to 10.9.0.23, where it gave 10.9.0.1 before",
  );
});

Deno.test("another card at the gateway's address is told when it stays", () => {
  const { alerts } = judge(work(work(dhcp(new Traffic(), { server: GATEWAY }), OLD, 3), NEW, 5));
  assert.equal(alerts.length, 1);
  assert.match(
    alerts[0].message,
    /^The gateway 10\.9\.0\.1 is another network card: b8:27:eb:00:00:30 where it was 3c:52:82:00:00:01, for 60 s$/,
  );
});

Deno.test("an IPv6 router beside the one that is there is told when both go on", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 3; i++) {
    advertise(traffic, { router: "fe80::1", mac: OLD, prefix: "2001:db8:1::" }).wait(200);
    advertise(traffic, { router: "fe80::66", mac: NEW, prefix: "2001:db8:2::" }).wait(200);
  }
  const { alerts } = judge(traffic);
  assert.deepEqual(alerts.map(({ source, target, severity }) => [source, target, severity]), [
    ["fe80::66", "fe80::1", 2],
  ]);
  assert.match(alerts[0].message, /with 2001:db8:2::\/64 instead of 2001:db8:1::\/64/);
});

Deno.test("a flood of IPv6 routers is one alert of the first severity, and does not grow what is kept", () => {
  const traffic = new Traffic();
  for (let i = 1; i < 3_000; i++) {
    advertise(traffic, {
      router: `fe80::${i.toString(16)}`,
      mac: OLD,
      prefix: `2001:db8:${i.toString(16)}::`,
    });
    traffic.wait(0.001);
  }
  const { alerts, counters } = judge(traffic);
  assert.deepEqual(alerts.map(({ severity }) => severity), [1]);
  assert(counters.rules.gateway_changed.entries < 1_000);
});

Deno.test("what is no change of the gateway", () => {
  const back = dhcp(new Traffic(), { server: GATEWAY });
  for (let i = 0; i < 5; i++) work(work(back, OLD, 1), NEW, 2);
  const liar = work(dhcp(new Traffic(), { server: GATEWAY }), OLD, 2);
  for (let i = 0; i < 60; i++) {
    liar.arp({ sender: GATEWAY, senderMac: NEW, target: HOST, targetMac: "020000000020" }).wait(2);
  }
  const moved = new Traffic();
  for (const net of ["10.9.0", "192.168.1", "10.9.0", "192.168.1"]) {
    dhcp(moved, { server: `${net}.1`, address: `${net}.20`, routers: [`${net}.1`], dns: [`${net}.1`] }).wait(
      900,
    );
  }
  const pair = new Traffic();
  const thread = new Traffic();
  const roaming = new Traffic();
  for (let i = 0; i < 4; i++) {
    advertise(pair, { router: "fe80::1", mac: OLD, prefix: "2001:db8:1::" }).wait(200);
    advertise(pair, { router: "fe80::2", mac: NEW, prefix: "2001:db8:1::" }).wait(200);
    advertise(thread, { router: "fe80::1", mac: OLD, prefix: "2001:db8:1::" }).wait(200);
    advertise(thread, { router: "fe80::3", mac: NEW, prefix: "fd00:1::", lifetime: 0 }).wait(200);
    const router = i < 2 ? "fe80::1" : "fe80::2";
    advertise(roaming, { router, mac: OLD, prefix: `2001:db8:${router.at(-1)}::` }).wait(300);
  }
  const looks = {
    "a virtual router": work(work(dhcp(new Traffic(), { server: GATEWAY }), OLD, 2), "00005e000101", 9),
    "an address nobody handed out as gateway": work(work(new Traffic(), OLD, 3), NEW, 9),
    "a card that comes and goes": back,
    "answers alone, which are arp_spoofing's": liar,
    "a laptop between two networks": moved,
    "redundant IPv6 routers": pair,
    "a border router that is no way out": thread,
    "a laptop that comes to another IPv6 network": roaming,
  };
  for (const [what, traffic] of Object.entries(looks)) assert.deepEqual(judge(traffic).alerts, [], what);
});
