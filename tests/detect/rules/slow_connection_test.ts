/** Latency and loss against the past of the same two hosts. */
import assert from "node:assert/strict";
import { slowConnection } from "../../../detect/rules/slow_connection.ts";
import { parseUsualFile, usualFile } from "../../../model/usual.ts";
import { PROTOCOL, TCP, tcp } from "../../support/packets.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const CLIENT = "192.168.1.20";
const SERVER = "198.51.100.7";

/** Connections whose handshakes take `rttS(i)`, each ten seconds after the last. */
function handshakes(count: number, rttS: (i: number) => number, client = CLIENT, server = SERVER): Traffic {
  const traffic = new Traffic();
  for (let i = 0; i < count; i++) {
    traffic.tcp({ client, server, port: 443, stepS: rttS(i) / 2 }).wait(10);
  }
  return traffic;
}

const ordinary = (i: number) => 0.02 * (1 + (i * 7 % 10) / 20);

Deno.test("handshakes that take ten times as long are told at the fifth, until they are quick again", () => {
  const traffic = handshakes(60, (i) => i >= 40 && i < 50 ? 0.3 : ordinary(i));
  const { told, alerts } = detect(traffic, [slowConnection]);
  assert.equal(alerts.length, 1);
  const [alert] = alerts;
  assert.deepEqual([alert.source, alert.target, alert.severity, alert.count], [CLIENT, SERVER, 3, 6]);
  assert.match(
    alert.message,
    /^198\.51\.100\.7:443 takes 300 ms to answer for 192\.168\.1\.20, usually 2\d ms, since/,
  );
  assert.equal(told[0].count, 1);
  assert(alert.first > 40 * 10 && alert.first < 43 * 10.1, `${alert.first}`);
});

Deno.test("IPv6 as well", () => {
  const traffic = handshakes(50, (i) => i >= 40 ? 0.3 : ordinary(i), "fd00::1", "2001:db8:7::1");
  assert.equal(detect(traffic, [slowConnection]).alerts.length, 1);
});

Deno.test("four slow ones, slow ones now and then, three times as slow, or slow from the start are not told", () => {
  const cases: Record<string, (i: number) => number> = {
    four: (i) => i >= 40 && i < 44 ? 0.3 : ordinary(i),
    "now and then": (i) => i % 3 === 0 ? 0.5 : ordinary(i),
    "three times": (i) => i >= 40 ? 0.07 : ordinary(i),
    "slow from the start": () => 0.7,
    "microseconds of a LAN": (i) => i >= 40 ? 0.005 : 0.0002,
  };
  for (const [name, rttS] of Object.entries(cases)) {
    assert.deepEqual(detect(handshakes(60, rttS), [slowConnection]).told, [], name);
  }
});

Deno.test("a burst of slow ones within seconds is not told", () => {
  const traffic = handshakes(40, ordinary);
  for (let i = 0; i < 10; i++) traffic.tcp({ client: CLIENT, server: SERVER, port: 443, stepS: 0.3 });
  assert.deepEqual(detect(traffic, [slowConnection]).told, []);
});

/** 60 segments of data each 12 s, of which `again` are sent twice. */
function talks(count: number, again: (i: number) => number): Traffic {
  const traffic = new Traffic();
  for (let i = 0; i < count; i++) {
    const clientPort = 30_000 + i;
    traffic.tcp({ client: CLIENT, server: SERVER, port: 443, clientPort, keepOpen: true });
    const ends = { src: CLIENT, dst: SERVER, srcPort: clientPort, dstPort: 443, ack: 5001, flags: TCP.ack };
    const back = { src: SERVER, dst: CLIENT, srcPort: 443, dstPort: clientPort, seq: 5001, flags: TCP.ack };
    for (let k = 0; k < 60; k++) {
      const segment = tcp({ ...ends, seq: 1001 + 100 * k }, new Uint8Array(100));
      traffic.ip(CLIENT, SERVER, PROTOCOL.tcp, segment);
      if (k < again(i)) traffic.wait(0.3).ip(CLIENT, SERVER, PROTOCOL.tcp, segment);
      traffic.wait(0.01).ip(SERVER, CLIENT, PROTOCOL.tcp, tcp({ ...back, ack: 1001 + 100 * (k + 1) }));
      traffic.wait(0.01);
    }
    traffic.tcp({ client: CLIENT, server: "198.51.100.9", port: 443 }).wait(10);
  }
  return traffic;
}

