/**
 * The engine: starts the workers, joins them, keeps them alive, and hands what they say to the monitor.
 *
 * A packet goes capture worker → (shared memory) → inspect worker; the main thread only hears counts and
 * columns. Workers get exactly the permissions their room needs.
 */
import type {
  AskSnapshot,
  CaptureToMain,
  DetectToMain,
  InspectToMain,
  MainToCapture,
  MainToDetect,
  MainToInspect,
  MainToPlayback,
  MainToSystem,
  PlaybackToMain,
  Stop,
  SystemToMain,
} from "../model/protocol.ts";
import type { Blocklist } from "../model/blocklist.ts";
import type { RuleSettings } from "../model/detection.ts";
import type { Usual } from "../model/usual.ts";
import { SocketDecoder } from "../enrich/socket_delta.ts";
import { answered } from "./answered.ts";
import type { FeedItem } from "./feed.ts";
import type { Monitor } from "./mod.ts";

const TICK_MS = 1000;
/** Between ticks that carry a whole snapshot of the page. */
const SNAPSHOT_EVERY_TICKS = 5;
/** Rows of a snapshot from the inspector. */
const MAX_ACTIVE_ROWS = 10_000;
const MAX_ENDED_ROWS = 5_000;
/** Of the last one: all that the inspector keeps. */
const MAX_LAST_ROWS = 16_384;
/** Alerts that come within so short a time are told together: each telling is a write to every client. */
const GATHER_ALERTS_MS = 100;
/** Publications waiting for their turn; in order one after the other they take a few milliseconds. */
const MAX_PUBLICATIONS = 3;
/** A worker that crashes oftener than this is left down and said to be. */
const MAX_RESTARTS = 20;
/** More than one inspector ever sees, and far from 2^53 for the last of them. */
const FLOWS_OF_AN_INSPECTOR = 2 ** 40;

export interface LiveSource {
  kind: "live";
  interfaces: string[];
  snaplen: number;
  promiscuous: boolean;
  bufferBytes: number;
  filter: string;
}

export interface PlaybackSource {
  kind: "playback";
  /** Absolute path of a capture file. */
  path: string;
  speed: number;
  loop: boolean;
}

export interface EngineOptions {
  source: LiveSource | PlaybackSource;
  maxFlows: number;
  /** See `StartInspect`. */
  fingerprintKey: Uint8Array;
  showPayload: boolean;
  /** What the settings file says of rules. */
  rules: RuleSettings;
  /** What rules learnt in earlier runs, and who keeps it for later ones; live only. */
  usual?: Usual;
  keepUsual?: (usual: Usual) => void;
  /** Whether somebody keeps a log of what ends when it stops: then there is twice the time for it. */
  tellsEnds?: boolean;
  log: (level: "error" | "warn" | "info" | "debug", message: string) => void;
}

/** A worker that does not answer within this time when all stops is ended all the same. */
const STOP_MS = 1500;

/** A worker with typed messages. */
interface Hand<In> {
  worker: Worker;
  send(message: In, transfer?: Transferable[]): void;
}

