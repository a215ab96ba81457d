/** Services that newly listen. */
import assert from "node:assert/strict";
import { newListener } from "../../../detect/rules/new_listener.ts";
import { listener, Machine } from "../../support/machine.ts";

const USUAL = [listener(22, "sshd"), listener(53, "dnsmasq", { protocol: "udp" })];
const settled = () => new Machine([newListener]).report({ listeners: USUAL }, 62);
const words = ({ alerts }: Machine) => alerts.map(({ severity, message }) => [severity, message]);

Deno.test("a new service is told when it has listened for two seconds, once", () => {
  const machine = settled();
  const listeners = [...USUAL, listener(4444, "nc")];
  assert.deepEqual(words(machine.report({ listeners })), []);
  const expected = [[2, "nc listens on TCP port 4444, on which it did not listen before"]];
  assert.deepEqual(words(machine.report({ listeners })), expected);
  machine.report({ listeners }, 10).report({ listeners: USUAL }, 10).report({ listeners }, 10);
  assert.deepEqual(words(machine), expected);
});

Deno.test("what listens at first, for a moment, or under another address is not told", () => {
  const machine = settled();
  assert.deepEqual(words(machine), []);
  for (let i = 0; i < 5; i++) {
    machine.report({ listeners: [...USUAL, listener(8080, "test")] }).report({ listeners: USUAL });
  }
  machine.report({ listeners: [...USUAL, listener(22, "sshd", { address: "::", pid: 7 })] }, 5);
  assert.deepEqual(words(machine), []);
});

Deno.test("another program on a known port is new; the same of a later version is not", () => {
  const path = (version: string) => ({ path: `/snap/web/${version}/usr/sbin/webd` });
  const machine = new Machine([newListener]).report({ listeners: [listener(80, "webd", path("12"))] }, 62);
  machine.report({ listeners: [listener(80, "webd", path("13"))] }, 5);
  assert.deepEqual(words(machine), []);
  machine.report({ listeners: [listener(80, "evil")] }, 5);
  assert.equal(machine.alerts.length, 1);
});

Deno.test("a service for this machine, and one on a port the kernel chose, are good to know", () => {
  const machine = settled();
  machine.report({ listeners: [...USUAL, listener(3000, "node", { address: "127.0.0.1" })] }, 3);
  for (let port = 40_000; port < 40_050; port++) {
    machine.report({ listeners: [...USUAL, listener(port, "ftpd")] }, 3);
  }
  assert.deepEqual(words(machine), [
    [3, "node listens on TCP port 3000, for this machine only, on which it did not listen before"],
    [3, "ftpd listens on TCP port 40000, on which it did not listen before"],
  ]);
});

Deno.test("many ports of one program are one alert", () => {
  const machine = settled();
  const listeners = Array.from({ length: 100 }, (_, i) => listener(1_000 + i, "worm"));
  machine.report({ listeners: [...USUAL, ...listeners] }, 5);
  assert.equal(machine.alerts.length, 1);
  const last = machine.told.at(-1)!;
  assert.equal(last.count, 100);
  assert.equal((last.evidence.places as string[]).length, 32);
});

Deno.test("a socket whose program becomes known, or is no longer known, is no new service", () => {
  const machine = new Machine([newListener]).report(
    { listeners: [listener(22, "sshd"), listener(25, "")] },
    62,
  );
  machine.report({ listeners: [listener(22, ""), listener(25, "postfix")] }, 5);
  assert.deepEqual(words(machine), []);
});

Deno.test("what was usual is so after a restart, and what came meanwhile is told", () => {
  const remembered = structuredClone(settled().detector.usual());
  const machine = new Machine([newListener], remembered);
  machine.report({ listeners: [...USUAL, listener(6667, "bot")] }, 3);
  assert.deepEqual(words(machine), [[2, "bot listens on TCP port 6667, on which it did not listen before"]]);
});

Deno.test("what is kept is bounded", () => {
  const machine = settled();
  for (let i = 0; i < 6_000; i++) machine.report({ listeners: [listener(1 + i % 30_000, `p${i}`)] }, 2);
  const { entries, capacity } = machine.detector.counters().rules.new_listener;
  assert(entries <= capacity);
});
