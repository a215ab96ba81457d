// Helpers that do nothing but carry types, and page(), which carries data.
import type { AnyComponent } from "preact";
import type {
  HandlerByMethod,
  HandlerFn,
  Middleware,
  PageProps,
  PageResponse,
  RouteHandler,
} from "./types.ts";

/** Typed helpers for route files; made by {@linkcode createDefine}. */
export interface Define<State> {
  /** Handlers of a route: by method, or one function for all methods. */
  handlers<Data, Handlers extends RouteHandler<Data, State> = RouteHandler<Data, State>>(
    handlers: Handlers,
  ): typeof handlers;

  /** Component of a route; `define.page<typeof handler>` gives `data` its type. */
  page<
    // deno-lint-ignore no-explicit-any -- the data type is inferred from whatever handler is named
    Handler extends RouteHandler<any, State> = never,
    Data = Handler extends HandlerFn<infer Data, State> ? Data
      : Handler extends HandlerByMethod<infer Data, State> ? Data
      : never,
  >(render: AnyComponent<PageProps<Data, State>>): typeof render;

  /** One middleware or a list of them. */
  middleware<M extends Middleware<State> | Middleware<State>[]>(middleware: M): typeof middleware;

  /** A layout component. */
  layout(render: AnyComponent<PageProps<unknown, State>>): typeof render;
}

/**
 * Makes the typed helpers for one state type.
 *
 * @example
 * ```ts
 * export const define = createDefine<{ user?: string }>();
 * ```
 */
export function createDefine<State>(): Define<State> {
  return {
    handlers: (handlers) => handlers,
    page: (render) => render,
    middleware: (middleware) => middleware,
    layout: (render) => render,
  };
}

/** Returned by a handler: draw the component of this route with `data`. */
export function page<T>(data: T, options?: { headers?: HeadersInit; status?: number }): PageResponse<T>;
export function page(): PageResponse<undefined>;
export function page<T>(
  data?: T,
  options?: { headers?: HeadersInit; status?: number },
): PageResponse<T> {
  return { data: data as T, headers: options?.headers, status: options?.status };
}
