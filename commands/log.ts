/** The log: lines on stderr for people, at or above one level. Never a packet, never a secret. */

const LEVELS = ["error", "warn", "info", "debug"] as const;

export type LogLevel = typeof LEVELS[number];
export type Log = (level: LogLevel, message: string) => void;

/** A log that writes `level` and what is graver. */
export function createLog(level: LogLevel): Log {
  const ceiling = LEVELS.indexOf(level);
  return (at, message) => {
    if (LEVELS.indexOf(at) > ceiling) return;
    const prefix = at === "info" ? "" : `${at}: `;
    console.error(`netpane: ${prefix}${message}`);
  };
}
