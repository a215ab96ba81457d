/** A column's head: a link for those without scripts, sorting in place for the others. */
import type { COLUMNS } from "./ConnectionRow.tsx";
import { Icon } from "./Icon.tsx";
import { isRising, pageHref, sortedBy, type SortKey, type TableQuery } from "./query.ts";

export interface TableHeadProps {
  column: typeof COLUMNS[number];
  query: TableQuery;
  onSort: (sort: SortKey) => void;
}

export function TableHead({ column, query, onSort }: TableHeadProps) {
  const sort = "sort" in column ? column.sort : null;
  const kind = `c-${column.name}${"num" in column ? " num" : ""}`;
  if (sort === null) return <th scope="col" class={kind}>{column.label}</th>;
  const chosen = query.sort === sort;
  const rises = isRising(query);
  return (
    <th scope="col" class={kind} aria-sort={chosen ? (rises ? "ascending" : "descending") : "none"}>
      <a
        class="sort"
        href={pageHref(sortedBy(query, sort))}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          onSort(sort);
        }}
      >
        {column.label}
        {chosen && <Icon name={rises ? "up" : "down"} />}
      </a>
    </th>
  );
}
