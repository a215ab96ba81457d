// What every middleware, handler and page gets: the request and the ways to answer it.
import { type FunctionComponent, h, isValidElement, type VNode } from "preact";
import { leftOut } from "./left_out.ts";
import { NONCE, renderDocument } from "./render.ts";
import type { Snapshot } from "./snapshot.ts";
import type {
  AsyncAnyComponent,
  LayoutConfig,
  PageProps,
  ResolvedFreshConfig,
  RouteComponent,
} from "./types.ts";

/** @deprecated The old name of {@linkcode Context}. */
export type FreshContext<State = unknown> = Context<State>;

/** Event handlers of a WebSocket; left out of the local package. */
export interface WebSocketHandlers {
  open?(socket: WebSocket): void;
  message?(socket: WebSocket, event: MessageEvent): void;
  close?(socket: WebSocket, code: number, reason: string): void;
  error?(socket: WebSocket, event: Event | ErrorEvent): void;
}

/** Options of a WebSocket; left out of the local package. */
export interface WebSocketUpgradeOptions {
  idleTimeout?: number;
  protocol?: string;
}

/** Components around the page that is being answered, outermost first. */
export interface Ui<State> {
  app: RouteComponent<State> | null;
  layouts: RouteComponent<State>[];
}

/** Key of what only the framework reads on a context. */
export const INTERNAL: unique symbol = Symbol("fresh internal");

/** One request on its way through middlewares and handler. */
export class Context<State> {
  /** Settings of the app. */
  readonly config: ResolvedFreshConfig;
  /** URL of the request, with doubled slashes in the path collapsed. */
  readonly url: URL;
  /** The request as it came. */
  req: Request;
  /** Pattern of the matched route. */
  readonly route: string | null;
  /** Parameters of the matched route. */
  readonly params: Record<string, string>;
  /** Shared by all middlewares and the handler of this request. */
  readonly state: State = {} as State;
  /** Unused by the framework. */
  data: unknown = undefined;
  /** The error being answered, or `null`. */
  error: unknown | null = null;
  /** The connection. */
  readonly info: Deno.ServeHandlerInfo;
  /** Always `false`: partial navigation is left out of the local package. */
  readonly isPartial: boolean = false;
  /** Runs the rest of the chain and gives its response. */
  next: () => Promise<Response>;
  /** What a layout or the app wrapper has inside. */
  Component!: FunctionComponent;
  /** @private */
  readonly [INTERNAL]: {
    snapshot: Snapshot;
    ui: Ui<State>;
    /** Methods that the route has, when the one of the request is not among them. */
    allow: string;
  };

  /** @private Contexts are made by `App.handler()`. */
  constructor(from: {
    req: Request;
    url: URL;
    info: Deno.ServeHandlerInfo;
    route: string | null;
    params: Record<string, string>;
    config: ResolvedFreshConfig;
    snapshot: Snapshot;
    next: () => Promise<Response>;
    allow: string;
  }) {
    this.req = from.req;
    this.url = from.url;
    this.info = from.info;
    this.route = from.route;
    this.params = from.params;
    this.config = from.config;
    this.next = from.next;
    this[INTERNAL] = { snapshot: from.snapshot, ui: { app: null, layouts: [] }, allow: from.allow };
  }

