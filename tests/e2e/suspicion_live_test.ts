/** Suspicion on real wires and of a real machine: lies in ARP, a service that begins to listen, an address on a list. */
import assert from "node:assert/strict";
import type { Anomaly, InterfaceStatus, Problem, Stats } from "../../model/api.ts";
import { createPair, type Namespace } from "../support/netns.ts";
import { needs } from "../support/needs.ts";
import { ROOT, Server } from "../support/server.ts";
import { until } from "../support/wait.ts";

const need = needs("root", "netns", "curl", "python3", "ping");

interface Setup extends AsyncDisposable {
  server: Server;
  left: Namespace;
  right: Namespace;
  folder: string;
}

/** A server at the left end of a cable, with these settings, once it captures. */
async function watching(settings: string, lists: Record<string, string> = {}): Promise<Setup> {
  const pair = createPair();
  const folder = Deno.makeTempDirSync();
  const data = `${folder}/data`;
  Deno.mkdirSync(data);
  for (const [name, text] of Object.entries(lists)) Deno.writeTextFileSync(`${folder}/${name}`, text);
  Deno.writeTextFileSync(`${data}/netpane.toml`, settings.replaceAll("FOLDER", folder));
  try {
    const server = await Server.start(["--interface", "eth0", "--data", data], { namespace: pair.left });
    await until("eth0 is captured", async () => {
      const interfaces = await server.json<InterfaceStatus[] | { interfaces: InterfaceStatus[] }>(
        "/api/interfaces",
      );
      const list = Array.isArray(interfaces) ? interfaces : interfaces.interfaces;
      return list.find(({ name }) => name === "eth0")?.capture === "open";
    });
    return {
      server,
      folder,
      left: pair.left,
      right: pair.right,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]();
        pair[Symbol.dispose]();
        Deno.removeSync(folder, { recursive: true });
      },
    };
  } catch (error) {
    pair[Symbol.dispose]();
    throw error;
  }
}

/** The first alert of a kind on the feed; it is opened before `act`. */
async function onFeed(server: Server, kind: string, act: () => Promise<unknown> | void): Promise<Anomaly> {
  let acted = false;
  for await (const { event, data } of server.events()) {
    if (!acted) {
      acted = true;
      await act();
    }
    if (event !== "alert") continue;
    const alert = JSON.parse(data) as Anomaly;
    if (alert.kind === kind) return alert;
  }
  throw new Error(`No ${kind} on the feed`);
}

function macOf(namespace: Namespace): string {
  return /link\/ether (\S+)/.exec(namespace.run("ip", "link", "show", "eth0"))![1];
}

Deno.test({
  name: need.name("live: lies in ARP are told while they go on"),
  ignore: need.ignore,
  async fn() {
    await using setup = await watching("");
    const { server, left, right } = setup;
    await left.output("ping", "-c", "1", "192.0.2.2");
    const alert = await onFeed(server, "arp_spoofing", () => {
      right.run(
        ...["python3", `${ROOT}tests/support/arp_liar.py`, "eth0"] as const,
        ...["192.0.2.1", macOf(left), "192.0.2.2", macOf(right), "15"],
      );
    });
    assert.match(alert.message, /^02:42:ac:00:66:66 .*192\.0\.2\./);
    assert.equal(alert.severity, 1);
  },
});

Deno.test({
  name: need.name("live: a service that begins to listen is told, and is usual after a restart"),
  ignore: need.ignore,
  async fn() {
    await using setup = await watching("[rules.new_listener]\nlearn_seconds = 3\n");
    const { server, left, folder } = setup;
    await new Promise((resolve) => setTimeout(resolve, 6000));
    await using _service = left.spawn("python3", ["-m", "http.server", "4444"]);
    const alert = await onFeed(server, "new_listener", () => {});
    assert.match(alert.message, /^python3\S* listens on TCP port 4444/);
    await until("it is kept", () => {
      try {
        return Deno.readTextFileSync(`${folder}/data/usual.json`).includes("tcp 4444");
      } catch {
        return false;
      }
    });
  },
});

Deno.test({
  name: need.name("live: an address on a list named in the settings is told, and what is added to the list"),
  ignore: need.ignore,
  async fn() {
    const settings = `[[blocklists]]\nname = "mine"\npath = "FOLDER/bad.txt"\n`;
    await using setup = await watching(settings, { "bad.txt": "# none yet\n" });
    const { server, left, right, folder } = setup;
    await using _service = right.spawn("python3", ["-m", "http.server", "80"]);
    await until("it serves", async () => (await left.output("curl", "-sf", "http://192.0.2.2/")).code === 0);
    Deno.writeTextFileSync(`${folder}/bad.txt`, "192.0.2.2\n");
    const alert = await onFeed(server, "blocklisted", async () => {
      for (let i = 0; i < 6; i++) {
        await left.output("curl", "-sf", "http://192.0.2.2/");
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    });
    assert.match(alert.message, /^192\.0\.2\.1 talks to 192\.0\.2\.2:80.*on the list "mine"/);
    assert.equal(alert.severity, 1);
  },
});

Deno.test({
  name: need.name(
    "live: what an earlier run has measured is kept at the end; a damaged file is told and learnt anew",
  ),
  ignore: need.ignore,
  async fn() {
    const folder = Deno.makeTempDirSync();
    const file = `${folder}/usual.json`;
    const measures = [["pair 192.0.2.1 backup.example.org", [5e8, 0, 0, 0]]];
    const kinds = { exfiltration: { watchedSeconds: 0, entries: [], measures } };
    const run = async (text: string): Promise<Problem[]> => {
      Deno.writeTextFileSync(file, text);
      await using server = await Server.start(["--interface", "lo", "--data", folder]);
      const { problems } = await server.json<Stats>("/api/stats");
      assert.equal((await server.stop()).code, 0);
      return problems.filter(({ id }) => id === "usual");
    };
    try {
      assert.deepEqual(await run(JSON.stringify({ version: 2, kinds })), []);
      assert.deepEqual(JSON.parse(Deno.readTextFileSync(file)).kinds.exfiltration.measures, measures);
      assert.equal(Deno.statSync(file).mode! & 0o777, 0o600);
      const [problem] = await run("{");
      assert.match(problem.message, /usual\.json": it is damaged; it is learnt anew/);
      assert.equal(JSON.parse(Deno.readTextFileSync(file)).version, 2);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
