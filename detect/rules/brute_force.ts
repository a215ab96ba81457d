/**
 * Guessing of passwords: one source at one server, many sources at one, one source at many; fast or over a day.
 *
 * Outcomes come from the protocols where they are in clear, from lengths for SSH (`ssh_login.ts` of the inspector),
 * from answers for HTTP (`http_login.ts`), and from the shape of whole connections for Remote Desktop and VNC. What
 * succeeds speaks against guessing: a script with a key, a pool of connections, a bastion of many users.
 */
import { parseAddress } from "../../model/address.ts";
import { FactKind, FlowStep } from "../../model/facts.ts";
import { FlowState, IpProtocol } from "../../model/flow.ts";
import type { Observation } from "../../model/observation.ts";
import type { AlertDesk } from "../alert_desk.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState, World } from "../contract.ts";
import { countText, Distinct } from "../distinct.ts";
import { hashText } from "../dns_names.ts";
import type { FlowFact } from "../flow_fact.ts";
import { httpLogin } from "../http_login.ts";
import { Recent } from "../recent.ts";
import { placeText, spanText } from "../words.ts";

const DAY_US = 86_400e6;
const MAX_PAIRS = 16_384;
const MAX_ENDS = 4_096;
/** Times of failures kept of each; the ceiling of the thresholds. */
const MAX_TIMES = 128;
const MAX_SUCCESSES = 32;
/** So many failures for each success, or it is no guessing: a day's work at a bastion has fewer. */
const FAILED_TO_SUCCEEDED = 4;
/** Failures of one SSH connection that count: a client with many keys offers them all (OpenSSH: six). */
const MAX_A_CONNECTION = 3;
/** So many refused passwords of one connection are no person's, who is asked three times (ssh_config, NumberOfPasswordPrompts). */
const MIN_GUESSES = 4;
const MAX_GUESSES = 20;
/** They count when no success has followed them for so long: keys are offered within a few round trips. */
const HOLD_US = 3e6;
const MAX_HELD = 2_048;
const MAX_CONNECTIONS = 32;
/** Sources of a distributed attack, and servers of a sprayed one, from which on it is called so. */
const MIN_SOURCES = 5;
const MIN_SERVERS = 5;
/** A success is told with the failures before it when it follows them within this. */
const AFTER_US = 1_800e6;
const MAX_LISTED = 12;
const TELL_US = 250_000;
/** Alerts that wait to be told again. */
const MAX_WAITING = 256;

// Remote Desktop with network level authentication: TLS, then three messages of CredSSP ([MS-CSSP] §1.3.1). Less than
// MIN is a check of the port; who is let in is sent a picture.
const RDP_MIN_CLIENT_BYTES = 600;
const RDP_MAX_SERVER_BYTES = 10_000;
const RDP_SESSION_BYTES = 50_000;
// VNC, RFC 6143 §7.1 and §7.2.2: version, type, 16 bytes of response; then "no", with a reason.
const RFB_MIN_CLIENT_BYTES = 29;
const RFB_MAX_CLIENT_BYTES = 64;
const RFB_MAX_SERVER_BYTES = 400;
const RFB_SESSION_BYTES = 2_000;

const WORDS: Record<string, string> = {
  pgsql: "PostgreSQL",
  mysql: "MySQL",
  redis: "Redis",
  rdp: "Remote Desktop",
  rfb: "VNC",
  telnet: "Telnet",
};

const OPTIONS = {
  failures: {
    default: 10,
    range: [3, MAX_TIMES],
    unit: "logins",
    help:
      "Failed logins of one source at one server within `windowSeconds`; people who mistype need three to five",
  },
  windowSeconds: {
    default: 600,
    range: [10, 86_400],
    unit: "s",
    help: "Window of `failures` and `failuresMany`",
  },
  failuresMany: {
    default: 30,
    range: [5, MAX_TIMES],
    unit: "logins",
    help: "Failed logins at one server from five sources or more within `windowSeconds`",
  },
  failuresDay: {
    default: 40,
    range: [5, MAX_TIMES],
    unit: "logins",
    help: "Failed logins of one source at one server, or at one server from many, within a day",
  },
} satisfies Record<string, RuleOption>;

type Options = { [K in keyof typeof OPTIONS]: number };

