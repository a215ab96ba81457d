/** Hosts, names, devices and programs: what goes in comes out, and no flood makes them larger than they may be. */
import assert from "node:assert/strict";
import { Vendors } from "../../../enrich/vendors.ts";
import type { Anomaly } from "../../../model/api.ts";
import { FlowEnd, FlowState, IpProtocol, LocalEnd } from "../../../model/flow.ts";
import type { Observation } from "../../../model/observation.ts";
import type { ProcessInfo, SocketInfo, SystemReport } from "../../../model/system.ts";
import { ConnectionTable } from "../../../monitor/connections.ts";
import { Inventory } from "../../../monitor/inventory/mod.ts";
import { QueryError } from "../../../monitor/query.ts";
import { AskError, Who } from "../../../monitor/who.ts";
import { flowRows, type FlowRowSpec } from "../flow_rows.ts";

const START = 1_700_000_000_000;
const NONE = new URLSearchParams();

/** A monitor's part that keeps the inventory, with its second. */
function house(capacities: { hosts?: number; names?: number; devices?: number; programs?: number } = {}) {
  const vendors = new Vendors();
  vendors.use({ "00000C": "Cisco Systems, Inc\nSan Jose", "0050C2": "IEEE", "0050C2123": "Small Maker" });
  const who = new Who();
  const table = new ConnectionTable(who);
  const alerts: Anomaly[] = [];
  const inventory = new Inventory({
    view: {
      connections: () => table.all(),
      version: () => table.version,
      alerts: () => alerts,
      interfaceName: () => "eth0",
    },
    who,
    vendors,
    capacities,
  });
  return {
    inventory,
    alerts,
    /** The next second: flows alive, flows that ended. */
    second(active: FlowRowSpec[], ended: FlowRowSpec[] = []) {
      inventory.nextTick();
      table.applyFlows(
        { active: flowRows(...active), ended: flowRows(...ended), flows: active.length },
        1,
        ["eth0"],
        inventory.take,
        false,
      );
    },
    machine(report: Partial<SystemReport>) {
      const whole: SystemReport = {
        type: "system-report",
        atMs: START,
        tookMs: 1,
        sockets: [],
        socketsLost: 0,
        processes: [],
        interfaces: [],
        problems: [],
        ...report,
      };
      table.applySystem(whole);
      table.joinProcesses();
      inventory.applySystem(whole);
    },
  };
}

function seen(type: string, fields: Record<string, unknown>, more: Partial<Observation> = {}): Observation {
  return {
    type,
    timeUs: START * 1000,
    flow: {
      id: 1,
      ipVersion: 4,
      protocol: 17,
      clientAddress: "192.0.2.1",
      clientPort: 40_000,
      serverAddress: "198.51.100.7",
      serverPort: 443,
      vlan: 0,
      tunnel: 0,
      interfaceIndex: 0,
      communityId: "",
    },
    direction: 0,
    fields,
    ...more,
  };
}

function process(over: Partial<ProcessInfo> = {}): ProcessInfo {
  return {
    pid: 4711,
    parentPid: 1,
    parentName: "init",
    name: "curl",
    path: "/usr/bin/curl",
    commandLine: "curl http://198.51.100.7/",
    uid: 0,
    user: "root",
    startedMs: START - 1000,
    container: "",
    ...over,
  };
}

function socket(over: Partial<SocketInfo> = {}): SocketInfo {
  return {
    protocol: 6,
    localAddress: "192.0.2.1",
    localPort: 40_000,
    remoteAddress: "198.51.100.7",
    remotePort: 443,
    state: "established",
    uid: 0,
    inode: 9,
    netns: 0,
    pid: 4711,
    method: "inode",
    others: 0,
    ...over,
  };
}