Deno.test("loss far above the usual is told", () => {
  const alertsOf = (traffic: Traffic) => detect(traffic, [slowConnection]).alerts;
  const alerts = alertsOf(talks(40, (i) => i < 30 ? 0 : 15));
  assert.equal(alerts.length, 1);
  assert.match(
    alerts[0].message,
    /^198\.51\.100\.7:443 loses 1\d(?:\.\d)? % of segments for 192\.168\.1\.20, usually 0 %/,
  );
  assert.deepEqual(alertsOf(talks(40, (i) => i < 30 ? 0 : 2)), []);
});

Deno.test("many pairs do not push out those with a past", () => {
  const traffic = handshakes(40, ordinary);
  const flood = new Traffic();
  for (let i = 0; i < 12_000; i++) {
    flood.tcp({
      client: `10.${i >> 16}.${i >> 8 & 255}.${i & 255}`,
      server: SERVER,
      port: 443,
      outcome: "open",
    });
  }
  const after = handshakes(10, () => 0.4);
  for (const [part, shift] of [[flood, traffic.now], [after, traffic.now + flood.now]] as const) {
    for (const frame of part.frames) {
      traffic.frames.push({ ...frame, atUs: frame.atUs! + Math.round(shift * 1e6) });
    }
  }
  const { alerts, counters } = detect(traffic, [slowConnection]);
  assert.equal(alerts.length, 1);
  const { entries, capacity, evicted } = counters.rules.slow_connection;
  assert(entries <= capacity && evicted > 3_000);
});

/** What a run says that begins with what another has kept, as a file holds it. */
function afterRestart(before: Traffic, after: Traffic) {
  const { usual } = detect(before, [slowConnection]);
  const remembered = parseUsualFile(JSON.parse(JSON.stringify(usualFile(usual))));
  return { ...detect(after, [slowConnection], { remembered }), next: usual };
}

Deno.test("what was usual is so after a restart: the fifth slow handshake is told, and loss", () => {
  const slow = handshakes(10, () => 0.3);
  assert.deepEqual(detect(slow, [slowConnection]).told, [], "without a past");
  const { told, next, alerts } = afterRestart(handshakes(60, ordinary), slow);
  const [[key, [latencies]]] = next.slow_connection.measures!;
  assert.deepEqual([key, latencies], [`${CLIENT} ${SERVER}`, 55], "all but the last five, which are now");
  assert.equal(told[0].count, 1);
  assert.match(alerts[0].message, /takes 300 ms to answer for 192\.168\.1\.20, usually 2\d ms/);
  assert.equal(alerts[0].evidence.handshakes_compared, 55);
  assert.deepEqual(afterRestart(handshakes(60, ordinary), handshakes(10, () => 0.07)).told, []);
  assert.deepEqual(afterRestart(handshakes(9, ordinary), slow).told, [], "too short a past");
  const lossy = afterRestart(talks(30, () => 0), talks(10, () => 15));
  assert.match(lossy.alerts[0].message, /loses 1\d(?:\.\d)? % of segments for 192\.168\.1\.20, usually 0 %/);
});

Deno.test("a past goes on over several restarts, and of many pairs those seen last are kept", () => {
  const first = detect(handshakes(60, ordinary), [slowConnection]).usual;
  const second = detect(handshakes(3, ordinary), [slowConnection], { remembered: first }).usual;
  assert.equal(second.slow_connection.measures![0][1][0], 55, "three are no more than now");
  const other = handshakes(30, ordinary, CLIENT, "198.51.100.9");
  const third = detect(other, [slowConnection], { remembered: second }).usual;
  assert.deepEqual(third.slow_connection.measures!.map(([key]) => key), [
    `${CLIENT} ${SERVER}`,
    `${CLIENT} 198.51.100.9`,
  ]);
});