/** @see RuleSpec */
export const bruteForce: RuleSpec<typeof OPTIONS> = {
  kind: "brute_force",
  title: "Password guessing",
  category: "Attempted login",
  severity: 2,
  signatureId: 1_900_122,
  attack: { id: "T1110", name: "Brute Force" },
  notices:
    "Many failed logins and few good ones: of one source at one server, of many sources at one, of one source at many (password spraying), fast or over a day. A success after them makes it grave.",
  why: "Guessed passwords are among the most common ways in.",
  fooled:
    "By encryption that hides the answer (IMAPS, HTTPS), by forms whose field for the password is named like none, by a JSON service that answers 200 to whomever and is asked with another user name each time, by fewer tries than a person makes, by addresses that change with each try at servers that many people mistype at. A program with an outdated password looks alike.",
  options: OPTIONS,
  observes: [
    "ssh",
    "ftp",
    "smtp",
    "imap",
    "pop3",
    "telnet",
    "pgsql",
    "mysql",
    "redis",
    "smb",
    "socks",
    "http",
  ],
  wants: { steps: FlowStep.ended },
  create: (context) => new BruteForce(context),
};

/** Times of the last failures and successes. */
class Tries {
  readonly #failed = new Float64Array(MAX_TIMES);
  readonly #succeeded = new Float64Array(MAX_SUCCESSES);
  #failures = 0;
  #successes = 0;
  firstUs = 0;
  /** In all. */
  failures = 0;
  successes = 0;
  /** Of connections that are open or were lately: failures counted. */
  readonly connections = new Map<number, number>();
  connectionCount = 0;
  /** Successes since it was told. */
  successAfter = false;
  isTold = false;
  toldUs = 0;
  /** Usual length of the page in answer; -1: none yet. */
  pageBytes = -1;

  fail(us: number): void {
    this.#failed[this.#failures++ % MAX_TIMES] = us;
    this.failures++;
  }

  succeed(us: number): void {
    this.#succeeded[this.#successes++ % MAX_SUCCESSES] = us;
    this.successes++;
  }

  /** The last `count` failures were a mistyped password, or keys offered before the right one. */
  forgive(count: number): void {
    this.#failures = Math.max(0, this.#failures - count);
    this.failures = Math.max(0, this.failures - count);
  }

  get lastFailureUs(): number {
    return this.#failures === 0 ? 0 : this.#failed[(this.#failures - 1) % MAX_TIMES];
  }

