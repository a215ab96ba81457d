/** Data in DNS names: found within seconds, found slow, and never found where names only look long. */
import assert from "node:assert/strict";
import { dnsTunnel } from "../../../detect/rules/dns_tunnel.ts";
import { detect, Traffic } from "../../support/traffic.ts";
import { chance } from "../../support/chance.ts";

const CLIENT = "10.0.0.9";
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const HEX = "0123456789abcdef";

Deno.test("data in names under one domain is told within seconds, and what it adds up to", () => {
  const draw = chance(1);
  const traffic = new Traffic();
  for (let i = 0; i < 60; i++) {
    traffic.dns({
      client: CLIENT,
      name: `${draw(BASE32, 56)}.${draw(BASE32, 40)}.t.evil.example`,
      type: "TXT",
    });
    traffic.wait(0.05);
  }
  const { alerts, told } = detect(traffic, [dnsTunnel], { framesABatch: 1 });
  assert.equal(alerts.length, 1);
  assert.equal(alerts[0].source, CLIENT);
  assert.equal(alerts[0].evidence.domain, "evil.example");
  assert.equal(alerts[0].evidence.distinct_names, 59); // the first one alone said nothing
  assert.deepEqual(alerts[0].evidence.record_types, { TXT: 59 });
  assert(told[0].packets <= 30, `told at packet ${told[0].packets}`);
  // 96 characters of five bits are 60 bytes; a few of each name are not counted.
  const bytes = alerts[0].evidence.bytes_up as number;
  assert(bytes > 60 * 45 && bytes < 60 * 62, `${bytes}`);
  assert.match(alerts[0].message, /^10\.0\.0\.9 carries data in DNS: 59 different names under evil\.example/);
});

Deno.test("a slow one, a name every twenty seconds, is told by its sum", () => {
  const draw = chance(2);
  const traffic = new Traffic();
  for (let i = 0; i < 150; i++) {
    traffic.dns({ client: CLIENT, name: `${draw(BASE32, 40)}.evil.example`, rdata: [10, 1, 1, 1] }).wait(20);
  }
  assert.equal(detect(traffic, [dnsTunnel]).alerts.length, 1);
});

Deno.test("just too little: seven names, or a few bytes each", () => {
  const draw = chance(3);
  const few = new Traffic();
  for (let i = 0; i < 7; i++) few.dns({ client: CLIENT, name: `${draw(BASE32, 60)}.evil.example` }).wait(1);
  assert.equal(detect(few, [dnsTunnel]).told.length, 0);
  const small = new Traffic();
  for (let i = 0; i < 300; i++) {
    small.dns({ client: CLIENT, name: `${draw(BASE32, 9)}.evil.example` }).wait(0.2);
  }
  assert.equal(detect(small, [dnsTunnel]).told.length, 0);
});

Deno.test("data in answers is told, though the names are short", () => {
  const draw = chance(4);
  const traffic = new Traffic();
  for (let i = 0; i < 12; i++) {
    const data = Array.from({ length: 200 }, (_, k) => (i * 37 + k * 91 + 128) & 255);
    traffic.dns({ client: CLIENT, name: `p${draw(BASE32, 6)}.t.evil.example`, type: "NULL", rdata: data })
      .wait(0.1);
  }
  const { alerts } = detect(traffic, [dnsTunnel]);
  assert.equal(alerts.length, 1);
  assert(Number(alerts[0].evidence.bytes_down) > 1500);
});

Deno.test("over IPv6 as well, and names that end in no domain", () => {
  const draw = chance(5);
  const traffic = new Traffic();
  for (let i = 0; i < 40; i++) {
    const name = `dnscat.${draw(HEX, 60)}.${draw(HEX, 38)}01`;
    traffic.dns({ client: "fd00::9", server: "fd00::53", name, type: "MX" }).wait(0.5);
  }
  const { alerts } = detect(traffic, [dnsTunnel]);
  assert.deepEqual(alerts.map(({ source, count }) => [source, count]), [["fd00::9", 39]]);
});