Deno.test("a host has its traffic, ports, names, latency and alerts", async () => {
  const { inventory, second, alerts } = house();
  inventory.learn([
    seen("dns", {
      dns: {
        type: "answer",
        rrname: "www.example.com",
        answers: [{ rrname: "cdn.example.net", rrtype: "A", rdata: "198.51.100.7" }],
      },
    }),
    seen("tls", { tls: { sni: "shop.example.com" } }),
    seen("http", { http: { hostname: "<script>alert(1)</script>" } }),
  ]);
  second([{ id: 1, bytes: [100, 200], rttUs: 20_000 }]);
  second([{ id: 1, bytes: [150, 1200], rttUs: 20_000 }, { id: 2, ports: [40_001, 22], bytes: [10, 20] }]);
  alerts.push({ id: "1", src_ip: "192.0.2.1", dest_ip: "198.51.100.7", open: true, process: "" } as Anomaly);
  second([{ id: 1, bytes: [150, 1200], rttUs: 20_000 }]);

  const host = await inventory.host("198.51.100.7", false);
  assert.deepEqual([host.bytes_to, host.bytes_from], [160, 1220]);
  assert.deepEqual(host.serves.map(({ port, service }) => [port, service]), [[443, "https"], [22, "ssh"]]);
  assert.deepEqual(host.uses, []);
  assert.deepEqual(
    host.names.map(({ name, from }) => [name, from]).sort(),
    [["<script>alert(1)</script>", "http"], ["shop.example.com", "sni"], ["www.example.com", "dns"]],
  );
  assert.equal(
    host.name_from === "dns" || host.name_from === "sni",
    true,
    "what anybody can write counts last",
  );
  assert.equal(host.latency?.median_ms, 20);
  assert.equal(host.kind, "documentation");
  assert.deepEqual([host.connections, host.connections_seen], [1, 2]);
  assert.deepEqual([host.alerts, host.alerts_open, host.alert_list.length], [1, 1, 1]);
  assert.equal(host.history.reduce((sum, { bytes_from }) => sum + bytes_from, 0), 1220);

  const client = await inventory.host("192.0.2.1", false);
  assert.deepEqual([client.bytes_to, client.bytes_from], [1220, 160]);
  assert.deepEqual(client.uses.map(({ port }) => port), [443, 22]);
  assert.deepEqual(client.serves, []);
});

Deno.test("what is refused, or never answered, is not served", async () => {
  const { inventory, second } = house();
  second([
    { id: 1, ports: [1, 81], state: FlowState.reset, packets: [1, 1] },
    { id: 2, ports: [2, 82], state: FlowState.synSent, packets: [3, 0] },
    { id: 3, ports: [3, 83], protocol: IpProtocol.udp, packets: [3, 0] },
    { id: 4, ports: [4, 84], state: FlowState.reset, packets: [5, 4] },
  ]);
  const { serves } = await inventory.host("198.51.100.7", false);
  assert.deepEqual(serves.map(({ port }) => port), [84]);
});

Deno.test("an address nobody saw is 404 with a hint, one that is none is 400", async () => {
  const { inventory } = house();
  await assert.rejects(
    inventory.host("203.0.113.9", false),
    (error) => error instanceof AskError && error.status === 404 && /geoip/.test(error.message),
  );
  for (const text of ["", "example.com", "1.2.3", "1.2.3.4.5", "::g", "../../etc/passwd", "x".repeat(1e5)]) {
    await assert.rejects(
      inventory.host(text, false),
      (error) => error instanceof QueryError && error.message.length < 200,
    );
  }
  // However it is spelt.
  const { inventory: other, second } = house();
  second([{ id: 1, client: "2001:db8::1", server: "2001:db8::2" }]);
  assert.equal((await other.host("2001:DB8:0:0::2", false)).ip, "2001:db8::2");
});

Deno.test("a flood of addresses keeps tables at their ceilings, and what is busy stays", async () => {
  const { inventory, second } = house({ hosts: 100 });
  const busy = { id: 1, client: "192.0.2.1", server: "198.51.100.7" };
  for (let i = 0; i < 50; i++) {
    const flood = Array.from({ length: 90 }, (_, j) => {
      const n = 90 * i + j;
      return {
        id: 10 + n,
        client: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
        server: "192.0.2.1",
        end: FlowEnd.timeout,
      };
    });
    second([{ ...busy, bytes: [100 + i, 100 + i] }], flood);
  }
  const { hosts } = inventory.counters();
  assert.equal(hosts.size, 100);
  assert.equal(hosts.forgotten, 50 * 90 + 2 - 100);
  assert.equal((await inventory.host("198.51.100.7", false)).bytes_to, 149);
  const page = inventory.hosts(new URLSearchParams({ limit: "5" }));
  assert.deepEqual([page.all, page.total, page.hosts.length], [100, 100, 5]);
  assert.equal(page.forgotten, hosts.forgotten);
});

