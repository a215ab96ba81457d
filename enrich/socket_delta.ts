/**
 * Sockets on their way from the system worker to main: only those that have changed. A machine has thousands that do
 * nothing for minutes, and each would be written, copied and read again every second.
 */
import type { SocketInfo, SystemMessage, SystemReport } from "../model/system.ts";

/** What of a socket may change, as it was told last. */
interface Told {
  id: number;
  /** Number of the report it was part of last. */
  report: number;
  info: SocketInfo;
}

/** In the worker: the sockets of a report become those that are new, changed or gone since the one before. */
export class SocketEncoder {
  /** By the worker's own objects, which live as long as the socket and are changed in place. */
  readonly #told = new Map<SocketInfo, Told>();
  #ids = 0;
  #reports = 0;

  encode({ sockets, ...rest }: SystemReport): SystemMessage {
    const report = ++this.#reports;
    const changed: SocketInfo[] = [];
    const changedIds: number[] = [];
    for (const info of sockets) {
      const told = this.#told.get(info);
      if (told === undefined) this.#told.set(info, { id: ++this.#ids, report, info: { ...info } });
      else {
        told.report = report;
        if (isSame(told.info, info)) continue;
        told.info = { ...info };
      }
      changed.push(info);
      changedIds.push(told?.id ?? this.#ids);
    }
    const gone: number[] = [];
    for (const [info, { id, report: last }] of this.#told) {
      if (last === report) continue;
      gone.push(id);
      this.#told.delete(info);
    }
    return { ...rest, changed, changedIds, gone };
  }
}

/** In main: all sockets again. One that did not change stays the same object. */
export class SocketDecoder {
  readonly #sockets = new Map<number, SocketInfo>();

  decode({ changed, changedIds, gone, ...rest }: SystemMessage): SystemReport {
    for (const id of gone) this.#sockets.delete(id);
    changed.forEach((info, i) => this.#sockets.set(changedIds[i], info));
    return { ...rest, sockets: [...this.#sockets.values()] };
  }
}

function isSame(a: SocketInfo, b: SocketInfo): boolean {
  return a.state === b.state && a.pid === b.pid && a.method === b.method && a.others === b.others &&
    a.bytesSent === b.bytesSent && a.bytesReceived === b.bytesReceived && a.rttUs === b.rttUs &&
    a.rttVarUs === b.rttVarUs && a.retransmits === b.retransmits && a.inode === b.inode && a.uid === b.uid &&
    a.localPort === b.localPort && a.remotePort === b.remotePort && a.localAddress === b.localAddress &&
    a.remoteAddress === b.remoteAddress;
}
