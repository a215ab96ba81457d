/**
 * How fast network cards can be, from /sys/class/net: sysfs-class-net. Only of cards with a device behind them, since
 * virtual ones make their speed up (a tun says 10 Mbit/s, a veth 10 Gbit/s).
 */
import type { ProcFiles } from "./ffi/proc_files.ts";

/** Speeds change when a cable is put in: read anew after this. */
const REFRESH_MS = 30_000;
const MAX_LINKS = 256;
const MEGABIT = 1_000_000;

export class LinkSpeeds {
  readonly #files: ProcFiles;
  readonly #root: string;
  #speeds = new Map<string, number | null>();
  #readMs = -Infinity;

  constructor(files: ProcFiles, root = "/sys/class/net") {
    this.#files = files;
    this.#root = root;
  }

  /** Bits a second in each direction; `null` where nobody knows. Interfaces beyond 256 are not looked at. */
  of(name: string, nowMs: number): number | null {
    if (nowMs - this.#readMs >= REFRESH_MS || nowMs < this.#readMs) {
      this.#speeds.clear();
      this.#readMs = nowMs;
    }
    let speed = this.#speeds.get(name);
    if (speed === undefined) {
      speed = this.#speeds.size < MAX_LINKS ? this.#read(name) : null;
      this.#speeds.set(name, speed);
    }
    return speed;
  }

  #read(name: string): number | null {
    if (name === "" || name.includes("/") || name.startsWith(".")) return null;
    if (this.#files.readLink(`${this.#root}/${name}/device`) === null) return null;
    const text = this.#files.readText(`${this.#root}/${name}/speed`, 32);
    const megabits = text === null ? NaN : Number(text.trim() || NaN);
    return megabits > 0 && megabits < 2 ** 31 ? megabits * MEGABIT : null; // -1 where the driver does not know
  }
}
