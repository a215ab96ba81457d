/** Who an address is, asked of the real program: places, names, round trips on a wire of known delay; and silence. */
import assert from "node:assert/strict";
import type { ConnectionPage, ProblemDetails, Stats } from "../../model/api.ts";
import type { GeoIpAnswer, PingAnswer, ResolveAnswer } from "../../model/who.ts";
import { pcapFile } from "../support/capture_files.ts";
import { mmdb } from "../support/mmdb.ts";
import { needs } from "../support/needs.ts";
import { createPair, type Namespace, type Pair } from "../support/netns.ts";
import { ethernet, ipv4, text, udp } from "../support/packets.ts";
import { readLines } from "../support/events.ts";
import { netpane, ROOT, Server } from "../support/server.ts";
import { until } from "../support/wait.ts";

const need = needs("root", "netns", "curl", "tcpdump", "python3");
const SLOW_HOST = new URL("../support/slow_host.py", import.meta.url).pathname;

/** Status and body of a GET inside. */
async function ask<T>(namespace: Namespace, server: Server, path: string, ...curl: string[]) {
  const { stdout } = await namespace.output(
    "curl",
    "-sg",
    "-m",
    "20",
    "-w",
    "\n%{http_code}",
    ...curl,
    server.url(path),
  );
  const [body, status] = [
    stdout.slice(0, stdout.lastIndexOf("\n")),
    stdout.slice(stdout.lastIndexOf("\n") + 1),
  ];
  return { status: Number(status), body: JSON.parse(body) as T };
}

/** Both ends know each other's hardware addresses, so that nothing but what is asked for is on the wire. */
function introduce({ left, right }: Pair): void {
  for (
    const [from, to, addresses] of [
      [left, right, ["192.0.2.2", "2001:db8::2"]],
      [right, left, ["192.0.2.1", "2001:db8::1"]],
    ] as const
  ) {
    const [, mac] = /link\/ether (\S+)/.exec(to.run("ip", "link", "show", "eth0"))!;
    for (const address of addresses) {
      from.run("ip", "neigh", "replace", address, "lladdr", mac, "dev", "eth0", "nud", "permanent");
    }
  }
}

