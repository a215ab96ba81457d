// Published names that Netpane does not use. They can be imported, so code that names them still loads,
// and say plainly what is missing when they are called.
import type { Context } from "./context.ts";
import type { Middleware } from "./types.ts";

/** @throws {Error} Always: what was asked for is not in the local package. */
export function leftOut(name: string): never {
  throw new Error(`"${name}" is left out of the local Fresh package; see jsr/README.md`);
}

/** Options of {@linkcode cors}. */
export interface CORSOptions<State = unknown> {
  origin?:
    | string
    | string[]
    | ((requestOrigin: string, context: Context<State>) => string | undefined | null);
  allowMethods?: string[] | ((origin: string, context: Context<State>) => string[]);
  allowHeaders?: string[];
  maxAge?: number;
  credentials?: boolean;
  exposeHeaders?: string[];
}

/** Options of {@linkcode csrf}. */
export interface CsrfOptions<State = unknown> {
  origin?: string | string[] | ((origin: string, context: Context<State>) => boolean);
}

/** Rules of {@linkcode ipFilter}. */
export interface IpFilterRules {
  denyList?: string[];
  allowList?: string[];
}

/** Options of {@linkcode ipFilter}. */
export interface IpFilterOptions {
  onBlocked?: <State>(
    remote: { addr: string; type: Deno.NetAddr["transport"] | "IPv4" | "IPv6" | undefined },
    ctx: Context<State>,
  ) => Response | Promise<Response>;
}

/** Left out of the local package. */
export function cors<State>(_options?: CORSOptions<State>): Middleware<State> {
  return leftOut("cors");
}

/** Left out of the local package. */
export function csrf<State>(_options?: CsrfOptions<State>): Middleware<State> {
  return leftOut("csrf");
}

/** Left out of the local package. */
export function ipFilter<State>(_rules: IpFilterRules, _options?: IpFilterOptions): Middleware<State> {
  return leftOut("ipFilter");
}

/** Left out of the local package. */
export function trailingSlashes<State>(_mode: "always" | "never"): Middleware<State> {
  return leftOut("trailingSlashes");
}
