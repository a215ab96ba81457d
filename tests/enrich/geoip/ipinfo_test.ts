/** ipinfo.io, played by a server on this machine that speaks its API: no packet leaves it. */
import assert from "node:assert/strict";
import { GeoIp } from "../../../enrich/geoip/geoip.ts";
import { Ipinfo, type IpinfoOptions, type IpinfoProblem } from "../../../enrich/geoip/ipinfo.ts";

const TOKEN = "tok3n-of-a-test";

interface Asked {
  path: string;
  addresses: string[];
  authorization: string | null;
}

/** A service on this machine; `answer` may say no in place of it. */
class Service implements AsyncDisposable {
  readonly asked: Asked[] = [];
  answer: (path: string) => Response | Promise<Response> | null = () => null;
  #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const body = await request.text();
    const addresses: string[] = pathname === "/batch" ? JSON.parse(body) : [pathname.replace("/lite/", "")];
    this.asked.push({ path: pathname, addresses, authorization: request.headers.get("authorization") });
    const special = await this.answer(pathname);
    if (special !== null) return special;
    if (pathname.startsWith("/lite/")) return Response.json(lite(addresses[0]));
    return Response.json(Object.fromEntries(addresses.map((ip) => [ip, place(ip)])));
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function place(ip: string): unknown {
  return ip.startsWith("20.1.") ? { ip, bogon: true } : {
    ip,
    city: "Amsterdam",
    region: "North Holland",
    country: "NL",
    loc: "52.3740,4.8897",
    org: "AS64500 Example Networks",
  };
}

function lite(ip: string): unknown {
  return { ip, asn: "AS64501", as_name: "Lite Networks", country: "Germany", country_code: "DE" };
}

/** One that is closed with its scope; `problems` are what it told. */
class Asker implements AsyncDisposable {
  readonly problems: (IpinfoProblem | null)[] = [];
  readonly ipinfo: Ipinfo;
  nowMs = Date.now();

