/** CPU use from two readings of /proc/stat, proc_stat(5): times since boot in clock ticks, all cores together. */

/** Ticks since boot: in use, and all. */
export interface CpuTimes {
  busy: number;
  total: number;
}

/** The first line, "cpu user nice system idle iowait irq softirq steal …"; `null` when it is not there. */
export function parseCpuTimes(text: string): CpuTimes | null {
  const line = /^cpu +([\d ]+)$/m.exec(text.slice(0, 512));
  if (line === null) return null;
  // guest and guest_nice (fields 9 and 10) are part of user and nice already.
  const fields = line[1].trim().split(/ +/).slice(0, 8).map(Number);
  if (fields.length < 4) return null;
  const total = fields.reduce((sum, ticks) => sum + ticks, 0);
  const idle = fields[3] + (fields[4] ?? 0); // idle, iowait
  return { busy: total - idle, total };
}

/** Share of all cores in use between two readings, 0 to 1; `undefined` when no time has gone by. */
export function cpuShare(before: CpuTimes, after: CpuTimes): number | undefined {
  const total = after.total - before.total;
  if (total <= 0) return undefined;
  return Math.min(1, Math.max(0, (after.busy - before.busy) / total));
}