Deno.test("a host's own lists are bounded: a scan of all ports leaves the busy one", async () => {
  const { inventory, second } = house();
  second([{ id: 1, ports: [40_000, 443], bytes: [1e6, 1e6] }]);
  for (let i = 0; i < 20; i++) {
    second(
      Array.from(
        { length: 100 },
        (_, j) => ({ id: 2 + 100 * i + j, ports: [40_001, 1000 + 100 * i + j] as [number, number] }),
      ),
    );
  }
  const { serves } = await inventory.host("198.51.100.7", false);
  assert.equal(serves.length, 32);
  assert.equal(serves[0].port, 443);
  const names = Array.from({ length: 500 }, (_, i) => seen("tls", { tls: { sni: `n${i}.example` } }));
  inventory.learn(names);
  assert.equal((await inventory.host("198.51.100.7", false)).names.length, 12);
});

Deno.test("history keeps ten minutes", async () => {
  const { inventory, second } = house();
  for (let i = 0; i < 100; i++) {
    second([{ id: 1, bytes: [100 * (i + 1), 0], lastUs: (START + 10_000 * i) * 1000 }]);
  }
  const { history } = await inventory.host("198.51.100.7", false);
  assert.equal(history.length, 60);
  assert.equal(history.at(-1)!.t, START + 990_000);
  assert.ok(history.every(({ bytes_to }) => bytes_to === 100));
});

Deno.test("programs are charged once with all their bytes, the rest is unattributed, strangers apart", () => {
  const { inventory, second, machine } = house();
  second([{ id: 1, bytes: [100, 1000] }, { id: 2, ports: [5, 80], bytes: [7, 70] }, {
    id: 3,
    client: "10.0.0.1",
    localEnd: LocalEnd.neither,
    bytes: [1, 2],
  }]);
  let page = inventory.processes(NONE);
  assert.deepEqual(page.unattributed, { bytes_in: 1070, bytes_out: 107, connections: 2 });
  assert.equal(page.strangers.bytes, 3);

  machine({ sockets: [socket()], processes: [process()] });
  second([{ id: 1, bytes: [150, 1000] }, { id: 2, ports: [5, 80], bytes: [7, 70] }]);
  page = inventory.processes(NONE);
  const [curl] = page.processes;
  assert.deepEqual([curl.bytes_in, curl.bytes_out, curl.connections, curl.connections_seen], [
    1000,
    150,
    1,
    1,
  ]);
  assert.deepEqual([curl.parent, curl.user, curl.active], ["init", "root", true]);
  assert.deepEqual(page.unattributed, { bytes_in: 70, bytes_out: 7, connections: 1 });
  assert.deepEqual(page.attribution.map(({ confidence }) => confidence), [1, 0.9, 0.8, 0]);

  // It ends, its numbers stay; the same number with another start is another process.
  machine({});
  assert.equal(inventory.process("4711").active, false);
  const waiting = { processes: [process()], sockets: [socket({ state: "time_wait" })] };
  machine(waiting);
  assert.equal(inventory.process("4711").active, false, "what the kernel waits out nobody holds");
  machine({ processes: [process({ name: "wget", startedMs: START })], sockets: [socket()] });
  const now = inventory.process("4711");
  assert.deepEqual([now.name, now.active, now.bytes_in], ["wget", true, 0]);
  assert.deepEqual(now.earlier.map(({ name, bytes_in }) => [name, bytes_in]), [["curl", 1000]]);
});

