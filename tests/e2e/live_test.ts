/** The main job on real wires: real programs talk, the server tells who, how much, and within a tick or two. */
import assert from "node:assert/strict";
import type {
  Connection,
  ConnectionPage,
  InterfaceStatus,
  PageSnapshot,
  Stats,
  Tick,
} from "../../model/api.ts";
import { connect, createPair, type Namespace, run, Running, setAddresses } from "../support/netns.ts";
import { needs } from "../support/needs.ts";
import { ROOT, Server } from "../support/server.ts";
import { until } from "../support/wait.ts";

const need = needs("root", "netns", "curl");

/** Only what the two ends say to each other: neighbours' and routers' chatter comes when it likes. */
const FILTER = "host 192.0.2.2 or host 2001:db8::2";

function webServer(namespace: Namespace, port = 80): Running {
  return namespace.spawn(Deno.execPath(), [
    ...["run", "--allow-net", "--no-config", `${ROOT}tests/support/web_server.ts`, String(port)],
  ]);
}

async function captureOpen(server: Server): Promise<void> {
  await until("eth0 is captured", async () => (await eth0(server))?.capture === "open");
}

async function eth0(server: Server): Promise<InterfaceStatus | undefined> {
  const interfaces = await server.json<{ interfaces: InterfaceStatus[] } | InterfaceStatus[]>(
    "/api/interfaces",
  );
  return (Array.isArray(interfaces) ? interfaces : interfaces.interfaces).find(({ name }) => name === "eth0");
}

async function connections(server: Server, q: string): Promise<Connection[]> {
  return (await server.json<ConnectionPage>(`/api/connections?q=${encodeURIComponent(q)}&limit=10000`))
    .connections;
}

{
  const need = needs("root", "netns", "curl", "dig", "ping", "nmap", "tcpdump", "dnsmasq");
  Deno.test({
    name: need.name("live: packets and bytes equal tcpdump's on the same interface"),
    ignore: need.ignore,
    async fn() {
      using pair = createPair();
      const folder = Deno.makeTempDirSync();
      await using _web = webServer(pair.right);
      await using _dns = pair.right.spawn("dnsmasq", [
        ...["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file="],
        ...["--user=root", "--host-record=www.example.com,192.0.2.2,2001:db8::2"],
      ]);
      await using server = await Server.start(["--interface", "eth0", "--filter", FILTER], {
        namespace: pair.left,
      });
      await captureOpen(server);

      const file = `${folder}/tcpdump.pcap`;
      await using tcpdump = pair.left.spawn("tcpdump", [
        ...["-i", "eth0", "-U", "-Z", "root", "-B", "16384", "-w", file, FILTER],
      ], { stderr: "piped" });
      await until("tcpdump listens", () => exists(file));
      // Both look at the same wire from here on, and both have seen nothing yet.
      const { packets: before } = await server.json<Stats>("/api/stats");
      assert.equal(before.inspected, 0);

      await until(
        "the servers are up",
        async () => (await pair.left.output("curl", "-sSf", "http://192.0.2.2/")).code === 0,
      );
      const outcomes = await Promise.all([
        pair.left.output("curl", "-sSf", "-o", "/dev/null", "http://192.0.2.2/bytes/5000000"),
        pair.left.output("curl", "-sSf", "-o", "/dev/null", "http://[2001:db8::2]/bytes/1000000"),
        pair.left.output("dig", "@192.0.2.2", "www.example.com", "A", "+short"),
        pair.left.output("dig", "@2001:db8::2", "www.example.com", "AAAA", "+tcp", "+short"),
        pair.left.output("ping", "-c", "20", "-i", "0.01", "192.0.2.2"),
        pair.left.output("ping", "-c", "3", "-i", "0.1", "-s", "4000", "192.0.2.2"), // in fragments
        pair.right.output("nmap", "-n", "-Pn", "-sS", "-p", "1-500", "192.0.2.1"),
      ]);
      for (const { code, stderr } of outcomes) assert.equal(code, 0, stderr);

      // The last packets are still on their way to both: equal they must become, and stay.
      await until("both have seen the same", async () => {
        const { packets } = await server.json<Stats>("/api/stats");
        return packets.inspected === (await countRecords(file)).packets;
      }).catch(() => {}); // the comparison below says by how much
      await tcpdump.stop("SIGINT");
      const truth = await countRecords(file);
      const stats = await server.json<Stats>("/api/stats");
      assert.ok(truth.packets > 1000, `the generators gave only ${truth.packets} packets`);
      assert.equal(stats.packets.inspected, truth.packets);
      assert.equal(stats.packets.wire_bytes, truth.bytes);
      assert.equal(stats.capture.kernel_dropped + stats.capture.app_dropped, 0);
      assert.deepEqual(
        stats.undecoded,
        Object.fromEntries(Object.keys(stats.undecoded).map((key) => [key, 0])),
      );
      assert.ok(stats.packets.reassembled >= 6, "large pings come in fragments, there and back");
      Deno.removeSync(folder, { recursive: true });
    },
  });
}