/** A slow host in place of the kernel's quick one; what it did is told line by line. */
async function slowHost(namespace: Namespace, delayMs: number, lostNth: number) {
  namespace.run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1", "net.ipv6.icmp.echo_ignore_all=1");
  const running = namespace.spawn("python3", [SLOW_HOST, "eth0", String(delayMs), String(lostNth)], {
    stdout: "piped",
  });
  const lines = readLines(running.child.stdout)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "ready");
  return {
    /** What it did with the next `count` requests: milliseconds, null for a loss. */
    async told(count: number): Promise<(number | null)[]> {
      const told: (number | null)[] = [];
      while (told.length < count) {
        const { value } = await lines.next();
        told.push(value === "lost" ? null : Number(value));
      }
      return told;
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

Deno.test({
  name: need.name(
    "ping: a line of 20 ms, then one that loses every third, measure as such, by either kind of socket",
  ),
  ignore: need.ignore,
  async fn() {
    using pair = createPair();
    const { left, right } = pair;
    introduce(pair);
    await using server = await Server.start([], { namespace: left });
    const ping = async (query: string) => {
      const { status, body } = await ask<PingAnswer>(left, server, `/api/ping?${query}`);
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    };
    await ping("ip=127.0.0.1&count=1"); // the worker runs, and knows its interfaces
    {
      await using host = await slowHost(right, 20, 0);
      for (const [range, socket] of [["1 0", "raw"], ["0 2147483647", "datagram"]] as const) {
        left.run("sysctl", "-qw", `net.ipv4.ping_group_range=${range}`);
        for (const ip of ["192.0.2.2", "2001:db8::2"]) {
          const answer = await ping(`ip=${ip}&count=10`);
          assert.deepEqual([answer.socket, answer.sent, answer.received, answer.loss], [socket, 10, 10, 0]);
          const truth = (await host.told(10)).map((ms) => ms!).sort((a, b) => a - b);
          const median = (truth[4] + truth[5]) / 2;
          assert.ok(median >= 20, "the line is as slow as it should be");
          const { rtt_ms, jitter_ms } = answer;
          const allowed = Math.max(1, 0.1 * median);
          assert.ok(
            Math.abs(rtt_ms!.median - median) <= allowed,
            `${socket} ${ip}: ${rtt_ms!.median}, ${median}`,
          );
          assert.ok(rtt_ms!.min >= 20 && jitter_ms! >= 0);
        }
      }
    }
    {
      await using host = await slowHost(right, 5, 3);
      const answer = await ping("ip=192.0.2.2&count=20");
      const truth = await host.told(20);
      assert.deepEqual(
        answer.replies.map(({ rtt_ms, error }) => rtt_ms === null ? error : "answered"),
        truth.map((ms) => ms === null ? "timeout" : "answered"),
      );
      assert.deepEqual([answer.received, answer.loss], [14, 0.3]);
    }

    // One run a target at a time; broadcast and multicast never.
    const first = until("a run of five", async () => { // unless the other, of one, is first
      return (await ask(left, server, "/api/ping?ip=127.0.0.1&count=5")).status === 200;
    });
    const second = await until("a run under way", async () => {
      const result = await ask<ProblemDetails>(left, server, "/api/ping?ip=127.0.0.1&count=1");
      return result.status === 409 && result;
    });
    assert.equal(second.body.field, "ip");
    await first;
    for (const ip of ["192.0.2.255", "224.0.0.1", "255.255.255.255", "0.0.0.0", "ff02::1"]) {
      assert.equal((await ask(left, server, `/api/ping?ip=${ip}`)).status, 400, ip);
    }
    // A page of another site cannot make a browser ask.
    const foreign = await ask<ProblemDetails>(
      ...[left, server, "/api/ping?ip=192.0.2.2", "-H", "Sec-Fetch-Site: cross-site"] as const,
    );
    assert.deepEqual([foreign.status, foreign.body.status], [403, 403]);
    const { who } = await server.json<Stats>("/api/stats");
    assert.equal(who.ping.running, 0);
    assert.ok(who.ping.sent >= 65 && who.ping.refused >= 6);
  },
});

Deno.test({
  name: need.name(
    "with default settings nothing is sent, whatever is seen; with --reverse-dns names are asked for",
  ),
  ignore: need.ignore,
  async fn() {
    for (const [options, asks] of [[[], false], [["--reverse-dns"], true]] as [string[], boolean][]) {
      using pair = createPair();
      const { left, right } = pair;
      introduce(pair);
      // Everything leads to the other end, name servers too: what is sent is seen there.
      left.run("ip", "route", "add", "default", "via", "192.0.2.2");
      right.run("ip", "address", "add", "198.41.0.4/32", "dev", "eth0");
      const folder = `/etc/netns/${left.name}`;
      Deno.mkdirSync(folder, { recursive: true });
      Deno.writeTextFileSync(`${folder}/resolv.conf`, "nameserver 192.0.2.2\n");
      try {
        const capture = right.command("tcpdump", [
          ...["-i", "eth0", "-nn", "-l", "--immediate-mode", "-Q", "in"],
          // What kernels say by themselves: ARP, neighbours, groups, and that nobody listens on the port.
          "not arp and not icmp6 and not (ip6 multicast) and not icmp[icmptype] = icmp-unreach",
        ], { stdin: "null", stdout: "piped", stderr: "null" }).spawn();
        const seen = new Response(capture.stdout).text();
        await using server = await Server.start(options, { namespace: left });
        // Somebody of the internet, as far as left can tell, sends for a while.
        const rows = await until("the stranger's row", async () => {
          await right.output("bash", "-c", "echo hello > /dev/udp/192.0.2.1/9999");
          await right.output("python3", "-c", SEND_FROM_STRANGER);
          const { connections } = await server.json<ConnectionPage>("/api/connections?q=198.41.0.4");
          return connections.length > 0 && connections[0].country !== "" && connections;
        });
        assert.equal(rows[0].country, "US");
        const found = await server.json<ConnectionPage>("/api/connections?q=country:us");
        assert.ok(found.total >= 1 && found.connections.every(({ country }) => country === "US"));
        if (asks) {
          await until("a question", async () => {
            const { who } = await server.json<Stats>("/api/stats");
            return who.names.queries > 0;
          });
        } else {
          // Some seconds of ticks with the rows there.
          const { ts } = await server.json<Stats>("/api/stats");
          await until("three seconds", async () => (await server.json<Stats>("/api/stats")).ts > ts + 3_000);
        }
        await server.stop();
        capture.kill("SIGINT");
        await capture.status;
        const packets = (await seen).split("\n").filter((line) => line !== "");
        if (asks) {
          assert.ok(
            packets.some((line) => /PTR\? 4\.0\.41\.198\.in-addr\.arpa/.test(line)),
            packets.join("\n"),
          );
        } else assert.deepEqual(packets, []);
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    }
  },
});

const SEND_FROM_STRANGER = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("198.41.0.4", 4000))
s.sendto(b"hello", ("192.0.2.1", 9999))
`;

const needCurl = needs("curl");

Deno.test({
  name: needCurl.name("places come from files too, a broken one is a problem; a played file sends nothing"),
  ignore: needCurl.ignore,
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "net pane " });
    const [src, dst] = ["192.168.1.2", "193.0.6.139"];
    const packet = ethernet(
      {},
      ipv4({ src, dst, protocol: 17 }, udp({ src, dst, dstPort: 9000 }, text("hello"))),
    );
    const packets = Array.from({ length: 50 }, (_, i) => ({ bytes: packet, timeUs: 1.7e15 + 100_000 * i }));
    Deno.writeFileSync(`${folder}/own.pcap`, pcapFile(packets));
    const network = { country: "Nowhere", country_code: "NO", asn: "AS64500", as_name: "Example Networks" };
    Deno.writeFileSync(`${folder}/lite.mmdb`, mmdb({ "193.0.6.0/24": network }));
    Deno.writeTextFileSync(`${folder}/broken.mmdb`, "no such thing");
    try {
      await using server = await Server.start([
        ...["--pcap", `${folder}/own.pcap`, "--loop", "--geoip", `${folder}/broken.mmdb`],
        ...["--geoip", `${folder}/lite.mmdb`],
      ]);
      const answer = await until("the data", async () => {
        const answer = await server.json<GeoIpAnswer>("/api/geoip?ip=193.0.6.139");
        return answer.place !== null && answer;
      });
      assert.deepEqual(answer.place, {
        country: "NO",
        country_name: "Nowhere",
        region: "",
        city: "",
        latitude: null,
        longitude: null,
        asn: 64500,
        organisation: "Example Networks",
        source: ["geo-whois-asn-country.mmdb", "networks.gz", "lite.mmdb"],
      });
      const special = await server.json<GeoIpAnswer>("/api/geoip?ip=100.64.1.1");
      assert.deepEqual([special.kind, special.special!.prefix, special.place], [
        "shared",
        "100.64.0.0/10",
        null,
      ]);
      const row = await until("the row", async () => {
        const { connections } = await server.json<ConnectionPage>("/api/connections");
        return connections.find(({ country }) => country !== "");
      });
      assert.deepEqual([row.dest_ip, row.country, row.reverse_name], [dst, "NO", ""]);
      const { problems, who } = await server.json<Stats>("/api/stats");
      assert.ok(problems.some(({ message }) => /"broken.mmdb" is no MMDB file/.test(message)));
      assert.equal(who.geoip.databases.length, 3);

      for (
        const [path, status, field] of [
          ["/api/geoip", 400, "ip"],
          ["/api/geoip?ip=example.org", 400, "ip"],
          ["/api/geoip?ip=1.1.1.1&x=1", 400, "x"],
          ["/api/resolve", 400, "domain"],
          ["/api/resolve?domain=a%20b", 400, "domain"],
          ["/api/resolve?domain=-a.org", 400, "domain"],
          ["/api/ping?ip=nobody", 400, "ip"],
          ["/api/ping?ip=192.0.2.1&count=0", 400, "count"],
          ["/api/ping?ip=192.0.2.1&count=21", 400, "count"],
          ["/api/ping?ip=192.0.2.1", 503, "ip"],
        ] as const
      ) {
        const response = await fetch(server.url(path));
        const problem: ProblemDetails = await response.json();
        assert.deepEqual([path, response.status, problem.status, problem.field], [
          path,
          status,
          status,
          field,
        ]);
        assert.equal(response.headers.get("content-type"), "application/problem+json");
      }
      const posted = await fetch(server.url("/api/ping?ip=192.0.2.1"), { method: "POST" });
      assert.equal(posted.status, 405);
      await posted.body?.cancel();
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

const needDns = needs("root", "netns", "curl", "dnsmasq");

Deno.test({
  name: needDns.name("resolve: the system's name server is asked, and what it says of failures is told"),
  ignore: needDns.ignore,
  async fn() {
    using pair = createPair();
    const { left, right } = pair;
    const folder = `/etc/netns/${left.name}`;
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(`${folder}/resolv.conf`, "nameserver 192.0.2.2\n");
    try {
      await using server = await Server.start([], { namespace: left });
      {
        await using _dnsmasq = right.spawn("dnsmasq", [
          ...["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file="],
          ...["--listen-address=192.0.2.2", "--bind-interfaces", "--local=/test/", "--local=/in-addr.arpa/"],
          ...["--host-record=www.test,198.41.0.4,2a02:100::4,600", "--cname=web.test,www.test"],
          ...["--mx-host=test,mail.test,10", "--txt-record=test,v=spf1 -all"],
        ]);
        const answer = await until("an answer", async () => {
          const { status, body } = await ask<ResolveAnswer>(left, server, "/api/resolve?domain=WWW.test.");
          return status === 200 && body;
        }, 60_000);
        assert.deepEqual(answer.records.map(({ type, data }) => `${type} ${data}`), [
          "A 198.41.0.4",
          "AAAA 2a02:100::4",
        ]);
        const mail = await server.json<ResolveAnswer>("/api/resolve?domain=test");
        assert.deepEqual(mail.records.map(({ type, data }) => `${type} ${data}`), [
          "MX 10 mail.test",
          'TXT "v=spf1 -all"',
        ]);
        const reverse = await server.json<ResolveAnswer>("/api/resolve?domain=198.41.0.4");
        assert.deepEqual(reverse.records.map(({ type, data }) => `${type} ${data}`), ["PTR www.test"]);
        const none = await server.json<ResolveAnswer>("/api/resolve?domain=nothing.test");
        assert.deepEqual([none.rcode, none.records], ["NXDOMAIN", []]);
        // It knows no server of its own for these.
        const refused = await ask<ProblemDetails>(left, server, "/api/resolve?domain=example.org");
        assert.deepEqual([refused.status, /REFUSED/.test(refused.body.detail)], [502, true]);
      }
      right.run("ip", "address", "del", "192.0.2.2/24", "dev", "eth0");
      const silent = await ask<ProblemDetails>(left, server, "/api/resolve?domain=other.test");
      assert.equal(silent.status, 504, silent.body.detail);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: need.name(
    "ipinfo.io out of reach is told once, and costs nothing else; without a token it is wrong use",
  ),
  ignore: need.ignore,
  async fn() {
    using pair = createPair();
    const token = "tok3n-of-a-test";
    await using server = await Server.start(["--ipinfo"], {
      namespace: pair.left,
      env: { IPINFO_TOKEN: token },
    });
    // There is no way to the internet from here.
    for (const address of ["193.0.6.139", "193.0.6.140"]) {
      const answer = await server.json<GeoIpAnswer>(`/api/geoip?ip=${address}`);
      assert.equal(answer.place?.country, "NL");
    }
    const { problems, who } = await server.json<Stats>("/api/stats");
    const told = problems.filter(({ id }) => id === "geoip:ipinfo");
    assert.equal(told.length, 1);
    assert.match(told[0].message, /ipinfo.io gave no places/);
    assert.deepEqual([who.geoip.ipinfo!.requests, who.geoip.ipinfo!.failed], [1, 1]);
    assert.ok(who.geoip.ipinfo!.paused_until > Date.now());
    assert.ok(!(server.log + JSON.stringify(problems)).includes(token));

    const without = await netpane(["start", "--ipinfo"], { env: { IPINFO_TOKEN: "" } });
    assert.equal(without.code, 2);
    assert.match(without.stderr, /IPINFO_TOKEN/);
  },
});

{
  const need = needs("root", "netns", "curl", "setpriv");
  const nobody = [
    "--reuid=nobody",
    "--regid=nogroup",
    "--clear-groups",
    "--bounding-set=-all",
    "--no-new-privs",
  ];
  const readable = !need.ignore &&
    new Deno.Command("setpriv", { args: [...nobody, "test", "-r", `${ROOT}cli.ts`] }).outputSync().success;
  Deno.test({
    name: need.name(
      "ping without privileges: 503 with the step that permits it, and after that step round trips" +
        (readable || need.ignore ? "" : " (needs a checkout that others may read)"),
    ),
    ignore: need.ignore || !readable,
    async fn() {
      using pair = createPair();
      const { left } = pair;
      const home = Deno.makeTempDirSync();
      new Deno.Command("chown", { args: ["nobody", home] }).outputSync();
      {
        await using server = await Server.start(["--data", `${home}/data`], {
          namespace: left,
          prefix: ["setpriv", ...nobody],
          env: { HOME: home, DENO_DIR: `${home}/deno` },
        });
        const refused = await ask<ProblemDetails>(left, server, "/api/ping?ip=127.0.0.1");
        assert.equal(refused.status, 503);
        assert.match(refused.body.detail, /ping_group_range/);
        left.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647");
        for (const ip of ["127.0.0.1", "::1", "192.0.2.2", "2001:db8::2"]) {
          const { status, body } = await ask<PingAnswer>(left, server, `/api/ping?ip=${ip}&count=2`);
          assert.deepEqual([status, body.socket, body.received], [200, "datagram", 2], ip);
        }
      }
      Deno.removeSync(home, { recursive: true });
    },
  });
}
