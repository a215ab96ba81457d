/** A link that shows matching connections: by a filter on this page where scripts run, by its address where not. */
import type { ComponentChildren } from "preact";
import { FIRST_QUERY, pageHref } from "./query.ts";
import { askFilter } from "./selection.ts";

export function FilterLink(
  { q, title, children }: { q: string; title: string; children: ComponentChildren },
) {
  return (
    <a
      class="quiet foreign"
      href={pageHref({ ...FIRST_QUERY, q })}
      title={title}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab was asked for
        event.preventDefault();
        askFilter(q);
      }}
    >
      {children}
    </a>
  );
}
