// The words that the parts of the framework share: methods, handlers, routes, settings.
import type { AnyComponent, RenderableProps, VNode } from "preact";
import type { Context } from "./context.ts";

/** HTTP methods that can be routed. */
export type Method = "HEAD" | "GET" | "POST" | "PATCH" | "PUT" | "DELETE" | "OPTIONS";

/** A value, or a function that loads it when it is first needed. */
export type MaybeLazy<T> = T | Lazy<T>;

/** Loads a value when it is first needed. */
export type Lazy<T> = () => Promise<T>;

/** Answers a request, or passes it on with `ctx.next()`. */
export type Middleware<State> = (ctx: Context<State>) => Response | Promise<Response>;

/** Another name for {@linkcode Middleware}. */
export type MiddlewareFn<State> = Middleware<State>;

/** A middleware that may also load the real one. */
export type MaybeLazyMiddleware<State> = (
  ctx: Context<State>,
) => Response | Promise<Response | Middleware<State>>;

/** What a handler returns to have the component of its route drawn: made by `page()`. */
export interface PageResponse<T> {
  /** Becomes the `data` prop of the component. */
  data: T;
  /** Headers of the response. */
  headers?: HeadersInit;
  /** Status of the response, 200 when left out. */
  status?: number;
}

/** Handler of one route: a response, or data for the component. */
export interface HandlerFn<Data, State> {
  (ctx: Context<State>): Response | PageResponse<Data> | Promise<Response | PageResponse<Data>>;
}

/** Handlers by method. */
export type HandlerByMethod<Data, State> = { [M in Method]?: HandlerFn<Data, State> };

/** One handler for every method, or one for each. */
export type RouteHandler<Data, State> = HandlerFn<Data, State> | HandlerByMethod<Data, State>;

/** Type of the data that a handler hands to its component. */
export type RouteData<Handler extends RouteHandler<unknown, unknown>> = Handler extends
  (RouteHandler<infer Data, unknown>) ? Data : never;

/** Props of route components, layouts, the app wrapper and error pages. */
export type PageProps<Data = unknown, T = unknown> =
  & Pick<
    Context<T>,
    "config" | "url" | "req" | "params" | "info" | "state" | "isPartial" | "Component" | "error" | "route"
  >
  & { data: Data };

/** An async component; it runs once per request and may answer with a response of its own. */
export type AsyncAnyComponent<P> = {
  // deno-lint-ignore no-explicit-any -- preact leaves both open
  (props: RenderableProps<P>, context?: any): Promise<VNode<any> | Response | null>;
  displayName?: string;
  defaultProps?: Partial<P> | undefined;
};

/** Component of a route, a layout or the app wrapper. */
export type RouteComponent<State> =
  | AsyncAnyComponent<PageProps<unknown, State>>
  | AnyComponent<PageProps<unknown, State>>;

/** What a layout may leave out. */
export interface LayoutConfig {
  /** Draw without the layouts of the folders above. */
  skipInheritedLayouts?: boolean;
  /** Draw without `_app`. */
  skipAppWrapper?: boolean;
}

/** The `config` export of a route file. */
export interface RouteConfig extends LayoutConfig {
  /** URL pattern to use instead of the one that the file name gives. */
  routeOverride?: string;
  /** Accepted for compatibility; it has no effect. */
  csp?: boolean;
  /** Methods that reach the route. @default {"ALL"} */
  methods?: "ALL" | Method[];
}

/** A route: a component, a handler, or both. */
export interface Route<State> {
  component?: RouteComponent<State>;
  config?: RouteConfig;
  handler?: RouteHandler<unknown, State>;
  /** Style sheets of the route; the local package ignores them. */
  css?: string[];
}

/** Settings of an {@linkcode App}. */
export interface FreshConfig {
  /** Path below which the app lives. Left out of the local package. */
  basePath?: string;
  /** @default {"production"} */
  mode?: "development" | "production";
  /** Believe X-Forwarded-Proto and X-Forwarded-Host. @default {false} */
  trustProxy?: boolean;
}

/** Settings of an app as `ctx.config` shows them. */
export interface ResolvedFreshConfig {
  /** Folder of the app. */
  root: string;
  basePath: string;
  mode: "development" | "production";
  trustProxy: boolean;
}
