/**
 * A service that newly listens on this machine.
 *
 * What listens in the first minute of the first run is usual, and so is all that was told before: it is kept over a
 * restart. A program that takes whatever port the kernel gives out is one service, not one a port.
 */
import { isLoopback, parseAddress } from "../../model/address.ts";
import type { SystemFacts } from "../../model/system_facts.ts";
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import { Recent } from "../recent.ts";
import { usualPath } from "../usual_set.ts";

const OPTIONS = {
  learnSeconds: {
    default: 60,
    range: [0, 604_800],
    unit: "s",
    help: "What listens during the first so many seconds of watching is usual",
  },
  reports: {
    default: 2,
    range: [1, 3_600],
    unit: "s",
    help: "How long it must listen to be told",
  },
} as const;

/** The kernel gives out ports from here on unless told otherwise (`ip_local_port_range`). */
const FIRST_EPHEMERAL = 32_768;
const MAX_PROGRAMS = 256;
const MAX_PENDING = 1_024;
const MAX_LISTED = 32;

type Listener = SystemFacts["listeners"][number];

interface Program {
  places: string[];
  count: number;
}

/** @see RuleSpec */
export const newListener: RuleSpec<typeof OPTIONS> = {
  kind: "new_listener",
  title: "New service",
  category: "Change on this machine",
  severity: 2,
  signatureId: 1_900_164,
  attack: null,
  notices:
    "A program of this machine that listens on a port on which it did not before; severity 3 where only this machine can reach it, or where the kernel chose the port.",
  why: "Each service is a way in: a backdoor is one, and so is a test server that was forgotten.",
  fooled:
    "What listens for less than the report's second, a backdoor inside a program that listens anyway, and one that takes over a known port under a known path are not seen. Without root the program of others' sockets is not known.",
  options: OPTIONS,
  create: (context) => new NewListener(context),
};

class NewListener implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  /** Seen in so many reports in a row. */
  #pending = new Map<string, number>();
  readonly #programs = new Recent<string, Program>(MAX_PROGRAMS);

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
  }

  system({ atUs, listeners }: SystemFacts): void {
    const { usual, options } = this.#context;
    if (listeners.length === 0) return; // nothing is known of the machine, as of a file
    usual.watch(atUs);
    const learning = usual.watchedSeconds < options.learnSeconds;
    const pending = new Map<string, number>();
    for (const listener of listeners) {
      const key = keyOf(listener);
      if (this.#isUsual(listener, key) || pending.has(key)) continue;
      const reports = (this.#pending.get(key) ?? 0) + 1;
      if (learning || reports >= options.reports) {
        this.#add(listener, key);
        if (!learning) this.#tell(listener);
      } else if (pending.size < MAX_PENDING) pending.set(key, reports);
    }
    this.#pending = pending;
  }

  get state(): RuleState {
    const { usual } = this.#context;
    return {
      entries: usual.size + this.#pending.size + this.#programs.size,
      capacity: 4_096 + MAX_PENDING + MAX_PROGRAMS,
      evicted: usual.evicted + this.#programs.evicted,
    };
  }

  /** Who listens may not be known yet, or no longer: then the port decides. */
  #isUsual(listener: Listener, key: string): boolean {
    const { usual } = this.#context;
    if (usual.since(key) !== undefined) return true;
    const unknown = nameOf(listener) === "";
    if (usual.since(unknown ? portOf(listener) : `${portOf(listener)} ?`) === undefined) return false;
    if (!unknown) this.#add(listener, key);
    return true;
  }

  #add(listener: Listener, key: string): void {
    const { usual } = this.#context;
    usual.add(key);
    if (listener.port < FIRST_EPHEMERAL || nameOf(listener) === "") usual.add(portOf(listener));
  }

  #tell(listener: Listener): void {
    const { protocol, address, port, program, path, pid } = listener;
    const name = nameOf(listener);
    const key = name || portOf(listener);
    const told = this.#programs.get(key) ?? { places: [], count: 0 };
    told.count++;
    const place = `${protocol} ${address.includes(":") ? `[${address}]` : address}:${port}`;
    if (told.places.length < MAX_LISTED) told.places.push(place);
    this.#programs.set(key, told);
    const own = isOwn(address);
    this.#context.desk.raise({
      key,
      source: "",
      target: address,
      targetPort: port,
      protocol: protocol === "tcp" ? 6 : 17,
      program: program || undefined,
      severity: own || port >= FIRST_EPHEMERAL ? 3 : 2,
      message: `${
        program || "A program that is not known"
      } listens on ${protocol.toUpperCase()} port ${port}${
        own ? ", for this machine only" : ""
      }, on which it did not listen before${told.count > 1 ? `; ${told.count} ports by now` : ""}`,
      evidence: { program, path, pid, places: told.places },
      count: told.count,
    });
  }
}

function nameOf({ path, program }: Listener): string {
  return path === "" ? program : usualPath(path);
}

function keyOf(listener: Listener): string {
  return `${portOf(listener)} ${nameOf(listener) || "?"}`;
}

function portOf({ protocol, port }: Listener): string {
  return `${protocol} ${port < FIRST_EPHEMERAL ? port : "*"}`;
}

function isOwn(address: string): boolean {
  const bytes = parseAddress(address);
  return bytes !== null && isLoopback(bytes, 0, bytes.length === 4 ? 4 : 6);
}
