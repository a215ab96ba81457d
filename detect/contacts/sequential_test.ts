/**
 * The sequential test of Jung, Paxson, Berger and Balakrishnan ("Fast Portscan Detection Using Sequential Hypothesis
 * Testing", IEEE S&P 2004), as logarithms: each first contact moves a score by how much likelier its outcome is from
 * a scanner than from anybody else. Where the score passes the upper bound the source is convicted; below the lower
 * bound it sinks no further, so that a long good life does not buy a scan.
 *
 * A. Wald's bounds: with `falseAlarm` = α and `miss` = β the bounds are (1 - β) / α and β / (1 - α). As the score can
 * only overshoot them, the true rates are at most α / (1 - β) and β / (1 - α) for independent contacts.
 */

/** How likely a first contact succeeds. */
export interface Chances {
  /** From a source that knows whom it calls. */
  benign: number;
  /** From one that tries. */
  scanner: number;
}

/** The paper's own example, for targets that lie close together: other ports of a host, neighbours in a network. */
export const CLOSE: Chances = { benign: 0.8, scanner: 0.2 };

/**
 * For targets all over the address space. Peers of file sharing and games, resolvers, crawlers and mail servers lose a
 * quarter to a half of their calls; who shoots into the dark hits a host with the right service in a tenth at most.
 */
export const SCATTERED: Chances = { benign: 0.5, scanner: 0.1 };

/** What an outcome adds to the score. */
export interface Weights {
  failure: number;
  success: number;
}

export function weightsOf({ benign, scanner }: Chances): Weights {
  return { failure: Math.log((1 - scanner) / (1 - benign)), success: Math.log(scanner / benign) };
}

/** Share of a failure's weight that silence has where silence is common: UDP, and segments in the middle of nothing. */
export const WEAK = 0.5;

/**
 * A connection that was opened and broken off without a word: monitors and load balancers do so all day, connect scans
 * too. A little likelier from the former.
 */
export const BARE = Math.log(0.7);

/** Bounds of the score. */
export interface Bounds {
  readonly upper: number;
  readonly lower: number;
}

/** The bounds worked out last: nearly always the same are asked for. */
let [lastFalseAlarm, lastMiss] = [NaN, NaN];
let bounds: Bounds = { upper: NaN, lower: NaN };

/** @param falseAlarm,miss Error targets, each above 0 and below 0.5. */
export function boundsOf(falseAlarm: number, miss: number): Bounds {
  if (falseAlarm !== lastFalseAlarm || miss !== lastMiss) {
    bounds = { upper: Math.log((1 - miss) / falseAlarm), lower: Math.log(miss / (1 - falseAlarm)) };
    lastFalseAlarm = falseAlarm;
    lastMiss = miss;
  }
  return bounds;
}

/** The score as a likelihood ratio for people: three digits, not beyond a million. */
export function ratioOf(score: number): number {
  return Number(Math.min(1e6, Math.exp(score)).toPrecision(3));
}

/** Options that both rules share. */
export const TEST_OPTIONS = {
  falseAlarm: {
    default: 0.002,
    range: [0.000001, 0.2],
    unit: "",
    help: "Share of harmless sources that may be convicted (Wald's α): lower asks for more failed attempts",
  },
  miss: {
    default: 0.01,
    range: [0.0001, 0.2],
    unit: "",
    help: "Share of scanners that may be cleared (Wald's β)",
  },
  forgetSeconds: {
    default: 3_600,
    range: [60, 86_400],
    unit: "s",
    help: "A source that tried nothing new for so long begins anew",
  },
} as const;
