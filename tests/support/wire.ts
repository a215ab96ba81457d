/** Two namespaces joined by a wire with a delay and a loss towards the left one; see `wire.py`. */
import { connect, Namespace, type Pair, Running, setAddresses } from "./netns.ts";
import { ROOT } from "./server.ts";

export interface Wire extends AsyncDisposable, Pick<Pair, "left" | "right"> {
  /** Ends the wire. @returns Share of the frames towards the left end that were lost. */
  stop(): Promise<number>;
}

/** Needs `root`, `netns`, `python3` and `ethtool`. @param loss Share of frames, 0 to 1. */
export async function createWire({ delayMs, loss }: { delayMs: number; loss: number }): Promise<Wire> {
  const made: Namespace[] = [];
  const namespace = (role: string) => {
    made.push(new Namespace(role));
    return made.at(-1)!;
  };
  const [left, middle, right] = [namespace("left"), namespace("wire"), namespace("right")];
  connect({ namespace: left, device: "eth0" }, { namespace: middle, device: "one" });
  connect({ namespace: right, device: "eth0" }, { namespace: middle, device: "two" });
  for (const end of [left, right]) {
    // What a program forwards must be what a card would send: no segments beyond the MTU, whole checksums.
    end.run("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off");
  }
  middle.run("ip", "link", "set", "dev", "one", "up", "promisc", "on");
  middle.run("ip", "link", "set", "dev", "two", "up", "promisc", "on");
  setAddresses(left, "eth0", "192.0.2.1/24", "2001:db8::1/64");
  setAddresses(right, "eth0", "192.0.2.2/24", "2001:db8::2/64");
  const args = [`${ROOT}tests/support/wire.py`, "one", "two", String(delayMs), String(loss), "7"];
  const running: Running = middle.spawn("python3", args, { stdout: "piped" });
  const lines = running.child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  const hear = async (words: RegExp) => {
    let found: RegExpExecArray | null;
    while ((found = words.exec(said)) === null) {
      const { value, done } = await lines.read();
      if (done) throw new Error(`wire.py ended, and had said "${said}"`);
      said += value;
    }
    return found;
  };
  await hear(/ready/);
  return {
    left,
    right,
    async stop() {
      const ended = running.stop();
      const [, passed, lost] = (await hear(/(\d+) (\d+)\n/)).map(Number);
      await ended;
      return lost / (passed + lost);
    },
    async [Symbol.asyncDispose]() {
      await lines.cancel();
      await running[Symbol.asyncDispose]();
      for (const namespace of made) namespace[Symbol.dispose]();
    },
  };
}
