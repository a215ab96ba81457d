/** Round trips and losses told without a packet of our own, against what the wire was asked to do. */
import assert from "node:assert/strict";
import type { Connection, ConnectionPage } from "../../model/api.ts";
import type { Namespace, Running } from "../support/netns.ts";
import { needs } from "../support/needs.ts";
import { ROOT, Server } from "../support/server.ts";
import { until } from "../support/wait.ts";
import { createWire } from "../support/wire.ts";

const need = needs("root", "netns", "curl", "python3", "ethtool");
const DELAY_MS = 25;

Deno.test({
  name: need.name("live: round trips are those of the wire, within a millisecond or a tenth"),
  ignore: need.ignore,
  async fn() {
    await using pair = await createWire({ delayMs: DELAY_MS, loss: 0 });
    await using _web = webServer(pair.right);
    await using server = await Server.start(["--interface", "eth0"], { namespace: pair.left });
    await fetched(pair.left, "http://192.0.2.2/");
    // The wire is a program: on a busy machine it delivers late now and then, but never early.
    const LATEST_MS = DELAY_MS + Math.max(1, DELAY_MS / 10);
    const row = await until("a download is shown whose wire was in time", async () => {
      await fetched(pair.left, "http://192.0.2.2/bytes/400000");
      return await biggest(server, "port:80", ({ rtt_server }) => rtt_server!.min_ms <= LATEST_MS);
    });
    const away = row.rtt_server!;
    console.log(`asked ${DELAY_MS} ms, measured ${JSON.stringify(away)}, handshake ${row.rtt_ms} ms`);
    assert(away.min_ms >= DELAY_MS - 1, `${away.min_ms} ms`);
    assert(row.rtt_ms! >= DELAY_MS - 1 && away.median_ms >= away.min_ms);
    assert(row.rtt_client!.median_ms < DELAY_MS / 2, "this machine answers at once");
    assert(row.answer_ms! >= DELAY_MS, "an answer takes at least the way there and back");
  },
});

Deno.test({
  name: need.name("live: the share of bytes sent again is the wire's loss, within two points"),
  ignore: need.ignore,
  async fn() {
    await using pair = await createWire({ delayMs: 2, loss: 0.05 });
    await using _web = webServer(pair.right);
    await using server = await Server.start(["--interface", "eth0"], { namespace: pair.left });
    await fetched(pair.left, "http://192.0.2.2/");
    await fetched(pair.left, "http://192.0.2.2/bytes/10000000");
    const row = await until("the download is shown", () => biggest(server, "port:80"));
    const lost = await pair.stop();
    console.log(`lost on the wire ${lost.toFixed(4)}, told ${row.resent_share!.toFixed(4)}`);
    assert(lost > 0.01, `the wire lost only ${lost}`);
    assert(Math.abs(row.resent_share! - lost) <= 0.02);
  },
});

async function biggest(
  server: Server,
  q: string,
  isWanted: (row: Connection) => boolean = () => true,
): Promise<Connection | undefined> {
  const path = `/api/connections?q=${encodeURIComponent(q)}&sort=bytes&order=desc`;
  const { connections } = await server.json<ConnectionPage>(path);
  return connections.find((row) => row.bytes_toclient > 100_000 && row.state === "closed" && isWanted(row));
}

/** Waits for the server too: it may not be up yet. */
async function fetched(namespace: Namespace, url: string): Promise<void> {
  await until(
    `${url} is fetched`,
    async () => (await namespace.output("curl", "-sSf", "-o", "/dev/null", url)).code === 0,
  );
}

function webServer(namespace: Namespace): Running {
  return namespace.spawn(Deno.execPath(), [
    ...["run", "--allow-net", "--no-config", `${ROOT}tests/support/web_server.ts`, "80"],
  ]);
}
