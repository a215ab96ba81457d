/** The settings file through the real program: at the start, while it runs, from the page, in `analyze`. */
import assert from "node:assert/strict";
import type { Anomaly, AnomalyPage, Expected, ExpectedPage, RulesPage, Stats } from "../../model/api.ts";
import { needs } from "../support/needs.ts";
import { netpane, ROOT, Server } from "../support/server.ts";
import { until } from "../support/wait.ts";

const DEMO = `${ROOT}assets/demo.pcap.gz`;
/** The till of the demo, which sends card numbers in clear text. */
const CARDS = "kind=cardholder_data&limit=1000";
const need = needs("curl");

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "net pane settings " });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

// deno-lint-ignore no-explicit-any -- events are looked into by name
const events = (stdout: string): any[] => stdout.trimEnd().split("\n").map((line) => JSON.parse(line));

Deno.test("analyze: what is expected or off is counted and not written", () =>
  inFolder(async (folder) => {
    const all = events((await netpane(["analyze", "-q", DEMO])).stdout);
    const cards = all.filter(({ netpane }) => netpane?.kind === "cardholder_data");
    const source = cards[0].src_ip;
    const like = cards.filter(({ src_ip }) => src_ip === source).length;
    assert(cards.length >= 3);

    const file = `${folder}/set.toml`;
    const run = async (text: string) => {
      await Deno.writeTextFile(file, text);
      const { code, stdout, stderr } = await netpane(["analyze", "-q", "--settings", file, DEMO]);
      assert.equal(code, 0, stderr);
      const told = events(stdout);
      const { alerts_expected, alerts_off } = told.at(-1).stats.detect;
      const left = told.filter(({ netpane }) => netpane?.kind === "cardholder_data").length;
      return { left, alerts_expected, alerts_off, others: told.length - left - all.length + cards.length };
    };
    const entry = (fields: string) => `[[expected]]\ncomment = "till"\nkind = "cardholder_data"\n${fields}\n`;
    assert.deepEqual(await run(entry(`source = "${source}"`)), {
      left: cards.length - like,
      alerts_expected: like,
      alerts_off: 0,
      others: 0,
    });
    assert.deepEqual((await run(entry(`source = "${source}"\nuntil = 2001-01-01`))).alerts_expected, 0);
    assert.deepEqual((await run(entry(`source = "203.0.113.1"`))).left, cards.length);
    assert.deepEqual(await run("[rules.cardholder_data]\nenabled = false\n"), {
      left: 0,
      alerts_expected: 0,
      alerts_off: cards.length,
      others: 0,
    });
  }));

Deno.test("a file that is wrong ends either command with code 2, and everything that is wrong", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/a.toml`,
      "[rules.port_scam]\n[notify.x]\ntype = 'slack'\nurl = 'http://s.example/KEY'\n",
    );
    for (const args of [["start", "--demo"], ["analyze", DEMO]]) {
      const { code, stderr } = await netpane([...args, "--settings", "a.toml"], { cwd: folder });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /a\.toml:1: rules\.port_scam is no rule/);
      assert.match(stderr, /a\.toml:4: notify\.x\.url would be readable on its way/);
      assert(!stderr.includes("KEY"));
      const missing = await netpane([...args, "--settings", "none.toml"], { cwd: folder });
      assert.equal(missing.code, 2);
      assert.match(missing.stderr, /There is no settings file/);
    }
  }));

Deno.test({
  name: need.name(
    "start: an alert is expected with one request, a change holds while it runs, and targets are told",
  ),
  ignore: need.ignore,
  fn: () =>
    inFolder(async (folder) => {
      const file = `${folder}/set.toml`;
      const got: Anomaly[] = [];
      await using target = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
        got.push(await request.json());
        return new Response();
      });
      await Deno.writeTextFile(
        file,
        `# mine\n[notify.test]\ntype = "webhook"\nurl = "http://127.0.0.1:${target.addr.port}/TOKEN"\n`,
      );
      await using server = await Server.start([
        "--demo",
        "--speed",
        "20",
        "--settings",
        file,
        "--data",
        folder,
      ]);
      const alert = await until("a card", async () =>
        (await server.json<AnomalyPage>(`/api/anomalies?${CARDS}`)).anomalies[0]);
      await until("a notification of it", () =>
        got.some(({ id }) => id === alert.id));
      assert.doesNotMatch(JSON.stringify(got), /"masked":"\d/, "the last four digits at most");

      const one = server.url(`/api/anomalies/${encodeURIComponent(alert.id)}`);
      assert.equal((await (await fetch(one)).json() as Anomaly).id, alert.id);
      const post = async (body: unknown, headers: Record<string, string> = {}) => {
        const answer = await fetch(`${one}/expect`, {
          method: "POST",
          headers: { "Content-Type": "application/json", ...headers },
          body: JSON.stringify(body),
        });
        return { status: answer.status, body: await answer.json() };
      };
      const wanted = { source: true, kind: true, comment: "The till" };
      assert.equal((await post(wanted, { Origin: "http://evil.example" })).status, 403);
      assert.equal((await post(wanted, { "Content-Type": "text/plain" })).status, 415);
      const refused = await post({ ...wanted, port: 1 });
      assert.deepEqual([refused.status, refused.body.field], [400, "port"]);
      const made = await post(wanted);
      assert.equal(made.status, 201);
      assert.equal((await post(wanted)).status, 409);
      const entry: Expected = made.body;
      const like = (await server.json<AnomalyPage>(`/api/anomalies?${CARDS}&source=${alert.src_ip}`)).total;
      assert.equal(like, 0);
      const [kept] = (await server.json<ExpectedPage>("/api/expected")).expected;
      assert.deepEqual([kept.id, kept.comment, kept.alerts > 0], [entry.id, "The till", true]);
      assert.match(await Deno.readTextFile(file), /^# mine\n/);
      const told = got.filter(({ kind, src_ip }) =>
        kind === "cardholder_data" && src_ip === alert.src_ip
      ).length;

      // By hand, and wrong at first.
      const right = `${await Deno.readTextFile(file)}\n[rules.cleartext_credentials]\nenabled = false\n`;
      await Deno.writeTextFile(file, right.replace("credentials", "credential"));
      const problem = () =>
        server.json<Stats>("/api/stats").then(({ problems }) => problems.find(({ id }) => id === "settings"));
      const { message } = await until("the problem", problem);
      assert.match(message, /did you mean "cleartext_credentials"/);
      await Deno.writeTextFile(file, right);
      await until("it is gone", async () => await problem() === undefined);
      const { rules } = await server.json<RulesPage>("/api/rules");
      assert.equal(rules.find(({ kind }) => kind === "cleartext_credentials")!.enabled, false);

      await until("the demo comes round again", async () =>
        (await server.json<ExpectedPage>("/api/expected")).expected[0].alerts > kept.alerts);
      assert.equal(
        got.filter(({ kind, src_ip }) =>
          kind === "cardholder_data" && src_ip === alert.src_ip
        ).length,
        told,
        "nobody is told of what is expected",
      );
      const gone = await fetch(server.url(`/api/expected/${entry.id}`), { method: "DELETE" });
      assert.equal((await gone.json()).id, entry.id);
      assert((await server.json<AnomalyPage>(`/api/anomalies?${CARDS}&source=${alert.src_ip}`)).total > 0);
      const stats = await server.get("/api/stats");
      assert(JSON.parse(stats).notify[0].sent > 0);
      assert(!stats.includes("TOKEN") && !server.log.includes("TOKEN"), "where a target is stays here");
    }),
});
