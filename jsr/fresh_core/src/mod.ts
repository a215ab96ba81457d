/**
 * A small local stand-in for the web framework Fresh: routes, server-drawn pages, islands, static files.
 * It has the names and signatures of the published package; jsr/README.md says what is left out.
 *
 * @module
 */
export { App, type ListenOptions } from "./app.ts";
export type { Context, FreshContext, WebSocketHandlers, WebSocketUpgradeOptions } from "./context.ts";
export { csp, type CSPOptions } from "./csp.ts";
export { createDefine, type Define, page } from "./define.ts";
export { HttpError } from "./error.ts";
export {
  cors,
  type CORSOptions,
  csrf,
  type CsrfOptions,
  ipFilter,
  type IpFilterOptions,
  type IpFilterRules,
  trailingSlashes,
} from "./left_out.ts";
export type { Island } from "./snapshot.ts";
export { staticFiles } from "./static_files.ts";
export type {
  FreshConfig,
  HandlerByMethod,
  HandlerFn,
  LayoutConfig,
  Lazy,
  MaybeLazy,
  Method,
  Middleware,
  MiddlewareFn,
  PageProps,
  PageResponse,
  ResolvedFreshConfig,
  RouteConfig,
  RouteData,
  RouteHandler,
} from "./types.ts";
