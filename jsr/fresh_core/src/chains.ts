// Middlewares, layouts and error pages belong to folders of the URL space, called scopes here. Chains
// collects them in the order of registration and compiles, for each route, the chain from the root scope
// down to the route itself, so that answering a request walks one ready list.
import { Context, drawComponent, INTERNAL, pageProps, type Ui } from "./context.ts";
import { HttpError } from "./error.ts";
import { METHODS, Router } from "./router.ts";
import type { RouteFile, RouteModule } from "./snapshot.ts";
import type {
  LayoutConfig,
  MaybeLazy,
  MaybeLazyMiddleware,
  Method,
  Middleware,
  PageResponse,
  Route,
  RouteComponent,
  RouteConfig,
} from "./types.ts";

/** One registration of an app, replayed by `handler()`. */
export type Step<State> = (chains: Chains<State>) => void;

interface Scope<State> {
  middlewares: MaybeLazyMiddleware<State>[];
  layout?: { component: RouteComponent<State>; config?: LayoutConfig };
  error?: Route<State>;
}

/** Collects registrations and compiles them. A route sees what was registered before it. */
export class Chains<State> {
  readonly router: Router<Middleware<State>> = new Router();
  app: RouteComponent<State> | null = null;
  /** Read when a 404 happens, so it may be registered after the routes. */
  notFound: Route<State> | null = null;
  #scopes = new Map<string, Scope<State>>();

  use(path: string, fns: MaybeLazyMiddleware<State>[]): void {
    this.#scope(path).middlewares.push(...fns);
  }

  layout(path: string, component: RouteComponent<State>, config?: LayoutConfig): void {
    this.#scope(path).layout = { component, config };
  }

  onError(path: string, route: Route<State>): void {
    this.#scope(path).error = route;
  }

  handle(methods: readonly Method[], path: string, fns: MaybeLazyMiddleware<State>[]): void {
    this.router.add(methods, path, this.compile(path, fns));
  }

  /** A route at `pattern`, with the surroundings of `scope`. */
  route(pattern: string, scope: string, route: MaybeLazy<Route<State>>, config?: RouteConfig): void {
    let loaded = typeof route === "function" ? null : route;
    const own = async (ctx: Context<State>) => {
      loaded ??= await (route as () => Promise<Route<State>>)();
      return await answer(ctx, loaded);
    };
    const methods = loaded ? methodsOf(loaded) : config?.methods ?? "ALL";
    const path = loaded?.config?.routeOverride ?? config?.routeOverride ?? pattern;
    this.router.add(methods === "ALL" ? METHODS : methods, path, this.compile(scope, [own]));
  }

  /** The routes folder: what surrounds pages first, since a route sees only what came before it. */
  files(files: RouteFile[]): void {
    for (const item of files) {
      const mod = item.mod;
      const { scope, pattern, kind, file } = item;
      if (kind === "route") {
        const load = typeof mod === "function" ? async () => asRoute(file, await mod()) : asRoute(file, mod);
        this.route(pattern, scope, load);
      } else if (typeof mod === "function") {
        throw new TypeError(`${file} must be imported before the app starts`);
      } else if (kind === "middleware") {
        const fns = mod.default ?? mod.handler ?? mod.handlers;
        if (typeof fns !== "function" && !Array.isArray(fns)) {
          throw new TypeError(`${file} must export a middleware, or a list of them, as default`);
        }
        this.use(scope, [fns].flat());
      } else {
        const route = asRoute<State>(file, mod);
        if (kind === "error") this.onError(scope, route);
        else if (kind === "notFound") this.notFound = route;
        else if (kind === "app") this.app = route.component ?? null;
        else if (route.component) this.layout(scope, route.component, route.config);
      }
    }
  }

