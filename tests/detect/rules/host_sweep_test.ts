/** Sweeps by all means, and what looks like them. */
import assert from "node:assert/strict";
import { hostSweep } from "../../../detect/rules/host_sweep.ts";
import { portScan } from "../../../detect/rules/port_scan.ts";
import { synFlood } from "../../../detect/rules/syn_flood.ts";
import { PROTOCOL } from "../../support/packets.ts";
import { hex } from "../../support/packets.ts";
import { type Alert, detect, Traffic, type Verdict } from "../../support/traffic.ts";

const SPECS = [portScan, hostSweep, synFlood];
const A = "10.0.0.9";
const MAC = "0200000000a9";

/** Time goes on for a while after it. */
function judge(traffic: Traffic): Verdict {
  for (let i = 0; i < 12; i++) traffic.wait(0.5).ping("10.0.0.3", "10.0.0.4");
  return detect(traffic, SPECS, { framesABatch: 10 });
}

function only(verdict: Verdict, source = A): Alert {
  assert.deepEqual(verdict.alerts.map(({ kind, source }) => `${kind} ${source}`), [`host_sweep ${source}`]);
  return verdict.alerts[0];
}

function attempts(alert: Alert): number {
  return (alert.evidence.by as { attempts_until_conviction: number }[])[0].attempts_until_conviction;
}

function sweep(count: number, each: (traffic: Traffic, host: number) => void): Traffic {
  const traffic = new Traffic();
  for (let host = 1; host <= count; host++) each(traffic, host);
  return traffic;
}

const near = (host: number) => `203.0.113.${host}`;
/** No two in one network. */
const far = (host: number) => `${20 + host % 150}.${host * 7 % 256}.${host * 13 % 256}.10`;

Deno.test("host_sweep: five neighbours silent on one port convict, four do not", () => {
  const make = (count: number) =>
    sweep(
      count,
      (traffic, host) => traffic.tcp({ client: A, server: near(host), port: 445, outcome: "silent" }),
    );
  assert.deepEqual(judge(make(4)).alerts, []);
  assert.equal(attempts(only(judge(make(5)))), 5);
  const alert = only(judge(make(200)));
  assert.equal(alert.count, 200);
  assert.equal(alert.targetPort, 445);
  assert.match(
    alert.message,
    /tried 200 hosts in 203\.0\.113\.0\/24 on TCP port 445 \(SYN\) within .*: 0 answered/,
  );
});

Deno.test("host_sweep: open ports of a SYN sweep convict as closed ones do", () => {
  const outcomes = ["half", "refused", "silent"] as const;
  const traffic = sweep(30, (traffic, host) => {
    traffic.tcp({ client: A, server: near(host), port: 22, outcome: outcomes[host % 3] });
  });
  assert(attempts(only(judge(traffic))) <= 6);
});

/** fe80::9 asks for the neighbour whose address ends in `host`. */
function solicit(traffic: Traffic, host: number): void {
  const target = `ff02::1:ff00:${host.toString(16)}`;
  const message = hex("8700 0000 00000000 fe80000000000000 0000000000000001");
  traffic.ip("fe80::9", target, PROTOCOL.icmpv6, message);
  traffic.wait(0.02);
}

Deno.test("host_sweep: pings, UDP, IPv6, ARP, neighbour solicitations", () => {
  assert.equal(attempts(only(judge(sweep(20, (traffic, host) => traffic.ping(A, near(host), false))))), 5);
  const udp = sweep(30, (traffic, host) => traffic.udp({ client: A, server: near(host), port: 161 }));
  assert.equal(attempts(only(judge(udp))), 9);
  const v6 = sweep(20, (traffic, host) => traffic.ping("2001:db8::9", `2001:db8:1::${host}`, false));
  assert.equal(attempts(only(judge(v6), "2001:db8::9")), 5);
  const arp = sweep(60, (traffic, host) => {
    const target = `10.0.0.${host}`;
    traffic.arp({ sender: A, senderMac: MAC, target }).wait(0.01);
    if (host === 1) traffic.arp({ sender: target, senderMac: "020000000001", target: A, targetMac: MAC });
  });
  assert(attempts(only(judge(arp))) <= 14);
  only(judge(sweep(60, solicit)), "fe80::9");
});

Deno.test("neighbours of IPv6 that are asked for in vain are as many targets", () => {
  const targets = new Set<number>();
  detect(sweep(20, solicit).wait(5).ping(A, A), [{
    ...hostSweep,
    create: () => ({
      contacts: (contacts) => contacts.forEach(({ serverFirst }) => targets.add(serverFirst)),
      state: { entries: 0, capacity: 0, evicted: 0 },
    }),
  }]);
  assert.equal(targets.size, 19); // the ninth is its own
});

