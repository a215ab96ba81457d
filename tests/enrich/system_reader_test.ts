/** Readings of the real machine: sockets opened here are found, with the right process, state and counters. */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { readlinkSync } from "node:fs";
import { openLibc } from "../../enrich/ffi/libc.ts";
import { NETLINK_SOCK_DIAG, NetlinkSocket } from "../../enrich/ffi/netlink_socket.ts";
import { HomeNamespace, NamespaceLostError } from "../../enrich/ffi/network_namespace.ts";
import { ProcFiles } from "../../enrich/ffi/proc_files.ts";
import { NamespaceSockets } from "../../enrich/sockets.ts";
import { SystemReader } from "../../enrich/system_reader.ts";
import type { ProcessInfo, SocketInfo, SystemReport } from "../../model/system.ts";
import { findProgram, needs } from "../support/needs.ts";
import { createPair, type Namespace } from "../support/netns.ts";
import { until } from "../support/wait.ts";

const linux = Deno.build.os !== "linux";
const root = needs("root");
const netns = needs("root", "netns");

/** A reading now. */
function read(reader: SystemReader): SystemReport {
  return reader.read(Date.now());
}

function find(report: SystemReport, wanted: Partial<SocketInfo>): SocketInfo | undefined {
  const entries = Object.entries(wanted) as [keyof SocketInfo, unknown][];
  return report.sockets.find((socket) => entries.every(([key, value]) => socket[key] === value));
}

function processOf(report: SystemReport, socket: SocketInfo): ProcessInfo | undefined {
  return report.processes.find((process) => process.pid === socket.pid);
}

/** A child that does not outlive its scope. */
function spawn(program: string, args: string[], options: Deno.CommandOptions = {}) {
  const all: Deno.CommandOptions = { args, stdin: "null", stdout: "null", stderr: "null", ...options };
  const child = new Deno.Command(program, all).spawn();
  return {
    child,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended by itself
      }
      await child.status;
    },
  };
}

const spawnIn = (namespace: Namespace, program: string, ...args: string[]) =>
  spawn("ip", ["netns", "exec", namespace.name, program, ...args]);

const portOf = (address: Deno.Addr) => (address as Deno.NetAddr).port;

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test({
    name: `a TCP connection over ${hostname} is found at both ends, with its process and tcp_info`,
    ignore: linux,
    async fn() {
      using reader = new SystemReader();
      using listener = Deno.listen({ hostname, port: 0 });
      const port = portOf(listener.addr);
      using client = await Deno.connect({ hostname, port });
      using server = await listener.accept();
      await client.write(new Uint8Array(5_000));
      for (let got = 0; got < 5_000;) got += await server.read(new Uint8Array(8_192)) ?? 5_000;

      const report = read(reader);
      const listening = find(report, { state: "listen", localAddress: hostname, localPort: port })!;
      assert.deepEqual([listening.pid, listening.method, listening.netns], [Deno.pid, "inode", 0]);
      assert.equal(listening.rttUs, undefined);

      const local = portOf(client.localAddr);
      const ours = find(report, { protocol: 6, localPort: local, remotePort: port })!;
      assert.deepEqual([ours.state, ours.pid, ours.method, ours.others], [
        "established",
        Deno.pid,
        "inode",
        0,
      ]);
      assert.deepEqual([ours.localAddress, ours.remoteAddress, ours.uid], [hostname, hostname, Deno.uid()]);
      assert.equal(ours.bytesSent, 5_000);
      assert.ok(ours.rttUs! > 0 && ours.rttUs! < 1e6 && ours.rttVarUs! > 0);
      assert.equal(ours.retransmits, 0);
      const theirs = find(report, { protocol: 6, localPort: port, remotePort: local })!;
      assert.deepEqual([theirs.state, theirs.pid, theirs.bytesReceived], ["established", Deno.pid, 5_000]);

      const us = processOf(report, ours)!;
      assert.equal(us.parentPid, Deno.ppid);
      assert.equal(us.path, Deno.realPathSync(Deno.execPath()));
      assert.ok(us.commandLine.includes("deno"));
      assert.ok(us.startedMs <= Date.now() && Date.now() - us.startedMs < 86_400_000);
    },
  });
}