Deno.test("a resolver that passes the names on is not told of: who asked first is", () => {
  const draw = chance(6);
  const traffic = new Traffic();
  for (let i = 0; i < 60; i++) {
    const name = `${draw(BASE32, 56)}.evil.example`;
    traffic.dns({ client: CLIENT, server: "10.0.0.53", name, type: "TXT" });
    traffic.dns({ client: "10.0.0.53", server: "192.0.2.53", name, type: "TXT" }).wait(0.1);
  }
  assert.deepEqual(detect(traffic, [dnsTunnel]).alerts.map(({ source }) => source), [CLIENT]);
});

Deno.test("one tunnel under several addresses is told all the same", () => {
  const draw = chance(7);
  const traffic = new Traffic();
  for (let i = 0; i < 240; i++) {
    traffic.dns({ client: `10.0.0.${i % 6}`, name: `${draw(BASE32, 50)}.evil.example` }).wait(5);
  }
  assert(detect(traffic, [dnsTunnel]).alerts.length >= 1);
});

const BENIGN: Record<
  string,
  (traffic: Traffic, draw: (alphabet: string, n: number) => string, i: number) => void
> = {
  "block lists, with reversed addresses": (traffic, draw, i) => {
    const name = `${draw("123456789", 2)}.${i % 250}.${draw("123456789", 2)}.7.bl.reputation.example`;
    traffic.dns({
      client: CLIENT,
      name,
      type: i % 2 === 0 ? "A" : "TXT",
      rdata: [20, ...new Array(20).fill(0x78)],
    });
  },
  "reverse look-ups of IPv6": (traffic, draw) => {
    traffic.dns({ client: CLIENT, name: `${[...draw(HEX, 32)].join(".")}.ip6.arpa`, type: "PTR" });
  },
  "an anti-virus asking by a digest in the name": (traffic, draw, i) => {
    if (i < 100) {
      traffic.dns({
        client: CLIENT,
        name: `${draw(HEX, 32)}.files.antivirus.example`,
        rdata: [127, 0, 0, 4],
      });
    }
  },
  "one that asks by SHA-256, too long for a label": (traffic, draw, i) => {
    if (i >= 100) return;
    const [half, most] = [draw(HEX, 32), draw(HEX, 63)];
    traffic.dns({ client: CLIENT, name: `${most}.ask.guard.example` });
    traffic.dns({ client: CLIENT, name: `${half}.${draw(HEX, 32)}.rep.antivirus.example` });
    traffic.dns({ client: CLIENT, name: `${most}.${draw(HEX, 1)}.look.up.reputation.example` });
  },
  "a known one, as often as it likes": (traffic, draw) => {
    traffic.dns({ client: CLIENT, name: `${draw(BASE32, 60)}.avqs.mcafee.com`, rdata: [127, 0, 0, 4] });
  },
  "a content network's hosts": (traffic, draw) => {
    traffic.dns({
      client: CLIENT,
      name: `rr${draw("123", 1)}---sn-${draw(BASE32, 8)}.video.example`,
      rdata: [10, 1, 1, 1],
    });
  },
  "many sites of one host": (traffic, draw) => {
    traffic.dns({ client: CLIENT, name: `${draw(BASE32, 14)}.cloudfront.net`, rdata: [10, 1, 1, 1] });
  },
  "telemetry with one long label": (traffic) => {
    const name = "device-7f3a9c1e5b2d4860f1a3c5e7092b4d6f8a1c.events.telemetry.example";
    traffic.dns({ client: CLIENT, name, rdata: [10, 1, 1, 1] });
  },
  "a search list": (traffic, _draw, i) => {
    const words = ["news", "mail", "shop", "static", "images", "login", "docs", "video", "support", "status"];
    const site = `${words[i % 10]}.${words[i * 7 % 10]}${words[i * 3 % 10]}.org`;
    traffic.dns({ client: CLIENT, name: `${site}.corp.example` });
  },
  "directory services": (traffic, _draw, i) => {
    traffic.dns({ client: CLIENT, name: `_ldap._tcp.site-${i}._sites.dc._msdcs.corp.example`, type: "TXT" });
  },
};

