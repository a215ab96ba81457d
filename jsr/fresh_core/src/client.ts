// Starts islands in the browser. The server left markers around each island and each slot (JSX given to an
// island as a prop), and sends the props along. Each island is drawn over what the server drew.
import { type ComponentChild, type ComponentChildren, type ComponentType, h, render } from "preact";
import { signal } from "@preact/signals";
import { parse } from "devalue";

interface Marker {
  kind: string;
  id: number;
  start: Comment;
  end: Comment;
}

/**
 * Starts the islands of this page.
 *
 * @param components Components in the order the server counted them.
 * @param json Per island the number of its component and its props, as devalue writes them.
 */
export function boot(components: ComponentType[], json: string): void {
  const slots = new Map<number, ComponentChild[]>();
  const Slot = ({ id }: { id: number }): ComponentChildren => slots.get(id);
  const instances: [number, Record<string, unknown>][] = parse(json, {
    Signal: ([value]: [unknown]) => signal(value),
    Slot: ([id]: [number]) => h(Slot, { id }),
  });
  const draw = (index: number) => h(components[instances[index][0]], instances[index][1]);

  const markers = new Map<Node, Marker>();
  const roots: Marker[] = [];
  collect(document.body, markers, roots);
  const templates = document.querySelectorAll<HTMLTemplateElement>("template[id^=fresh-slot-]");
  for (const { content } of templates) collect(content, markers, []);

  // Slots are read before any island is drawn, because drawing takes their markers away.
  for (const { kind, id, start, end } of markers.values()) {
    if (kind === "slot") slots.set(id, toElements(start.nextSibling, end, markers, draw));
  }
  for (const { id, content } of templates) {
    slots.set(Number(id.split("-")[2]), toElements(content.firstChild, null, markers, draw));
  }
  for (const root of roots) {
    try {
      render(draw(root.id), rootBetween(root));
    } catch (err) {
      reportError(err); // one broken island must not keep the others from starting
    }
  }
}

/** Finds marker pairs below `root`; islands that lie in no other are added to `roots`. */
function collect(root: Node, markers: Map<Node, Marker>, roots: Marker[]): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_COMMENT);
  const open: Marker[] = [];
  while (walker.nextNode()) {
    const node = walker.currentNode as Comment;
    const [, kind, id] = node.data.match(/^fresh:(island|slot):(\d+)$/) ?? [];
    if (kind) open.push({ kind, id: Number(id), start: node, end: node });
    else if (node.data === "/fresh" && open.length > 0) {
      const marker = open.pop()!;
      marker.end = node;
      markers.set(marker.start, marker);
      if (open.length === 0) roots.push(marker);
    }
  }
}

/** What the server drew, as preact elements; an island among it stays an island. */
function toElements(
  first: Node | null,
  end: Node | null,
  markers: Map<Node, Marker>,
  draw: (index: number) => ComponentChild,
): ComponentChild[] {
  const elements: ComponentChild[] = [];
  for (let node = first; node && node !== end; node = node.nextSibling) {
    const marker = markers.get(node);
    if (marker) {
      elements.push(draw(marker.id));
      node = marker.end;
    } else if (node instanceof Text) elements.push(node.data);
    else if (node instanceof Element) {
      elements.push(h(node.localName, attributes(node), toElements(node.firstChild, null, markers, draw)));
    }
  }
  return elements;
}

function attributes(element: Element): Record<string, unknown> {
  return Object.fromEntries(
    Array.from(element.attributes, ({ name, value }) => {
      const isBoolean = typeof (element as unknown as Record<string, unknown>)[name] === "boolean";
      return [name, isBoolean ? value !== "false" : value];
    }),
  );
}

/**
 * A stand-in for a parent that holds just the nodes between two markers, since islands share their parent
 * with other content. The markers become empty texts, because preact steps over comments when it looks
 * for the place of a new node and would leave the island.
 */
function rootBetween({ start, end }: Marker): Element {
  const first = document.createTextNode("");
  const last = document.createTextNode("");
  start.replaceWith(first);
  end.replaceWith(last);
  const parent = first.parentNode as Element;
  const childNodes = (): ChildNode[] => {
    const nodes: ChildNode[] = [];
    for (let node = first.nextSibling; node && node !== last; node = node.nextSibling) nodes.push(node);
    return nodes;
  };
  const root = {
    nodeType: Node.ELEMENT_NODE,
    parentNode: parent,
    namespaceURI: parent.namespaceURI,
    ownerDocument: document,
    nextSibling: null,
    get firstChild() {
      return childNodes()[0] ?? null;
    },
    get childNodes() {
      return childNodes();
    },
    contains: (node: Node | null) => childNodes().some((child) => child.contains(node)),
    insertBefore: (node: Node, before: Node | null) => parent.insertBefore(node, before ?? last),
    appendChild: (node: Node) => parent.insertBefore(node, last),
    removeChild: (node: Node) => parent.removeChild(node),
  };
  return root as unknown as Element;
}
