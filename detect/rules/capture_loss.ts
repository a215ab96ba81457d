/** Packets that came by and were not captured: whatever is told meanwhile rests on less than there was. Live only. */
import type { SystemFacts } from "../../model/system_facts.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState } from "../contract.ts";
import { percentText, round, spanText } from "../words.ts";

/** Reports looked back on: about one a second. */
const MAX_REPORTS = 60;
const KEY = "capture";
/** Loss from which on it is worse. */
const GRAVE = 0.1;
/** It is over when so long nothing worth telling was lost. */
const OFF_US = 30_000_000;

const options = {
  share: { default: 0.01, range: [0.0001, 1], unit: "", help: "Share of packets lost, at least" },
  packets: { default: 100, range: [1, 1e9], unit: "packets", help: "Packets lost, at least" },
  window: { default: 10, range: [1, MAX_REPORTS], unit: "s", help: "Within how long" },
} satisfies Record<string, RuleOption>;

type Options = { [K in keyof typeof options]: number };

class CaptureLoss implements Rule {
  readonly #context: RuleContext<Options>;
  /** The latest reports: time, packets received and lost since the beginning. */
  #reports: { atUs: number; received: number; dropped: number }[] = [];
  #sinceUs = 0;
  #lastUs = 0;
  #lost = 0;
  #most = 0;
  #before = 0;

  constructor(context: RuleContext<Options>) {
    this.#context = context;
  }

  get state(): RuleState {
    return { entries: this.#reports.length, capacity: MAX_REPORTS, evicted: 0 };
  }

  system({ atUs, capture: { received, dropped } }: SystemFacts): void {
    const { desk, options } = this.#context;
    const last = this.#reports.at(-1);
    // A capture that was begun anew counts from nothing.
    if (last !== undefined && (received < last.received || dropped < last.dropped)) this.#reports = [];
    this.#reports.push({ atUs, received, dropped });
    while (
      this.#reports.length > 2 &&
      (this.#reports.length > MAX_REPORTS || atUs - this.#reports[1].atUs >= options.window * 1e6)
    ) this.#reports.shift();
    const first = this.#reports[0];
    const lost = dropped - first.dropped;
    const share = lost / Math.max(1, lost + received - first.received);
    if (lost >= options.packets && share >= options.share) {
      if (this.#sinceUs === 0) {
        this.#sinceUs = first.atUs;
        this.#before = first.dropped;
        this.#most = 0;
      }
      this.#lastUs = atUs;
      this.#most = Math.max(this.#most, share);
      this.#lost = Math.max(0, dropped - this.#before);
      this.#tell(atUs, share);
    } else if (this.#sinceUs !== 0 && atUs - this.#lastUs >= OFF_US) {
      this.#sinceUs = 0;
      desk.close(KEY);
    }
  }

  #tell(atUs: number, share: number): void {
    const seconds = (atUs - this.#sinceUs) / 1e6;
    this.#context.desk.raise({
      key: KEY,
      source: "",
      target: "",
      severity: this.#most >= GRAVE ? 2 : 3,
      count: this.#lost,
      firstUs: this.#sinceUs,
      message:
        `${this.#lost} packets were not captured within ${spanText(seconds)}, ${percentText(share)} of the ` +
        "latest: what is shown is incomplete",
      evidence: {
        packets_lost: this.#lost,
        share_lost: round(share, 4),
        highest_share: round(this.#most, 4),
        duration_s: round(seconds, 1),
      },
    });
  }
}

export const captureLoss: RuleSpec<typeof options> = {
  kind: "capture_loss",
  title: "Packets not captured",
  category: "Not Suspicious Traffic",
  severity: 3,
  signatureId: 1_900_145,
  attack: null,
  notices:
    "One packet in a hundred, and a hundred in all, were lost by kernel, card or Netpane within ten seconds.",
  why:
    "What was not seen cannot be judged: counts are too low, and card numbers or attacks may have gone by. Who " +
    "wants to hide can bring it about with a flood.",
  fooled: "Loss in front of this machine (a mirror port that is overrun) is not counted by anybody here.",
  options,
  quietSeconds: 60,
  create: (context) => new CaptureLoss(context),
};