export class Engine {
  #options: EngineOptions;
  #monitor: Monitor;
  #inspect: Hand<MainToInspect> | null = null;
  #detect: Hand<MainToDetect> | null = null;
  #source: Hand<MainToCapture> | Hand<MainToPlayback> | null = null;
  #system: Hand<MainToSystem> | null = null;
  #localAddresses: string[] = [];
  #blocklists: Blocklist[] = [];
  #ticks = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Whether the inspector still owes an answer. */
  #asked = false;
  #restarts = { inspect: 0, detect: 0 };
  #stopped = false;
  #publishing: Promise<void> = Promise.resolve();
  #publications = 0;
  #alertsTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: EngineOptions, monitor: Monitor) {
    this.#options = options;
    this.#monitor = monitor;
  }

  /** Starts everything. Answers once; trouble comes later, as problems of the monitor. */
  start(): void {
    this.#startInspect();
    this.#startDetect();
    this.#startSource();
    if (this.#options.source.kind === "live") this.#startSystem();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Lets the workers close what they hold (interfaces, tracing), then ends them. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#alertsTimer);
    this.#monitor.feed.close();
    const endMs = performance.now() + STOP_MS * (this.#options.tellsEnds ? 2 : 1);
    await Promise.all([this.#source, this.#system].map((hand) => hand && dismissed(hand)));
    await this.#finish(endMs);
    this.#inspect?.worker.terminate();
    this.#detect?.worker.terminate();
  }

  /**
   * Flows that are still alive end with Netpane, and then alerts that are open do, which the end of a flow may add to.
   *
   * @param endMs When it has to be over, by `performance.now()`, whoever does not answer.
   */
  async #finish(endMs: number): Promise<void> {
    const [inspect, detect] = [this.#inspect, this.#detect];
    const leftMs = () => Math.min(STOP_MS, endMs - performance.now());
    // The answer to an earlier question may come first.
    let owed = this.#asked ? 2 : 1;
    const afterFacts = inspect !== null &&
      await answered<InspectToMain>(inspect.worker, leftMs(), {
        ask: () => inspect.send({ type: "finish", maxEnded: MAX_LAST_ROWS }),
        isAnswer: ({ type }) => type === "snapshot" && --owed === 0,
      });
    if (detect === null) return;
    await answered<DetectToMain>(detect.worker, leftMs(), {
      ask: () => detect.send({ type: "finish-detect", afterFacts }),
      isAnswer: ({ type }) => type === "stopped",
    });
  }

  /** The settings have changed. */
  setRules(rules: RuleSettings): void {
    this.#options.rules = rules;
    this.#detect?.send({ type: "rules", rules });
  }

  /** The user's lists have been read. They are kept for a detector that starts anew. */
  setBlocklists(lists: Blocklist[]): void {
    this.#blocklists = lists;
    this.#detect?.send({ type: "blocklists", lists });
  }

  // ------------------------------------------------------------ workers

  #startInspect(): void {
    this.#inspect = this.#hire<MainToInspect, InspectToMain>(
      new URL("../capture/inspect/inspect_worker.ts", import.meta.url),
      "inspect",
      "none",
      (message) => {
        if (message.type === "alerts") {
          this.#monitor.applyAlerts(message.alerts, "inspect");
          return this.#tellAlerts();
        }
        this.#asked = false;
        this.#monitor.applySnapshot(message, Date.now());
        this.#publish();
      },
      () => this.#restartInspect(),
    );
    this.#inspect.send({
      type: "start-inspect",
      maxFlows: this.#options.maxFlows,
      flowsAfter: this.#restarts.inspect * FLOWS_OF_AN_INSPECTOR,
      localAddresses: this.#localAddresses,
      fingerprintKey: this.#options.fingerprintKey,
      showPayload: this.#options.showPayload,
    });
  }

  /** The inspector holds slots when it crashes, so whoever fills them starts over too. */
  #restartInspect(): void {
    this.#monitor.countRestart("inspect");
    this.#tellAlerts();
    this.#asked = false;
    if (++this.#restarts.inspect > MAX_RESTARTS) return this.#leftDown("inspect", "inspector");
    this.#startInspect();
    this.#connectDetect();
    const { port1, port2 } = new MessageChannel();
    this.#inspect!.send({ type: "connect-source", port: port2 }, [port2]);
    this.#source?.send({ type: "connect-inspect", port: port1 }, [port1]);
  }

  /** Facts go straight from the inspector to the detector; main hears alerts. */
  #startDetect(): void {
    this.#detect = this.#hire<MainToDetect, DetectToMain>(
      new URL("../detect/detect_worker.ts", import.meta.url),
      "detect",
      "none",
      (message) => {
        switch (message.type) {
          case "detect-report":
            return this.#monitor.applyDetect(message.counters);
          case "learnt":
            this.#options.usual = message.usual;
            return this.#options.keepUsual?.(message.usual);
          case "alerts":
            this.#monitor.applyAlerts(message.alerts, "detect");
            return this.#tellAlerts();
          case "stopped":
            return; // whoever asked for it waits for it
          default:
            message satisfies never;
        }
      },
      () => this.#restartDetect(),
    );
    this.#detect.send({
      type: "start-detect",
      rules: this.#options.rules,
      localAddresses: this.#localAddresses,
      idPrefix: this.#restarts.detect === 0 ? "" : `${this.#restarts.detect}-`,
      usual: this.#options.usual ?? {},
    });
    if (this.#blocklists.length > 0) this.setBlocklists(this.#blocklists);
    this.#connectDetect();
  }

  #connectDetect(): void {
    const { port1, port2 } = new MessageChannel();
    this.#inspect?.send({ type: "connect-detect", port: port1 }, [port1]);
    this.#detect?.send({ type: "connect-facts", port: port2 }, [port2]);
  }

  /** What rules had learnt is lost; what they had told stays. */
  #restartDetect(): void {
    this.#monitor.countRestart("detect");
    this.#tellAlerts();
    if (++this.#restarts.detect > MAX_RESTARTS) return this.#leftDown("detect", "detector");
    this.#startDetect();
  }

  #leftDown(name: string, who: string): void {
    this.#monitor.setProblem(`worker:${name}`, {
      severity: "error",
      message: `The ${who} crashed ${MAX_RESTARTS} times and is left down`,
      hint: "Restart Netpane, and report the message in its log",
    });
  }

  #startSource(): void {
    const { source } = this.#options;
    const { port1, port2 } = new MessageChannel();
    this.#inspect!.send({ type: "connect-source", port: port2 }, [port2]);
    if (source.kind === "live") {
      const { interfaces, snaplen, promiscuous, bufferBytes, filter } = source;
      const hand = this.#hire<MainToCapture, CaptureToMain>(
        new URL("../capture/source/capture_worker.ts", import.meta.url),
        "capture",
        { ffi: true },
        (message) => {
          if (message.type === "capture-report") this.#monitor.applyCapture(message);
        },
        () => this.#left("capture"),
      );
      hand.send(
        { type: "start-capture", interfaces, snaplen, promiscuous, bufferBytes, filter, port: port1 },
        [port1],
      );
      this.#source = hand;
    } else {
      const { path, speed, loop } = source;
      const hand = this.#hire<MainToPlayback, PlaybackToMain>(
        new URL("../capture/source/playback_worker.ts", import.meta.url),
        "playback",
        { read: [path] },
        (message) => {
          if (message.type === "playback-report") this.#monitor.applyPlayback(message);
        },
        () => this.#left("playback"),
      );
      hand.send({ type: "start-playback", path, speed, loop, port: port1 }, [port1]);
      this.#source = hand;
    }
  }

  #startSystem(): void {
    const sockets = new SocketDecoder();
    this.#system = this.#hire<MainToSystem, SystemToMain>(
      new URL("../enrich/system_worker.ts", import.meta.url),
      "system",
      { ffi: true },
      (message) => {
        if (message.type === "ping-report") return this.#monitor.who.applyPing(message);
        if (message.type !== "system-report") return;
        this.#monitor.applySystem(sockets.decode(message));
        const addresses = message.interfaces.flatMap((device) =>
          device.addresses.map(({ address }) => address)
        );
        if (addresses.join() === this.#localAddresses.join()) return;
        this.#localAddresses = addresses;
        this.#inspect?.send({ type: "local-addresses", addresses });
        this.#detect?.send({ type: "local-addresses", addresses });
      },
      () => {
        this.#monitor.who.connectPing(null, "The system worker, which would send the packets, has crashed");
        this.#left("system");
      },
    );
    this.#monitor.who.connectPing((message) => this.#system?.send(message));
    this.#system.send({ type: "start-system", intervalMs: TICK_MS });
  }

  /** Main has given up its own FFI by then, so a worker that needs it cannot be started again. */
  #left(name: "capture" | "playback" | "system"): void {
    this.#monitor.setProblem(`worker:${name}`, {
      severity: "error",
      message: `The ${name} worker has crashed; the rest goes on without it`,
      hint: "Restart Netpane, and report the message in its log",
    });
  }

  #hire<In, Out>(
    url: URL,
    name: string,
    permissions: Deno.PermissionOptions,
    onMessage: (message: Out) => void,
    onCrash: () => void,
  ): Hand<In> {
    const worker = new Worker(url, { type: "module", name, deno: { permissions } });
    worker.onmessage = (event: MessageEvent<Out>) => onMessage(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (this.#stopped) return;
      this.#options.log("error", `The ${name} worker crashed: ${event.message}`);
      worker.terminate();
      onCrash();
    };
    return { worker, send: (message, transfer = []) => worker.postMessage(message, transfer) };
  }

  // ------------------------------------------------------------ the second

  #tick(): void {
    this.#detect?.send({ type: "system-facts", facts: this.#monitor.machineFacts(Date.now()) });
    // An inspector that is busy for longer than a tick is asked again only after it answered.
    if (this.#asked) {
      this.#monitor.applySnapshot(null, Date.now());
      this.#publish();
      return;
    }
    this.#asked = true;
    const ask: AskSnapshot = {
      type: "ask-snapshot",
      nowUs: Math.floor(this.#monitor.clockMs(Date.now()) * 1000),
      maxActive: MAX_ACTIVE_ROWS,
      maxEnded: MAX_ENDED_ROWS,
    };
    this.#inspect?.send(ask);
  }

  /** Alerts do not wait for the tick. */
  #tellAlerts(): void {
    if (this.#stopped) return;
    this.#alertsTimer ??= setTimeout(() => {
      this.#alertsTimer = undefined;
      if (this.#publications >= MAX_PUBLICATIONS) return; // they are told with the next tick
      this.#tell(() => this.#monitor.drainAlerts().map((alert) => ({ name: "alert", alert })));
    }, GATHER_ALERTS_MS);
  }

  #publish(): void {
    // Too many clients for this machine: what is new waits, and the next tick tells of it.
    if (this.#publications >= MAX_PUBLICATIONS) return;
    const whole = this.#ticks++ % SNAPSHOT_EVERY_TICKS === 0;
    this.#tell(() => [
      ...this.#monitor.drainEvents(),
      { name: "tick" },
      ...whole ? [{ name: "snapshot" } as const] : [],
    ]);
  }

  /** One publication after the other: their order is that of their ids. */
  #tell(drain: () => FeedItem[]): void {
    const { feed } = this.#monitor;
    this.#publications++;
    this.#publishing = this.#publishing
      .then(() => feed.publish(drain()))
      .then(() => feed.heartbeat(Date.now()))
      .catch((cause) => this.#options.log("error", `The feed failed: ${cause}`))
      .finally(() => this.#publications--);
  }
}

/** Asks a worker to stop, and ends it when it has, or when it takes too long. */
async function dismissed(hand: Hand<Stop>): Promise<void> {
  await answered<{ type: string }>(hand.worker, STOP_MS, {
    ask: () => hand.send({ type: "stop" }),
    isAnswer: ({ type }) => type === "stopped",
  });
  hand.worker.terminate();
}
