import assert from "node:assert/strict";
import { ConnectionTable } from "../../monitor/connections.ts";
import { FlowEnd, IpProtocol, LocalEnd } from "../../model/flow.ts";
import type { ProcessInfo, SocketInfo, SystemReport } from "../../model/system.ts";
import { flowRows, type FlowRowSpec } from "./flow_rows.ts";

const NOTHING = flowRows();

function socket(over: Partial<SocketInfo>): SocketInfo {
  return {
    protocol: 6,
    localAddress: "192.0.2.1",
    localPort: 40_000,
    remoteAddress: "198.51.100.7",
    remotePort: 443,
    state: "established",
    uid: 1000,
    inode: 77,
    netns: 0,
    pid: 4711,
    method: "inode",
    others: 0,
    ...over,
  };
}

function process(pid: number, name: string): ProcessInfo {
  return {
    pid,
    parentPid: 1,
    name,
    path: `/usr/bin/${name}`,
    commandLine: name,
    uid: 1000,
    user: "ada",
    startedMs: 0,
    container: "",
  };
}

function system(sockets: SocketInfo[], processes = [process(4711, "curl")]): SystemReport {
  return {
    type: "system-report",
    atMs: 1000,
    tookMs: 1,
    sockets,
    socketsLost: 0,
    processes,
    interfaces: [],
    problems: [],
  };
}

function apply(
  table: ConnectionTable,
  active: FlowRowSpec[],
  ended: FlowRowSpec[] = [],
  countSockets = false,
) {
  const moved: [string, number][] = [];
  table.applyFlows(
    { active: flowRows(...active), ended: flowRows(...ended), flows: active.length },
    1,
    ["eth0"],
    (connection, { bytes }) => moved.push([connection.id, bytes]),
    countSockets,
  );
  return moved;
}

Deno.test("a flow is joined with the process of its socket, whichever end is ours", () => {
  for (
    const [local, localEnd] of [["192.0.2.1", LocalEnd.client], ["198.51.100.7", LocalEnd.server]] as const
  ) {
    const table = new ConnectionTable();
    const ours = local === "192.0.2.1"
      ? socket({})
      : socket({ localAddress: local, localPort: 443, remoteAddress: "192.0.2.1", remotePort: 40_000 });
    table.applySystem(system([ours]));
    apply(table, [{ id: 1, localEnd }]);
    const [row] = table.all();
    assert.equal(row.source, "both");
    assert.equal(row.process?.name, "curl");
    assert.equal(row.process?.method, "inode");
    assert.equal(row.process?.confidence, 1);
    assert.equal(row.process?.end, local === "192.0.2.1" ? "client" : "server");
    assert.equal(row.in_iface, "eth0");
  }
});

Deno.test("an unconnected UDP socket is found by its port, only for the end that is ours", () => {
  const wild = socket({
    protocol: 17,
    localAddress: "0.0.0.0",
    localPort: 5353,
    remoteAddress: "0.0.0.0",
    remotePort: 0,
  });
  const flow = { id: 1, protocol: IpProtocol.udp, ports: [5353, 5353] as [number, number] };
  const table = new ConnectionTable();
  table.applySystem(system([wild]));
  apply(table, [{ ...flow, localEnd: LocalEnd.client }, { ...flow, id: 2, localEnd: LocalEnd.neither }]);
  const [ours, strangers] = table.all();
  assert.equal(ours.process?.pid, 4711);
  assert.equal(strangers.process, null);
});

Deno.test("of two ends on this machine the caller is the row's process", () => {
  const table = new ConnectionTable();
  const loop = { localAddress: "127.0.0.1", remoteAddress: "127.0.0.1" };
  const listener = socket({
    ...loop,
    localPort: 80,
    remotePort: 0,
    state: "listen",
    pid: 80,
    remoteAddress: "0.0.0.0",
  });
  const caller = socket({ ...loop, localPort: 40_000, remotePort: 80 });
  const called = socket({ ...loop, localPort: 80, remotePort: 40_000, pid: 80 });
  for (const order of [[listener, caller, called], [listener, called, caller]]) {
    table.applySystem(system(order, [process(4711, "curl"), process(80, "nginx")]));
    apply(table, [{
      id: 1,
      client: "127.0.0.1",
      server: "127.0.0.1",
      ports: [40_000, 80],
      localEnd: LocalEnd.both,
    }]);
    assert.equal(table.all()[0].process?.name, "curl");
    const { peer } = table.all()[0];
    assert.deepEqual([peer?.name, peer?.end, peer?.method], ["nginx", "server", "inode"]);
    assert.equal(table.all().length, 1);
    apply(table, []);
  }
  // Over before anybody looked: the kernel told who called, and who is called listens still.
  table.applySystem(system([listener, { ...caller, method: "remembered" }], [
    process(4711, "curl"),
    process(80, "nginx"),
  ]));
  const short: FlowRowSpec = {
    id: 2,
    client: "127.0.0.1",
    server: "127.0.0.1",
    ports: [40_000, 80],
    localEnd: LocalEnd.both,
  };
  apply(table, [short]);
  const { process: caller2, peer } = table.all()[0];
  assert.deepEqual([caller2?.name, peer?.name, peer?.method], ["curl", "nginx", "remembered"]);
});