Deno.test("a server's program takes in what its clients send", () => {
  const { inventory, second, machine } = house();
  const listening = socket({
    localPort: 443,
    remoteAddress: "0.0.0.0",
    remotePort: 0,
    state: "listen",
    localAddress: "0.0.0.0",
  });
  const accepted = socket({
    localAddress: "198.51.100.7",
    localPort: 443,
    remoteAddress: "192.0.2.1",
    remotePort: 40_000,
  });
  machine({ sockets: [listening, accepted], processes: [process({ name: "nginx" })] });
  second([{ id: 1, localEnd: LocalEnd.server, bytes: [100, 5000] }]);
  const nginx = inventory.process("4711");
  assert.deepEqual([nginx.bytes_in, nginx.bytes_out], [100, 5000]);
  assert.deepEqual(nginx.listens, ["443/tcp"]);
  assert.deepEqual(nginx.hosts.map(({ ip }) => ip), ["192.0.2.1"]);
});

Deno.test("many short processes keep the table at its ceiling and no byte is lost", () => {
  const { inventory, machine, second } = house({ programs: 50 });
  let sum = 0;
  for (let i = 1; i <= 200; i++) {
    const port = 30_000 + i;
    machine({ sockets: [socket({ pid: i, localPort: port })], processes: [process({ pid: i })] });
    second([], [{ id: i, ports: [port, 443], bytes: [i, 0], end: FlowEnd.timeout }]);
    sum += i;
  }
  const page = inventory.processes(new URLSearchParams({ limit: "5000" }));
  assert.deepEqual([page.all, page.forgotten], [50, 150]);
  const kept = page.processes.reduce((sum, { bytes_out }) => sum + bytes_out, 0);
  assert.equal(kept + page.forgotten_bytes.bytes_out, sum);
  assert.equal(page.unattributed.bytes_out, 0);
});

Deno.test("ended processes of one program are one row when asked for together, also those that had to go", () => {
  const { inventory, machine, second } = house({ programs: 50 });
  const sum = { curl: 0, wget: 0 };
  const users = new Map<string, number>();
  for (let i = 1; i <= 200; i++) {
    const name = i % 4 === 0 ? "wget" : "curl";
    const user = i % 20 === 0 ? "alice" : "root";
    machine({
      sockets: [socket({ pid: i, localPort: 30_000 + i })],
      processes: [process({ pid: i, name, user, startedMs: START + i })],
    });
    second([], [{ id: i, ports: [30_000 + i, 443], bytes: [i, 0], end: FlowEnd.timeout }]);
    sum[name] += i;
    users.set(user, (users.get(user) ?? 0) + 1);
  }
  machine({
    sockets: [socket({ pid: 201 })],
    processes: [process({ pid: 201, name: "curl", user: "root" })],
  });
  const ask = (text: string) => inventory.processes(new URLSearchParams(`ended=together&sort=name&${text}`));
  const page = ask("");
  assert.deepEqual(
    page.processes.map(({ name, user, active, processes }) => [name, user, active, processes]),
    [["curl", "root", true, 1], ["curl", "root", false, 150], ["wget", "root", false, 40], [
      "wget",
      "alice",
      false,
      10,
    ]],
    "what is there now is a row of its own",
  );
  assert.deepEqual([page.total, page.matching, page.all, page.forgotten], [4, 201, 201, 0]);
  const moved = (wanted: string) =>
    page.processes.filter(({ name }) => name === wanted).reduce((sum, { bytes_out }) => sum + bytes_out, 0);
  assert.deepEqual({ curl: moved("curl"), wget: moved("wget") }, sum);
  const [curls] = page.processes.filter(({ processes }) => processes > 1);
  assert.deepEqual([curls.pid, curls.started, curls.connections_seen], [199, START + 1, 150], "the latest");
  assert.deepEqual(ask("q=user:alice").processes.map(({ processes }) => processes), [10]);
  assert.equal(ask("q=user:alice").matching, 10);
  assert.equal(inventory.processes(new URLSearchParams("limit=5000")).processes.length, 50, "each by itself");
  assert.throws(() => ask("ended=no"), QueryError);
});