Deno.test("host_sweep: ARP of which no answer can be heard takes many, and fast ones", () => {
  const make = (count: number, gap: number) =>
    sweep(
      count,
      (traffic, host) => traffic.arp({ sender: A, senderMac: MAC, target: `10.0.0.${host}` }).wait(gap),
    );
  only(judge(make(60, 0.01)));
  assert.deepEqual(judge(make(20, 0.01)).alerts, []);
  assert.deepEqual(judge(make(200, 5)).alerts, [], "a router that looks for its clients");
});

Deno.test("not a sweep: a router asks for hosts that somebody behind it sweeps", () => {
  const traffic = sweep(100, (traffic, host) => {
    const target = `10.0.0.${host}`;
    traffic.tcp({ client: "198.51.100.7", server: target, port: 23, outcome: "silent" });
    traffic.arp({ sender: "10.0.0.254", senderMac: MAC, target });
  });
  only(judge(traffic), "198.51.100.7");
});

Deno.test("not a sweep: a host under a flood asks for each forged neighbour", () => {
  const traffic = sweep(100, (traffic, host) => {
    traffic.tcp({ client: `10.0.0.${host}`, server: "10.0.0.254", port: 80, outcome: "silent" });
    traffic.arp({ sender: "10.0.0.254", senderMac: MAC, target: `10.0.0.${host}` });
  });
  assert.deepEqual(judge(traffic).alerts, []);
});

Deno.test("not a sweep: file sharing on one port with half of the peers dead, all over the world", () => {
  const traffic = sweep(140, (traffic, host) => {
    const talk = { client: A, server: far(host), port: 6881 };
    traffic.tcp({ ...talk, ...(host % 2 === 0 ? { outcome: "silent" } : { turns: ["x", "y"] }) });
  });
  assert.deepEqual(judge(traffic).alerts, []);
});

Deno.test("not a sweep: a laptop that wakes without a network; but it is one when it goes on", () => {
  const call = (traffic: Traffic, host: number) => {
    traffic.tcp({ client: A, server: far(host), port: 443, outcome: "silent" });
  };
  assert.deepEqual(judge(sweep(40, call)).alerts, []);
  only(judge(sweep(80, call)));
});

Deno.test("host_sweep: scattered targets convict whom the network is there for", () => {
  const traffic = sweep(40, (traffic, host) => {
    traffic.tcp({ client: A, server: far(host), port: 23, outcome: "silent" });
    if (host % 8 === 1) traffic.tcp({ client: A, server: "8.8.4.4", port: 53, turns: ["x", "y"] });
  });
  assert(attempts(only(judge(traffic))) <= 16);
});

Deno.test("not a sweep: servers whose names were looked up", () => {
  const traffic = sweep(60, (traffic, host) => {
    const rdata = near(host).split(".").map(Number);
    traffic.dns({ client: A, name: `a${host}.example`, rdata });
    traffic.tcp({ client: A, server: near(host), port: 443, outcome: "silent" });
  });
  assert.deepEqual(judge(traffic).alerts, []);
});

Deno.test("not a sweep: monitoring of a network with a tenth down", () => {
  const traffic = sweep(100, (traffic, host) => {
    traffic.ping(A, near(host), host % 10 !== 3);
    const talk = { client: A, server: near(host), port: 443 };
    traffic.tcp({ ...talk, ...(host % 10 === 3 ? { outcome: "silent" } : { turns: ["x", "y"] }) });
  });
  assert.deepEqual(judge(traffic).alerts, []);
});

Deno.test("not a sweep: a monitor that checks a network at once, its dead hosts first, and again a minute later", () => {
  const checks = (dead: number, each: (traffic: Traffic, host: number, isUp: boolean) => void) => {
    const all = new Traffic();
    for (let round = 0; round < 3; round++) {
      for (let host = 1; host <= 60; host++) {
        const one = new Traffic();
        one.now = round * 60 + host * 0.005;
        each(one, host, host > dead);
        all.frames.push(...one.frames);
      }
    }
    all.frames.sort((a, b) => a.atUs! - b.atUs!);
    all.now = 200;
    return all;
  };
  const ssh = (traffic: Traffic, host: number, isUp: boolean) =>
    traffic.tcp({
      ...{ client: A, server: near(host), port: 22 },
      ...(isUp ? { turns: ["", "SSH-2.0"] } : { outcome: "silent" as const }),
    });
  const echo = (traffic: Traffic, host: number, isUp: boolean) => traffic.ping(A, near(host), isUp);
  const agent = (traffic: Traffic, host: number, isUp: boolean) =>
    traffic.udp({ client: A, server: near(host), port: 10_050, ...(isUp ? { answer: hex("31") } : {}) });
  assert.deepEqual(judge(checks(10, ssh)).alerts, []);
  assert.deepEqual(judge(checks(10, echo)).alerts, []);
  assert.deepEqual(judge(checks(14, agent)).alerts, []);
  // Without the others it is one.
  assert.equal(only(judge(checks(60, ssh))).count, 60);
  assert.match(only(judge(checks(50, ssh))).message, /tried 60 hosts .*: 10 answered$/);
});