  /** Whether there were so many failures since `us`, and few successes beside them. */
  areMany(wanted: number, us: number): boolean {
    if (this.#failures < wanted || this.#failed[(this.#failures - wanted) % MAX_TIMES] < us) return false;
    const failures = since(this.#failed, this.#failures, us);
    return failures >= FAILED_TO_SUCCEEDED * since(this.#succeeded, this.#successes, us);
  }
}

function since(times: Float64Array, count: number, us: number): number {
  let n = 0;
  const kept = Math.min(count, times.length);
  for (let i = 0; i < kept; i++) if (times[i] >= us) n++;
  return n;
}

/** All that happens at one end: a server that many try, or a source that tries many. */
interface End {
  tries: Tries;
  others: Distinct;
  count: number;
  /** Of the most active (Metwally 2005, "Space-Saving"): a new one takes the place of the least. */
  most: Map<string, Active>;
  /** Of them, the one that was named. */
  named: string;
}

/** One that failed: how often at most, and how much of that was another's whose place it took. */
interface Active {
  failures: number;
  inherited: number;
}

interface Try {
  protocol: string;
  client: string;
  server: string;
  port: number;
  /** HTTP's path. */
  path: string;
  /** As `HttpLogin` has it. */
  alikeBytes: number;
  flowId: number;
  /** When it failed or succeeded: it may be judged later. */
  timeUs: number;
}

class BruteForce implements Rule {
  readonly #options: Readonly<Options>;
  readonly #desk: AlertDesk;
  readonly #world: World;
  readonly #pairs = new Recent<string, Tries>(MAX_PAIRS);
  readonly #servers = new Recent<string, End>(MAX_ENDS);
  readonly #sources = new Recent<string, End>(MAX_ENDS);
  /** Failures of SSH connections that may yet succeed, by flow. */
  readonly #held = new Map<number, { attempt: Try; count: number; guesses: number; untilUs: number }>();
  /** Told too lately to be told again at once, by key. */
  readonly #waiting = new Map<string, () => void>();

  constructor({ options, desk, world }: RuleContext<Options>) {
    this.#options = options;
    this.#desk = desk;
    this.#world = world;
  }

  get state(): RuleState {
    return {
      entries: this.#pairs.size + this.#servers.size + this.#sources.size + this.#held.size,
      capacity: MAX_PAIRS + 2 * MAX_ENDS + MAX_HELD,
      evicted: this.#pairs.evicted + this.#servers.evicted + this.#sources.evicted,
    };
  }

  observation(observation: Observation): void {
    const { fields, flow, direction, type } = observation;
    let outcome: unknown;
    let path = "";
    let pageBytes = -1;
    let alikeBytes = 0;
    if (type === "http") {
      const login = httpLogin(observation);
      if (login === null) return;
      ({ outcome, path, pageBytes, alikeBytes } = login);
    } else {
      outcome = (fields.netpane as { login?: unknown } | undefined)?.login;
      if (outcome === undefined) return;
    }
    // Direction is the client's of the protocol, which may be the flow's server.
    const turned = direction === 1;
    const succeeded = outcome === "succeeded";
    const attempt = {
      protocol: type,
      client: turned ? flow.serverAddress : flow.clientAddress,
      server: turned ? flow.clientAddress : flow.serverAddress,
      port: turned ? flow.clientPort : flow.serverPort,
      path,
      alikeBytes,
      flowId: flow.id,
      timeUs: observation.timeUs,
    };
    if (type !== "ssh") return this.#take(succeeded, pageBytes, attempt);
    const isGuess = (fields.netpane as { method?: string }).method === "password" ? 1 : 0;
    if (!succeeded) return this.#hold(attempt, isGuess);
    if ((this.#held.get(flow.id)?.guesses ?? 0) >= MIN_GUESSES) {
      this.#release(flow.id);
      this.#take(true, -1, { ...attempt, flowId: 0 }); // nothing of them is forgiven
      return;
    }
    this.#held.delete(flow.id);
    this.#take(true, -1, attempt);
  }

  #hold(attempt: Try, guesses: number): void {
    const held = this.#held.get(attempt.flowId);
    if (held !== undefined) {
      held.count++;
      held.guesses += guesses;
      return;
    }
    if (this.#held.size >= MAX_HELD) this.#release(this.#held.keys().next().value!);
    this.#held.set(attempt.flowId, { attempt, count: 1, guesses, untilUs: this.#world.clockUs + HOLD_US });
  }

  #release(flowId: number): void {
    const held = this.#held.get(flowId);
    if (held === undefined) return;
    this.#held.delete(flowId);
    const { count, guesses, attempt } = held;
    const counted = guesses >= MIN_GUESSES
      ? Math.min(guesses, MAX_GUESSES)
      : Math.min(count, MAX_A_CONNECTION);
    for (let i = counted; i > 0; i--) this.#take(false, -1, attempt);
  }

  fact(fact: FlowFact): void {
    if (fact.kind !== FactKind.flow || (fact.steps & FlowStep.ended) === 0) return;
    const protocol = fact.appProtocol;
    if (protocol !== "rdp" && protocol !== "rfb") return;
    if (fact.state !== FlowState.closed && fact.state !== FlowState.reset) return;
    const [up, down] = [fact.payloadBytes(0), fact.payloadBytes(1)];
    const isRdp = protocol === "rdp";
    const failed = isRdp
      ? up >= RDP_MIN_CLIENT_BYTES && down < RDP_MAX_SERVER_BYTES
      : up >= RFB_MIN_CLIENT_BYTES && up <= RFB_MAX_CLIENT_BYTES && down < RFB_MAX_SERVER_BYTES;
    const succeeded = down >= (isRdp ? RDP_SESSION_BYTES : RFB_SESSION_BYTES);
    if (!failed && !succeeded) return;
    const { client, server, serverPort: port, flowId } = fact;
    const attempt = { protocol, client, server, port, path: "", alikeBytes: 0, flowId, timeUs: fact.lastUs };
    this.#take(succeeded, -1, attempt);
  }

  tick(): void {
    for (const [flowId, { untilUs }] of this.#held) {
      if (untilUs > this.#world.clockUs) break; // in the order in which they began
      this.#release(flowId);
    }
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const tell of waiting) tell();
  }

  close(): void {
    for (const flowId of [...this.#held.keys()]) this.#release(flowId);
    this.tick();
  }

  #take(succeeded: boolean, pageBytes: number, attempt: Try): void {
    const { protocol, server, port, path } = attempt;
    const source = sourceOf(attempt.client);
    const key = `${protocol} ${source}>${server}:${port}${path}`;
    const known = this.#pairs.get(key);
    const serverKey = `${protocol} ${server}:${port}`;
    if (!succeeded && pageBytes >= 0 && known !== undefined && !isAlike(known, pageBytes, attempt)) {
      succeeded = true;
    }
    if (succeeded) return this.#succeeds(known, serverKey, key, attempt);
    const tries = known ?? this.#admit(key, attempt.timeUs);
    if (pageBytes >= 0) tries.pageBytes = pageBytes;
    const { clockUs: now } = this.#world;
    const before = tries.connections.get(attempt.flowId) ?? 0;
    if (before === 0) this.#connects(tries);
    tries.connections.set(attempt.flowId, before + 1);
    tries.fail(now);
    const { failures, windowSeconds, failuresDay } = this.#options;
    const isMany = tries.areMany(failures, now - windowSeconds * 1e6) ||
      tries.areMany(failuresDay, now - DAY_US);
    if (isMany) tries.isTold = true;
    if (tries.isTold) return this.#tellPair(key, tries, attempt);
    this.#ends(this.#servers, serverKey, attempt.client, source, attempt);
    this.#ends(this.#sources, `${protocol} ${source}`, placeText(server, port), `${server}:${port}`, attempt);
  }

  #succeeds(tries: Tries | undefined, serverKey: string, key: string, attempt: Try): void {
    const now = this.#world.clockUs;
    this.#servers.peek(serverKey)?.tries.succeed(now);
    this.#sources.peek(`${attempt.protocol} ${sourceOf(attempt.client)}`)?.tries.succeed(now);
    if (tries === undefined) {
      // Successes are worth an entry only where there was a failure: most hosts never fail.
      return;
    }
    if (tries.isTold && now - tries.lastFailureUs < AFTER_US) {
      tries.succeed(now);
      tries.successAfter = true;
      return this.#tellPair(key, tries, attempt, true);
    }
    tries.forgive(tries.connections.get(attempt.flowId) ?? 0);
    tries.connections.delete(attempt.flowId);
    tries.succeed(now);
  }

  #admit(key: string, timeUs: number): Tries {
    const tries = new Tries();
    tries.firstUs = timeUs;
    this.#pairs.set(key, tries);
    return tries;
  }

  #connects(tries: Tries): void {
    tries.connectionCount++;
    if (tries.connections.size < MAX_CONNECTIONS) return;
    tries.connections.delete(tries.connections.keys().next().value!);
  }

  /** Counts a failure at one end of many. */
  #ends(ends: Recent<string, End>, key: string, other: string, otherKey: string, attempt: Try): void {
    let end = ends.get(key);
    if (end === undefined) {
      end = { tries: new Tries(), others: new Distinct(512), count: 0, most: new Map(), named: "" };
      end.tries.firstUs = attempt.timeUs;
      ends.set(key, end);
    }
    const { tries } = end;
    const now = this.#world.clockUs;
    if (now - tries.lastFailureUs > DAY_US || end.others.fill > 0.75) {
      end.others.clear();
      end.most.clear();
      end.count = 0;
    }
    const isNew = end.others.add(hashText(otherKey));
    end.count += isNew;
    countMost(end.most, other);
    tries.fail(now);
    const isServer = ends === this.#servers;
    if (end.count < (isServer ? MIN_SOURCES : MIN_SERVERS)) return;
    const { failures, failuresMany, failuresDay, windowSeconds } = this.#options;
    const wanted = isServer ? failuresMany : failures;
    const isMany = tries.areMany(wanted, now - windowSeconds * 1e6) ||
      tries.areMany(failuresDay, now - DAY_US);
    if (isMany) tries.isTold = true;
    if (tries.isTold) this.#tellEnd(key, end, isServer, attempt);
  }