Deno.test("a program that talks to itself has no peer; nor have loopbacks of two namespaces one another", () => {
  const table = new ConnectionTable();
  const loop = { localAddress: "127.0.0.1", remoteAddress: "127.0.0.1" };
  const one = socket({ ...loop, localPort: 40_000, remotePort: 80 });
  const flow: FlowRowSpec = {
    id: 1,
    client: "127.0.0.1",
    server: "127.0.0.1",
    ports: [40_000, 80],
    localEnd: LocalEnd.both,
  };
  table.applySystem(system([one, socket({ ...loop, localPort: 80, remotePort: 40_000 })]));
  apply(table, [flow]);
  assert.deepEqual([table.all()[0].process?.name, table.all()[0].peer], ["curl", null]);
  const foreign = socket({ ...loop, localPort: 80, remotePort: 40_000, netns: 9, pid: 1 });
  const apart = new ConnectionTable();
  apart.applySystem(system([one, foreign], [process(4711, "curl"), process(1, "nginx")]));
  apply(apart, [flow]);
  assert.deepEqual([apart.all()[0].process?.name, apart.all()[0].peer], ["curl", null]);
});

Deno.test("a container here that our program talks to is its peer, and is charged with all there was", () => {
  const theirs = {
    localAddress: "198.51.100.7",
    localPort: 443,
    remoteAddress: "192.0.2.1",
    remotePort: 40_000,
    netns: 8,
    pid: 1,
  };
  const listening = socket({ ...theirs, remoteAddress: "0.0.0.0", remotePort: 0, state: "listen" });
  const processes = [process(4711, "curl"), process(1, "nginx")];
  const table = new ConnectionTable();
  const charged: [number, number, number, boolean][] = [];
  const step = (...bytes: [number, number]) =>
    table.applyFlows(
      { active: flowRows({ id: 1, localEnd: LocalEnd.client, bytes }), ended: NOTHING, flows: 1 },
      1,
      [],
      (_, { attributed, peerToServer, peerToClient, isFirstPeer }) =>
        charged.push([attributed, peerToServer, peerToClient, isFirstPeer]),
      false,
    );
  table.applySystem(system([socket({})], processes));
  step(100, 10);
  table.applySystem(system([listening, socket(theirs), socket({})], processes));
  step(100, 10);
  step(150, 30);
  step(150, 30);
  assert.deepEqual([table.all()[0].process?.name, table.all()[0].peer?.name], ["curl", "nginx"]);
  assert.deepEqual(charged, [[110, 0, 0, false], [0, 100, 10, true], [70, 50, 20, false]]);
});

Deno.test("a process stays on the row after its socket is gone", () => {
  const table = new ConnectionTable();
  table.applySystem(system([socket({})]));
  apply(table, [{ id: 1 }]);
  table.applySystem(system([], []));
  apply(table, [{ id: 1 }]);
  assert.equal(table.all()[0].process?.name, "curl");
});

Deno.test("sockets without packets are rows of their own; listeners and leftovers are not", () => {
  const table = new ConnectionTable();
  table.applySystem(system([
    socket({}),
    socket({ localPort: 22, remotePort: 0, remoteAddress: "0.0.0.0", state: "listen" }),
    socket({ localPort: 40_001, state: "time_wait" }),
    socket({ localPort: 22, remotePort: 50_000, rttUs: 12_000, bytesSent: 5, bytesReceived: 7 }),
  ]));
  apply(table, []);
  const rows = table.all();
  assert.deepEqual(rows.map((row) => [row.direction, row.src_port, row.dest_port]), [["out", 40_000, 443], [
    "in",
    50_000,
    22,
  ]]);
  assert.deepEqual([rows[1].bytes_toserver, rows[1].bytes_toclient, rows[1].rtt_ms], [7, 5, 12]);
});

