/** What the doorkeeper of the server counts, for `/api/stats`. */

export interface DoorCounters {
  /** Requests turned away, by why. */
  refused: {
    /** A Host that is not this machine's. */
    host: number;
    /** Asked or written by a page of another site. */
    foreign_page: number;
    /** Address, header or body above its ceiling, or a body that came too slowly. */
    too_large: number;
    /** Too many requests, or too many wrong tokens, from one address. */
    too_many: number;
    /** No token, or a wrong one. */
    no_token: number;
    /** The read-only role asked for what only the admin may. */
    role: number;
    /** Connections ended because nothing was asked on them, or nothing read. */
    stale: number;
  };
  /** Sessions and tokens; null where no token is needed. */
  access: { sessions: number; signed_in: number; wrong_tokens: number; slowed_down: number } | null;
  /** Lines of the access log that could not be written, or found no room; null without `--access-log`. */
  log_lines_lost: number | null;
}