  /**
   * A redirect. A path that starts with two slashes would leave the origin, so they are made one.
   *
   * @param pathOrUrl Path on this origin, or a whole URL.
   * @param status @default {302}
   */
  redirect(pathOrUrl: string, status = 302): Response {
    const target = pathOrUrl.replace(/[\t\r\n]/g, ""); // browsers drop these, also between two slashes
    const [path] = target.match(/^[^?#]*/)!;
    const isPath = target.startsWith("/");
    const location = isPath ? path.replace(/[/\\]{2,}/g, "/") + target.slice(path.length) : target;
    return new Response(null, { status, headers: { location } });
  }

  /**
   * Draws an element inside the layouts and the app wrapper of this route, as a whole HTML document.
   *
   * @param vnode The page, or `null` for an empty one.
   * @throws {Error} When given anything but an element or `null`.
   */
  async render(
    // deno-lint-ignore no-explicit-any -- the props of the element are its own affair
    vnode: VNode<any> | null,
    init: ResponseInit = {},
    config: LayoutConfig = {},
  ): Promise<Response> {
    if (vnode !== null && !isValidElement(vnode)) {
      throw new Error(`ctx.render() takes a JSX element or null, but got: ${typeof vnode}`);
    }
    const { snapshot, ui } = this[INTERNAL];
    let page = vnode;
    for (const layout of config.skipInheritedLayouts ? [] : ui.layouts.toReversed()) {
      const inner = page;
      const drawn = await drawComponent(layout, pageProps(this, () => inner, null));
      if (drawn instanceof Response) return drawn;
      page = drawn;
    }

    const slot: { content: VNode | null } = { content: null };
    const app = config.skipAppWrapper ? null : ui.app;
    const shell = app && await drawComponent(app, pageProps(this, () => slot.content, null));
    if (shell instanceof Response) return shell;

    const { html, nonce, modules } = renderDocument({ url: this.url, snapshot, page, shell, slot });
    const headers = new Headers(init.headers);
    headers.set("content-type", "text/html; charset=utf-8");
    for (const path of modules) {
      headers.append("link", `<${encodeURI(path)}>; rel="modulepreload"; as="script"`);
    }
    const response = new Response(html, { ...init, headers });
    return Object.assign(response, { [NONCE]: nonce });
  }

  /** A plain text response. */
  text(content: string, init?: ResponseInit): Response {
    return new Response(content, init);
  }

  /** A response of ready HTML; nothing in it is escaped. */
  html(content: string, init?: ResponseInit): Response {
    const headers = new Headers(init?.headers);
    headers.set("content-type", "text/html; charset=utf-8");
    return new Response(content, { ...init, headers });
  }

  /** A JSON response. */
  // deno-lint-ignore no-explicit-any -- whatever JSON.stringify() takes
  json(content: any, init?: ResponseInit): Response {
    return Response.json(content, init);
  }

  /** A response sent piece by piece, from an iterable or a function that makes one. */
  stream<U extends string | Uint8Array>(
    stream: Iterable<U> | AsyncIterable<U> | (() => Iterable<U> | AsyncIterable<U>),
    init?: ResponseInit,
  ): Response {
    const encoder = new TextEncoder();
    const pieces = ReadableStream.from(typeof stream === "function" ? stream() : stream);
    const bytes = new TransformStream<U, Uint8Array<ArrayBuffer>>({
      transform(piece, out) {
        out.enqueue(
          typeof piece === "string" ? encoder.encode(piece) : piece as unknown as Uint8Array<ArrayBuffer>,
        );
      },
    });
    return new Response(pieces.pipeThrough(bytes), init);
  }

  /** Left out of the local package. */
  upgrade(options?: WebSocketUpgradeOptions): { socket: WebSocket; response: Response };
  upgrade(handlers: WebSocketHandlers, options?: WebSocketUpgradeOptions): Response;
  upgrade(): never {
    return leftOut("ctx.upgrade()");
  }
}

/** Props of a component around or on the page. */
export function pageProps<Data, State>(
  ctx: Context<State>,
  Component: FunctionComponent,
  data: Data,
): PageProps<Data, State> {
  const { config, url, req, params, info, state, isPartial, error, route } = ctx;
  return { config, url, req, params, info, state, isPartial, error, route, Component, data };
}

/** An element of the component; async ones are run now, for preact cannot wait. */
export async function drawComponent<State>(
  component: RouteComponent<State>,
  props: PageProps<unknown, State>,
): Promise<VNode | Response | null> {
  if (component.constructor.name !== "AsyncFunction") {
    return h(component as FunctionComponent<PageProps<unknown, State>>, props) as VNode;
  }
  return await (component as AsyncAnyComponent<PageProps<unknown, State>>)(props);
}