Deno.test({
  name: "IPv4-mapped addresses are written as IPv4",
  ignore: linux,
  async fn() {
    using reader = new SystemReader();
    using listener = Deno.listen({ hostname: "::", port: 0 });
    const port = portOf(listener.addr);
    using client = await Deno.connect({ hostname: "127.0.0.1", port });
    using _server = await listener.accept();
    const found = find(read(reader), { localPort: port, remotePort: portOf(client.localAddr) })!;
    assert.deepEqual([found.localAddress, found.remoteAddress], ["127.0.0.1", "127.0.0.1"]);
  },
});

for (const [type, address] of [["udp4", "127.0.0.1"], ["udp6", "::1"]] as const) {
  Deno.test({
    name: `a UDP socket on ${address} is found, bound and connected`,
    ignore: linux,
    async fn() {
      using reader = new SystemReader();
      const bound = createSocket(type);
      const connected = createSocket(type);
      try {
        await new Promise<void>((resolve) => bound.bind(0, address, resolve));
        const port = bound.address().port;
        const seen = find(read(reader), { protocol: 17, localAddress: address, localPort: port })!;
        assert.deepEqual([seen.state, seen.pid, seen.remotePort], ["unconnected", Deno.pid, 0]);
        await new Promise<void>((resolve) => connected.connect(port, address, resolve));
        connected.send("x"); // Deno keeps the peer to itself or tells the kernel: either way it is our socket
        const local = connected.address().port;
        const other = await until(
          "the second socket is seen",
          () => find(read(reader), { localPort: local }),
        );
        assert.deepEqual([other.protocol, other.pid], [17, Deno.pid]);
      } finally {
        await close(bound);
        await close(connected);
      }
    },
  });
}

const close = (socket: Socket) => new Promise<void>((resolve) => socket.close(() => resolve()));

Deno.test({
  name: "a connection of a child process is named after it, and one that has ended is told once, as closed",
  ignore: linux,
  async fn() {
    using reader = new SystemReader();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = portOf(listener.addr);
    await using child = spawn(
      Deno.execPath(),
      [
        "eval",
        `const c = await Deno.connect({ hostname: "127.0.0.1", port: ${port} });
           await c.read(new Uint8Array(1)); c.close(); await new Promise(() => setInterval(() => {}, 1e6));`,
        "--",
        "--password=hunter2",
      ],
    );
    using server = await listener.accept();
    const before = read(reader);
    const socket = find(before, { protocol: 6, remotePort: port, state: "established" })!;
    assert.deepEqual([socket.pid, socket.method], [child.child.pid, "inode"]);
    const process = processOf(before, socket)!;
    assert.deepEqual([process.name.startsWith("deno"), process.parentPid], [true, Deno.pid]);
    assert.ok(process.commandLine.includes("--password=***") && !process.commandLine.includes("hunter2"));

    await server.write(new Uint8Array(1)); // and they close
    const ends = { localPort: socket.localPort, remotePort: port };
    const states: string[] = [];
    await until("the connection is told as closed", () => {
      const now = find(read(reader), ends);
      if (now !== undefined && now.state !== states.at(-1)) states.push(now.state);
      if (now?.inode === 0 || now?.state === "fin_wait2") assert.equal(now?.pid, child.child.pid);
      try {
        server.close();
      } catch {
        // closed by an earlier round
      }
      return now === undefined || now.state === "time_wait" || now.state === "closed";
    });
    assert.ok(states.every((state) => /^(established|fin_wait[12]|closing|time_wait|closed)$/.test(state)));
  },
});

