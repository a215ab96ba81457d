/**
 * Tells people and programs outside of alerts: when one is new, grows worse, or is over. Off until the settings file
 * names a target; what the user expects is never told.
 */
import { isDeepStrictEqual } from "node:util";
import type { Anomaly, NotifyTargetCounters, Problem } from "../../model/api.ts";
import type { NotifySetting } from "../../model/settings.ts";
import { targetHost } from "../settings.ts";
import { type Occasion, outbound } from "./notice.ts";
import { NOTIFY_LIMITS, type NotifyLimits, Target } from "./target.ts";

/** How long an alert waits that an expected entry would cover if its program turned out to be that of the entry. */
const HOLD_MS = 5_000;
const MAX_HELD = 1_000;
/** Alerts that a target is remembered to have been told of. */
const MAX_TOLD = 4_096;

export interface NotifierOptions {
  /** Name of this machine, for the messages. */
  from: string;
  /** Of Netpane, likewise. @default {""} */
  version?: string;
  /** Whether anybody is told at all. @default {true} */
  enabled?: boolean;
  /** Something is off with a target, or (with null) in order again. */
  onProblem: (id: string, problem: Omit<Problem, "id"> | null) => void;
  limits?: Partial<NotifyLimits>;
}

interface Told {
  target: Target;
  /** Severity that was told last, by id; the alert told longest ago first. */
  alerts: Map<string, number>;
}

export class Notifier {
  readonly #options: NotifierOptions;
  #targets: Told[] = [];
  #held = new Map<string, { alert: Anomaly; sinceMs: number }>();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** The settings are these now; targets that stay as they are keep their queue. */
  configure(settings: readonly NotifySetting[]): void {
    const before = this.#targets;
    this.#targets = (this.#options.enabled === false ? [] : settings).map((setting) => {
      const same = before.find(({ target }) => isDeepStrictEqual(target.setting, setting));
      return same ?? { target: this.#create(setting), alerts: new Map() };
    });
    for (const told of before) {
      if (this.#targets.includes(told)) continue;
      told.target.close();
      const { name } = told.target.setting;
      this.#options.onProblem(`notify:${name}`, null);
    }
    if (this.#targets.length === 0) this.#held.clear();
  }

  /**
   * An alert is new or has changed.
   *
   * @param undecided Whether an expected entry may cover it once more is known of it: then it waits for a moment.
   * @param nowMs Wall clock.
   */
  take(alert: Anomaly, undecided: boolean, nowMs: number): void {
    if (this.#targets.length === 0) return;
    const held = this.#held.get(alert.id);
    if ((alert.expected ?? null) !== null) {
      this.#held.delete(alert.id);
      return;
    }
    const waits = undecided && nowMs - (held?.sinceMs ?? nowMs) < HOLD_MS &&
      !this.#targets.some(({ alerts }) => alerts.has(alert.id));
    if (waits && (held !== undefined || (alert.open && this.#held.size < MAX_HELD))) {
      if (held === undefined) this.#held.set(alert.id, { alert, sinceMs: nowMs });
      return;
    }
    this.#held.delete(alert.id);
    this.#tell(alert, held !== undefined);
  }

  /** Time goes on: what has waited long enough is told. @param nowMs Wall clock. */
  tick(nowMs: number): void {
    for (const [id, { alert, sinceMs }] of this.#held) {
      if (nowMs - sinceMs < HOLD_MS) continue;
      this.#held.delete(id);
      this.#tell(alert, true);
    }
  }

  counters(): NotifyTargetCounters[] {
    return this.#targets.map(({ target }) => target.counters());
  }

  /**
   * Netpane stops: alerts that wait for their program are told without it, and targets are given a moment for what
   * they have not been sent yet.
   *
   * @param ms After which what is left is lost.
   */
  async finish(ms: number): Promise<void> {
    for (const { alert } of this.#held.values()) this.#tell(alert, true);
    this.#held.clear();
    let timer: ReturnType<typeof setTimeout>;
    await Promise.race([
      Promise.all(this.#targets.map(({ target }) => target.drain())),
      new Promise((resolve) => timer = setTimeout(resolve, ms)),
    ]).finally(() => clearTimeout(timer));
    this.close();
  }

  close(): void {
    for (const { target } of this.#targets) target.close();
    this.#targets = [];
    this.#held.clear();
  }

  /** @param even Tell of one that is over already, because it ended while it waited. */
  #tell(alert: Anomaly, even: boolean): void {
    for (const { target, alerts } of this.#targets) {
      const told = alerts.get(alert.id);
      const occasion = occasionOf(alert, told, target.setting, even);
      if (alert.open && (told !== undefined || occasion !== null)) {
        alerts.delete(alert.id);
        alerts.set(alert.id, Math.min(alert.severity, told ?? 3));
        if (alerts.size > MAX_TOLD) alerts.delete(alerts.keys().next().value!);
      } else if (!alert.open) alerts.delete(alert.id);
      if (occasion !== null) target.tell({ occasion, alert: outbound(alert) });
    }
  }

  #create(setting: NotifySetting): Target {
    const { from, version = "", limits, onProblem } = this.#options;
    const id = `notify:${setting.name}`;
    return new Target({
      setting,
      from,
      version,
      limits: { ...NOTIFY_LIMITS, ...limits },
      onState: (failure) =>
        onProblem(
          id,
          failure === null ? null : {
            severity: "warning",
            message: `Notifications to "${setting.name}" (${setting.type} at ${
              targetHost(setting.url)
            }) do not arrive: ${failure.reason}`,
            hint: failure.passing
              ? "They are sent again for some minutes; what does not arrive is counted in /api/stats"
              : `Check url and secret of [notify.${setting.name}] in the settings file`,
          },
        ),
    });
  }
}

function occasionOf(
  alert: Anomaly,
  told: number | undefined,
  { minSeverity, kinds }: NotifySetting,
  even: boolean,
): Occasion | null {
  if (told === undefined) {
    const wanted = alert.severity <= minSeverity && (kinds.length === 0 || kinds.includes(alert.kind));
    return wanted && (alert.open || even) ? "new" : null;
  }
  if (!alert.open) return "ended";
  return alert.severity < told ? "worse" : null;
}
