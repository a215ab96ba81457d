// The app: what was registered, turned into one chain of middlewares per route when handler() is called.
import { STATUS_TEXT } from "@std/http/status";
import { Chains, type Step } from "./chains.ts";
import { Context, INTERNAL, type WebSocketHandlers, type WebSocketUpgradeOptions } from "./context.ts";
import { HttpError } from "./error.ts";
import { leftOut } from "./left_out.ts";
import { METHODS } from "./router.ts";
import { EMPTY_SNAPSHOT, type Snapshot } from "./snapshot.ts";
import type {
  FreshConfig,
  LayoutConfig,
  MaybeLazy,
  MaybeLazyMiddleware,
  Method,
  Middleware,
  ResolvedFreshConfig,
  Route,
  RouteComponent,
  RouteConfig,
} from "./types.ts";

/** Options of {@linkcode App.listen}, as `Deno.serve()` takes them. */
export type ListenOptions = Partial<Deno.ServeTcpOptions & Deno.TlsCertifiedKeyPem> & {
  remoteAddress?: string;
};

/** Answers requests; `info` is the connection, as `Deno.serve()` gives it. */
export type Handler = (request: Request, info?: Deno.ServeHandlerInfo) => Promise<Response>;

const NO_CONNECTION: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "localhost", port: 0 },
  completed: Promise.resolve(),
};

/** Hands the result of a build to an app; for generated code and the builder. */
export let useSnapshot: <State>(
  app: App<State>,
  snapshot: Snapshot,
  mode?: "development" | "production",
) => void;

/**
 * A web app: middlewares and routes, in the order they are registered.
 *
 * @example
 * ```ts
 * export const app = new App()
 *   .use(staticFiles())
 *   .get("/api/ping", (ctx) => ctx.json({ pong: true }))
 *   .fsRoutes();
 * ```
 */
export class App<State> {
  #steps: Step<State>[] = [];
  #snapshot: Snapshot = EMPTY_SNAPSHOT;

  static {
    useSnapshot = (app, snapshot, mode = app.config.mode) => {
      app.#snapshot = snapshot;
      app.config.root = snapshot.root;
      app.config.mode = mode;
    };
  }

  /** Settings, as `ctx.config` shows them. */
  config: ResolvedFreshConfig;

  constructor(config: FreshConfig = {}) {
    if (config.basePath) leftOut("App({ basePath })");
    this.config = {
      root: ".",
      basePath: "",
      mode: config.mode ?? "production",
      trustProxy: config.trustProxy ?? false,
    };
  }

  /** Adds middlewares for every path, or for those at and below `path`. */
  use(...middleware: MaybeLazyMiddleware<State>[]): this;
  use(path: string, ...middleware: MaybeLazyMiddleware<State>[]): this;
  use(first: string | MaybeLazyMiddleware<State>, ...rest: MaybeLazyMiddleware<State>[]): this {
    const [path, fns] = typeof first === "string" ? [first, rest] : ["*", [first, ...rest]];
    return this.#add((chains) => chains.use(path, fns));
  }

  /** Adds a handler for GET, and for HEAD where there is none of its own; the last function answers. */
  get(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#handle(["GET"], path, middlewares);
  }

  /** Adds a handler for POST. */
  post(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#handle(["POST"], path, middlewares);
  }

  /** Adds a handler for PUT. */
  put(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#handle(["PUT"], path, middlewares);
  }

  /** Adds a handler for PATCH. */
  patch(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#handle(["PATCH"], path, middlewares);
  }

  /** Adds a handler for DELETE. */
  delete(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#handle(["DELETE"], path, middlewares);
  }

  /** Adds a handler for HEAD. */
  head(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#handle(["HEAD"], path, middlewares);
  }

  /** Adds a handler for every method. */
  all(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#handle(METHODS, path, middlewares);
  }

  /** Adds a route of handler and component. */
  route(path: string, route: MaybeLazy<Route<State>>, config?: RouteConfig): this {
    return this.#add((chains) => chains.route(path, path, route, config));
  }

  /** Wraps pages at and below `path`. */
  layout(path: string, component: RouteComponent<State>, config?: LayoutConfig): this {
    return this.#add((chains) => chains.layout(path, component, config));
  }

  /** Wraps every page; draws `<html>`. */
  appWrapper(component: RouteComponent<State>): this {
    return this.#add((chains) => chains.app = component);
  }

  /** Answers errors at and below `path`; `ctx.error` holds what was thrown. */
  onError(path: string, route: Route<State> | Middleware<State>): this {
    return this.#add((chains) => chains.onError(path, asRoute(route)));
  }

