/** `netpane start` as a user meets it: without privileges, with a wrong word, a second time, stopped and resumed. */
import assert from "node:assert/strict";
import type { ConnectionPage, PageSnapshot, Stats, Tick } from "../../model/api.ts";
import { ethernet, ipv4, text, udp } from "../support/packets.ts";
import { pcapFile } from "../support/capture_files.ts";
import { freePort, netpane, Server } from "../support/server.ts";
import { needs } from "../support/needs.ts";
import { until } from "../support/wait.ts";

const need = needs("curl");

Deno.test({
  name: need.name("start --demo: the page has life before any script runs, and the feed moves"),
  ignore: need.ignore,
  async fn() {
    await using server = await Server.start(["--demo", "--speed", "10"]);
    const rows = await until("connections", async () => {
      const { connections } = await server.json<ConnectionPage>("/api/connections?limit=1000");
      return connections.length >= 5 && connections;
    });
    assert.ok(rows.some(({ dest_ip }) => dest_ip === "203.0.113.30"), "the film on the phone");
    const page = await server.get("/");
    assert.match(page, /<table/);
    assert.ok(page.includes("203.0.113.30") || page.includes("2001:db8:113::30"), "the table has rows");

    let lastTime = 0;
    let ticks = 0;
    for await (const { event, data } of server.events()) {
      if (event === "snapshot") {
        assert.ok((JSON.parse(data) as PageSnapshot).connections.length > 0);
        continue;
      }
      if (event !== "tick") continue;
      const tick: Tick = JSON.parse(data);
      assert.equal(tick.capture.mode, "playback");
      assert.ok(tick.packet_time > lastTime || tick.capture.finished, "packet time goes on");
      lastTime = tick.packet_time;
      if (++ticks === 3) break;
    }
    assert.equal(ticks, 3);
  },
});

Deno.test({
  name: need.name("start --pcap: a file given from another folder is played to its end, every packet of it"),
  ignore: need.ignore,
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "net pane " });
    const [src, dst] = ["192.168.1.2", "192.0.2.7"];
    const packet = ethernet({}, ipv4({ src, dst, protocol: 17 }, udp({ src, dst }, text("hello"))));
    const packets = Array.from({ length: 500 }, (_, i) => ({ bytes: packet, timeUs: 1.7e15 + 1000 * i }));
    Deno.writeFileSync(`${folder}/own.pcap`, pcapFile(packets));
    {
      await using server = await Server.start(["--pcap", `${folder}/own.pcap`, "--speed", "max"]);
      const stats = await until("the end of the file", async () => {
        const stats = await server.json<Stats>("/api/stats");
        return stats.packets.inspected >= packets.length && stats;
      });
      assert.equal(stats.packets.inspected, packets.length);
      assert.equal(stats.packets.wire_bytes, packets.length * packet.length);
      assert.equal(stats.flows.udp, 1);
    }
    Deno.removeSync(folder, { recursive: true });
  },
});

Deno.test({
  name: need.name("start: stopped by a signal it ends well, and a client's stream goes on with the next one"),
  ignore: need.ignore,
  async fn() {
    const port = freePort();
    let lastId = "";
    {
      await using server = await Server.start(["--demo"], { port });
      for await (const { event, id } of server.events()) {
        if (id !== "") lastId = id;
        if (event === "tick") break;
      }
      assert.equal((await server.stop("SIGTERM")).code, 0);
      assert.match(server.log, /Stopping/);
    }
    await using server = await Server.start(["--demo"], { port });
    const events: string[] = [];
    for await (const { event, data } of server.events("/api/stream", lastId)) {
      events.push(event);
      JSON.parse(data);
      if (event === "tick") break;
    }
    // The new server cannot know the old one's events, and says so rather than leave a gap unnoticed.
    assert.ok(events.includes("reset") || events.includes("snapshot"), events.join(" "));
  },
});

Deno.test({
  name: need.name("start: a port in use is said to be, with its holder and a way out"),
  ignore: need.ignore,
  async fn() {
    await using server = await Server.start(["--demo"]);
    const { code, stderr, stdout } = await netpane(["start", "--demo", "--port", String(server.port)]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, new RegExp(`Port ${server.port} is in use`));
    assert.match(stderr, /--port/);
    if (Deno.uid() === 0 && Deno.build.os === "linux") {
      assert.match(stderr, new RegExp(`process ${server.pid}\\b`));
    }
    assert.doesNotMatch(stderr, /\bat .*\.ts:\d+/, "no stack trace for what a person can mend");
  },
});

Deno.test("start: wrong use is refused with exit code 2 and the nearest right word", async () => {
  const cases: [string[], RegExp][] = [
    [["start", "--prot", "80"], /Unknown option "--prot".*--port/],
    [["start", "--port", "70000"], /--port takes a whole number from 0 to 65535, not "70000"/],
    [["start", "--pcap"], /--pcap needs a value/],
    [["start", "--pcap", "/nowhere/at-all.pcap"], /There is no file "\/nowhere\/at-all\.pcap"/],
    [["start", "--demo", "--speed", "fast"], /--speed takes/],
    [["start", "--interface", "any", "--interface", "lo"], /any is all of them/],
    [
      ["start", "--demo", "--eve", "x.json", "--access-log", "x.json"],
      /--eve and --access-log are the same file/,
    ],
    [
      ["start", "--pcap", "assets/demo.pcap.gz", "--eve", "assets/demo.pcap.gz"],
      /--eve and --pcap are the same/,
    ],
    [["start", "--settings", "tests"], /is a folder: name the file/],
    [["start", "surplus"], /Unexpected "surplus"/],
    [["strat"], /Unknown command "strat".*start/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr, stdout } = await netpane(args);
    assert.match(stderr, message);
    assert.equal(code, 2, args.join(" "));
    assert.equal(stdout, "", args.join(" "));
  }
});
