/** A second DHCP server, and the pairs and moves that look like one. */
import assert from "node:assert/strict";
import { rogueDhcp } from "../../../detect/rules/rogue_dhcp.ts";
import { dhcp } from "../../support/lan_traffic.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const [SERVER, ROGUE] = ["10.9.0.1", "10.9.0.66"];
const judge = (traffic: Traffic) => detect(traffic, [rogueDhcp]);

Deno.test("two servers that answer one client differently are told at the second answer", () => {
  const traffic = dhcp(new Traffic(), { server: SERVER }).wait(600);
  dhcp(traffic, { kind: "offer", server: SERVER, transaction: 7 }).wait(0.01);
  dhcp(traffic, { kind: "offer", server: ROGUE, transaction: 7, dns: [ROGUE] }).wait(0.01);
  const { alerts } = judge(traffic);
  assert.deepEqual(
    alerts.map(({ source, target, severity, packets }) => [source, target, severity, packets > 0]),
    [
      [ROGUE, SERVER, 1, true],
    ],
  );
  assert.equal(
    alerts[0].message,
    "10.9.0.66 answers DHCP beside 10.9.0.1 and hands out router 10.9.0.1 and DNS 10.9.0.66, the other router 10.9.0.1 and DNS 10.9.0.1",
  );
});

Deno.test("the new one is named though it answers first", () => {
  const traffic = dhcp(new Traffic(), { server: SERVER }).wait(600);
  dhcp(traffic, { kind: "offer", server: ROGUE, transaction: 7, routers: [ROGUE] }).wait(0.01);
  dhcp(traffic, { kind: "offer", server: SERVER, transaction: 7 }).wait(0.01);
  assert.deepEqual(judge(traffic).alerts.map(({ source }) => source), [ROGUE]);
});

Deno.test("leases given in turn to several clients are told", () => {
  const traffic = dhcp(new Traffic(), { server: SERVER, client: "020000000001" }).wait(30);
  dhcp(traffic, { server: ROGUE, client: "020000000002", routers: [ROGUE], transaction: 2 }).wait(30);
  dhcp(traffic, { server: SERVER, client: "020000000003", transaction: 3 }).wait(30);
  dhcp(traffic, { server: ROGUE, client: "020000000004", routers: [ROGUE], transaction: 4 });
  assert.deepEqual(judge(traffic).alerts.map(({ source, count }) => [source, count]), [[ROGUE, 1]]);
});

Deno.test("what is no rogue", () => {
  const pair = new Traffic();
  const moved = new Traffic();
  const replaced = new Traffic();
  const boot = new Traffic();
  for (let i = 1; i < 20; i++) {
    dhcp(pair, { kind: "offer", server: SERVER, transaction: i, dns: ["10.9.0.2", "10.9.0.3"] }).wait(0.01);
    dhcp(pair, { kind: "offer", server: "10.9.0.2", transaction: i, dns: ["10.9.0.3", "10.9.0.2"] }).wait(10);
    const other = i % 2 === 0 ? "192.168.1" : "10.9.0";
    dhcp(moved, {
      server: `${other}.1`,
      transaction: i,
      address: `${other}.20`,
      routers: [`${other}.1`],
      dns: [`${other}.1`],
    }).wait(60);
    const server = i < 10 ? SERVER : ROGUE;
    dhcp(replaced, { server, client: `0200000000${10 + i}`, transaction: i, routers: [server] }).wait(20);
    dhcp(boot, { kind: "offer", server: SERVER, transaction: i }).wait(0.01);
    dhcp(boot, { kind: "offer", server: ROGUE, transaction: i, address: "0.0.0.0", routers: [] }).wait(10);
  }
  const looks = {
    "a fail-over pair": pair,
    "a laptop that goes to and fro between two networks": moved,
    "a server that took the place of another": replaced,
    "a boot server (proxy DHCP)": boot,
  };
  for (const [what, traffic] of Object.entries(looks)) assert.deepEqual(judge(traffic).alerts, [], what);
});

Deno.test("invented servers and clients do not grow what is kept", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 6_000; i++) {
    dhcp(traffic, {
      kind: "offer",
      server: `10.${i >> 16 & 255}.${i >> 8 & 255}.${i & 255}`,
      client: i.toString(16).padStart(12, "0"),
      transaction: i >> 1,
    }).wait(0.001);
  }
  const { entries, capacity } = judge(traffic).counters.rules.rogue_dhcp;
  assert(entries <= capacity && entries < 3_000, `${entries}`);
});
