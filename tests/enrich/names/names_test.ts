/** Look-ups against a name server on this machine: what is answered, kept, bounded, and said when it fails. */
import assert from "node:assert/strict";
import { DnsError } from "../../../enrich/names/dns_client.ts";
import { domainName, LookUpError, Names, type NamesOptions } from "../../../enrich/names/names.ts";
import { type Answer, DnsServer, type Question, wireAddress, wireName } from "../../support/dns_server.ts";
import { until } from "../../support/wait.ts";

const [A, CNAME, PTR, MX, AAAA] = [1, 5, 12, 15, 28];

/** A zone with one of everything. */
function zone({ name, type, overTcp }: Question): Answer | null {
  if (name === "example.org") {
    if (type === A) return { records: [{ type, data: wireAddress("198.41.0.4"), ttl: 600 }] };
    if (type === AAAA) return { records: [{ type, data: wireAddress("2a02:100::4") }] };
    if (type === MX) {
      return { records: [{ type, data: Uint8Array.of(0, 10, ...wireName("mail.example.org")) }] };
    }
    return {};
  }
  if (name === "www.example.org") {
    return { records: [{ type: CNAME, data: wireName("example.org") }] };
  }
  if (name === "4.0.41.198.in-addr.arpa" && type === PTR) {
    return { records: [{ type, data: wireName("a.root.test") }] };
  }
  if (name === "1.1.168.192.in-addr.arpa") return { records: [{ type, data: wireName("router.lan") }] };
  if (name === "long.example.org") {
    return { truncated: !overTcp, records: [{ type: A, data: wireAddress("198.41.0.9") }] };
  }
  if (name === "broken.example.org") return { rcode: 2 };
  if (name === "half.example.org") return type === A ? {} : { rcode: 2 };
  if (name === "silent.example.org") return null;
  return { rcode: 3 };
}

function namesOf(server: DnsServer, options: NamesOptions = {}): Names {
  return new Names({ servers: [{ address: "127.0.0.1", port: server.port }], tryMs: 300, ...options });
}

async function refusal(act: Promise<unknown>): Promise<LookUpError> {
  try {
    await act;
  } catch (error) {
    assert.ok(error instanceof LookUpError, String(error));
    return error;
  }
  assert.fail("it was answered");
}

Deno.test("a name is resolved to all that DNS has about it, and kept", async () => {
  await using server = await DnsServer.start(zone);
  const names = namesOf(server);
  const answer = await names.resolve("example.org");
  assert.deepEqual(
    answer.records.map(({ type, data, ttl }) => [type, data, ttl]),
    [["A", "198.41.0.4", 600], ["AAAA", "2a02:100::4", 300], ["MX", "10 mail.example.org", 300]],
  );
  assert.deepEqual([answer.rcode, answer.errors, answer.server, answer.cached], [
    "NOERROR",
    [],
    "127.0.0.1",
    false,
  ]);
  const asked = server.questions.length;
  assert.equal(asked, 8);
  const again = await names.resolve("example.org");
  assert.deepEqual([again.records, again.cached], [answer.records, true]);
  assert.equal(server.questions.length, asked, "nobody was asked");
  assert.equal((await names.resolve("www.example.org")).records[0].data, "example.org");
});

Deno.test("an address gives its names; a name that is not there is an answer, and kept too", async () => {
  await using server = await DnsServer.start(zone);
  let nowMs = 0;
  const names = namesOf(server, { clock: () => nowMs });
  assert.deepEqual((await names.resolve("198.41.0.4")).records.map(({ data }) => data), ["a.root.test"]);
  const none = await names.resolve("nothing.example.org");
  assert.deepEqual([none.rcode, none.records, none.errors], ["NXDOMAIN", [], []]);
  assert.equal(server.questions.length, 2, "one question is enough to know that there is nothing");
  nowMs += 59_000;
  await names.resolve("nothing.example.org");
  assert.equal(server.questions.length, 2);
  nowMs += 2_000;
  await names.resolve("nothing.example.org");
  assert.equal(server.questions.length, 3);
});

Deno.test("an answer that does not fit is asked for over TCP", async () => {
  await using server = await DnsServer.start(zone);
  const answer = await namesOf(server).resolve("long.example.org");
  assert.equal(answer.records[0].data, "198.41.0.9");
  assert.ok(server.questions.some(({ overTcp }) => overTcp));
});