  #tellPair(key: string, tries: Tries, attempt: Try, atOnce = false): void {
    const { clockUs } = this.#world;
    if (this.#isTooSoon(key, tries, atOnce)) {
      return this.#wait(key, tries, () => this.#tellPair(key, tries, attempt, true));
    }
    tries.toldUs = clockUs;
    const { protocol, client, server, port, path, flowId } = attempt;
    const name = this.#world.nameOf(server);
    const where = placeText(name === "" ? server : name, port) + path;
    this.#desk.raise({
      key,
      source: client,
      target: server,
      targetPort: port,
      protocol: IpProtocol.tcp,
      flowId,
      firstUs: tries.firstUs,
      count: tries.failures,
      ...(tries.successAfter ? { severity: 1 as const } : {}),
      message: `${client} failed to log in to ${where} over ${
        wordOf(protocol)
      } ${tries.failures} times within ${this.#spanOf(tries)}${
        tries.successAfter ? ", then a login succeeded" : ""
      }`,
      evidence: {
        protocol,
        technique: "T1110.001 Password Guessing",
        ...(path === "" ? {} : { path }),
        failed: tries.failures,
        succeeded: tries.successes,
        connections: tries.connectionCount,
        per_minute: this.#rateOf(tries),
      },
    });
  }

  #tellEnd(key: string, end: End, isServer: boolean, attempt: Try, atOnce = false): void {
    const { tries } = end;
    if (this.#isTooSoon(key, tries, atOnce)) {
      return this.#wait(key, tries, () => this.#tellEnd(key, end, isServer, attempt, true));
    }
    tries.toldUs = this.#world.clockUs;
    const { protocol, client, server, port, flowId } = attempt;
    const others = Math.round(end.count);
    const most = [...end.most.keys()].sort((a, b) => surely(end.most.get(b)) - surely(end.most.get(a)));
    // An alert is of one: who was named before stays so while nobody is twice as active.
    if (2 * surely(end.most.get(end.named)) < surely(end.most.get(most[0]))) end.named = most[0];
    const times = `${tries.failures} times within ${this.#spanOf(tries)}`;
    const word = wordOf(protocol);
    this.#desk.raise({
      key,
      // Who was answered is who it says: the most active stands for all.
      source: isServer ? end.named : client,
      target: isServer ? server : "",
      ...(isServer ? { targetPort: port } : {}),
      protocol: IpProtocol.tcp,
      flowId,
      firstUs: tries.firstUs,
      count: tries.failures,
      message: isServer
        ? `${countText(end.count)} sources failed to log in to ${
          placeText(server, port)
        } over ${word} ${times}`
        : `${client} failed to log in over ${word} to ${countText(end.count)} servers, ${times}`,
      evidence: {
        protocol,
        technique: isServer ? "T1110.001 Password Guessing" : "T1110.003 Password Spraying",
        failed: tries.failures,
        succeeded: tries.successes,
        per_minute: this.#rateOf(tries),
        ...(isServer ? { sources: others, from: most } : { servers: others, at: most }),
      },
    });
  }

  #wait(key: string, tries: Tries, tell: () => void): void {
    if (!this.#desk.has(key) || this.#waiting.has(key) || this.#waiting.size >= MAX_WAITING) return;
    if (tries.isTold) this.#waiting.set(key, tell);
  }

  /** Whether it was told just now; or is over, and has not begun anew. */
  #isTooSoon(key: string, tries: Tries, atOnce: boolean): boolean {
    const now = this.#world.clockUs;
    const isOpen = this.#desk.has(key);
    if (isOpen) return !atOnce && now - tries.toldUs < TELL_US;
    if (tries.toldUs === 0) return false;
    const { failures, windowSeconds } = this.#options;
    return !tries.areMany(failures, now - windowSeconds * 1e6);
  }

  #spanOf(tries: Tries): string {
    return spanText(Math.max(1, (this.#world.timeUs - tries.firstUs) / 1e6));
  }

  #rateOf(tries: Tries): number {
    const minutes = Math.max(1 / 60, (this.#world.timeUs - tries.firstUs) / 60e6);
    return Math.round(10 * tries.failures / minutes) / 10;
  }
}

/** An address; of IPv6 the network, as a host has as many addresses there as it likes. */
function sourceOf(address: string): string {
  if (!address.includes(":")) return address;
  const bytes = parseAddress(address);
  if (bytes === null || bytes.length !== 16) return address;
  let text = "";
  for (let i = 0; i < 8; i += 2) text += `${(bytes[i] << 8 | bytes[i + 1]).toString(16)}:`;
  return text;
}

function countMost(most: Map<string, Active>, other: string): void {
  const known = most.get(other);
  if (known !== undefined) {
    known.failures++;
    return;
  }
  let inherited = 0;
  if (most.size >= MAX_LISTED) {
    let least = "";
    inherited = Infinity;
    for (const [one, { failures }] of most) if (failures < inherited) [least, inherited] = [one, failures];
    most.delete(least);
  }
  most.set(other, { failures: inherited + 1, inherited });
}

/** Failures that are its own without doubt. */
function surely(active: Active | undefined): number {
  return active === undefined ? 0 : active.failures - active.inherited;
}

function isAlike(tries: Tries, pageBytes: number, { alikeBytes }: Try): boolean {
  return tries.pageBytes < 0 || Math.abs(pageBytes - tries.pageBytes) <= alikeBytes;
}

function wordOf(protocol: string): string {
  return WORDS[protocol] ?? protocol.toUpperCase();
}
