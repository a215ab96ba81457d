/** Generated domains: bursts are found, and what only looks alike is not. */
import assert from "node:assert/strict";
import { looksGenerated } from "../../../detect/letters.ts";
import { dga } from "../../../detect/rules/dga.ts";
import { chance } from "../../support/chance.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const CLIENT = "10.0.0.9";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const WORDS = (
  "river stone garden window market yellow paper winter silver coffee bridge summer planet doctor music orange " +
  "forest kitchen travel butter letter simple mirror animal button castle dinner engine family ground"
).split(" ");
const word = (i: number) => WORDS[i % WORDS.length];

Deno.test("letters: words and names of firms are no chance; chance is", () => {
  const names =
    "wikipedia stackoverflow mastercard theguardian deutschebank carrefour volkswagen googleapis cloudflare";
  assert.deepEqual(names.split(" ").filter(looksGenerated), []);
  const draw = chance(1);
  const random = Array.from({ length: 200 }, () => draw(LETTERS, 12));
  assert(random.filter(looksGenerated).length > 180);
  const hex = Array.from({ length: 200 }, () => draw("0123456789abcdef", 16));
  assert(hex.filter(looksGenerated).length > 160);
});

Deno.test("a burst of generated names that do not exist is told soon, with samples", () => {
  const draw = chance(2);
  const traffic = new Traffic();
  for (let i = 0; i < 60; i++) {
    traffic.dns({ client: CLIENT, name: `${draw(LETTERS, 10 + i % 8)}.${["com", "net", "ru"][i % 3]}` }).wait(
      0.2,
    );
    if (i % 5 === 0) traffic.dns({ client: CLIENT, name: `www.${word(i)}.org`, rdata: [10, 1, 1, 1] });
  }
  const { alerts, told } = detect(traffic, [dga], { framesABatch: 1 });
  assert.equal(alerts.length, 1);
  assert.equal(alerts[0].source, CLIENT);
  assert.equal(alerts[0].evidence.failed_domains, 60);
  assert(told[0].packets < 40, `at packet ${told[0].packets}`);
  assert((alerts[0].evidence.names as string[]).length === 12);
});

Deno.test("a patient one, a name every ten minutes, is told too; over IPv6", () => {
  const draw = chance(3);
  const traffic = new Traffic();
  for (let i = 0; i < 60; i++) {
    traffic.dns({ client: "fd00::9", server: "fd00::53", name: `${draw(LETTERS, 14)}.info`, type: "AAAA" })
      .wait(600);
  }
  assert.equal(detect(traffic, [dga]).alerts.length, 1);
});

Deno.test("names made of words are told by their number, where most fails", () => {
  const traffic = new Traffic();
  for (let i = 0; i < 90; i++) {
    traffic.dns({ client: CLIENT, name: `${word(i)}${word(i * 7 + 3)}${i}.net` }).wait(0.5);
  }
  assert.equal(detect(traffic, [dga]).alerts.length, 1);
});

Deno.test("just too few", () => {
  const draw = chance(4);
  const traffic = new Traffic();
  for (let i = 0; i < 6; i++) traffic.dns({ client: CLIENT, name: `${draw(LETTERS, 14)}.com` }).wait(1);
  assert.equal(detect(traffic, [dga]).told.length, 0);
});

type Talk = (traffic: Traffic, draw: (alphabet: string, n: number) => string, i: number) => void;
const BENIGN: Record<string, Talk> = {
  "a search list": (traffic, draw, i) => {
    for (const suffix of ["corp.example", "example.com", "lan"]) {
      traffic.dns({ client: CLIENT, name: `${draw(LETTERS, 10)}${i}.${suffix}` });
    }
  },
  "a browser's probes of one label": (traffic, draw) =>
    traffic.dns({ client: CLIENT, name: draw(LETTERS, 12) }),
  "one dead domain, again and again": (traffic) =>
    traffic.dns({ client: CLIENT, name: "xkqzvwptrmbh.example" }),
  "block lists": (traffic, _draw, i) => traffic.dns({ client: CLIENT, name: `${i}.3.2.10.zen.spamhaus.org` }),
  "reverse look-ups": (traffic, _draw, i) => {
    traffic.dns({ client: CLIENT, name: `${i % 256}.3.2.10.in-addr.arpa`, type: "PTR" });
  },
  "a tunnel under one domain": (traffic, draw) => {
    traffic.dns({ client: CLIENT, name: `${draw(LETTERS, 40)}.evil.example` });
  },
  "machines of a private network": (traffic, draw) => {
    traffic.dns({ client: CLIENT, name: `${draw("0123456789abcdef", 12)}.lan` });
  },
  "a mail server that checks senders": (traffic, draw) => {
    traffic.dns({ client: CLIENT, name: `${draw(LETTERS, 12)}.com`, type: "MX" });
  },
  "a blocker that denies advertisers": (traffic, _draw, i) => {
    traffic.dns({ client: CLIENT, name: `ads.${word(i)}metrics${i % 40}.com` });
    for (let k = 0; k < 3; k++) {
      traffic.dns({ client: CLIENT, name: `www.${word(i + k)}${word(3 * i + k)}.org`, rdata: [10, 1, 1, 1] });
    }
  },
};

for (const [name, talk] of Object.entries(BENIGN)) {
  Deno.test(`quiet: ${name}`, () => {
    const draw = chance(5);
    const traffic = new Traffic();
    for (let i = 0; i < 200; i++) {
      talk(traffic, draw, i);
      traffic.wait(0.5);
    }
    assert.deepEqual(detect(traffic, [dga]).told.map(({ message }) => message), []);
  });
}

Deno.test("a resolver that asks on is not told of", () => {
  const draw = chance(6);
  const traffic = new Traffic();
  for (let i = 0; i < 40; i++) {
    const name = `${draw(LETTERS, 14)}.com`;
    traffic.dns({ client: CLIENT, server: "10.0.0.53", name });
    traffic.dns({ client: "10.0.0.53", server: "192.0.2.53", name }).wait(1);
  }
  assert.deepEqual(detect(traffic, [dga]).alerts.map(({ source }) => source), [CLIENT]);
});

Deno.test("a flood of forged clients grows nothing, and hides nobody", () => {
  const draw = chance(7);
  const traffic = new Traffic();
  for (let i = 0; i < 10_000; i++) {
    traffic.dns({ client: `172.16.${i >> 8 & 255}.${i & 255}`, name: `${draw(LETTERS, 14)}.com` });
    if (i % 200 === 0) traffic.dns({ client: CLIENT, name: `${draw(LETTERS, 14)}.com` });
  }
  const { alerts, counters } = detect(traffic, [dga]);
  assert.deepEqual(alerts.map(({ source }) => source), [CLIENT]);
  const { entries, capacity, evicted } = counters.rules.dga;
  assert(entries <= capacity && evicted > 0);
});

Deno.test("words put together: forty that do not exist are told, where hardly anything is found", () => {
  const ask = (count: number, found: number) => {
    const traffic = new Traffic();
    for (let i = 0; i < count; i++) {
      traffic.dns({ client: CLIENT, name: `${word(i)}${word(i + 5)}${word(i / 30 | 0)}.com` }).wait(0.3);
      if (i < found) traffic.dns({ client: CLIENT, name: `www.${word(i)}.org`, rdata: [10, 1, 1, 1] });
    }
    return detect(traffic, [dga]).alerts.length;
  };
  assert.equal(ask(46, 8), 1);
  assert.equal(ask(34, 8), 0);
  assert.equal(ask(46, 24), 0);
});
