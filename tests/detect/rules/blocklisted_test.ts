/** Traffic with what is on the user's lists. */
import assert from "node:assert/strict";
import { ListBuilder } from "../../../detect/blocklist/list_builder.ts";
import { blocklisted } from "../../../detect/rules/blocklisted.ts";
import { detect, Traffic, type Verdict } from "../../support/traffic.ts";

const HOST = "10.0.0.5";
const BAD = "45.90.8.77";
const LIST = "45.90.8.0/22\n45.91.0.1\n2a07:a8c0::/32\nbad.example\n10.0.0.66\n";

function judge(traffic: Traffic, text = LIST): Verdict {
  const builder = new ListBuilder();
  builder.text(text);
  return detect(traffic, [blocklisted], { blocklists: [builder.finish("mine").list] });
}

const words = ({ alerts }: Verdict) => alerts.map(({ severity, message }) => [severity, message]);

Deno.test("a connection outward that stands is of the first severity, with what went over it", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 3; i++) {
    traffic.tcp({ client: HOST, server: BAD, port: 443, turns: [100, 2000] }).wait(1);
  }
  const verdict = judge(traffic);
  const [{ source, target, targetPort, count, evidence, packets }] = verdict.alerts;
  assert.deepEqual([source, target, targetPort, count], [HOST, BAD, 443, 3]);
  assert.deepEqual([evidence.list, evidence.entry, evidence.established], ["mine", "45.90.8.0/22", 3]);
  assert.match(
    verdict.alerts[0].message,
    /^10\.0\.0\.5 talks to 45\.90\.8\.77:443 of 45\.90\.8\.0\/22, on the list "mine": 3 of 3 connections stood, 1\.11 kB out, 6\.65 kB in$/,
  );
  assert(packets > 0);
  assert.equal(verdict.told[0].severity, 1, "told when it stands, not before");
});

Deno.test("an attempt in vain is of the second, after the time an answer may take", () => {
  const traffic = new Traffic().tcp({ client: HOST, server: BAD, port: 443, outcome: "refused" });
  traffic.tcp({ client: HOST, server: "45.91.0.1", port: 8080, outcome: "silent" }).wait(5);
  traffic.ping(HOST, "10.0.0.1");
  assert.deepEqual(words(judge(traffic)), [
    [2, '10.0.0.5 tries to reach 45.90.8.77:443 of 45.90.8.0/22, on the list "mine", once, in vain'],
    [2, '10.0.0.5 tries to reach 45.91.0.1:8080, on the list "mine", once, in vain'],
  ]);
});

Deno.test("IPv6, and UDP that is answered", () => {
  const traffic = new Traffic().tcp({ client: "fd00::5", server: "2a07:a8c0::1", port: 443 });
  traffic.udp({ client: HOST, server: BAD, port: 5000, answer: new Uint8Array(9) });
  assert.deepEqual(words(judge(traffic)).map(([severity]) => severity), [1, 1]);
});

Deno.test("knocks from outside are one alert a host, of the third severity; who is let in is told by itself", () => {
  const traffic = new Traffic();
  for (let i = 1; i <= 100; i++) {
    traffic.tcp({ client: `45.90.9.${i}`, server: HOST, port: i, outcome: i % 2 ? "refused" : "silent" });
  }
  traffic.tcp({ client: BAD, server: HOST, port: 22, turns: ["SSH-2.0-x\r\n"] });
  const verdict = judge(traffic);
  assert.deepEqual(words(verdict).map(([severity]) => severity).sort(), [2, 3]);
  const knocks = verdict.alerts.find(({ severity }) => severity === 3)!;
  assert.equal(knocks.count, 100);
  assert.equal((knocks.evidence.addresses as string[]).length, 32);
  const [{ source, target }] = verdict.alerts.filter(({ severity }) => severity === 2);
  assert.deepEqual([source, target], [BAD, HOST]);
});

Deno.test("a question for a name is of the second severity, a connection to it of the first", () => {
  const traffic = new Traffic().dns({ client: HOST, name: "www.bad.example", rdata: [45, 99, 0, 1] }).wait(5);
  assert.deepEqual(words(judge(traffic)), [
    [2, '10.0.0.5 asks for bad.example, on the list "mine", once; no connection was seen'],
  ]);
  traffic.tcp({
    client: HOST,
    server: "45.99.0.1",
    port: 80,
    turns: [
      "GET / HTTP/1.1\r\nHost: www.bad.example:80\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
  });
  const verdict = judge(traffic);
  assert.deepEqual(words(verdict), [[1, '10.0.0.5 connects to bad.example, on the list "mine", 2 times']]);
  assert.deepEqual(verdict.alerts[0].evidence.names, ["DNS www.bad.example", "HTTP www.bad.example"]);
});

Deno.test("what is on no list, and private networks listed as bogons, are not told", () => {
  const traffic = new Traffic().tcp({ client: HOST, server: "45.90.12.1", port: 443, turns: [9, 9] });
  traffic.dns({ client: HOST, name: "good.example", rdata: [45, 99, 0, 1] });
  traffic.tcp({ client: HOST, server: "10.0.0.7", port: 443, turns: [9, 9] });
  assert.deepEqual(words(judge(traffic, `${LIST}10.0.0.0/8\n`)), []);
  assert.deepEqual(detect(traffic, [blocklisted]).alerts, []);
});

Deno.test("a host that talks to all of a list is a bounded number of alerts", () => {
  const traffic = new Traffic();
  let text = "";
  for (let i = 0; i < 3_000; i++) {
    const server = `45.${i >> 8}.${i & 255}.9`;
    text += `${server}\n`;
    traffic.tcp({ client: HOST, server, port: 443, outcome: "silent" });
  }
  const { alerts, counters } = judge(traffic, text);
  assert.equal(alerts.length, 65);
  assert.equal(alerts.reduce((sum, { count }) => sum + count, 0), 3_000);
  const { entries, capacity } = counters.rules.blocklisted;
  assert(entries <= capacity);
});
