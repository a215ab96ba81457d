/** Syslog targets against real sockets: UDP, TCP and TLS, the line for people and CEF, words from strangers. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import type { Anomaly, Problem } from "../../../model/api.ts";
import type { NotifySetting } from "../../../model/settings.ts";
import { Notifier } from "../../../monitor/notify/notifier.ts";
import { syslogLine } from "../../../monitor/notify/syslog.ts";
import { freePort } from "../../support/server.ts";
import { until } from "../../support/wait.ts";

const ALERT: Anomaly = {
  id: "port_scan:1",
  kind: "port_scan",
  severity: 2,
  signature: "Port scan",
  message: "10.0.0.9 tried 40 ports of 10.0.0.1 within 3 s",
  first: 1_700_000_000_000,
  last: 1_700_000_003_000,
  count: 40,
  open: true,
  proto: "tcp",
  src_ip: "10.0.0.9",
  src_port: 0,
  dest_ip: "2001:db8::7",
  dest_port: 443,
  app_proto: "",
  server_name: "",
  in_iface: "eth0",
  process: "",
  details: {},
  expected: null,
};
const AT = { from: "box", version: "1.2.3" };

function notifier(setting: Partial<NotifySetting>) {
  const problems: (Omit<Problem, "id"> | null)[] = [];
  const limits = { mergedEveryMs: 1, pauseMs: 1, longestPauseMs: 2, attempts: 2 };
  const it = new Notifier({ ...AT, limits, onProblem: (_, problem) => problems.push(problem) });
  it.configure([{ name: "s", type: "syslog", url: "", secret: "", minSeverity: 3, kinds: [], ...setting }]);
  return { it, problems, [Symbol.dispose]: () => it.close() };
}

Deno.test("UDP: one datagram an alert, as RFC 5424 wants it", async () => {
  const socket = createSocket("udp4");
  const got: string[] = [];
  socket.on("message", (bytes) => got.push(String(bytes)));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  try {
    using n = notifier({ url: `udp://127.0.0.1:${socket.address().port}` });
    n.it.take(ALERT, false, 0);
    n.it.take({ ...ALERT, severity: 1 }, false, 0);
    n.it.take({ ...ALERT, severity: 1, open: false }, false, 0);
    await until("three messages", () => got.length === 3);
    const head = /^<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z box netpane - port_scan - (.*)$/;
    const seen = got.map((message) => head.exec(message)!.slice(1));
    // local0 (16), and warning (4), critical (2), informational (6).
    assert.deepEqual(seen.map(([priority]) => Number(priority)), [132, 130, 134]);
    assert.equal(seen[0][1], "MEDIUM 10.0.0.9 tried 40 ports of 10.0.0.1 within 3 s");
    assert.match(seen[1][1], /^Worse: HIGH /);
    assert.match(seen[2][1], /^Over: /);
    assert.equal(n.it.counters()[0].sent, 3);
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
});

Deno.test("TCP: counted octets, several over one connection; a server that is away is tried again and told of", async () => {
  const port = freePort();
  using n = notifier({ url: `tcp://127.0.0.1:${port}`, format: "cef" });
  n.it.take({ ...ALERT, id: "lost" }, false, 0);
  const problem = await until("a problem", () => n.problems[0]);
  assert.match(problem.message, /syslog at 127\.0\.0\.1:\d+\) do not arrive: the connection was refused/);
  await until("it has given up", () => n.it.counters()[0].failed === 1);

  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  n.it.take({ ...ALERT, signature: "ü" }, false, 0);
  n.it.take({ ...ALERT, id: "2" }, false, 0);
  const bytes = new Uint8Array(await new Response((await listener.accept()).readable).arrayBuffer());
  const messages: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(new TextDecoder().decode(bytes.subarray(at, space)));
    messages.push(new TextDecoder().decode(bytes.subarray(space + 1, space + 1 + length)));
    at = space + 1 + length;
  }
  assert.equal(messages.length, 2);
  assert.match(
    messages[0],
    /CEF:0\|Netpane\|Netpane\|1\.2\.3\|port_scan\|ü\|6\|externalId=port_scan:1 act=new /,
  );
  await until("all is well again", () => n.problems.at(-1) === null);
});

Deno.test("TLS: whom nobody vouches for is told nothing", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const first = listener.accept().then(async (connection) => {
    const hello = new Uint8Array(512);
    const read = await connection.read(hello);
    connection.close();
    return hello.subarray(0, read ?? 0);
  });
  using n = notifier({ url: `tls://127.0.0.1:${(listener.addr as Deno.NetAddr).port}` });
  n.it.take(ALERT, false, 0);
  assert.equal((await first)[0], 22, "a TLS handshake, not a message");
  await until("a problem", () => n.problems[0]);
  assert.equal(n.it.counters()[0].sent, 0);
});

Deno.test("words from strangers stay within their field", () => {
  const hostile = 'x|y=z\\ "]\n<13>1 - evil\r\u2028\u202e';
  const notice = {
    occasion: "new",
    alert: {
      ...ALERT,
      message: hostile,
      signature: hostile,
      server_name: hostile,
      kind: `a b\n${"c".repeat(99)}`,
    },
  } as const;
  for (const cef of [false, true]) {
    const line = syslogLine(notice, { from: "my box\n", version: "1", cef }, 0);
    assert.equal(line.split("\n").length, 1);
    // deno-lint-ignore no-control-regex -- that is the question
    assert(!/[\x00-\x1f\u2028\u202e]/.test(line), line);
    const [, , host, app, , id] = line.split(" ");
    assert.deepEqual([host, app, id.length, id.slice(0, 4)], ["my_box_", "netpane", 32, "a_b_"]);
  }
  const line = syslogLine(notice, { ...AT, cef: true }, 0);
  const [, , , , , name, severity, ...rest] = line.split(/(?<!\\)\|/);
  const extension = rest.join("|"); // where a bar means nothing
  assert.deepEqual([name.includes("x\\|y=z\\\\"), severity], [true, "6"]);
  const fields = extension.split(/ (?=\w+(?<!\\)=)/).map((field) => field.split("=")[0]);
  assert.deepEqual(fields.slice(0, 9), [
    "externalId",
    "act",
    "start",
    "end",
    "cnt",
    "src",
    "c6a3",
    "c6a3Label",
    "dpt",
  ]);
  assert(extension.includes("dhost=x|y\\=z\\\\"));
});