  constructor(service: Service, options: Partial<IpinfoOptions> = {}) {
    this.ipinfo = new Ipinfo({
      token: TOKEN,
      path: "",
      onProblem: (problem) => this.problems.push(problem),
      baseUrl: service.url,
      liteUrl: `${service.url}/lite`,
      timeoutMs: 2_000,
      intervalMs: 20,
      clock: () => this.nowMs,
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ipinfo.close();
  }
}

Deno.test("addresses seen together are asked for together, once, with the token", async () => {
  await using service = new Service();
  await using asker = new Asker(service);
  const { ipinfo } = asker;
  const addresses = Array.from({ length: 30 }, (_, i) => `20.0.0.${i}`);
  for (const address of addresses) assert.equal(ipinfo.get(address), undefined);
  const found = await ipinfo.find("20.0.0.7");
  assert.deepEqual(found, {
    country: "NL",
    country_name: "Netherlands",
    region: "North Holland",
    city: "Amsterdam",
    latitude: 52.374,
    longitude: 4.8897,
    asn: 64500,
    organisation: "Example Networks",
  });
  for (const address of addresses) assert.equal(ipinfo.get(address)?.country, "NL");
  assert.equal(await ipinfo.find("20.1.0.1"), null, "the service does not know it");
  assert.equal(ipinfo.get("20.1.0.1"), null);
  assert.deepEqual(
    service.asked.map(({ path, addresses, authorization }) => [path, addresses, authorization]),
    [
      ["/batch", addresses, `Bearer ${TOKEN}`],
      ["/batch", ["20.1.0.1"], `Bearer ${TOKEN}`],
    ],
  );
  assert.deepEqual(asker.problems, [null, null]);
});

Deno.test("private and special addresses are never sent", async () => {
  await using service = new Service();
  await using asker = new Asker(service);
  const geoip = new GeoIp({ ipinfo: asker.ipinfo });
  geoip.use([]);
  const special = ["10.0.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "203.0.113.1"];
  special.push("224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fd00::1", "2001:db8::1", "::ffff:10.0.0.1");
  for (const address of special) {
    assert.equal((await geoip.find(address))?.place, null, address);
    assert.equal(geoip.placeOf(address), null);
  }
  assert.equal((await geoip.find("::ffff:20.0.0.1"))?.place?.city, "Amsterdam");
  assert.deepEqual((await geoip.find("20.0.0.1"))?.place?.source, ["ipinfo"]);
  assert.deepEqual(service.asked.map(({ addresses }) => addresses), [["20.0.0.1"]]);
});

Deno.test("a token of the Lite plan is told by a refusal, and works", async () => {
  await using service = new Service();
  service.answer = (path) => path === "/batch" ? new Response("no", { status: 403 }) : null;
  await using asker = new Asker(service);
  assert.deepEqual(await asker.ipinfo.find("20.0.0.1"), {
    country: "DE",
    country_name: "Germany",
    asn: 64501,
    organisation: "Lite Networks",
  });
  assert.equal((await asker.ipinfo.find("20.0.0.2"))?.country, "DE");
  assert.deepEqual(service.asked.map(({ path }) => path), ["/batch", "/lite/20.0.0.1", "/lite/20.0.0.2"]);
  assert.deepEqual(asker.problems, [null, null]);
});

Deno.test("a refused token ends all questions, is told once, and is in no message", async () => {
  await using service = new Service();
  service.answer = () => new Response("no", { status: 401 });
  await using asker = new Asker(service);
  assert.equal(await asker.ipinfo.find("20.0.0.1"), null);
  for (let i = 0; i < 10; i++) assert.equal(await asker.ipinfo.find(`20.0.1.${i}`), undefined);
  asker.nowMs += 86_400_000 * 365;
  assert.equal(await asker.ipinfo.find("20.0.0.1"), undefined);
  assert.equal(service.asked.length, 1);
  assert.equal(asker.problems.length, 1);
  assert.match(asker.problems[0]!.message, /refused the token \(status 401\)/);
  assert.ok(!JSON.stringify(asker.problems).includes(TOKEN));
});

Deno.test("failures pause the questions, longer each time, and are told once each; then it goes on", async () => {
  await using service = new Service();
  await using asker = new Asker(service, { pauseMs: 1_000 });
  service.answer = () => new Response("oh", { status: 500 });
  for (const pause of [1_000, 2_000, 4_000]) {
    assert.equal(await asker.ipinfo.find("20.0.0.1"), null);
    assert.equal(asker.ipinfo.counters().paused_until, asker.nowMs + pause);
    assert.equal(await asker.ipinfo.find("20.0.0.2"), undefined, "nothing is asked in a pause");
    asker.nowMs += pause;
  }
  assert.equal(service.asked.length, 3);
  assert.equal(asker.problems.length, 3);
  assert.match(asker.problems[0]!.message, /status 500/);
  service.answer = () => null;
  assert.equal((await asker.ipinfo.find("20.0.0.1"))?.country, "NL");
  assert.deepEqual([asker.problems.at(-1), asker.ipinfo.counters().paused_until], [null, 0]);
  assert.equal(asker.ipinfo.counters().failed, 3);

  service.answer = () => new Response("slowly", { status: 429 });
  assert.equal(await asker.ipinfo.find("20.0.0.3"), null);
  assert.match(asker.problems.at(-1)!.message, /used up \(status 429\)/);
  assert.equal(asker.ipinfo.counters().paused_until, asker.nowMs + 3_600_000);
});

Deno.test("no answer in time and nonsense are failures too", async () => {
  await using service = new Service();
  let release = () => {};
  const hold = new Promise<void>((resolve) => release = resolve);
  await using asker = new Asker(service, { timeoutMs: 100 });
  service.answer = () => hold.then(() => Response.json({}));
  assert.equal(await asker.ipinfo.find("20.0.0.1"), null);
  assert.match(asker.problems[0]!.message, /did not answer in time/);
  release();
  asker.nowMs += 3_600_000;
  service.answer = () => new Response("<html>captive portal</html>");
  assert.equal(await asker.ipinfo.find("20.0.0.1"), null);
  assert.match(asker.problems[1]!.message, /made no sense/);
});

Deno.test("there is a ceiling a day", async () => {
  await using service = new Service();
  await using asker = new Asker(service, { maxADay: 3 });
  for (let i = 0; i < 3; i++) assert.equal((await asker.ipinfo.find(`20.0.0.${i}`))?.country, "NL");
  assert.equal(await asker.ipinfo.find("20.0.0.9"), null);
  assert.equal(await asker.ipinfo.find("20.0.0.8"), undefined);
  assert.equal(service.asked.length, 3);
  assert.match(asker.problems.at(-1)!.message, /3 addresses .* ceiling/);
  asker.nowMs += 86_400_000;
  assert.equal((await asker.ipinfo.find("20.0.0.9"))?.country, "NL");
});

Deno.test("answers are kept on disk with their age, for the owner alone, and asked for again when old", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/ipinfo.json`;
  await using service = new Service();
  {
    await using asker = new Asker(service, { path });
    await asker.ipinfo.load();
    await asker.ipinfo.find("20.0.0.1");
    await asker.ipinfo.find("20.1.0.1");
  }
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  assert.ok(!Deno.readTextFileSync(path).includes(TOKEN));
  assert.equal(service.asked.length, 2);
  {
    await using asker = new Asker(service, { path });
    await asker.ipinfo.load();
    assert.equal(asker.ipinfo.get("20.0.0.1")?.organisation, "Example Networks");
    assert.equal(asker.ipinfo.get("20.1.0.1"), null);
    assert.equal(service.asked.length, 2, "nobody was asked");
    asker.nowMs += 31 * 86_400_000;
    assert.equal(
      asker.ipinfo.get("20.0.0.1")?.city,
      "Amsterdam",
      "old is better than none, while it is asked for",
    );
    assert.equal(asker.ipinfo.counters().waiting, 1);
  }
  for (const damaged of ["", "{", "[]", "null", '{"format":"netpane-places-1","places":[1,["x",1,{}],[]]}']) {
    Deno.writeTextFileSync(path, damaged);
    await using asker = new Asker(service, { path });
    await asker.ipinfo.load();
    assert.equal(asker.ipinfo.counters().kept.size, 0);
  }
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("what waits is bounded", async () => {
  await using service = new Service();
  await using asker = new Asker(service, { intervalMs: 60_000 });
  for (let i = 0; i < 1_200; i++) asker.ipinfo.get(`20.${2 + (i >> 8)}.0.${i & 0xff}`);
  const { waiting, refused } = asker.ipinfo.counters();
  assert.deepEqual([waiting, refused], [1_000, 200]);
});
