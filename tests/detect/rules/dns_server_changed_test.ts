/** Other DNS servers: handed out, or asked. */
import assert from "node:assert/strict";
import { dnsServerChanged } from "../../../detect/rules/dns_server_changed.ts";
import { advertise, dhcp } from "../../support/lan_traffic.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const [HOST, INSIDE, OUTSIDE] = ["10.9.0.20", "10.9.0.1", "198.18.53.53"];
const FAR = "45.90.28.1";
const judge = (traffic: Traffic) => detect(traffic, [dnsServerChanged]);

function ask(traffic: Traffic, servers: string[], times: number, everyS = 30, client = HOST): Traffic {
  for (let i = 0; i < times; i++) {
    traffic.dns({
      client,
      server: servers[i % servers.length],
      name: `www${i}.example`,
      rdata: [192, 0, 2, 7],
    });
    traffic.wait(everyS);
  }
  return traffic;
}

Deno.test("a host that asks outside instead of inside is told, once", () => {
  const { alerts } = judge(ask(ask(new Traffic(), [INSIDE], 40), [FAR], 60));
  assert.deepEqual(alerts.map(({ source, target, severity }) => [source, target, severity]), [[
    HOST,
    FAR,
    2,
  ]]);
  assert.equal(
    alerts[0].message,
    "10.9.0.20 asks 45.90.28.1 for names instead of 10.9.0.1: 20 answers within 9.5 min",
  );
});

Deno.test("the same over IPv6; a change inside is good to know", () => {
  const v6 = ask(ask(new Traffic(), ["fd00::53"], 40, 30, "fd00::20"), ["2a07:a8c0::1"], 25, 30, "fd00::20");
  assert.deepEqual(judge(v6).alerts.map(({ target, severity }) => [target, severity]), [["2a07:a8c0::1", 2]]);
  const inside = ask(ask(new Traffic(), [INSIDE], 40), ["10.9.0.2"], 25);
  assert.deepEqual(judge(inside).alerts.map(({ severity }) => severity), [3]);
});

Deno.test("a server outside that stays beside the one inside is good to know", () => {
  const { alerts } = judge(ask(ask(new Traffic(), [INSIDE], 40), [INSIDE, FAR], 130));
  assert.deepEqual(alerts.map(({ target, severity }) => [target, severity]), [[FAR, 3]]);
});

Deno.test("what is no change", () => {
  const resolver = new Traffic();
  for (let i = 0; i < 200; i++) ask(resolver, [`45.90.${i}.1`], 1);
  const looks = {
    "one answer short of a change": ask(ask(new Traffic(), [INSIDE], 40), [FAR], 19),
    "a few questions of a tool beside": ask(
      ask(ask(new Traffic(), [INSIDE], 40), [FAR], 30, 0.1),
      [INSIDE],
      40,
    ),
    "servers used in turn from the start": ask(new Traffic(), [INSIDE, FAR, "9.9.9.9"], 200),
    "a host not watched for long": ask(ask(new Traffic(), [INSIDE], 10, 1), [FAR], 60),
    "a server that resolves itself": resolver,
  };
  for (const [what, traffic] of Object.entries(looks)) assert.deepEqual(judge(traffic).alerts, [], what);
});

Deno.test("other servers in a lease of the same network, or from the same router, are told", () => {
  const lease = dhcp(dhcp(new Traffic(), { server: INSIDE }).wait(60), { server: INSIDE, dns: [OUTSIDE] });
  assert.deepEqual(judge(lease).alerts.map(({ message }) => message), [
    "The DHCP server 10.9.0.1 gives 198.18.53.53 as DNS server to 10.9.0.20, where it gave 10.9.0.1 before",
  ]);
  const router = { router: "fe80::1", mac: "3c5282000001", prefix: "2001:db8::" };
  const advertised = advertise(new Traffic(), { ...router, dns: ["2001:db8::53"] }).wait(100);
  advertise(advertised, { ...router, dns: ["2001:db8::53"] }).wait(100);
  assert.deepEqual(judge(advertised).alerts, []);
  advertise(advertised, { ...router, dns: ["2001:db8:6::66"] });
  assert.equal(judge(advertised).alerts.length, 1);
});