Deno.test("failures say what failed, and are remembered for a while", async () => {
  await using server = await DnsServer.start(zone);
  const names = namesOf(server);
  const broken = await refusal(names.resolve("broken.example.org"));
  assert.deepEqual([broken.code, /SERVFAIL/.test(broken.message)], ["failed", true]);
  const silent = await refusal(names.resolve("silent.example.org"));
  assert.equal(silent.code, "timeout");
  const asked = server.questions.length;
  await refusal(names.resolve("silent.example.org"));
  assert.equal(server.questions.length, asked, "not asked again at once");
  const half = await names.resolve("half.example.org");
  assert.deepEqual([half.rcode, half.errors.length, half.errors[0]], ["NOERROR", 7, {
    type: "AAAA",
    error: "SERVFAIL",
  }]);
  assert.equal((await refusal(new Names({ servers: [] }).resolve("example.org"))).code, "no-server");
  assert.equal(names.counters().failed, 1);
});

Deno.test("the next server is asked when one is silent or fails, and strangers' answers count for nothing", async () => {
  const forged = (question: Question): Answer => {
    void question;
    return { raw: Uint8Array.of(0, 1, 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1) };
  };
  await using silent = await DnsServer.start(() => null);
  await using broken = await DnsServer.start(() => ({ rcode: 2 }));
  await using liar = await DnsServer.start(forged);
  await using good = await DnsServer.start(zone);
  const servers = [silent, broken, liar, good].map(({ port }) => ({ address: "127.0.0.1", port }));
  const answer = await new Names({ servers, tryMs: 100 }).resolve("198.41.0.4");
  assert.equal(answer.records[0].data, "a.root.test");
});

Deno.test("questions are bounded: eight at once, 512 waiting, one and the same only once", async () => {
  let most = 0;
  let open = 0;
  let release = () => {};
  const hold = new Promise<void>((resolve) => release = resolve);
  await using server = await DnsServer.start(async () => {
    most = Math.max(most, ++open);
    await hold;
    open--;
    return { rcode: 3 };
  });
  const names = namesOf(server, { tryMs: 20_000 });
  const same = [names.resolve("198.41.0.4"), names.resolve("198.41.0.4")];
  const all = Array.from(
    { length: 600 },
    (_, i) => names.resolve(`host${i}.example.org`).catch((error) => error),
  );
  await until("eight questions", () => open === 8);
  const { running, waiting, refused } = names.counters();
  assert.deepEqual([running, waiting, refused], [8, 512, 600 + 1 - 8 - 512]);
  release();
  const results = await Promise.all(all);
  assert.equal(
    results.filter((result) => result instanceof LookUpError && result.code === "busy").length,
    refused,
  );
  await Promise.all(same);
  assert.equal(most, 8);
  assert.deepEqual([names.counters().running, names.counters().waiting], [0, 0]);
});

Deno.test("names of addresses seen are looked up only where that is on, and never of what is no host's", async () => {
  await using server = await DnsServer.start(zone);
  const off = namesOf(server);
  assert.equal(off.nameOf("198.41.0.4"), "");
  const on = namesOf(server, { reverseDns: true });
  for (
    const address of ["127.0.0.1", "224.0.0.251", "255.255.255.255", "203.0.113.1", "fe80::1", "::", "no"]
  ) {
    assert.equal(on.nameOf(address), "");
  }
  assert.equal(on.nameOf("198.41.0.4"), "", "not known yet");
  await until(
    "the names",
    () => on.nameOf("198.41.0.4") === "a.root.test" && on.nameOf("192.168.1.1") === "router.lan",
  );
  assert.equal(on.nameOf("::ffff:198.41.0.4"), "a.root.test");
  assert.deepEqual(server.questions.map(({ name }) => name).sort(), [
    "1.1.168.192.in-addr.arpa",
    "4.0.41.198.in-addr.arpa",
  ]);
});

Deno.test("domain names are made into the letters that DNS has, or refused", () => {
  for (
    const [text, name] of [
      ["Example.ORG.", "example.org"],
      [" münchen.example ", "xn--mnchen-3ya.example"],
      ["_dmarc.example.org", "_dmarc.example.org"],
      ["localhost", "localhost"],
      ["a b", null],
      ["-a.org", null],
      ["a..org", null],
      [".", null],
      ["", null],
      ["a/b", null],
      [`${"a".repeat(64)}.org`, null],
      ["a.".repeat(127), "a.".repeat(127).slice(0, -1)],
      [`${"a.".repeat(127)}aa`, null],
    ] as const
  ) assert.equal(domainName(text), name, text);
  assert.equal(new DnsError("timeout", "x").code, "timeout");
});
