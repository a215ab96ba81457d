/**
 * Small networks of Linux network namespaces, for tests with real programs on real (virtual) wires.
 *
 * Names carry the process's number, so that runs side by side, or one that was killed, do not meet; whatever
 * happens in a test, `using` takes its network down.
 */

let made = 0;

/** One namespace: a machine of its own as far as the network goes. */
export class Namespace implements Disposable {
  /** As `ip netns` knows it. */
  readonly name: string;
  #up = true;

  /** @param role A word for people who run `ip netns` while a test hangs. */
  constructor(role: string) {
    // Each test file counts for itself, and one that was ended half way leaves its namespaces behind.
    this.name = `np${Deno.pid}-${crypto.randomUUID().slice(0, 4)}-${made++}-${role}`;
    run("ip", "netns", "add", this.name);
    try {
      this.run("ip", "link", "set", "lo", "up");
      // No duplicate address detection: an IPv6 address is usable as soon as it is there.
      this.run("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0");
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Runs a program inside to its end. @throws When it fails, with what it said. */
  run(program: string, ...args: string[]): string {
    return run("ip", "netns", "exec", this.name, program, ...args);
  }

  /** As `run`, without the judgement, and without blocking. */
  async output(
    program: string,
    ...args: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const output = await this.command(program, args, { stdout: "piped", stderr: "piped" }).output();
    return {
      code: output.code,
      stdout: new TextDecoder().decode(output.stdout),
      stderr: new TextDecoder().decode(output.stderr),
    };
  }

  /** A program inside, not started yet. The process started becomes the program: signals reach it. */
  command(program: string, args: string[], options: Deno.CommandOptions = {}): Deno.Command {
    return new Deno.Command("ip", { ...options, args: ["netns", "exec", this.name, program, ...args] });
  }

  /** Starts a program inside that is ended with the scope. */
  spawn(program: string, args: string[], options: Deno.CommandOptions = {}): Running {
    return new Running(
      this.command(program, args, { stdin: "null", stdout: "null", stderr: "null", ...options }),
    );
  }

  [Symbol.dispose](): void {
    if (!this.#up) return;
    this.#up = false;
    run("ip", "netns", "delete", this.name);
  }
}

/** A child process that does not outlive its scope. */
export class Running implements AsyncDisposable {
  readonly child: Deno.ChildProcess;

  constructor(command: Deno.Command) {
    this.child = command.spawn();
  }

  /** Asks it to end, and waits until it has. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    try {
      this.child.kill(signal);
    } catch {
      // it has ended by itself
    }
    return await this.child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const late = setTimeout(() => this.stop("SIGKILL"), 5000);
    await this.stop();
    clearTimeout(late);
    for (const name of ["stdout", "stderr"] as const) {
      try {
        await this.child[name].cancel();
      } catch {
        // not piped, or being read
      }
    }
  }
}

/** Two namespaces joined by a cable, each with an IPv4 and an IPv6 address. */
export interface Pair extends Disposable {
  /** `eth0` inside, 192.0.2.1 and 2001:db8::1. */
  left: Namespace;
  /** `eth0` inside, 192.0.2.2 and 2001:db8::2. */
  right: Namespace;
}

/** Makes a `Pair`; `using` takes it down. */
export function createPair(): Pair {
  const left = new Namespace("left");
  let right: Namespace | undefined;
  try {
    right = new Namespace("right");
    connect({ namespace: left, device: "eth0" }, { namespace: right, device: "eth0" });
    setAddresses(left, "eth0", "192.0.2.1/24", "2001:db8::1/64");
    setAddresses(right, "eth0", "192.0.2.2/24", "2001:db8::2/64");
  } catch (error) {
    right?.[Symbol.dispose]();
    left[Symbol.dispose]();
    throw error;
  }
  return {
    left,
    right,
    [Symbol.dispose]() {
      left[Symbol.dispose]();
      right[Symbol.dispose]();
    },
  };
}

/** Lays a cable (veth) between two devices that are made for it. */
export function connect(
  a: { namespace: Namespace; device: string },
  b: { namespace: Namespace; device: string },
): void {
  run(
    ...["ip", "link", "add", a.device, "netns", a.namespace.name, "type", "veth"],
    ...["peer", "name", b.device, "netns", b.namespace.name],
  );
}

/** Gives a device its addresses and brings it up. */
export function setAddresses(namespace: Namespace, device: string, ...addresses: string[]): void {
  for (const address of addresses) {
    const nodad = address.includes(":") ? ["nodad"] : [];
    namespace.run("ip", "address", "add", address, "dev", device, ...nodad);
  }
  namespace.run("ip", "link", "set", device, "up");
}

/** Runs a program to its end. @throws When it fails, with what it said. */
export function run(program: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args, stdin: "null" }).outputSync();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}