Deno.test("ended processes whose file could not be read are with the only program of their name, or alone", () => {
  const { inventory, machine } = house();
  const run = (pid: number, name: string, path: string, user: string) =>
    machine({
      sockets: [socket({ pid, localPort: 30_000 + pid })],
      processes: [process({ pid, name, path, user, startedMs: START + pid })],
    });
  run(1, "curl", "/usr/bin/curl", "root");
  run(2, "curl", "", "root"); // went too soon
  run(3, "curl", "", ""); // nothing known
  run(4, "wget", "/usr/bin/wget", "root");
  run(5, "wget", "/tmp/wget", "root"); // another program of that name
  run(6, "wget", "", "root");
  machine({});
  const page = inventory.processes(new URLSearchParams("ended=together&sort=name"));
  assert.deepEqual(
    page.processes.map(({ name, path, user, processes }) => `${name} ${path} ${user} ${processes}`).sort(),
    [
      "curl   1",
      "curl /usr/bin/curl root 2",
      "wget  root 1",
      "wget /tmp/wget root 1",
      "wget /usr/bin/wget root 1",
    ],
  );
});

Deno.test("a filter looks at rows as they are told, ended ones together, whatever had to go", () => {
  for (const programs of [50, 2]) {
    const { inventory, machine, second } = house({ programs });
    for (let i = 1; i <= 20; i++) {
      machine({ sockets: [socket({ pid: i, localPort: 30_000 + i })], processes: [process({ pid: i })] });
      second([], [{ id: i, ports: [30_000 + i, 443], bytes: [100_000, 0], end: FlowEnd.timeout }]);
    }
    machine({});
    const ask = (q: string) =>
      inventory.processes(new URLSearchParams({ ended: "together", q })).processes.map(({ processes }) =>
        processes
      );
    assert.deepEqual(ask("bytes>1M"), [20]);
    assert.deepEqual(ask("bytes<1M"), []);
  }
});

Deno.test("a process that had to go and comes back is one process, with all it moved", () => {
  const { inventory, machine, second } = house({ programs: 2 });
  const daemon = process({ pid: 1, name: "chronyd", startedMs: START });
  let pid = 1;
  for (let round = 1; round <= 3; round++) {
    machine({ sockets: [socket({ pid: 1, localPort: 20_000 + round })], processes: [daemon] });
    second([], [{ id: 1_000 + round, ports: [20_000 + round, 443], bytes: [10, 0], end: FlowEnd.timeout }]);
    const page = inventory.processes(new URLSearchParams("ended=together&q=chronyd"));
    assert.deepEqual(
      page.processes.map(({ active, processes, bytes_out }) => [active, processes, bytes_out]),
      [[true, 1, 10 * round]],
    );
    for (let i = 0; i < 3; i++) {
      pid++;
      machine({ sockets: [socket({ pid, localPort: 30_000 + pid })], processes: [process({ pid })] });
    }
    const gone = inventory.processes(new URLSearchParams("ended=together&q=chronyd")).processes;
    assert.deepEqual(gone.map(({ active, processes, kept }) => [active, processes, kept]), [[false, 1, 0]]);
  }
  const { all, matching } = inventory.processes(new URLSearchParams("ended=together"));
  assert.deepEqual([all, matching], [10, 10], "nine others");
});

Deno.test("programs that had to go altogether are counted with what they moved", () => {
  const { inventory, machine, second } = house({ programs: 10 });
  for (let i = 1; i <= 1_100; i++) {
    machine({
      sockets: [socket({ pid: i, localPort: 30_000 + i })],
      processes: [process({ pid: i, name: `once${i}` })],
    });
    second([], [{ id: i, ports: [30_000 + i, 443], bytes: [1, 0], end: FlowEnd.timeout }]);
  }
  const page = inventory.processes(new URLSearchParams("ended=together"));
  assert.deepEqual([page.matching, page.forgotten, page.forgotten_bytes], [
    1_034,
    66,
    { bytes_in: 0, bytes_out: 66 },
  ]);
});

Deno.test("process numbers that are none are 400, those never seen 404", () => {
  const { inventory } = house();
  for (const text of ["", "-1", "1e3", "abc", "99999999999"]) {
    assert.throws(() => inventory.process(text), QueryError, text);
  }
  assert.throws(
    () => inventory.process("12345"),
    (error) => error instanceof AskError && error.status === 404,
  );
});

