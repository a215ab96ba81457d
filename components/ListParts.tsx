/** What lists of hosts, devices, programs and listeners have in common: heads that sort, and pages to turn. */
import type { ComponentChildren } from "preact";
import type { FieldHelp } from "../model/help/fields.ts";
import { columnHelp } from "./column_help.ts";
import { count } from "./format.ts";
import { Icon } from "./Icon.tsx";
import { type ListKind, listPageHref, type ListState, PAGE_ROWS, sortedBy } from "./list_state.ts";

/** A column: `sort` is what the server calls its order. */
export interface ListColumn {
  name: string;
  label: string;
  sort?: string;
  num?: boolean;
  /** A second order, by what stands beside. */
  also?: { label: string; sort: string };
}

interface HeadProps {
  columns: readonly ListColumn[];
  /** What the fields of the rows mean: a table of `model/help/`. */
  fields: Readonly<Record<string, FieldHelp>>;
  state: ListState;
  kind: ListKind;
  onAsk: (changes: Partial<ListState>) => void;
}

export function ListHead({ columns, fields, state, kind, onAsk }: HeadProps) {
  return (
    <thead>
      <tr>
        {columns.map(({ name, label, sort, num, also }) => {
          const chosen = sort !== undefined && (state.sort === sort || state.sort === also?.sort);
          return (
            <th
              key={name}
              scope="col"
              class={`l-${name}${num ? " num" : ""}`}
              title={hintOf(fields, sort ?? name)}
              aria-sort={sort === undefined
                ? undefined
                : chosen
                ? state.order === "asc" ? "ascending" : "descending"
                : "none"}
            >
              {sort === undefined
                ? label
                : <SortLink label={label} sort={sort} state={state} kind={kind} onAsk={onAsk} />}
              {also && (
                <SortLink label={also.label} sort={also.sort} state={state} kind={kind} onAsk={onAsk} />
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function hintOf(fields: HeadProps["fields"], name: string): string | undefined {
  return Object.hasOwn(fields, name) ? columnHelp(fields[name]).hint : undefined;
}

interface SortLinkProps extends Omit<HeadProps, "columns" | "fields"> {
  label: string;
  sort: string;
}

function SortLink({ label, sort, state, kind, onAsk }: SortLinkProps) {
  const chosen = state.sort === sort;
  const next = sortedBy(state, sort, kind);
  return (
    <a
      class={chosen ? "sort sort-chosen" : "sort"}
      href={listPageHref(next, kind)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        onAsk(next);
      }}
    >
      {label}
      {chosen && <Icon name={state.order === "asc" ? "up" : "down"} />}
    </a>
  );
}

interface PagerProps {
  state: ListState;
  kind: ListKind;
  total: number;
  shown: number;
  onAsk: (changes: Partial<ListState>) => void;
}

/** Nothing where all rows are on one page. */
export function ListPager({ state, kind, total, shown, onAsk }: PagerProps) {
  if (total <= PAGE_ROWS && state.offset === 0) return null;
  const turn = (offset: number, label: string, possible: boolean) =>
    possible
      ? (
        <a
          class="button button-small"
          href={listPageHref({ ...state, offset }, kind)}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            onAsk({ offset });
          }}
        >
          {label}
        </a>
      )
      : null;
  return (
    <nav class="list-pager" aria-label="Pages of the list">
      {turn(Math.max(0, state.offset - PAGE_ROWS), "Previous", state.offset > 0)}
      <span class="dim">
        {count(state.offset + 1)} to {count(state.offset + shown)} of {count(total)}
      </span>
      {turn(state.offset + PAGE_ROWS, "Next", state.offset + shown < total)}
    </nav>
  );
}

/** Two lists on one page; links, as each has an address of its own. */
export function Tabs(
  { label, tabs, current }: { label: string; tabs: [name: string, href: string][]; current: string },
) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(([name, href]) => (
        <a
          key={name}
          class={name === current ? "tab-current" : undefined}
          href={href}
          // Said outright: by their paths both would be the page one is on.
          aria-current={name === current ? "page" : "false"}
        >
          {name}
        </a>
      ))}
    </nav>
  );
}

/** A box for rows that scrolls by itself sideways, never the page. */
export function ListBox({ label, children, ...rest }: {
  label: string;
  children: ComponentChildren;
  onPointerDown?: () => void;
  onPointerUp?: () => void;
  onPointerLeave?: () => void;
}) {
  return (
    <div class="list-box" role="region" aria-label={label} tabIndex={0} {...rest}>
      {children}
    </div>
  );
}
