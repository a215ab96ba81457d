/** The worker speaks the protocol, with the permission `ffi` and no other. */
import assert from "node:assert/strict";
import type { SystemToMain } from "../../model/protocol.ts";
import type { SystemReport } from "../../model/system.ts";
import { SocketDecoder } from "../../enrich/socket_delta.ts";

Deno.test({
  name: "the system worker reports at its interval and stops when told",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const worker = new Worker(new URL("../../enrich/system_worker.ts", import.meta.url), {
      type: "module",
      deno: { permissions: { ffi: true } },
    });
    const reports: SystemReport[] = [];
    const sockets = new SocketDecoder();
    await new Promise<void>((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }: MessageEvent<SystemToMain>) => {
        if (data.type === "stopped") return resolve();
        if (data.type !== "system-report") return reject(new Error(`Nobody asked for ${data.type}`));
        reports.push(sockets.decode(data));
        if (reports.length === 3) worker.postMessage({ type: "stop" });
      };
      worker.postMessage({ type: "start-system", intervalMs: 200 });
    });
    assert.ok(reports.length >= 3);
    for (const report of reports) {
      const ours = report.sockets.find((socket) => socket.localPort === listener.addr.port)!;
      assert.deepEqual([ours.state, ours.pid], ["listen", Deno.pid]);
      assert.ok(report.processes.some((process) => process.pid === Deno.pid));
    }
    assert.ok(reports[1].atMs - reports[0].atMs >= 100);
  },
});

Deno.test("without permission the system worker says so and stays up", async () => {
  const worker = new Worker(new URL("../../enrich/system_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: "none" },
  });
  const report = await new Promise<SystemReport>((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }: MessageEvent<SystemToMain>) => {
      if (data.type === "system-report") resolve(new SocketDecoder().decode(data));
    };
    worker.postMessage({ type: "start-system", intervalMs: 100 });
  });
  assert.deepEqual([report.sockets, report.processes, report.interfaces], [[], [], []]);
  assert.equal(report.problems.length, 1);
  assert.notEqual(report.problems[0].hint, "");
  await new Promise<void>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<SystemToMain>) => data.type === "stopped" && resolve();
    worker.postMessage({ type: "stop" });
  });
});