  /** Answers every 404. */
  notFound(route: Route<State> | Middleware<State>): this {
    return this.#add((chains) => chains.notFound = asRoute(route));
  }

  /** Adds the routes of the routes folder. */
  fsRoutes(pattern = "*"): this {
    if (pattern !== "*") leftOut("fsRoutes(pattern)");
    return this.#add((chains) => chains.files(this.#snapshot.routes));
  }

  /** Left out of the local package. */
  mountApp(_path: string, _app: App<State>): this {
    return leftOut("mountApp");
  }

  /** Left out of the local package. */
  ws(_path: string, _handlers: WebSocketHandlers, _options?: WebSocketUpgradeOptions): this {
    return leftOut("ws");
  }

  /** The function that answers requests; what is registered later is not seen by it. */
  handler(): Handler {
    const chains = new Chains<State>();
    for (const step of this.#steps) step(chains);
    const unrouted = chains.compile("*", []);
    const { config } = this;
    const snapshot = this.#snapshot;

    return async (req, info = NO_CONNECTION) => {
      const url = requestUrl(req, config.trustProxy);
      const { item, pattern, params, allowed } = chains.router.match(req.method, url.pathname);
      const allow = allowed.join(", ");
      const next = () => {
        if (params === null) return Promise.reject(new HttpError(400));
        if (pattern === null || item) return Promise.reject(new HttpError(404));
        if (req.method !== "OPTIONS") return Promise.reject(new HttpError(405));
        return Promise.resolve(new Response(null, { status: 204, headers: { allow } }));
      };
      const chain = params && item || unrouted;
      const ctx = new Context<State>({
        req,
        url,
        info,
        route: pattern,
        params: params ?? {},
        config,
        snapshot,
        next,
        allow: item ? "" : allow,
      });
      let res: Response;
      try {
        res = await chain(ctx);
        if (!(res instanceof Response)) {
          throw new TypeError(
            `${req.method} ${url.pathname} was answered with something other than a Response`,
          );
        }
      } catch (err) {
        res = plainError(err);
      }
      if (res.status === 405 && ctx[INTERNAL].allow && !res.headers.has("allow")) {
        res = new Response(res.body, res); // its headers may be fixed
        res.headers.set("allow", ctx[INTERNAL].allow);
      }
      if (req.method !== "HEAD" || res.body === null) return res;
      await res.body.cancel().catch(() => {}); // nobody will read it: let files and timers behind it go
      return new Response(null, res);
    };
  }

  /** Starts to serve the app, on the first free port from 8000 on when none is given. */
  // deno-lint-ignore require-await -- so that a port in use is a rejection
  async listen(options: ListenOptions = {}): Promise<void> {
    serve(options, this.handler());
  }

  #add(step: Step<State>): this {
    this.#steps.push(step);
    return this;
  }

  #handle(methods: readonly Method[], path: string, fns: MaybeLazy<Middleware<State>>[]): this {
    return this.#add((chains) => chains.handle(methods, path, fns as MaybeLazyMiddleware<State>[]));
  }
}

/** Serves `handler` as {@linkcode App.listen} does. */
export function serve(options: ListenOptions, handler: Handler): void {
  const onListen = options.onListen ?? (({ hostname, port }: Deno.NetAddr) => {
    const host = hostname === "0.0.0.0" || hostname === "::" ? "localhost" : hostname;
    const scheme = options.cert ? "https" : "http";
    console.log(`Listening on ${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}/`);
  });
  for (let port = options.port || 8000;; port++) {
    try {
      Deno.serve({ ...options, port, onListen } as Deno.ServeTcpOptions, handler);
      return;
    } catch (err) {
      if (options.port || port >= 8019 || !(err instanceof Deno.errors.AddrInUse)) throw err;
    }
  }
}

function asRoute<State>(route: Route<State> | Middleware<State>): Route<State> {
  return typeof route === "function" ? { handler: route } : route;
}

function requestUrl(req: Request, trustProxy: boolean): URL {
  const url = new URL(req.url);
  url.pathname = url.pathname.replace(/\/{2,}/g, "/"); // "//host/x" would be another origin in a redirect
  if (trustProxy) {
    const proto = req.headers.get("x-forwarded-proto");
    const host = req.headers.get("x-forwarded-host");
    if (proto) url.protocol = `${proto}:`;
    if (host) url.host = host;
  }
  return url;
}

/** The answer when no error page took the error: never its stack, and its message only if meant for the client. */
function plainError(err: unknown): Response {
  if (!(err instanceof HttpError)) {
    console.error(err);
    return new Response("Internal server error", { status: 500 });
  }
  if (err.status >= 500) console.error(err);
  return new Response(err.message || STATUS_TEXT[err.status], { status: err.status });
}