Deno.test({
  name: "a socket that several processes hold says so",
  ignore: linux || findProgram("python3") === null,
  async fn() {
    using reader = new SystemReader();
    const script = `import socket, os, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); s.set_inheritable(True)
pid = os.fork()
print(s.getsockname()[1], flush=True) if pid else None
sys.stdin.read()`;
    await using child = spawn("python3", ["-c", script], { stdin: "piped", stdout: "piped" });
    const output = child.child.stdout.getReader();
    const port = Number(new TextDecoder().decode((await output.read()).value));
    const socket = find(read(reader), { localPort: port, state: "listen" })!;
    // The first look stops at the first holder; the sweep finds the other.
    let nowMs = Date.now();
    const shared = await until("the sweep has met both", () => {
      const now = find(reader.read(nowMs += 10_000), { localPort: port, state: "listen" });
      return now?.others === 1 ? now : null;
    });
    assert.equal(socket.pid, child.child.pid);
    assert.deepEqual([shared.pid, shared.method], [child.child.pid, "shared-inode"]);
    await child.child.stdin.close(); // both end
    while (!(await output.read()).done);
  },
});

Deno.test({
  name: "the counters of lo rise by what is sent, and its addresses are told",
  ignore: linux,
  async fn() {
    using reader = new SystemReader();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using client = await Deno.connect({ hostname: "127.0.0.1", port: portOf(listener.addr) });
    using server = await listener.accept();
    const before = read(reader).interfaces.find((one) => one.name === "lo")!;
    const bytes = 300_000;
    await Promise.all([
      (async () => {
        for (let left = bytes; left > 0;) left -= await client.write(new Uint8Array(Math.min(left, 65_536)));
      })(),
      (async () => {
        for (let got = 0; got < bytes;) got += await server.read(new Uint8Array(65_536)) ?? bytes;
      })(),
    ]);
    const after = read(reader).interfaces.find((one) => one.name === "lo")!;
    assert.ok(after.sentBytes - before.sentBytes >= bytes);
    assert.equal(after.sentBytes - before.sentBytes, after.receivedBytes - before.receivedBytes);
    assert.ok(after.receivedPackets > before.receivedPackets);
    assert.deepEqual([after.loopback, after.up, after.mac], [true, true, ""]);
    assert.ok(after.addresses.some((one) => one.address === "127.0.0.1" && one.prefixLength === 8));
  },
});

Deno.test({
  name: "CPU use is a share, from the second reading on",
  ignore: linux,
  async fn() {
    using reader = new SystemReader();
    assert.equal(read(reader).cpu, undefined);
    const share = await until("the clock ticks", () => read(reader).cpu);
    assert.ok(share >= 0 && share <= 1);
  },
});

Deno.test({
  name: "a steady machine costs no look through open files",
  ignore: linux,
  async fn() {
    using reader = new SystemReader();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = portOf(listener.addr);
    read(reader);
    const nowMs = Date.now();
    const before = reader.effort.scans;
    for (let i = 0; i < 20; i++) reader.read(nowMs + i); // no time goes by: the sweep stands still
    const ours = find(reader.read(nowMs + 20), { localPort: port })!;
    assert.equal(ours.method, "inode");
    // Others on this machine may open sockets meanwhile; without a cache it would be all processes, 21 times.
    const processes = [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).length;
    assert.ok(reader.effort.scans - before < 10 * processes);
    await Promise.resolve();
  },
});

const curl = needs("root", "netns", "curl", "python3");
Deno.test({
  name: curl.name("sockets of another network namespace have its number and their process; we stay at home"),
  ignore: curl.ignore,
  async fn() {
    const home = readlinkSync("/proc/thread-self/ns/net");
    using pair = createPair();
    await using server = spawnIn(pair.right, "python3", "-m", "http.server", "8097", "--bind", "192.0.2.2");
    using reader = new SystemReader();
    const inside = Number(/\d+/.exec(pair.right.run("readlink", "/proc/self/ns/net"))![0]);
    const [report, socket] = await until("the server listens", () => {
      const report = read(reader);
      const socket = find(report, { localAddress: "192.0.2.2", localPort: 8097, state: "listen" });
      return socket?.pid === undefined ? null : [report, socket] as const;
    });
    assert.deepEqual([socket.netns, socket.pid, socket.method], [inside, server.child.pid, "inode"]);
    assert.ok(processOf(report, socket)!.name.startsWith("python"));
    assert.equal(readlinkSync("/proc/thread-self/ns/net"), home);
    // Our own sockets are read in our own namespace all the same.
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    assert.equal(find(read(reader), { localPort: portOf(listener.addr) })!.netns, 0);
    assert.equal(readlinkSync("/proc/thread-self/ns/net"), home);
  },
});