Deno.test({
  name: need.name("live: a connection is shown with its process, its bytes and its direction"),
  ignore: need.ignore,
  async fn() {
    using pair = createPair();
    await using _web = webServer(pair.right);
    await using server = await Server.start(["--interface", "eth0"], { namespace: pair.left });
    await captureOpen(server);
    await until(
      "the web server is up",
      async () => (await pair.left.output("curl", "-sSf", "http://192.0.2.2/")).code === 0,
    );

    await using curl = pair.left.spawn("curl", ["-s", "-o", "/dev/null", "http://192.0.2.2/slow"]);
    const row = await until(
      "curl's connection, under its process",
      async () =>
        (await connections(server, "192.0.2.2")).find(({ process, state }) =>
          process?.name === "curl" && process.pid === curl.child.pid && state === "established"
        ),
    );
    assert.equal(row.source, "both");
    assert.equal(row.proto, "tcp");
    assert.equal(row.src_ip, "192.0.2.1");
    assert.equal(row.dest_port, 80);
    assert.equal(row.direction, "out");
    assert.equal(row.in_iface, "eth0");
    assert.equal(row.process?.user, "root");
    assert.match(row.process?.path ?? "", /\/curl$/);
    assert.ok(row.rtt_ms !== null && row.rtt_ms >= 0 && row.rtt_ms < 1000, `round trip ${row.rtt_ms}`);
    const later = await until(
      "more bytes",
      async () =>
        (await connections(server, "process:curl")).find((other) =>
          other.id === row.id && other.bytes_toclient > row.bytes_toclient
        ),
    );
    assert.ok(later.bits_per_second > 0);

    await curl.stop();
    await until(
      "no more than what it was",
      async () =>
        !(await connections(server, "process:curl")).some(({ id, state }) =>
          id === row.id && state === "established"
        ),
    );
  },
});

Deno.test({
  name: need.name("live: the feed ticks, and a client that comes back gets what it missed"),
  ignore: need.ignore,
  async fn() {
    using pair = createPair();
    await using _web = webServer(pair.right);
    await using server = await Server.start(["--interface", "eth0"], { namespace: pair.left });
    await captureOpen(server);
    await using _curl = pair.left.spawn("curl", [
      ...["-s", "-o", "/dev/null", "--retry", "20", "--retry-connrefused", "--retry-delay", "1"],
      "http://192.0.2.2/slow",
    ]);

    let lastId = "";
    let ticks = 0;
    let before = 0;
    for await (const { event, data, id } of server.events()) {
      const { ts } = JSON.parse(data) as { ts: number };
      assert.ok(ts >= before, "time goes on");
      before = ts;
      if (id !== "") lastId = id;
      if (event === "snapshot" && ticks === 0) {
        const snapshot: PageSnapshot = JSON.parse(data);
        assert.ok(snapshot.history.length >= 0 && Array.isArray(snapshot.connections));
      }
      if (event !== "tick") continue;
      const tick: Tick = JSON.parse(data);
      assert.ok(data.length <= 64 << 10, "a tick has at most 64 KiB");
      // The chart moves: bytes come in from the dripping server.
      if (tick.throughput.in > 0 && ++ticks === 2) break;
    }
    assert.notEqual(lastId, "");

    const { value: next } = await server.events("/api/events", lastId).next();
    assert.ok(next);
    assert.notEqual(next.event, "reset");
    const [boot, number] = lastId.split("-");
    const after = Number(next.id.replace(`${boot}-`, "")) - Number(number);
    // What was missed and is kept comes first; where that is nothing, the state of things as of the last event.
    assert.ok(
      next.event === "snapshot" ? after >= 0 : after >= 1,
      `${next.event} ${next.id} after ${lastId}`,
    );
  },
});

