/** Who uses much CPU and how fast cards are, read from a real /proc and from files as sysfs has them. */
import assert from "node:assert/strict";
import { BusyProcesses } from "../../enrich/busy_processes.ts";
import { openLibc } from "../../enrich/ffi/libc.ts";
import { ProcFiles } from "../../enrich/ffi/proc_files.ts";
import { LinkSpeeds } from "../../enrich/link_speed.ts";
import { ProcessTable } from "../../enrich/processes.ts";

Deno.test("a process that computes is busy, one that sleeps is not, and one that is gone is forgotten", async () => {
  const [spinning, sleeping] = ["while :; do :; done", "exec sleep 60"].map((script) =>
    new Deno.Command("sh", { args: ["-c", script], stdin: "null" }).spawn()
  );
  try {
    using libc = new Closing(openLibc());
    const files = new ProcFiles(libc.it);
    const clockTicks = libc.it.clockTicks();
    const table = new ProcessTable({ files, clockTicks, bootClockMs: () => libc.it.bootClockMs() });
    table.refresh(Date.now());
    const mine = () =>
      [...table.processes()].filter(({ pid }) => pid === spinning.pid || pid === sleeping.pid);
    assert.equal(mine().length, 2);
    // As if a tick were a second, any use is much; as if it were a ten thousandth, none is.
    const [lively, lazy] = [1, 10_000].map((ticks) => new BusyProcesses(table, ticks));
    for (const busy of [lively, lazy]) assert.deepEqual(busy.look(mine(), 0), []); // nothing to compare with
    await used(table, mine().find(({ pid }) => pid === spinning.pid)!, 20);
    assert.deepEqual(lively.look(mine(), 5_000).map(({ pid }) => pid), [spinning.pid]);
    assert.deepEqual(lively.look(mine(), 6_000).map(({ pid }) => pid), [spinning.pid]); // not due: as before
    assert.deepEqual(lazy.look(mine(), 5_000), []);
    spinning.kill("SIGKILL");
    await spinning.status;
    table.refresh(Date.now());
    assert.deepEqual(lively.look(mine(), 7_000), []);
  } finally {
    for (const child of [spinning, sleeping]) {
      try {
        child.kill("SIGKILL");
      } catch { /* gone already */ }
      await child.status;
    }
  }
});

/** Waits until `process` has used so many ticks of CPU more. */
async function used(table: ProcessTable, process: Parameters<ProcessTable["cpuTicks"]>[0], ticks: number) {
  const before = table.cpuTicks(process);
  assert(before >= 0);
  while (table.cpuTicks(process) - before < ticks) await new Promise((resolve) => setTimeout(resolve, 20));
}

class Closing<T extends { dispose(): void }> {
  constructor(readonly it: T) {}
  [Symbol.dispose](): void {
    this.it.dispose();
  }
}

Deno.test("speeds of cards: only real ones, only those that know", async () => {
  const root = await Deno.makeTempDir();
  try {
    const link = async (name: string, speed: string | null, isReal: boolean) => {
      await Deno.mkdir(`${root}/${name}`);
      if (speed !== null) await Deno.writeTextFile(`${root}/${name}/speed`, speed);
      if (isReal) await Deno.symlink("../device0", `${root}/${name}/device`);
    };
    await link("eth0", "1000\n", true);
    await link("eth1", "-1\n", true);
    await link("eth2", "", true);
    await link("wlan0", null, true);
    await link("tun0", "10\n", false);
    using libc = new Closing(openLibc());
    const speeds = new LinkSpeeds(new ProcFiles(libc.it), root);
    const names = ["eth0", "eth1", "eth2", "wlan0", "tun0", "none", "../eth0", ""];
    const expected = [1e9, null, null, null, null, null, null, null];
    assert.deepEqual(names.map((name) => speeds.of(name, 0)), expected);
    await Deno.writeTextFile(`${root}/eth0/speed`, "100\n");
    assert.equal(speeds.of("eth0", 29_000), 1e9);
    assert.equal(speeds.of("eth0", 30_000), 1e8);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