Deno.test({
  name: curl.name("a curl of a few milliseconds in another namespace is told with its process"),
  ignore: curl.ignore,
  async fn() {
    using pair = createPair();
    await using server = spawnIn(pair.right, "python3", "-m", "http.server", "8098", "--bind", "192.0.2.2");
    using reader = new SystemReader();
    await until("the server listens", () => find(read(reader), { localPort: 8098, state: "listen" }));
    assert.ok(reader.isTracing, "the kernel tells of new connections");
    let stop = false;
    const watching = (async () => {
      while (!stop) if (await reader.waitForTrace(100)) reader.readTrace(Date.now());
    })();
    const result = await pair.left.output("curl", "-s", "-o", "/dev/null", "http://192.0.2.2:8098/");
    assert.equal(result.code, 0);
    stop = true;
    await watching;
    const report = read(reader);
    const ours = find(report, { protocol: 6, localAddress: "192.0.2.1", remotePort: 8098 })!;
    assert.equal(ours.method, "remembered");
    assert.equal(processOf(report, ours)!.name, "curl");
    // Its other end went by, too, and came in by the server's listening socket.
    const theirs = find(report, { protocol: 6, localPort: 8098, remoteAddress: "192.0.2.1" });
    if (theirs !== undefined) assert.equal(theirs.pid, server.child.pid);
    // Told once: the next reading has it no more, unless the kernel still keeps it in time_wait.
    const again = find(read(reader), { localPort: ours.localPort, remotePort: 8098 });
    assert.ok(again === undefined || again.state === "time_wait");
  },
});

const dig = needs("root", "netns", "dig");
Deno.test({
  name: dig.name("a dig without an answer is told with its process"),
  ignore: dig.ignore,
  async fn() {
    using pair = createPair();
    using reader = new SystemReader();
    read(reader);
    await pair.left.output("dig", "+time=1", "+tries=1", "@192.0.2.2", "example.org");
    reader.readTrace(Date.now());
    const report = read(reader);
    const query = find(report, { protocol: 17, remoteAddress: "192.0.2.2", remotePort: 53 })!;
    assert.equal(processOf(report, query)!.name, "dig");
  },
});