Deno.test({
  name: need.name("live: an interface that goes away is said to be gone, and picked up when it returns"),
  ignore: need.ignore,
  async fn() {
    using pair = createPair();
    await using server = await Server.start(["--interface", "eth0"], { namespace: pair.left });
    await captureOpen(server);
    pair.left.run("ip", "link", "delete", "eth0");
    const gone = await until("the problem is told", async () => {
      const { problems } = await server.json<Stats>("/api/stats");
      return problems.find(({ id }) => id === "capture:eth0");
    });
    assert.match(gone.message, /eth0/);
    assert.notEqual(gone.hint, "");

    await until("eth0 is not captured", async () => (await eth0(server))?.capture !== "open");

    connect({ namespace: pair.left, device: "eth0" }, { namespace: pair.right, device: "eth0" });
    setAddresses(pair.left, "eth0", "192.0.2.1/24");
    setAddresses(pair.right, "eth0", "192.0.2.2/24");
    await captureOpen(server);
    const { packets: before } = await server.json<Stats>("/api/stats");
    pair.left.run("ping", "-c", "3", "-i", "0.2", "192.0.2.2");
    await until("packets come again", async () => {
      const stats = await server.json<Stats>("/api/stats");
      return stats.packets.inspected >= before.inspected + 6 &&
        !stats.problems.some(({ id }) => id === "capture:eth0");
    });
  },
});

{
  const need = needs("root", "netns", "curl", "setpriv");
  const readable = !need.ignore &&
    new Deno.Command("setpriv", { args: [...nobody(), "test", "-r", `${ROOT}cli.ts`] }).outputSync().success;
  Deno.test({
    name: need.name(
      "live: without permission to capture the dashboard is up, and says what would switch capture on" +
        (readable || need.ignore ? "" : " (needs a checkout that others may read)"),
    ),
    ignore: need.ignore || !readable,
    async fn() {
      using pair = createPair();
      const home = Deno.makeTempDirSync();
      run("chown", "nobody", home);
      {
        await using _web = webServer(pair.right);
        await using server = await Server.start(["--interface", "eth0"], {
          namespace: pair.left,
          prefix: ["setpriv", ...nobody()],
          env: { HOME: home, DENO_DIR: `${home}/deno` },
        });
        const problem = await until("the problem is told", async () => {
          const { problems } = await server.json<Stats>("/api/stats");
          return problems.find(({ id }) => id === "capture:eth0");
        });
        assert.match(problem.message, /permi/i);
        assert.match(problem.hint, /sudo|setcap/, "the exact command");
        await until(
          "the interface says so too",
          async () => (await eth0(server))?.problem?.code === "no-permission",
        );
        await until(
          "the page says so before any script runs",
          async () => /setcap|sudo/.test(await server.get("/")),
        );

        // Sockets are told all the same.
        await using _curl = pair.left.spawn("curl", [
          ...["-s", "-o", "/dev/null", "--retry", "20", "--retry-connrefused", "--retry-delay", "1"],
          "http://192.0.2.2/slow",
        ]);
        const row = await until(
          "curl's socket",
          async () => (await connections(server, "192.0.2.2")).find(({ dest_port }) => dest_port === 80),
        );
        assert.equal(row.source, "socket");
      }
      Deno.removeSync(home, { recursive: true });
    },
  });
}

function nobody(): string[] {
  return ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--bounding-set=-all", "--no-new-privs"];
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Packets and wire bytes of a little-endian microsecond pcap file, as tcpdump writes it on this machine. */
async function countRecords(path: string): Promise<{ packets: number; bytes: number }> {
  const file = await Deno.readFile(path);
  const view = new DataView(file.buffer);
  assert.equal(view.getUint32(0, true), 0xa1b2c3d4);
  let packets = 0;
  let bytes = 0;
  for (let at = 24; at < file.length; at += 16 + view.getUint32(at + 8, true)) {
    packets++;
    bytes += view.getUint32(at + 12, true);
  }
  return { packets, bytes };
}
