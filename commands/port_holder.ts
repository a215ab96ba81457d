/** Who listens on a port of this machine, for the message that a second start gives. */
import { SystemReader } from "../enrich/system_reader.ts";

/** Such as `netpane (process 4711, root)`; empty where that cannot be known. */
export function whoHoldsPort(port: number): string {
  try {
    using reader = new SystemReader();
    const report = reader.read(Date.now());
    const socket = report.sockets.find((row) =>
      row.protocol === 6 && row.state === "listen" && row.localPort === port && row.netns === 0
    );
    const process = report.processes.find((row) => row.pid === socket?.pid);
    return process ? `${process.name} (process ${process.pid}, user ${process.user})` : "";
  } catch {
    return ""; // no permission or another system: the port is in use all the same
  }
}
