/** Hosts, programs, listeners and devices, asked of the real program: in a played file, and on live wires. */
import assert from "node:assert/strict";
import type { ConnectionPage, ProblemDetails, Stats } from "../../model/api.ts";
import type {
  DevicePage,
  HostDetail,
  HostPage,
  ListenerPage,
  ProgramDetail,
  ProgramPage,
} from "../../model/inventory.ts";
import { needs } from "../support/needs.ts";
import { connect, createPair, Namespace, type Running, setAddresses } from "../support/netns.ts";
import { findProgram } from "../support/needs.ts";
import { ROOT, Server } from "../support/server.ts";
import { until } from "../support/wait.ts";
import { createWire } from "../support/wire.ts";

function webServer(namespace: Namespace, port = 80): Running {
  return namespace.spawn(Deno.execPath(), [
    ...["run", "--allow-net", "--no-config", `${ROOT}tests/support/web_server.ts`, String(port)],
  ]);
}

async function fetched(namespace: Namespace, url: string, ...options: string[]): Promise<void> {
  await until(
    `${url} is fetched`,
    async () => (await namespace.output("curl", "-sSf", "-o", "/dev/null", ...options, url)).code === 0,
  );
}

Deno.test("routes: lists, one of each, and what is refused, as problems with the parameter at fault", async () => {
  await using server = await Server.start(["--demo"]);
  const hosts = await until("hosts are seen", async () => {
    const page = await server.json<HostPage>("/api/hosts?sort=bytes&limit=500");
    return page.hosts.some(({ name }) => name === "video.example.org") && page;
  });
  assert.ok(hosts.all >= hosts.hosts.length && hosts.capacity === 20_000 && hosts.forgotten === 0);
  const video = hosts.hosts.find(({ name, ip }) => name === "video.example.org" && !ip.includes(":"))!;
  const detail = await server.json<HostDetail>(`/api/hosts/${video.ip}`);
  assert.equal(detail.kind, "documentation");
  assert.ok(detail.names.some(({ from }) => from === "dns"));
  assert.deepEqual(detail.serves.map(({ port, app_proto }) => [port, app_proto]), [[80, "http"]]);
  assert.ok(detail.latency!.min_ms > 0 && detail.latency!.p95_ms >= detail.latency!.median_ms);
  assert.equal(detail.databases.length > 0, true);
  const six = hosts.hosts.find(({ ip }) => ip.includes("::"))!;
  assert.equal((await server.json<HostDetail>(`/api/hosts/${six.ip}`)).ip, six.ip);
  assert.equal((await server.json<HostDetail>(`/api/hosts/${encodeURIComponent(six.ip)}`)).ip, six.ip);

  const { devices } = await until("devices are seen", async () => {
    const page = await server.json<DevicePage>("/api/devices");
    return page.devices.length > 2 && page;
  });
  assert.match(devices[0].mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
  assert.deepEqual((await server.json<ProgramPage>("/api/processes")).processes, [], "a file knows none");
  assert.deepEqual((await server.json<ListenerPage>("/api/listeners")).listeners, []);
  const { inventory } = await server.json<Stats>("/api/stats");
  assert.ok(inventory.hosts.size > 0 && inventory.devices.vendors > 40_000);

  const refused: [path: string, status: number, field: string | undefined][] = [
    ["/api/hosts?sort=nothing", 400, "sort"],
    ["/api/hosts?limit=0", 400, "limit"],
    ["/api/hosts?offset=-1", 400, "offset"],
    ["/api/hosts?what=1", 400, "what"],
    [`/api/hosts?q=${"x".repeat(501)}`, 400, "q"],
    ["/api/hosts/nobody", 400, "ip"],
    ["/api/hosts/1.2.3.4.5", 400, "ip"],
    ["/api/hosts/%3Cscript%3E", 400, "ip"],
    [`/api/hosts/${"1".repeat(2_000)}`, 400, "ip"],
    ["/api/hosts/203.0.113.250", 404, "ip"],
    [`/api/hosts/${video.ip}?resolve=yes`, 400, "resolve"],
    [`/api/hosts/${video.ip}?other=1`, 400, "other"],
    ["/api/processes/0x10", 400, "pid"],
    ["/api/processes/4194305", 404, "pid"],
    ["/api/processes?order=up", 400, "order"],
    ["/api/listeners?sort=pid", 400, "sort"],
    ["/api/devices?limit=1e3", 400, "limit"],
  ];
  for (const [path, status, field] of refused) {
    const answer = await fetch(server.url(path));
    const body = await answer.json() as ProblemDetails;
    assert.deepEqual([answer.status, body.status, body.field], [status, status, field], path);
    assert.equal(answer.headers.get("content-type"), "application/problem+json", path);
    assert.ok(body.detail.length < 300, path);
  }
  const posted = await fetch(server.url("/api/hosts"), { method: "POST" });
  assert.equal(posted.status, 405);
  await posted.body?.cancel();
  // A page of another site cannot make a browser ask name servers.
  const foreign = await fetch(server.url(`/api/hosts/${video.ip}?resolve=1`), {
    headers: { "sec-fetch-site": "cross-site" },
  });
  assert.equal(foreign.status, 403);
  await foreign.body?.cancel();

  // Pages can be read before any script runs; what nobody knows is said, with status 404.
  assert.match(await server.get(`/hosts/${video.ip}`), /video\.example\.org[\s\S]*Latency/);
  assert.match(await server.get("/hosts?tab=devices&sort=__proto__&order=up&offset=x"), /List of devices/);
  for (const path of ["/hosts/203.0.113.250", "/hosts/%3Cimg%20src=x%3E", "/processes/1", "/processes/x"]) {
    const answer = await fetch(server.url(path));
    assert.equal(answer.status, 404, path);
    assert.doesNotMatch(await answer.text(), /<img src=x>/, path);
  }
});

{
  const need = needs("root", "netns", "curl", "python3", "ethtool");
  Deno.test({
    name: need.name("live: the other end has names, a place on the wire, ports, program, latency"),
    ignore: need.ignore,
    async fn() {
      const DELAY_MS = 20;
      await using pair = await createWire({ delayMs: DELAY_MS, loss: 0 });
      await using web = webServer(pair.right);
      await using server = await Server.start(["--interface", "eth0"], { namespace: pair.left });
      await fetched(pair.left, "http://192.0.2.2/");
      // The wire is a program: on a busy machine it delivers late now and then, but never early.
      const LATEST_MS = DELAY_MS + Math.max(1, DELAY_MS / 10);
      const host = await until("the host is known with its program, and the wire was in time", async () => {
        await fetched(pair.left, "http://192.0.2.2/bytes/300000", "-H", "Host: shop.example.org");
        const host = await server.json<HostDetail>("/api/hosts/192.0.2.2");
        return host.talked_to_by.length > 0 && host.bytes_from > 300_000 && host.names.length > 0 &&
          (host.latency?.min_ms ?? Infinity) <= LATEST_MS && host;
      });
      assert.deepEqual(host.names.map(({ name, from }) => [name, from]), [["shop.example.org", "http"]]);
      assert.deepEqual(
        host.serves.map(({ port, proto, app_proto }) => [port, proto, app_proto]),
        [[80, "tcp", "http"]],
      );
      assert.equal(host.talked_to_by[0].name, "curl");
      const { min_ms } = host.latency!;
      console.log(`asked ${DELAY_MS} ms, told ${JSON.stringify(host.latency)}`);
      assert.ok(min_ms >= DELAY_MS - 1, `${min_ms} ms`);
      const [, mac] = /link\/ether (\S+)/.exec(pair.right.run("ip", "link", "show", "eth0"))!;
      assert.equal(host.device?.mac, mac);
      assert.equal(host.device?.random, (parseInt(mac, 16) & 2) !== 0);

      const own = await server.json<HostDetail>("/api/hosts/192.0.2.1");
      assert.equal(own.own, true);
      const { devices } = await server.json<DevicePage>("/api/devices");
      assert.ok(devices.some((device) => device.mac === mac && !device.own));
      assert.ok(devices.some((device) => device.own));

      // A program that goes on: its page, and that of its listening socket.
      await using curl = pair.left.spawn("curl", ["-s", "-o", "/dev/null", "http://192.0.2.2/slow"]);
      const program = await until("curl is known", async () => {
        const program = await server.json<ProgramDetail>(`/api/processes/${curl.child.pid}`);
        return program.connections === 1 && program.bytes_in > 0 && program;
      });
      assert.deepEqual([program.name, program.active, program.user], ["curl", true, "root"]);
      assert.match(program.path, /\/curl$/);
      assert.match(program.command_line, /^curl -s -o \/dev\/null http:\/\/192\.0\.2\.2\/slow$/);
      assert.notEqual(program.parent, "");
      assert.deepEqual(program.hosts.map(({ ip }) => ip), ["192.0.2.2"]);
      const { listeners } = await server.json<ListenerPage>("/api/listeners");
      const netpane = listeners.find(({ port }) => port === server.port)!;
      assert.deepEqual([netpane.reach, netpane.proto, netpane.netns], ["loopback", "tcp", 0]);
      const theirs = listeners.find(({ port, pid }) => port === 80 && pid === web.child.pid)!;
      assert.ok(theirs.reach === "all" && theirs.netns !== 0, "another network namespace says so");
    },
  });
}

{
  const need = needs("root", "netns", "curl");
  const PROGRAMS = 10;
  const EACH = 100;
  Deno.test({
    name: need.name(
      "live: of 1,000 short connections by ten programs nearly all are attributed, none to the wrong one",
    ),
    ignore: need.ignore,
    async fn() {
      using pair = createPair();
      const folder = Deno.makeTempDirSync();
      const curl = findProgram("curl")!;
      const names = Array.from({ length: PROGRAMS }, (_, i) => `fetch${i}`);
      for (const [i, name] of names.entries()) {
        Deno.copyFileSync(curl, `${folder}/${name}`);
        Deno.chmodSync(`${folder}/${name}`, 0o755);
        // Each program has a host of its own: so it is known who should be named.
        pair.right.run("ip", "address", "add", `192.0.2.${10 + i}/24`, "dev", "eth0");
      }
      await using _web = webServer(pair.right);
      await using server = await Server.start(["--interface", "eth0"], { namespace: pair.left });
      await fetched(pair.left, "http://192.0.2.2/");
      await Promise.all(names.map(async (name, i) => {
        const loop = `for n in $(seq ${EACH}); do "${folder}/${name}" -sS -o /dev/null ` +
          `http://192.0.2.${10 + i}/ || exit 1; done`;
        const { code, stderr } = await pair.left.output("sh", "-c", loop);
        assert.equal(code, 0, stderr);
      }));
      const hosts = async () =>
        await Promise.all(names.map((_, i) => server.json<HostDetail>(`/api/hosts/192.0.2.${10 + i}`)));
      const rightOf = (host: HostDetail, i: number) =>
        host.talked_to_by.find(({ name }) => name === names[i])?.connections ?? 0;
      await until("all are seen and told of", async () => {
        const all = await hosts();
        return all.every((host, i) => host.connections_seen === EACH && rightOf(host, i) === EACH);
      }, 8_000).catch(() => {}); // the numbers below say how far it came
      let [seen, right, wrong] = [0, 0, 0];
      const mistaken: string[] = [];
      for (const [i, host] of (await hosts()).entries()) {
        seen += host.connections_seen;
        right += rightOf(host, i);
        for (const { name, connections } of host.talked_to_by) {
          // A process that was over before it could be read has a number and no name: not found, but not wrong.
          if (name === "" || name === names[i]) continue;
          wrong += connections;
          mistaken.push(`${name} for ${names[i]}`);
        }
      }
      // The server is a program of this machine too: as their peer it talks to those that called, and nobody else does.
      const own = await server.json<HostDetail>("/api/hosts/192.0.2.1");
      for (const { name, connections } of own.talked_to_by) {
        if (name === "deno" && connections <= right) continue;
        wrong += connections;
        mistaken.push(`${name} for a program that called`);
      }
      const { processes, unattributed } = await server.json<ProgramPage>("/api/processes?q=fetch&limit=5000");
      console.log(
        `${seen} connections, ${right} attributed (${(100 * right / seen).toFixed(2)} %), ${wrong} wrong; ` +
          `${processes.length} processes, ${
            unattributed.bytes_in + unattributed.bytes_out
          } bytes unattributed`,
      );
      assert.equal(seen, PROGRAMS * EACH);
      assert.equal(wrong, 0, mistaken.join(", "));
      // What a busy machine hides is not found; quiet ones give 99.6 % and more.
      assert.ok(right >= 0.95 * seen, `${right} of ${seen}`);
      Deno.removeSync(folder, { recursive: true });
    },
  });
}

{
  const need = needs("root", "netns", "dig", "dnsmasq", "curl");
  Deno.test({
    name: need.name("live: short UDP exchanges are attributed to the program that asked"),
    ignore: need.ignore,
    async fn() {
      const EACH = 50;
      using pair = createPair();
      const folder = Deno.makeTempDirSync();
      const names = ["ask-one", "ask-two"];
      for (const [i, name] of names.entries()) {
        Deno.copyFileSync(findProgram("dig")!, `${folder}/${name}`);
        Deno.chmodSync(`${folder}/${name}`, 0o755);
        pair.right.run("ip", "address", "add", `192.0.2.${20 + i}/24`, "dev", "eth0");
      }
      await using _dns = pair.right.spawn("dnsmasq", [
        ...["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file="],
        ...["--user=root", "--host-record=www.example.com,192.0.2.2"],
      ]);
      await using server = await Server.start(["--interface", "eth0"], { namespace: pair.left });
      // The server answers a little before it begins to watch who opens what: a program that ran before is nobody's.
      await until("the name server answers, and who asked is known", async () => {
        const { code } = await pair.left.output("dig", "@192.0.2.2", "www.example.com", "+short", "+tries=1");
        const { processes } = await server.json<ProgramPage>("/api/processes?q=dig");
        return code === 0 && processes.length > 0;
      });
      await Promise.all(names.map(async (name, i) => {
        // Ports of our own choice: two exchanges from one port that the kernel drew twice would be one flow.
        const ask = `"${folder}/${name}" +short -b 0.0.0.0#$((${20_000 + 1_000 * i} + n))`;
        const loop =
          `for n in $(seq ${EACH}); do ${ask} @192.0.2.${20 + i} www.example.com > /dev/null || exit 1; ` +
          "done";
        const { code, stderr } = await pair.left.output("sh", "-c", loop);
        assert.equal(code, 0, stderr);
      }));
      const all = () =>
        Promise.all(names.map((_, i) => server.json<HostDetail>(`/api/hosts/192.0.2.${20 + i}`)));
      const right = (host: HostDetail, i: number) =>
        host.talked_to_by.find(({ name }) => name === names[i])?.connections ?? 0;
      await until(
        "all are told of",
        async () => (await all()).every((host, i) => right(host, i) === EACH),
        8_000,
      )
        .catch(() => {});
      for (const [i, host] of (await all()).entries()) {
        console.log(`${names[i]}: ${host.connections_seen} exchanges, ${right(host, i)} attributed`);
        assert.equal(host.connections_seen, EACH);
        assert.ok(right(host, i) >= 0.99 * EACH);
        assert.deepEqual(host.talked_to_by.map(({ name }) => name), [names[i]], "nobody else is named");
      }
      // What the name server said names the address for all who ask later.
      const { names: learnt } = await server.json<HostDetail>("/api/hosts/192.0.2.2");
      assert.deepEqual(learnt.map(({ name, from }) => [name, from]), [["www.example.com", "dns"]]);
      Deno.removeSync(folder, { recursive: true });
    },
  });
}

{
  const need = needs("root", "netns", "curl");
  Deno.test({
    name: need.name("live: a program in another network namespace is named, as in a container"),
    ignore: need.ignore,
    async fn() {
      using host = new Namespace("host");
      using container = new Namespace("container");
      using outside = new Namespace("outside");
      connect({ namespace: container, device: "eth0" }, { namespace: host, device: "veth0" });
      connect({ namespace: outside, device: "eth0" }, { namespace: host, device: "eth0" });
      setAddresses(container, "eth0", "10.88.0.2/24");
      setAddresses(host, "veth0", "10.88.0.1/24");
      setAddresses(host, "eth0", "192.0.2.1/24");
      setAddresses(outside, "eth0", "192.0.2.2/24");
      container.run("ip", "route", "add", "default", "via", "10.88.0.1");
      outside.run("ip", "route", "add", "10.88.0.0/24", "via", "192.0.2.1");
      host.run("sysctl", "-qw", "net.ipv4.ip_forward=1");
      await using _web = webServer(outside);
      await using server = await Server.start(["--interface", "eth0"], { namespace: host });
      await fetched(container, "http://192.0.2.2/");
      await using curl = container.spawn("curl", ["-s", "-o", "/dev/null", "http://192.0.2.2/slow"]);
      const row = await until("curl's connection, under its process", async () => {
        const page = await server.json<ConnectionPage>("/api/connections?q=ip:10.88.0.2");
        return page.connections.find(({ process }) => process?.pid === curl.child.pid);
      });
      assert.deepEqual([row.process!.name, row.process!.end, row.direction], ["curl", "client", "other"]);
      assert.notEqual(row.netns, 0);
      assert.ok(row.process!.confidence >= 0.8);
      const program = await until("its traffic is counted", async () => {
        const program = await server.json<ProgramDetail>(`/api/processes/${curl.child.pid}`);
        return program.bytes_in > 0 && program;
      });
      assert.deepEqual(program.hosts.map(({ ip }) => ip), ["192.0.2.2"]);
    },
  });
}

{
  const need = needs("root", "netns", "curl");
  Deno.test({
    name: need.name(
      "live: of two programs of one machine that talk to each other both are named, and charged",
    ),
    ignore: need.ignore,
    async fn() {
      using machine = new Namespace("machine");
      await using web = webServer(machine);
      await using server = await Server.start(["--interface", "lo"], { namespace: machine });
      await fetched(machine, "http://127.0.0.1/");
      await using curl = machine.spawn("curl", ["-s", "-o", "/dev/null", "http://127.0.0.1/slow"]);
      const row = await until("the connection of both", async () => {
        const page = await server.json<ConnectionPage>(`/api/connections?q=pid:${web.child.pid}+port:80`);
        return page.connections.find(({ process, peer }) => process?.pid === curl.child.pid && peer !== null);
      });
      assert.deepEqual([row.direction, row.process!.end], ["local", "client"]);
      assert.deepEqual([row.peer!.pid, row.peer!.end], [web.child.pid, "server"]);
      const program = await until("the server's traffic is counted", async () => {
        const program = await server.json<ProgramDetail>(`/api/processes/${web.child.pid}`);
        return program.bytes_in > 0 && program.bytes_out > 0 && program;
      });
      assert.deepEqual(program.hosts.map(({ ip }) => ip), ["127.0.0.1"]);
      assert.ok(program.connection_list.some(({ id }) => id === row.id));
    },
  });
}
