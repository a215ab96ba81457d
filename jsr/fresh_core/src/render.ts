// Draws a page as an HTML document. Preact calls a hook before each element; while a document is being
// drawn the hook finds islands, collects <Head>, sets nonces and marks links. Drawing is synchronous, so
// one module variable holds the document at hand.
import {
  type ComponentChildren,
  type ComponentType,
  createContext,
  Fragment,
  type FunctionComponent,
  h,
  isValidElement,
  options as preactOptions,
  type VNode,
} from "preact";
import { useContext } from "preact/hooks";
import { jsxTemplate } from "preact/jsx-runtime";
import { renderToString } from "preact-render-to-string";
import { stringify } from "devalue";
import { HeadEdge } from "./head.ts";
import { asset, assetSrcSet } from "./runtime.ts";
import type { Island, Snapshot } from "./snapshot.ts";

/** Where a response made by `ctx.render()` keeps its nonce: not a header, so that it cannot leak. */
export const NONCE: unique symbol = Symbol.for("__freshNonce") as never;

/** A document to draw. */
export interface DocumentRequest {
  url: URL;
  snapshot: Snapshot;
  /** The page with its layouts. */
  page: VNode | null;
  /** The app wrapper around it, which finds the drawn page in `slot`. */
  shell: VNode | null;
  slot: { content: VNode | null };
}

/** A drawn document. */
export interface RenderedDocument {
  html: string;
  nonce: string;
  /** URL paths of the modules that its islands load. */
  modules: string[];
}

interface Drawing {
  url: URL;
  snapshot: Snapshot;
  nonce: string;
  seen: Set<string>;
  inHeadComponent: number;
  inDocumentHead: number;
  headItems: Map<string, VNode>;
  islands: Map<Island, number>;
  /** Per island on the page: which component, and its props. */
  instances: [number, Props][];
  slots: { content: ComponentChildren; isDrawn: boolean }[];
  /** Elements of islands that already have their markers. */
  marked: WeakSet<VNode>;
}

type Props = Record<string, unknown>;

let drawing: Drawing | null = null;

/** Draws a document; parts of `<html>` that the page does not have are added. */
export function renderDocument(request: DocumentRequest): RenderedDocument {
  const { url, snapshot, page, shell, slot } = request;
  const state: Drawing = {
    url,
    snapshot,
    nonce: crypto.randomUUID().replaceAll("-", ""),
    seen: new Set(),
    inHeadComponent: 0,
    inDocumentHead: 0,
    headItems: new Map(),
    islands: new Map(),
    instances: [],
    slots: [],
    marked: new WeakSet(),
  };
  drawing = state;
  try {
    // The page comes first, so that the wrapper's <head> knows what the page put into <Head>.
    let html = renderToString(page ?? h(Fragment, null));
    if (shell) {
      slot.content = raw(html);
      html = renderToString(shell);
    }
    if (["html", "head", "body"].some((tag) => !state.seen.has(tag))) {
      let rest = raw(html);
      if (!state.seen.has("body")) rest = h("body", null, rest);
      if (!state.seen.has("head")) {
        rest = h(Fragment, null, h("head", null, h("meta", { charset: "utf-8" })), rest);
      }
      if (!state.seen.has("html")) rest = h("html", null, rest);
      html = renderToString(rest);
    }
    const modules = state.islands.size > 0
      ? [snapshot.runtime, ...[...state.islands.keys()].map((island) => island.file)]
      : [];
    return { html: `<!DOCTYPE html>${html}`, nonce: state.nonce, modules: [...new Set(modules)] };
  } finally {
    drawing = null;
  }
}

/** HTML that was drawn before. */
function raw(html: string): VNode {
  // deno-lint-ignore no-explicit-any -- the types know only the strings of compiled JSX
  return jsxTemplate([html] as any);
}

// The hook that preact calls before it draws an element; its short name is the one left in preact's builds.
const options = preactOptions as { __b?: (vnode: VNode<Props>) => void };
const earlierHook = options.__b;
options.__b = (vnode) => {
  Object.assign(vnode, originals.get(vnode));
  if (drawing) visit(vnode, drawing);
  earlierHook?.(vnode);
};

// An element may be a constant that many requests draw, so changes always start from what the author wrote.
const originals = new WeakMap<VNode, { type: VNode<Props>["type"]; props: Props }>();