Deno.test("listeners: who can reach them, since when, and clients' UDP sockets are none", () => {
  const { inventory, machine } = house();
  const listen = (over: Partial<SocketInfo>) =>
    socket({ state: "listen", remoteAddress: "0.0.0.0", remotePort: 0, ...over });
  const sockets = [
    listen({ localAddress: "127.0.0.1", localPort: 631 }),
    listen({ localAddress: "::", localPort: 22 }),
    listen({ localAddress: "192.0.2.1", localPort: 80 }),
    listen({ protocol: 17, state: "unconnected", localAddress: "0.0.0.0", localPort: 5353 }),
    listen({ protocol: 17, state: "unconnected", localAddress: "0.0.0.0", localPort: 50_000 }),
    socket(),
  ];
  machine({ sockets: sockets.slice(0, 2), processes: [process()] });
  machine({ sockets, processes: [process()], atMs: START + 5000 });
  const page = inventory.listeners(NONE);
  assert.deepEqual(
    page.listeners.map((
      { port, proto, reach, since, since_start },
    ) => [port, proto, reach, since - START, since_start]),
    [
      [22, "tcp", "all", 0, true],
      [80, "tcp", "one", 5000, false],
      [631, "tcp", "loopback", 0, true],
      [5353, "udp", "all", 5000, false],
    ],
  );
  assert.equal(page.udp_clients, 1);
  assert.equal(page.listeners[0].process, "curl");
});

Deno.test("devices: cards, makers, addresses and names, from all that tells of them", async () => {
  const { inventory, machine } = house();
  const mac = "00:00:0c:01:02:03";
  inventory.learn([
    seen("arp", {
      arp: { opcode: "reply", src_mac: mac, src_ip: "192.168.1.9", dest_mac: "02:00:00:00:00:01" },
    }),
    seen("dhcp", {
      dhcp: {
        type: "request",
        client_mac: mac,
        hostname: "printer",
        client_ip: "0.0.0.0",
        vendor_class_identifier: "HP LaserJet",
      },
    }),
    seen("mdns", {
      mdns: {
        type: "answer",
        answers: [{ rrname: "office-printer.local", rrtype: "A", rdata: "192.168.1.9" }],
      },
    }),
    seen("arp", { arp: { opcode: "request", src_mac: "0a:00:00:00:00:07", src_ip: "0.0.0.0" } }),
    seen("arp", { arp: { src_mac: "ff:ff:ff:ff:ff:ff", src_ip: "192.168.1.1" } }),
    seen("arp", { arp: { src_mac: "<b>", src_ip: "192.168.1.1" } }),
  ]);
  machine({
    interfaces: [{
      ...{
        index: 2,
        name: "eth0",
        mac: "0a:00:00:00:00:01",
        mtu: 1500,
        up: true,
        running: true,
        loopback: false,
      },
      ...{ receivedBytes: 0, receivedPackets: 0, receivedErrors: 0, receivedDropped: 0 },
      ...{ sentBytes: 0, sentPackets: 0, sentErrors: 0, sentDropped: 0 },
      addresses: [{ address: "192.168.1.2", prefixLength: 24 }],
    }],
    neighbours: [
      { address: "192.168.1.1", mac: "00:50:c2:12:30:01", index: 2, fresh: true, router: false },
      { address: "fe80::1", mac: "00:50:c2:12:30:01", index: 2, fresh: false, router: true },
    ],
  });
  const { devices } = inventory.devices(new URLSearchParams({ sort: "mac" }));
  assert.deepEqual(
    devices.map(({ mac, vendor, random, own, router }) => [mac, vendor, random, own, router]),
    [
      [mac, "Cisco Systems, Inc", false, false, false],
      ["00:50:c2:12:30:01", "Small Maker", false, false, true],
      ["0a:00:00:00:00:01", "", true, true, false],
      ["0a:00:00:00:00:07", "", true, false, false],
    ],
  );
  const [printer, router] = devices;
  assert.deepEqual(printer.names.map(({ name, from }) => [name, from]), [["printer", "dhcp"], [
    "office-printer.local",
    "mdns",
  ]]);
  assert.deepEqual(printer.says, ["HP LaserJet"]);
  assert.deepEqual(router.addresses.map(({ ip }) => ip).sort(), ["192.168.1.1", "fe80::1"]);
  assert.equal(router.in_iface, "eth0");
  assert.equal((await inventory.host("192.168.1.9", false)).device?.mac, mac);
});

