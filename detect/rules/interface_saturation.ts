/** A network card that carries almost as much as it can. Live only, and only where the card's speed is known. */
import type { SystemFacts } from "../../model/system_facts.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState } from "../contract.ts";
import { Held } from "../held.ts";
import { digits, percentText, round, spanText } from "../words.ts";

/** Cards watched, each in both directions. */
const MAX_CARDS = 256;
/** It is over below this part of the limit ... */
const OFF_PART = 0.8;
/** ... for so long. */
const OFF_US = 15_000_000;

const options = {
  share: {
    default: 0.9,
    range: [0.1, 1],
    unit: "",
    help: "Share of the card's speed in one direction, at least; frames have gaps, so 1 is never reached",
  },
  lasts: { default: 60, range: [1, 86_400], unit: "s", help: "For how long" },
} satisfies Record<string, RuleOption>;

type Options = { [K in keyof typeof options]: number };

class InterfaceSaturation implements Rule {
  readonly #context: RuleContext<Options>;
  readonly #cards = new Map<string, { held: Held; most: number; seen: number }>();
  #reports = 0;
  #refused = 0;

  constructor(context: RuleContext<Options>) {
    this.#context = context;
  }

  get state(): RuleState {
    return { entries: this.#cards.size, capacity: 2 * MAX_CARDS, evicted: this.#refused };
  }

  system({ atUs, interfaces }: SystemFacts): void {
    this.#reports++;
    for (const { name, speedBitsPerSecond: speed, receivedBitsPerSecond, sentBitsPerSecond } of interfaces) {
      if (speed === null) continue;
      this.#direction(atUs, name, "receives", receivedBitsPerSecond, speed);
      this.#direction(atUs, name, "sends", sentBitsPerSecond, speed);
    }
    for (const [key, card] of this.#cards) {
      if (card.seen === this.#reports) continue; // unplugged otherwise
      this.#cards.delete(key);
      this.#context.desk.close(key);
    }
  }

  #direction(atUs: number, name: string, verb: string, bits: number, speed: number): void {
    const { desk, options: { share: on, lasts } } = this.#context;
    const key = `${name} ${verb}`;
    let card = this.#cards.get(key);
    if (card === undefined) {
      if (this.#cards.size >= 2 * MAX_CARDS) {
        this.#refused++;
        return;
      }
      this.#cards.set(key, card = { held: new Held(), most: 0, seen: 0 });
    }
    card.seen = this.#reports;
    const share = bits / speed;
    const wasOn = card.held.isOn;
    const limits = { on, off: on * OFF_PART, onUs: lasts * 1e6, offUs: OFF_US };
    const isOn = card.held.at(atUs, share, limits);
    card.most = card.held.sinceUs === 0 ? 0 : Math.max(card.most, share);
    if (!isOn) {
      if (wasOn) desk.close(key);
      return;
    }
    if (share < limits.off) return; // over, if it stays so
    const seconds = (atUs - card.held.sinceUs) / 1e6;
    desk.raise({
      key,
      source: "",
      target: "",
      count: Math.round(seconds),
      firstUs: card.held.sinceUs,
      message:
        `${name} ${verb} ${digits(bits / 1e6)} of ${digits(speed / 1e6)} Mbit/s, ${percentText(share)}, ` +
        `for ${spanText(seconds)} now`,
      evidence: {
        interface: name,
        direction: verb === "sends" ? "sent" : "received",
        bits_per_second: Math.round(bits),
        speed_bits_per_second: speed,
        share: round(share),
        highest_share: round(card.most),
        duration_s: round(seconds, 1),
      },
    });
  }
}

export const interfaceSaturation: RuleSpec<typeof options> = {
  kind: "interface_saturation",
  title: "Saturated interface",
  category: "Not Suspicious Traffic",
  severity: 3,
  signatureId: 1_900_144,
  attack: null,
  notices: "A network card receives or sends at nine tenths of its speed for a minute.",
  why:
    "Everything else waits or is lost, the capture included; and a flood or a large theft looks like this too.",
  fooled:
    "A narrow place elsewhere (the line to the provider) is not seen, nor are virtual cards, whose speed is made up.",
  options,
  quietSeconds: 60,
  create: (context) => new InterfaceSaturation(context),
};
