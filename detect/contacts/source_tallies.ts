/**
 * What the scan rules know of a source as a whole, so that one thing is told under one kind, and an outage is not taken
 * for a scan.
 */
import { Hashed } from "../hashed.ts";
import { type Contact, isFailure } from "./contact.ts";

export const MAX_TALLIES = 8_192;
/** Targets remembered of one source. */
const MAX_TARGETS = 8;

export interface SourceTally {
  /** Whether answers to its ARP requests can be heard here. */
  heard: boolean;
  /** Hashes of targets at which it failed lately, at most `MAX_TARGETS`, and when each. */
  targets: number[];
  failedUs: number[];
  /** Clock until which it counts as one that sweeps. */
  sweepUntilUs: number;
  /** Port scans it was convicted of. */
  portScans: number;
}

export class SourceTallies {
  readonly #known = new Hashed<SourceTally>(MAX_TALLIES);

  get size(): number {
    return this.#known.size;
  }

  get evicted(): number {
    return this.#known.evicted;
  }

  /** @param client Hash of its address. */
  of(client: number): SourceTally {
    let tally = this.#known.get(client, 0);
    if (tally === undefined) {
      tally = { heard: false, targets: [], failedUs: [], sweepUntilUs: 0, portScans: 0 };
      this.#known.set(client, 0, tally);
    }
    return tally;
  }

  /** Notes an outcome. */
  take(contact: Contact, clockUs: number): void {
    const { outcome } = contact;
    if (!isFailure(outcome)) {
      if (contact.protocol === 0) this.of(contact.clientFirst).heard = true;
      return;
    }
    const { targets, failedUs } = this.of(contact.clientFirst);
    let place = targets.indexOf(contact.serverFirst);
    if (place < 0) {
      place = targets.length < MAX_TARGETS ? targets.length : placeOfLeast(failedUs);
      targets[place] = contact.serverFirst;
    }
    failedUs[place] = clockUs;
  }

  /** Targets at which the source failed within the last `seconds`, at most 8. */
  targetsWithin(tally: SourceTally, clockUs: number, seconds: number): number {
    let count = 0;
    for (const at of tally.failedUs) if (clockUs - at <= seconds * 1e6) count++;
    return count;
  }
}

function placeOfLeast(values: readonly number[]): number {
  let least = 0;
  for (let i = 1; i < values.length; i++) if (values[i] < values[least]) least = i;
  return least;
}