Deno.test({
  name: root.name("without rights the reading goes on, and says what is missing and what would help"),
  ignore: root.ignore || findProgram("setpriv") === null,
  async fn() {
    // Deno itself must be readable for nobody, and need not write anything.
    const script = `import { SystemReader } from "${new URL(
      "../../enrich/system_reader.ts",
      import.meta.url,
    )}";
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      using reader = new SystemReader();
      const { sockets, problems, interfaces } = reader.read(Date.now());
      const own = sockets.find((one) => one.localPort === listener.addr.port);
      console.log(JSON.stringify({ own, pid: Deno.pid, sockets: sockets.length, problems, lo: interfaces[0].name }));`;
    const home = Deno.makeTempDirSync();
    try {
      Deno.chmodSync(home, 0o777);
      const { stdout, stderr } = await new Deno.Command("setpriv", {
        args: [
          ...["--reuid=65534", "--regid=65534", "--clear-groups"],
          ...[
            Deno.realPathSync(Deno.execPath()),
            "run",
            "--no-config",
            "-A",
            `data:text/typescript,${encodeURIComponent(script)}`,
          ],
        ],
        env: { DENO_DIR: home, HOME: home, NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.ok(text !== "", new TextDecoder().decode(stderr));
      const { own, pid, problems, lo } = JSON.parse(text);
      assert.deepEqual([own.pid, own.method, lo], [pid, "inode", "lo"]);
      const hints = problems.map((problem: { hint: string }) => problem.hint).join("\n");
      assert.match(hints, /cap_sys_ptrace,cap_dac_read_search/);
    } finally {
      Deno.removeSync(home, { recursive: true });
    }
  },
});

Deno.test({
  name: "/proc/net tells the same sockets as netlink",
  ignore: linux,
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using listener6 = Deno.listen({ hostname: "::1", port: 0 });
    using client = await Deno.connect({ hostname: "127.0.0.1", port: portOf(listener.addr) });
    using _server = await listener.accept();
    const udp = createSocket("udp6");
    await new Promise<void>((resolve) => udp.bind(0, "::1", resolve));
    const libc = openLibc();
    const netlink = NetlinkSocket.open(libc, NETLINK_SOCK_DIAG);
    try {
      const source = { files: new ProcFiles(libc), procNet: "/proc/thread-self/net" };
      const asked = new NamespaceSockets(0);
      const readFromText = new NamespaceSockets(0);
      asked.readFull({ ...source, netlink });
      readFromText.readFull({ ...source, netlink: null });
      assert.deepEqual([asked.fallback, readFromText.fallback === ""], ["", false]);
      const ports = [listener.addr, listener6.addr, client.localAddr].map(portOf).concat(udp.address().port);
      const told = (sockets: NamespaceSockets) =>
        [...sockets.records.values()].map(({ info }) => info).filter((info) => ports.includes(info.localPort))
          .map(({ protocol, localAddress, localPort, remoteAddress, remotePort, state, uid, inode }) =>
            [protocol, localAddress, localPort, remoteAddress, remotePort, state, uid, inode].join(" ")
          ).sort();
      assert.equal(told(asked).length, 5);
      assert.deepEqual(told(readFromText), told(asked));
      // Reading again finds them again, and nothing of ours has ended.
      readFromText.readFull({ ...source, netlink: null });
      const ended = readFromText.takeClosed().closed.filter(({ info }) => ports.includes(info.localPort));
      assert.deepEqual(ended, []);
    } finally {
      await close(udp);
      netlink.close();
      netlink.close();
      libc.dispose();
    }
  },
});

Deno.test({
  name: "sockets beyond the ceiling are counted, not kept",
  ignore: linux,
  fn() {
    const libc = openLibc();
    const netlink = NetlinkSocket.open(libc, NETLINK_SOCK_DIAG);
    using _listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const sockets = new NamespaceSockets(0, 1);
      sockets.readFull({ netlink, files: new ProcFiles(libc), procNet: "/proc/thread-self/net" });
      assert.equal(sockets.records.size, 1);
      assert.ok(sockets.lost >= 1);
      assert.ok(portOf(listener.addr) > 0);
    } finally {
      netlink.close();
      libc.dispose();
    }
  },
});

Deno.test({
  name: netns.name("a thread that cannot come home from a namespace says so instead of going on"),
  ignore: netns.ignore,
  async fn() {
    using pair = createPair();
    await using inside = spawnIn(pair.left, "sleep", "1000");
    const libc = openLibc();
    const files = new ProcFiles(libc);
    const space = () => files.readLinkNumber("/proc/thread-self/ns/net");
    const own = space();
    const pid = inside.child.pid;
    const there = await until("the child is in its namespace", () => {
      const inode = files.readLinkNumber(`/proc/${pid}/ns/net`);
      return inode > 0 && inode !== own ? inode : null;
    });
    const home = new HomeNamespace(libc);
    assert.deepEqual(home.visit(pid, there, space, () => ({ inode: space() })), { inode: there });
    assert.equal(space(), own);
    // What is done there fails: the thread is home all the same.
    assert.throws(() =>
      home.visit(pid, there, space, () => {
        throw new Error("inside");
      }), /inside/);
    assert.equal(space(), own);
    // The number now belongs to another: nothing is done in the wrong place.
    assert.equal(home.visit(pid, there + 1, space, () => ({})), -3);
    assert.equal(space(), own);
    // The way home is lost. We came by a second one.
    const second = new HomeNamespace(libc);
    assert.throws(
      () =>
        home.visit(pid, there, space, () => {
          home.close();
          return {};
        }),
      NamespaceLostError,
    );
    assert.equal(space(), there);
    assert.ok(typeof second.visit(Deno.pid, own, space, () => ({})) === "object");
    assert.equal(space(), own);
    second.close();
    libc.dispose();
  },
});
