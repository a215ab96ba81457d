// <Head>: what a page or an island wants in the document's head. On the server the renderer collects the
// elements between the two edges; in the browser an effect carries them into the live document.
import { type ComponentChildren, Fragment, h, toChildArray, type VNode } from "preact";
import { useEffect } from "preact/hooks";

/** Props of {@linkcode Head}. */
export interface HeadProps {
  children?: ComponentChildren;
}

/** Marks a region for the server's renderer: inside `<Head>`, or inside the document's own `<head>`. */
export function HeadEdge(_: { region: "component" | "document"; open: boolean }): null {
  return null;
}

/**
 * Puts its children into the document's head. A `<title>`, and a `<meta>` with the same name, replace the
 * ones of the app wrapper.
 */
export function Head(props: HeadProps): ComponentChildren {
  if (typeof document !== "undefined") return h(LiveHead, null, props.children);
  return h(
    Fragment,
    null,
    h(HeadEdge, { region: "component", open: true }),
    props.children,
    h(HeadEdge, { region: "component", open: false }),
  );
}

function LiveHead(props: HeadProps): null {
  useEffect(() => {
    for (const child of toChildArray(props.children)) {
      if (typeof child === "object" && typeof child.type === "string") applyToHead(child);
    }
  });
  return null;
}

function applyToHead(vnode: VNode<Record<string, unknown>>): void {
  const { children, ...attributes } = vnode.props;
  const text = toChildArray(children as ComponentChildren).join("");
  if (vnode.type === "title") {
    document.title = text;
    return;
  }
  const key = attributes.name ? "name" : attributes.property ? "property" : "rel";
  const wanted = typeof attributes[key] === "string" ? attributes[key] : "";
  const found = document.head.querySelector(`${vnode.type}[${key}="${CSS.escape(wanted)}"]`);
  const element = found ?? document.head.appendChild(document.createElement(vnode.type as string));
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  if (element.textContent !== text) element.textContent = text;
}