for (const [name, talk] of Object.entries(BENIGN)) {
  Deno.test(`quiet: ${name}`, () => {
    const draw = chance(8);
    const traffic = new Traffic();
    for (let i = 0; i < 400; i++) {
      talk(traffic, draw, i);
      traffic.wait(0.4);
    }
    assert.deepEqual(detect(traffic, [dnsTunnel]).told.map(({ message }) => message), []);
  });
}

Deno.test("a flood of forged clients and domains grows nothing, and hides no tunnel", () => {
  const draw = chance(9);
  const traffic = new Traffic();
  for (let i = 0; i < 6_000; i++) {
    const client = `172.16.${i >> 8 & 255}.${i & 255}`;
    traffic.dns({ client, name: `${draw(BASE32, 40)}.${draw(BASE32, 12)}.com` });
    if (i % 100 === 0) traffic.dns({ client: CLIENT, name: `${draw(BASE32, 60)}.evil.example` });
  }
  const { alerts, counters } = detect(traffic, [dnsTunnel]);
  assert.deepEqual(alerts.map(({ source }) => source), [CLIENT]);
  const { entries, capacity } = counters.rules.dns_tunnel;
  assert(entries <= capacity && entries < 3_000, `${entries} of ${capacity}`);
});

Deno.test("short chunks, twenty bytes in base32 a second, are told: so long is no digest anybody asks for", () => {
  const draw = chance(11);
  for (const [letters, waitS, count] of [[32, 1, 40], [28, 1, 60], [30, 3, 70]]) {
    const traffic = new Traffic();
    for (let i = 0; i < count; i++) {
      traffic.dns({ client: CLIENT, name: `${draw(BASE32, letters)}.evil.example`, rdata: [10, 1, 1, 1] })
        .wait(waitS);
    }
    assert.equal(detect(traffic, [dnsTunnel]).alerts.length, 1, `${letters} letters`);
  }
});

Deno.test("a label that is a suffix of its own (data, app, cloud) makes no search list of a tunnel", () => {
  const draw = chance(12);
  for (const label of ["data", "app", "cloud", "dat1"]) {
    const traffic = new Traffic();
    for (let i = 0; i < 60; i++) {
      const name = `${i}.${draw(HEX, 62)}.${label}.evil.example`;
      traffic.dns({ client: CLIENT, name, rdata: [10, 1, 1, 1] }).wait(30);
    }
    assert.equal(detect(traffic, [dnsTunnel]).alerts.length, 1, label);
  }
});

Deno.test("a tunnel cut like a digest is told by its volume, and at once where its pieces differ", () => {
  const draw = chance(14);
  const talk = (cut: (i: number) => number[], count: number) => {
    const traffic = new Traffic();
    for (let i = 0; i < count; i++) {
      const name = `${cut(i).map((digits) => draw(HEX, digits)).join(".")}.evil.example`;
      traffic.dns({ client: CLIENT, name, rdata: [10, 1, 1, 1] }).wait(5);
    }
    return detect(traffic, [dnsTunnel]).alerts.length;
  };
  assert.equal(talk(() => [32, 32], 120), 0); // as an anti-virus asks
  assert.equal(talk(() => [32, 32], 400), 1);
  assert.equal(talk((i) => i % 2 === 0 ? [32, 32] : [48, 48], 60), 1);
  assert.equal(talk(() => [2, 62], 60), 1); // a counter and data, 64 digits by chance
  assert.equal(talk(() => [32, 32, 30], 60), 1); // data beside it
  assert.equal(talk(() => [63, 63], 60), 1); // two labels full
  assert.equal(talk(() => [62], 60), 1); // whole bytes
});

Deno.test("quiet: a search list after sites whose names are drawn by chance, where they are asked for as well", () => {
  const draw = chance(13);
  const talk = (isAlone: boolean) => {
    const traffic = new Traffic();
    for (let i = 0; i < 100; i++) {
      const site = `${draw(BASE32.slice(0, 26), 24)}.com`;
      if (isAlone) traffic.dns({ client: CLIENT, name: site });
      traffic.dns({ client: CLIENT, name: `${site}.corp.example` }).wait(1);
    }
    return detect(traffic, [dnsTunnel]).alerts.length;
  };
  assert.equal(talk(true), 0);
  assert.equal(talk(false), 1); // without it they are data
});
