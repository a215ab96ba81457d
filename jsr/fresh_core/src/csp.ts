// Content-Security-Policy, with a nonce for the scripts that pages carry.
import { NONCE } from "./render.ts";
import type { Middleware } from "./types.ts";

/** Options of {@linkcode csp}. */
export interface CSPOptions {
  /** Only report what the policy would block. @default {false} */
  reportOnly?: boolean;
  /** URL to which browsers report. */
  reportTo?: string;
  /** Directives to add; one that a default exists for replaces it. */
  csp?: string[];
  /** Allow inline scripts and styles by a nonce instead of `'unsafe-inline'`. @default {false} */
  useNonce?: boolean;
}

const DEFAULTS = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  "img-src 'self' data:",
  "media-src 'self' data: blob:",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "upgrade-insecure-requests",
];

const nameOf = (directive: string) => directive.split(" ")[0];

/** Middleware that sends a Content-Security-Policy with every response. */
export function csp<State>(options: CSPOptions = {}): Middleware<State> {
  const own = options.csp ?? [];
  const replaced = new Set(own.map(nameOf));
  const directives = [...DEFAULTS.filter((directive) => !replaced.has(nameOf(directive))), ...own];
  const { reportTo } = options;
  if (reportTo) directives.push("report-to csp-endpoint", `report-uri ${reportTo}`);
  const policy = directives.join("; ");
  const header = `content-security-policy${options.reportOnly ? "-report-only" : ""}`;

  return async (ctx) => {
    const res: Response & { [NONCE]?: string } = await ctx.next();
    const nonce = options.useNonce && res[NONCE];
    res.headers.set(header, nonce ? policy.replaceAll("'unsafe-inline'", `'nonce-${nonce}'`) : policy);
    if (reportTo) res.headers.set("reporting-endpoints", `csp-endpoint="${reportTo}"`);
    return res;
  };
}