  /** The chain of a route in the scope of `path`. */
  compile(path: string, own: MaybeLazyMiddleware<State>[]): Middleware<State> {
    const chain: MaybeLazyMiddleware<State>[] = [];
    let ui: Ui<State> = { app: this.app, layouts: [] };
    for (const key of scopeKeys(path)) {
      const scope = this.#scopes.get(key);
      if (scope?.layout) {
        const { component, config } = scope.layout;
        ui = {
          app: config?.skipAppWrapper ? null : ui.app,
          layouts: config?.skipInheritedLayouts ? [component] : [...ui.layouts, component],
        };
      }
      if (key === "" || scope?.layout || scope?.error) chain.push(this.#surround(ui, scope?.error));
      if (scope) chain.push(...scope.middlewares);
    }
    return compose([...chain, ...own]);
  }

  /** Sets what is drawn around pages of a scope, and answers errors from inside it. */
  #surround(ui: Ui<State>, error: Route<State> | undefined): Middleware<State> {
    return async (ctx) => {
      const outer = ctx[INTERNAL].ui;
      ctx[INTERNAL].ui = ui;
      try {
        return await ctx.next();
      } catch (err) {
        ctx[INTERNAL].ui = ui;
        const status = err instanceof HttpError ? err.status : 500;
        const page = status === 404 && this.notFound ? this.notFound : error;
        if (!page) throw err;
        return await answer(ctx, page, status);
      } finally {
        ctx[INTERNAL].ui = outer;
      }
    };
  }

  #scope(path: string): Scope<State> {
    const key = scopeKeys(path).at(-1)!;
    const scope = this.#scopes.get(key) ?? { middlewares: [] };
    this.#scopes.set(key, scope);
    return scope;
  }
}

/** `/a/b` lies in the scopes `""`, `/a` and `/a/b`; optional groups of a pattern do not count. */
function scopeKeys(path: string): string[] {
  const parts = path.replace(/\{[^}]*\}\??/g, "").split("/").filter((part) => part !== "");
  if (parts.join() === "*") return [""];
  return ["", ...parts.map((_, i) => `/${parts.slice(0, i + 1).join("/")}`)];
}

/** One middleware that runs `fns` in order; the last `ctx.next()` is the one the context came with. */
function compose<State>(fns: MaybeLazyMiddleware<State>[]): Middleware<State> {
  return (ctx) => {
    const last = ctx.next;
    const run = async (i: number): Promise<Response> => {
      try {
        if (i === fns.length) return await last();
        ctx.next = () => run(i + 1);
        const res = await fns[i](ctx);
        return typeof res === "function" ? await res(ctx) : res;
      } catch (err) {
        ctx.error = err;
        throw err;
      }
    };
    return run(0);
  };
}

/** Runs the handler of a route and draws its component. `status` is given for error pages. */
async function answer<State>(ctx: Context<State>, route: Route<State>, status?: number): Promise<Response> {
  const { component, config } = route;
  const { ui } = ctx[INTERNAL];
  ctx[INTERNAL].ui = {
    app: config?.skipAppWrapper ? null : ui.app,
    layouts: config?.skipInheritedLayouts ? [] : ui.layouts,
  };
  const handler = findHandler(route, ctx.req.method, status !== undefined);
  if (!handler) {
    const allow = methodsOf(route).join(", ");
    if (allow === "") throw new HttpError(404);
    if (ctx.req.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
    ctx[INTERNAL].allow = allow;
    throw new HttpError(405);
  }
  const result = await handler(ctx);
  if (result instanceof Response) return result;
  if (typeof result !== "object" || result === null) {
    throw new TypeError(`The handler of ${ctx.route} gave neither a Response nor page()`);
  }
  const drawn = component ? await drawComponent(component, pageProps(ctx, () => null, result.data)) : null;
  if (drawn instanceof Response) return drawn;
  return await ctx.render(drawn, { headers: result.headers, status: result.status ?? status ?? 200 });
}

function findHandler<State>(route: Route<State>, method: string, isError: boolean) {
  const { component, handler } = route;
  if (typeof handler === "function") return handler;
  // Errors happen to every method, so their page answers every method.
  const isRead = isError || method === "GET" || method === "HEAD";
  const draw = component && isRead ? (): PageResponse<unknown> => ({ data: {} }) : null;
  return handler?.[method as Method] ?? (isRead ? handler?.GET : null) ?? draw;
}

/** Methods that a route answers. */
function methodsOf<State>({ handler, component, config }: Route<State>): readonly Method[] {
  if (Array.isArray(config?.methods)) return config.methods;
  if (typeof handler === "function") return METHODS;
  const methods = Object.keys(handler ?? {}) as Method[];
  return component && !methods.includes("GET") ? ["GET", ...methods] : methods;
}

function asRoute<State>(file: string, mod: RouteModule<State>): Route<State> {
  const handler = mod.handlers ?? mod.handler;
  const component = mod.default as RouteComponent<State> | undefined;
  if (typeof component !== "function" && !handler && !mod.config) {
    throw new TypeError(`${file} must export a component as default, a "handler" or a "config"`);
  }
  return { handler, component, config: mod.config };
}