function change(
  vnode: VNode<Props>,
  { type = vnode.type, props = {} }: { type?: VNode["type"]; props?: Props },
) {
  if (!originals.has(vnode)) originals.set(vnode, { type: vnode.type, props: vnode.props });
  vnode.type = type as typeof vnode.type;
  vnode.props = { ...vnode.props, ...props };
}

const HEAD_TAGS = new Set(["title", "meta", "link", "script", "style", "base", "noscript", "template"]);

function visit(vnode: VNode<Props>, state: Drawing): void {
  if (typeof vnode.type === "function") {
    if (vnode.type as unknown === HeadEdge) return enterOrLeaveHead(vnode.props, state);
    const island = state.snapshot.islands.get(vnode.type);
    if (island && !state.marked.has(vnode)) {
      change(vnode, { type: islandBoundary(vnode.type as ComponentType, island) });
    }
    return;
  }
  if (HEAD_TAGS.has(vnode.type) && collectHead(vnode, state)) return;
  const { props } = vnode;
  switch (vnode.type) {
    case "html":
      state.seen.add("html");
      break;
    case "head": {
      state.seen.add("head");
      const edge = (open: boolean) => h(HeadEdge, { region: "document", open });
      change(vnode, { props: { children: [edge(true), props.children, h(HeadRest, null), edge(false)] } });
      break;
    }
    case "body":
      state.seen.add("body");
      change(vnode, {
        props: { children: [props.children, h(SlotTemplates, { from: 0 }), h(Scripts, null)] },
      });
      break;
    case "script":
    case "style":
      if (!props.nonce) change(vnode, { props: { nonce: state.nonce } });
      break;
    case "a":
      markLink(vnode, state.url);
      break;
    case "img":
    case "source":
      if (props["data-fresh-disable-lock"]) break;
      if (typeof props.src === "string") change(vnode, { props: { src: asset(props.src) } });
      if (typeof props.srcset === "string") change(vnode, { props: { srcset: assetSrcSet(props.srcset) } });
      break;
  }
}

function enterOrLeaveHead({ region, open }: Props, state: Drawing): void {
  const step = open ? 1 : -1;
  if (region === "component") state.inHeadComponent += step;
  else state.inDocumentHead += step;
}

/** Takes an element out of `<Head>`, or swaps one of the document's head; `true` when it is not drawn here. */
function collectHead(vnode: VNode<Props>, state: Drawing): boolean {
  if (state.inHeadComponent === 0 && state.inDocumentHead === 0) return false;
  const key = headKey(vnode);
  if (state.inHeadComponent > 0) {
    const extra = vnode.key ? { "data-key": vnode.key } : null;
    state.headItems.set(key, h(vnode.type as string, { ...vnode.props, ...extra }) as VNode);
    change(vnode, { type: Nothing });
    return true;
  }
  const item = state.headItems.get(key) as VNode<Props> | undefined;
  if (item) {
    state.headItems.delete(key);
    change(vnode, { type: item.type });
    vnode.props = item.props;
  }
  return false;
}

/** Two elements of the head with one key mean the same thing, and the later one wins. */
function headKey({ type, key, props }: VNode<Props>): string {
  if (key) return String(key);
  if (type === "title") return "title";
  const value = type === "meta" ? "content" : type === "link" ? "href" : "";
  const identity = Object.keys(props).filter((name) => !["children", "nonce", "ref", value].includes(name))
    .sort();
  return JSON.stringify([type, ...identity.map((name) => [name, props[name]])]);
}

function Nothing(): null {
  return null;
}

/** What pages put into `<Head>` and no element of the document's head stood for. */
function HeadRest(): VNode | null {
  if (!drawing) return null;
  const items = [...drawing.headItems.values()];
  drawing.headItems.clear();
  return h(Fragment, null, items);
}

/** Marks links to the current page and to pages above it, for style sheets and screen readers. */
function markLink(vnode: VNode<Props>, url: URL): void {
  const { href } = vnode.props;
  if (typeof href !== "string" || !href.startsWith("/") || vnode.props["aria-current"] !== undefined) return;
  if (!URL.canParse(href, url)) return;
  const target = new URL(href, url);
  const path = (of: URL) => of.pathname.replace(/(?<=.)\/$/, "");
  const [here, there] = [path(url), path(target)];
  const isSame = here === there && (target.search === "" || target.search === url.search);
  if (isSame) change(vnode, { props: { "data-current": "true", "aria-current": "page" } });
  else if (here === there || there === "/" || here.startsWith(`${there}/`)) {
    change(vnode, { props: { "data-ancestor": "true", "aria-current": "true" } });
  }
}

