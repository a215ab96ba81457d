import type { ComponentChildren } from "preact";

export function Box(props: { label?: ComponentChildren; closed?: boolean; children: ComponentChildren }) {
  return <section>{props.label}{props.closed ? "closed" : props.children}</section>;
}
