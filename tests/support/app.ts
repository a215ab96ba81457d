/**
 * The whole app in this process, behind its door, on a monitor that has seen something: the demo capture through the
 * real inspector and detector, with sockets and programs for some of its flows. `Request` in, `Response` out; no port,
 * no worker, no clock.
 */
import { Inspector } from "../../capture/inspect/mod.ts";
import { openCaptureFile } from "../../capture/source/capture_file.ts";
import { Detector } from "../../detect/mod.ts";
import { guarded, type Handler } from "../../http/guard.ts";
import type { Connection } from "../../model/api.ts";
import { cutFactBatch } from "../../model/facts.ts";
import type { Observation } from "../../model/observation.ts";
import type { Snapshot } from "../../model/protocol.ts";
import type { SocketInfo, SystemReport } from "../../model/system.ts";
import { setMonitor } from "../../monitor/current.ts";
import { Monitor } from "../../monitor/mod.ts";
import { Notifier } from "../../monitor/notify/notifier.ts";
import { Names } from "../../enrich/names/names.ts";
import { SettingsFile } from "../../monitor/settings_file.ts";
import { Who } from "../../monitor/who.ts";
import { ROOT } from "./server.ts";

/** Of the machine that the demo is told from. */
const OWN = "192.168.1.20";
/** What a name may try to be. */
export const HOSTILE = `=HYPERLINK("http://evil.example/"),<img src=x onerror=alert(1)>\r\nX: 1\u202e`;

const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  completed: Promise.resolve(),
};

export interface TestApp {
  monitor: Monitor;
  /** Asks as a browser or program on this machine would. */
  ask(path: string, init?: RequestInit & { headers?: Record<string, string> }): Promise<Response>;
  /** The settings file, in a folder of its own. */
  close(): Promise<void>;
}

