/** Who opened a connection keeps a name, however soon it ends. */
import assert from "node:assert/strict";
import { openLibc } from "../../enrich/ffi/libc.ts";
import { ProcFiles } from "../../enrich/ffi/proc_files.ts";
import { Openings } from "../../enrich/openings.ts";
import { ProcessTable } from "../../enrich/processes.ts";
import type { TraceRecord } from "../../enrich/trace_events.ts";

const NOW_MS = 1_800_000_000_000;

/** Files of /proc in which one process, of those that really are, can be read so often and is gone then. */
class FilesOfOneThatEnds extends ProcFiles {
  reads = 0;
  #path: string;
  #lasts: number;

  constructor(libc: ReturnType<typeof openLibc>, pid: number, lasts: number) {
    super(libc);
    this.#path = `/proc/${pid}/`;
    this.#lasts = lasts;
  }

  override readText(path: string, maxBytes?: number, directory?: number): string | null {
    if (path.startsWith(this.#path) && this.reads++ >= this.#lasts) return null;
    return super.readText(path, maxBytes, directory);
  }
}

for (const lasts of [0, 1]) {
  Deno.test({
    name: `a program that ends ${
      lasts === 0 ? "before it is looked at" : "between two looks"
    } keeps its name`,
    ignore: Deno.build.os !== "linux",
    fn() {
      const libc = openLibc();
      using _ = { [Symbol.dispose]: () => libc.dispose() };
      const pid = Deno.pid;
      const files = new FilesOfOneThatEnds(libc, pid, lasts);
      const clocks = { clockTicks: libc.clockTicks(), bootClockMs: () => libc.bootClockMs() };
      const openings = new Openings(new ProcessTable({ files, ...clocks }), 0);
      const records: TraceRecord[] = [
        { kind: "named", pid, timeNs: 1, name: "ask" },
        {
          kind: "sending",
          pid,
          timeNs: 2,
          localAddress: "192.0.2.1",
          localPort: 40_000,
          remoteAddress: "192.0.2.2",
          remotePort: 53,
        },
      ];
      openings.take(records, NOW_MS);
      const { unseen } = openings.takeUnseen();
      assert.deepEqual(unseen.map(({ info, owner }) => [info.pid, owner.details?.name]), [[pid, "ask"]]);
      assert.ok(files.reads > lasts, "it was looked for once more");
    },
  });
}