Deno.test("made-up senders do not grow the table of devices, nor what is known of one", () => {
  const { inventory } = house({ devices: 50 });
  const hex = (n: number) => n.toString(16).padStart(2, "0");
  for (let i = 0; i < 5_000; i++) {
    const src_mac = `02:00:00:00:${hex(i >> 8)}:${hex(i & 255)}`;
    inventory.learn([seen("arp", { arp: { src_mac, src_ip: `10.0.${i >> 8}.${i & 255}` } })]);
  }
  assert.deepEqual(
    [inventory.counters().devices.size, inventory.counters().devices.forgotten],
    [50, 4_950],
  );
  for (let i = 0; i < 500; i++) {
    inventory.learn([
      seen("arp", { arp: { src_mac: "02:00:00:00:00:00", src_ip: `10.1.${i >> 8}.${i & 255}` } }),
    ]);
  }
  const { devices } = inventory.devices(new URLSearchParams({ q: "02:00:00:00:00:00" }));
  assert.equal(devices[0].addresses.length, 16);
});

Deno.test("groups' NetBIOS names are nobody's; what a machine claims is its name", async () => {
  const { inventory } = house();
  const claim = (rrname: string, group: boolean) =>
    seen("nbns", {
      nbns: {
        type: "query",
        operation: "registration",
        answers: [{ rrname, rrtype: "NB", rdata: "192.168.1.5", ...(group ? { group: true } : {}) }],
      },
    });
  inventory.learn([claim("WORKGROUP<00>", true), claim("PC-1<00>", false), claim("PC-1<1d>", false)]);
  const { names } = await inventory.host("192.168.1.5", false);
  assert.deepEqual(names.map(({ name }) => name), ["PC-1"]);
});

Deno.test("lists are searched and sorted, and say what they do not understand", () => {
  const { inventory, second } = house();
  inventory.learn([seen("tls", { tls: { sni: "shop.example.com" } })]);
  second([{ id: 1, bytes: [10, 20] }, {
    id: 2,
    server: "198.51.100.9",
    ports: [9, 53],
    protocol: 17,
    bytes: [1, 2],
  }]);
  const ips = (query: Record<string, string>) =>
    inventory.hosts(new URLSearchParams(query)).hosts.map(({ ip }) => ip);
  assert.deepEqual(ips({ q: "SHOP 443" }), ["198.51.100.7"]);
  assert.deepEqual(ips({ q: "nothing-like-it" }), []);
  assert.deepEqual(ips({ q: "host:shop.example port:443" }), ["198.51.100.7"]);
  assert.deepEqual(ips({ q: "host:198.51.100.0/24 and not port:443" }), ["198.51.100.9"]);
  assert.deepEqual(ips({ q: "name:shop or bytes<10" }), ["198.51.100.7", "198.51.100.9"]);
  assert.deepEqual(ips({ q: `last<${START - 1}` }), []);
  assert.deepEqual(ips({ sort: "ip" }), ["192.0.2.1", "198.51.100.7", "198.51.100.9"]);
  assert.deepEqual(ips({ sort: "bytes", order: "asc" }), ["198.51.100.9", "198.51.100.7", "192.0.2.1"]);
  assert.deepEqual(ips({ sort: "bytes", offset: "1", limit: "1" }), ["198.51.100.7"]);
  const bad: Record<string, string>[] = [
    { sort: "__proto__" },
    { order: "up" },
    { limit: "0" },
    { limit: "x" },
    { offset: "-1" },
    {
      what: "1",
    },
    { q: "x".repeat(501) },
    { q: "nosuch:1" },
    { q: "rcode:x" },
    { q: "(a" },
  ];
  for (const query of bad) {
    assert.throws(
      () => inventory.hosts(new URLSearchParams(query)),
      QueryError,
      JSON.stringify(query),
    );
  }
});
