/** A page with one thing to say, and the way back. */
import type { ComponentChildren } from "preact";
import { Logo } from "./Logo.tsx";

export function Notice({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <main class="notice">
      <a class="brand" href="/">
        <Logo />
        <span class="brand-name">Netpane</span>
      </a>
      <h1>{title}</h1>
      {children}
      <p>
        <a href="/">Back to the dashboard</a>
      </p>
    </main>
  );
}