Deno.test("moved bytes are told once, for ended flows too, and rates follow", () => {
  const table = new ConnectionTable();
  assert.deepEqual(apply(table, [{ id: 1, bytes: [100, 0] }]), [["f1", 100]]);
  assert.equal(table.all()[0].bits_per_second, 800);
  assert.deepEqual(apply(table, [{ id: 1, bytes: [100, 0] }]), []);
  assert.deepEqual(apply(table, [], [{ id: 1, bytes: [100, 50], end: FlowEnd.timeout }]), [["f1", 50]]);
  assert.equal(table.all().length, 0);
});

Deno.test("without packets sockets tell what moved", () => {
  const table = new ConnectionTable();
  table.applySystem(system([socket({ bytesSent: 1000, bytesReceived: 0 })]));
  assert.deepEqual(apply(table, [], [], true), []);
  table.applySystem(system([socket({ bytesSent: 1500, bytesReceived: 100 })]));
  assert.deepEqual(apply(table, [], [], true).map(([, bytes]) => bytes), [600]);
});

Deno.test("flows beyond the snapshot are counted as left out", () => {
  const table = new ConnectionTable();
  table.applyFlows({ active: flowRows({ id: 1 }), ended: NOTHING, flows: 12 }, 1, [], () => {}, false);
  assert.equal(table.leftOut, 11);
});

Deno.test("bytes moved before the process was found are charged to it then", () => {
  const table = new ConnectionTable();
  const charged: [number, number][] = [];
  const step = (bytes: number) =>
    table.applyFlows(
      { active: flowRows({ id: 1, bytes: [bytes, 0] }), ended: NOTHING, flows: 1 },
      1,
      [],
      (_, { bytes, attributed }) => charged.push([bytes, attributed]),
      false,
    );
  step(100);
  table.applySystem(system([socket({})]));
  step(100);
  step(150);
  assert.deepEqual(charged, [[100, 0], [0, 100], [50, 50]]);
});

Deno.test("between two containers the caller is the row's process, whichever is read first", () => {
  const server = socket({
    localAddress: "198.51.100.7",
    localPort: 443,
    remoteAddress: "192.0.2.1",
    remotePort: 40_000,
    netns: 8,
    pid: 1,
  });
  const listening = socket({ ...server, remoteAddress: "0.0.0.0", remotePort: 0, state: "listen" });
  const caller = socket({ netns: 9 });
  const flow = { id: 1, localEnd: LocalEnd.neither };
  const processOf = (...seconds: SocketInfo[][]) => {
    const table = new ConnectionTable();
    for (const sockets of seconds) {
      table.applySystem(system(sockets, [process(4711, "curl"), process(1, "nginx")]));
      apply(table, [flow]);
    }
    return table.all()[0].process;
  };
  for (const sockets of [[listening, server, caller], [caller, listening, server]]) {
    assert.deepEqual([processOf(sockets)?.pid, processOf(sockets)?.end], [4711, "client"]);
  }
  const late = [[listening, server], [listening, server], [listening, server, caller]];
  assert.equal(processOf(...late)?.pid, 4711);
  const alone = Array.from({ length: 5 }, () => [listening, server]);
  assert.deepEqual([processOf(...alone)?.pid, processOf(...alone)?.end], [1, "server"]);
});

Deno.test("the other end of our own connection, in a container here, is not taken for ours", () => {
  const theirs = {
    localAddress: "198.51.100.7",
    localPort: 443,
    remoteAddress: "192.0.2.1",
    remotePort: 40_000,
  };
  const listening = socket({
    ...theirs,
    remoteAddress: "0.0.0.0",
    remotePort: 0,
    state: "listen",
    netns: 8,
    pid: 1,
  });
  const server = socket({ ...theirs, netns: 8, pid: 1 });
  const table = new ConnectionTable();
  const processes = [process(4711, "curl"), process(1, "nginx")];
  for (let second = 0; second < 5; second++) {
    table.applySystem(system([listening, server], processes));
    apply(table, [{ id: 1, localEnd: LocalEnd.client }]);
  }
  assert.deepEqual([table.all()[0].process, table.all()[0].netns], [null, 0]);
  table.applySystem(system([listening, server, socket({})], processes));
  apply(table, [{ id: 1, localEnd: LocalEnd.client }]);
  assert.equal(table.all()[0].process?.name, "curl");
});