export async function testApp(): Promise<TestApp> {
  const folder = await Deno.makeTempDir({ prefix: "netpane_routes_" });
  const monitor = await demoMonitor();
  const settings = await SettingsFile.open({ path: `${folder}/netpane.toml`, required: false });
  monitor.connect({ notifier: new Notifier({ from: "test", onProblem: () => {} }), settings });
  const handler = guarded(await builtApp());
  return {
    monitor,
    ask: async (path, { headers = {}, ...init } = {}) => {
      setMonitor(monitor); // other tests of the same process have theirs
      const request = new Request(`http://127.0.0.1:8000${path}`, {
        ...init,
        headers: { Host: "127.0.0.1:8000", ...headers },
      });
      return await handler(request, INFO);
    },
    close: async () => {
      monitor.feed.close();
      await settings.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** What the build left; its path is not literal, so that type checks do not need it. */
async function builtApp(): Promise<Handler> {
  const module: { default: { fetch: Handler } } = await import(`file://${ROOT}_fresh/server.js`);
  return module.default.fetch;
}

async function demoMonitor(): Promise<Monitor> {
  const monitor = new Monitor({
    version: "0.0.0-test",
    mode: "live",
    startedMs: Date.now(),
    interfaces: ["eth0"],
    who: new Who({ names: new Names({ servers: [] }) }), // nobody outside is asked
  });
  const observations: Observation[] = [];
  const alerts: Observation[] = [];
  const detector = new Detector({
    tell: (observation) => alerts.push(observation),
    failed: (kind, error) => {
      throw new Error(`${kind} failed`, { cause: error });
    },
    localAddresses: [OWN],
  });
  const inspector = new Inspector({
    localAddresses: [OWN],
    packetLog: { showPayload: true },
    payload: {
      fingerprintKey: new Uint8Array(32).fill(7),
      tell: (observation) =>
        observation.alert === undefined ? observations.push(observation) : alerts.push(observation),
    },
    facts: (batch) => detector.take(cutFactBatch(batch)),
  });
  const packets: Snapshot["packets"] = [];
  for await (const batch of (await openCaptureFile(`${ROOT}assets/demo.pcap.gz`)).batches()) {
    inspector.inspect({ ...batch, interfaceIndex: 0 });
    inspector.flushFacts();
    packets.push(...inspector.drainPackets().packets);
  }
  const nowMs = inspector.counters().lastPacketUs / 1000;
  observations.push(hostileQuery(nowMs));
  alerts.push(hostileAlert(nowMs));
  const snapshot = (): Snapshot => ({
    type: "snapshot",
    counters: inspector.counters(),
    active: inspector.snapshotActive(10_000),
    ended: inspector.drainEnded(5_000),
    endedLost: 0,
    observations: observations.splice(0),
    observationsLost: 0,
    packets: packets.splice(0),
    packetsUnlogged: 0,
    factsLost: 0,
  });
  monitor.applySnapshot(snapshot(), nowMs - 1000);
  const { connections } = monitor.connections({
    q: `src:${OWN}`,
    sort: "start",
    order: "asc",
    offset: 0,
    limit: 100,
  });
  monitor.applySystem(systemReport(connections, nowMs));
  monitor.applyAlerts(alerts, "detect");
  monitor.applySnapshot(snapshot(), nowMs);
  return monitor;
}

/** Sockets for flows of this machine, one listening, one without packets; programs, one of them badly named. */
function systemReport(flows: Connection[], atMs: number): SystemReport {
  const common = { uid: 1000, netns: 0, method: "inode", others: 0 } as const;
  const sockets: SocketInfo[] = flows.map((flow, i) => ({
    ...common,
    protocol: flow.proto === "udp" ? 17 : 6,
    localAddress: flow.src_ip,
    localPort: flow.src_port,
    remoteAddress: flow.dest_ip,
    remotePort: flow.dest_port,
    state: "established",
    inode: 100 + i,
    pid: i % 2 === 0 ? 4711 : 4712,
  }));
  const other = { ...common, protocol: 6, localAddress: OWN, remoteAddress: "198.51.100.9" } as const;
  sockets.push(
    { ...other, localPort: 50_999, remotePort: 22, state: "established", inode: 1, pid: 4711, rttUs: 9000 },
    {
      ...other,
      localPort: 8080,
      remoteAddress: "0.0.0.0",
      localAddress: "0.0.0.0",
      remotePort: 0,
      state: "listen",
      inode: 2,
      pid: 4712,
    },
  );
  const counters = {
    receivedBytes: 1000,
    receivedPackets: 10,
    receivedErrors: 0,
    receivedDropped: 0,
    sentBytes: 500,
    sentPackets: 5,
    sentErrors: 0,
    sentDropped: 0,
  };
  const process = (pid: number, name: string, path: string) => ({
    pid,
    name,
    path,
    parentPid: 1,
    parentName: "init",
    commandLine: `${path} --flag`,
    uid: 1000,
    user: "alice",
    startedMs: atMs - 60_000,
    container: "",
  });
  return {
    type: "system-report",
    atMs,
    tookMs: 3,
    sockets,
    socketsLost: 0,
    processes: [process(4711, "firefox", "/usr/bin/firefox"), process(4712, HOSTILE, `/tmp/${HOSTILE}`)],
    interfaces: [{
      index: 2,
      name: "eth0",
      mac: "02:00:5e:10:00:01",
      mtu: 1500,
      up: true,
      running: true,
      loopback: false,
      addresses: [{ address: OWN, prefixLength: 24 }],
      ...counters,
    }, {
      index: 1,
      name: "lo",
      mac: "",
      mtu: 65_536,
      up: true,
      running: true,
      loopback: true,
      addresses: [{ address: "127.0.0.1", prefixLength: 8 }],
      ...counters,
    }],
    neighbours: [{ address: "192.168.1.1", mac: "02:00:5e:10:00:02", index: 2, fresh: true, router: false }],
    cpu: 0.25,
    problems: [{ message: "Something could not be read", hint: "sudo ./netpane start" }],
  };
}

const FLOW: Observation["flow"] = {
  id: 0,
  ipVersion: 4,
  protocol: 17,
  clientAddress: OWN,
  clientPort: 40_000,
  serverAddress: "192.168.1.1",
  serverPort: 53,
  vlan: 0,
  tunnel: 0,
  interfaceIndex: 0,
  communityId: "",
};

function hostileQuery(atMs: number): Observation {
  return {
    type: "dns",
    timeUs: 1000 * atMs,
    flow: FLOW,
    direction: 0,
    fields: { dns: { type: "query", id: 7, rrname: HOSTILE, rrtype: "A" } },
  };
}

function hostileAlert(atMs: number): Observation {
  return {
    type: "alert",
    timeUs: 1000 * atMs,
    flow: FLOW,
    direction: 0,
    fields: {
      alert: { signature: HOSTILE, severity: 2 },
      netpane: {
        kind: "port_scan",
        message: HOSTILE,
        count: 3,
        last_seen: atMs,
        evidence: { name: HOSTILE },
      },
    },
    alert: { id: `odd/../${HOSTILE}`, phase: "new", flowId: 0 },
  };
}