const InsideIsland = createContext(false);

/** Stands for JSX among the props of an island, which the browser finds in the page instead. */
class SlotRef {
  constructor(readonly id: number) {}
}

/** Draws an island between markers, unless an island around it will draw it in the browser anyway. */
function islandBoundary(component: ComponentType, island: Island): FunctionComponent<Props> {
  return (props) => {
    const state = drawing!;
    const isNested = useContext(InsideIsland);
    const element = (props: Props) => {
      const vnode = h(component, props);
      state.marked.add(vnode);
      return vnode;
    };
    if (isNested) return element(props);

    const drawn = { ...props };
    const saved = { ...props };
    for (const [name, value] of Object.entries(props)) {
      // Preact lets signals stand for text, so they pass as elements; but they travel as signals.
      const isJsx = isValidElement(value) && !isSignal(value) || name === "children" && Array.isArray(value);
      if (!isJsx) continue;
      const id = state.slots.push({ content: value as ComponentChildren, isDrawn: false }) - 1;
      drawn[name] = h(Slot, { id });
      saved[name] = new SlotRef(id);
    }
    if (!state.islands.has(island)) state.islands.set(island, state.islands.size);
    const index = state.instances.push([state.islands.get(island)!, saved]) - 1;
    return between(`island:${index}`, h(InsideIsland.Provider, { value: true }, element(drawn)));
  };
}

/** JSX props are drawn where the island puts them; islands among them have markers of their own. */
function Slot({ id }: { id: number }): VNode {
  const slot = drawing!.slots[id];
  slot.isDrawn = true;
  return between(`slot:${id}`, h(InsideIsland.Provider, { value: false }, slot.content));
}

function between(marker: string, content: ComponentChildren): VNode {
  const comment = (text: string) => h(Fragment, { UNSTABLE_comment: text } as Props);
  return h(Fragment, null, comment(`fresh:${marker}`), content, comment("/fresh"));
}

/** Slots that their island did not draw yet; drawing them may bring up more. */
function SlotTemplates({ from }: { from: number }): VNode | null {
  const { slots } = drawing!;
  if (from >= slots.length) return null;
  const templates = slots.slice(from).map(({ content, isDrawn }, i) =>
    isDrawn ? null : h(
      "template",
      { id: `fresh-slot-${from + i}` },
      h(InsideIsland.Provider, { value: false }, content),
    )
  );
  return h(Fragment, null, templates, h(SlotTemplates, { from: slots.length }));
}

/** The script that starts the islands of the page, and none on a page without islands. */
function Scripts(): VNode {
  const { islands, instances, snapshot, nonce } = drawing!;
  const scripts: VNode[] = [];
  if (instances.length > 0) {
    const components = [...islands.keys()];
    const names = components.map((_, i) => `c${i}`);
    const lines = components.map(({ file, exportName }, i) =>
      `import{${exportName} as ${names[i]}}from${quote(file)};`
    );
    const code = `import{boot}from${quote(snapshot.runtime)};${lines.join("")}` +
      `boot([${names.join()}],${quote(serialize(instances))});`;
    scripts.push(h("script", { type: "module", nonce, dangerouslySetInnerHTML: { __html: code } }) as VNode);
  }
  if (snapshot.liveReload) {
    scripts.push(h("script", { type: "module", nonce, src: snapshot.liveReload }) as VNode);
  }
  return h(Fragment, null, scripts);
}

/** A JavaScript string that can neither end the script around it nor open a comment there. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll("<", "\\u003c");
}

const SIGNAL = Symbol.for("preact-signals");

function isSignal(value: unknown): value is { peek(): unknown } {
  return (value as { brand?: unknown } | null)?.brand === SIGNAL;
}

function serialize(instances: Drawing["instances"]): string {
  try {
    return stringify(instances, {
      Signal: (value: unknown) => isSignal(value) && [value.peek()],
      Slot: (value: unknown) => value instanceof SlotRef && [value.id],
    });
  } catch (cause) {
    const at = (cause as { path?: string }).path ?? "";
    throw new TypeError(
      `The props of an island cannot be sent to the browser: ${(cause as Error).message} ${at}`,
      {
        cause,
      },
    );
  }
}
