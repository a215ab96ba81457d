/**
 * Whether what is measured now is far from its own past. The past is known by its median and by the median distance
 * from it (MAD), which a few outliers do not move; now is the last few values, all of which must be far.
 */

const NOW = 5;
const PAST = 64;
/** Values of the past without which nothing is said. */
const MIN_PAST = 20;
/** The past is looked at anew after so many values. */
const LOOK_EVERY = 16;
/** MAD times this estimates the standard deviation of a normal distribution. */
const MAD_TO_DEVIATION = 1.4826;
/** Standard deviations that are far. */
const FAR_DEVIATIONS = 8;
/** Values that stay far for so long are the new ordinary: a route changed for good. */
const LEARN_AFTER = 200;

const NOTHING: number[] = [];

export interface DriftLimits {
  /** Far is at least so many times the median ... */
  factor: number;
  /** ... and so much above it. */
  floor: number;
}

export class Drift {
  // Made with the first value: of many hosts there is none.
  #now: number[] = NOTHING;
  #nowUs: number[] = NOTHING;
  #past: number[] = NOTHING;
  #next = 0;
  #sinceLook = LOOK_EVERY;
  #farCount = 0;
  /** Of the past; NaN while it is too short. */
  median = NaN;
  deviation = NaN;

  /** @param timeUs When it was measured. @returns Whether the latest values are all far above the past. */
  add(value: number, timeUs: number, limits: DriftLimits): boolean {
    if (this.#now === NOTHING) {
      this.#now = [];
      this.#nowUs = [];
    }
    this.#now.push(value);
    this.#nowUs.push(timeUs);
    const isFar = this.#isFar(limits);
    if (isFar) this.#farCount++;
    else this.#farCount = 0;
    if (this.#now.length > NOW) {
      const old = this.#now.shift()!;
      this.#nowUs.shift();
      if (!isFar || this.#farCount > LEARN_AFTER) this.#learn(old);
    }
    return isFar && this.#farCount <= LEARN_AFTER;
  }

  /** Values of the past, the earliest first. */
  past(): number[] {
    return [...this.#past.slice(this.#next), ...this.#past.slice(0, this.#next)];
  }

  /** Goes on with the past of another, which it keeps no more of than of its own. */
  restore(past: readonly number[]): void {
    this.#past = past.slice(-PAST);
    this.#next = this.#past.length % PAST;
    if (this.#past.length >= MIN_PAST) this.#look();
  }

  /** Middle of the latest values. */
  get now(): number {
    return middle(this.#now);
  }
  get lowest(): number {
    return Math.min(...this.#now);
  }
  get highest(): number {
    return Math.max(...this.#now);
  }
  /** When the first of the latest values was measured, and how long before the last. */
  get sinceUs(): number {
    return Math.min(...this.#nowUs);
  }
  get spanUs(): number {
    return Math.max(...this.#nowUs) - this.sinceUs;
  }
  get pastValues(): number {
    return this.#past.length;
  }
  /** Values in a row that were told as far. */
  get farCount(): number {
    return this.#farCount;
  }

  #isFar({ factor, floor }: DriftLimits): boolean {
    if (this.#now.length < NOW || !(this.#now[this.#now.length - 1] > factor * this.median)) return false;
    const { median, deviation } = this;
    const limit = Math.max(factor * median, median + floor, median + FAR_DEVIATIONS * deviation);
    let far = 0;
    for (const value of this.#now) if (value > limit) far++;
    return far >= NOW;
  }

  #learn(value: number): void {
    if (this.#past === NOTHING) this.#past = [];
    this.#past[this.#next] = value;
    this.#next = (this.#next + 1) % PAST;
    if (this.#past.length < MIN_PAST || ++this.#sinceLook < LOOK_EVERY) return;
    this.#look();
  }

  #look(): void {
    this.#sinceLook = 0;
    const median = middle(this.#past);
    this.median = median;
    this.deviation = MAD_TO_DEVIATION * middle(this.#past.map((past) => Math.abs(past - median)));
  }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
