/** The form above the connections: a filter, an order for where heads do not fit, the count. A plain GET without scripts. */
import type { Ref } from "preact";
import { count } from "./format.ts";
import { exampleTitle, FilterField } from "./FilterField.tsx";
import { Icon } from "./Icon.tsx";
import { isRising, SORT_LABELS, sortedBy, type SortKey, type TableQuery } from "./query.ts";

/** Offered under the filter; a click adds one to it. */
const EXAMPLES = ["port:443", "app:http", "host:example", "process:curl", "bytes>1M", "not proto:udp"];

export interface TableFilterProps {
  query: TableQuery;
  /** What stands in the box; the query follows a moment later. */
  typed: string;
  /** Rows that match, and all rows there are. */
  counts: [number, number];
  /** Whether programs are known at all. */
  programs: boolean;
  /** Told to screen readers after a change of the query. */
  said: string;
  input: Ref<HTMLInputElement>;
  onType: (text: string) => void;
  onOrder: (changes: Partial<TableQuery>) => void;
}

export function TableFilter(props: TableFilterProps) {
  const { query, typed, counts: [total, all], programs, said, input, onType, onOrder } = props;
  const rises = isRising(query);
  return (
    <form
      class="filter"
      role="search"
      method="get"
      action="/"
      onSubmit={(event) => event.preventDefault()}
    >
      <FilterField
        list="connections"
        label="Filter connections"
        placeholder={programs ? "Filter: firefox port:443" : "Filter: 10.0.0.1 port:443"}
        typed={typed}
        onType={onType}
        hint="filter-hint"
        input={input}
      />
      <input type="hidden" name="sort" value={query.sort} />
      <input type="hidden" name="order" value={query.order} />
      <button type="submit" class="button without-script">Filter</button>
      <div class="filter-sort needs-script">
        <label>
          <span>Sort by</span>
          <select
            value={query.sort}
            onChange={(event) => {
              const sort = event.currentTarget.value as SortKey;
              if (sort !== query.sort) onOrder(sortedBy(query, sort));
            }}
          >
            {Object.entries(SORT_LABELS).filter(([key]) => programs || key !== "process").map((
              [value, label],
            ) => <option key={value} value={value} selected={value === query.sort}>{label}</option>)}
          </select>
        </label>
        <button
          type="button"
          class="button button-icon"
          aria-label={`Order: ${rises ? "rising" : "falling"}. Turn it round`}
          onClick={() => onOrder({ order: query.order === "asc" ? "desc" : "asc" })}
        >
          <Icon name={rises ? "up" : "down"} />
        </button>
      </div>
      <p class="filter-count">
        <b>{count(total)}</b>
        {total === all ? ` ${all === 1 ? "connection" : "connections"}` : ` of ${count(all)} match`}
      </p>
      <p class="filter-hint" id="filter-hint">
        All words must match: host name, address, port,{" "}
        {programs && "program, "}protocol, state, interface. Or name the field, with and, or, not:{" "}
        {EXAMPLES.filter((example) => programs || !example.startsWith("process")).map((example) => (
          <button
            key={example}
            type="button"
            class="example"
            title={exampleTitle(example) || undefined}
            tabIndex={-1}
            onClick={() => onType((typed.trim() + " " + example).trim())}
          >
            {example}
          </button>
        ))}
      </p>
      <span role="status" class="visually-hidden">{said}</span>
    </form>
  );
}