Deno.test("host_sweep: a quick sweep by ping is convicted as soon, whoever answers meanwhile", () => {
  const traffic = new Traffic();
  for (let host = 1; host <= 200; host++) {
    traffic.now = host * 0.006;
    traffic.ping(A, near(host), host % 10 === 5);
  }
  const alert = only(judge(traffic));
  assert(attempts(alert) <= 6, `${attempts(alert)} attempts`);
  // Of those that answered before the first failed, fifteen are known.
  assert.match(alert.message, /tried 195 hosts .*: 15 answered$/);
});

Deno.test("not a sweep: who waits for a service to come up, in one new container after the other", () => {
  const jobs = (comesUp: boolean) => {
    const traffic = new Traffic();
    for (let job = 0; job < 25; job++) {
      for (let second = 0; second < 5; second++) {
        traffic.now = job * 30 + second;
        const talk = { client: A, server: `172.17.0.${2 + job}`, port: 5432 };
        if (comesUp && second >= 3) traffic.tcp({ ...talk, turns: ["x", "y"] });
        else traffic.tcp({ ...talk, outcome: "refused" });
      }
    }
    return traffic;
  };
  assert.deepEqual(judge(jobs(true)).alerts, []);
  assert.equal(only(judge(jobs(false))).count, 25);
});

Deno.test("host_sweep: what answered after all is told as answered", () => {
  const traffic = sweep(20, (traffic, host) => {
    traffic.tcp({ client: A, server: near(host), port: 22, outcome: "refused" });
  });
  for (const host of [3, 7]) traffic.tcp({ client: A, server: near(host), port: 22, turns: ["x", "y"] });
  const alert = only(judge(traffic));
  assert.match(alert.message, /tried 20 hosts .*: 2 answered$/);
  assert.deepEqual(
    (alert.evidence.by as Record<string, number>[]).map(({ answered, refused }) => [answered, refused]),
    [[2, 18]],
  );
});

Deno.test("host_sweep: a few ports of many hosts are one sweep and no port scan", () => {
  const traffic = sweep(60, (traffic, host) => {
    for (const port of [22, 23, 80, 443, 445, 3389, 8080]) {
      traffic.tcp({ client: A, server: near(host), port, outcome: "silent", stepS: 0.0001 });
    }
  });
  const alert = only(judge(traffic));
  assert.equal((alert.evidence.by as unknown[]).length, 7);
});

Deno.test("host_sweep: connections without a word are no success, though half the network answers at once", () => {
  const sweepOf = (turns: string[]) => {
    const traffic = new Traffic();
    const waits: Traffic[] = [];
    for (let host = 1; host <= 60; host++) {
      const one = new Traffic();
      one.now = host * 0.01;
      if (host % 2 === 0) one.tcp({ client: A, server: near(host), port: 80, outcome: "refused" });
      else if (turns.length > 0) one.tcp({ client: A, server: near(host), port: 80, turns });
      else one.tcp({ client: A, server: near(host), port: 80, clientPort: 5_000 + host, end: "reset" });
      waits.push(one);
    }
    for (const one of waits) traffic.with(one);
    traffic.now = 1;
    return traffic;
  };
  assert.equal(only(judge(sweepOf([]))).count > 20, true);
  assert.deepEqual(judge(sweepOf(["GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"])).alerts, []);
});

Deno.test("host_sweep: a host that answers on several ports has answered once", () => {
  const traffic = new Traffic();
  for (let host = 1; host <= 40; host++) {
    for (const port of [22, 80, 443, 445]) {
      const outcome = host % 8 === 0 ? "half" : "silent";
      traffic.tcp({ client: A, server: near(host), port, outcome, stepS: 0.0005 });
    }
  }
  const alert = only(judge(traffic));
  assert.match(alert.message, /tried 40 hosts .*: 5 answered$/);
  assert.deepEqual([alert.evidence.hosts_tried, alert.evidence.hosts_answered], [40, 5]);
});

Deno.test("host_sweep: hosts whose port was open are told as such", () => {
  const alert = only(judge(sweep(20, (traffic, host) => {
    traffic.tcp({ client: A, server: near(host), port: 22, outcome: host % 2 === 0 ? "half" : "silent" });
  })));
  assert.match(alert.message, /: 10 answered$/);
});
