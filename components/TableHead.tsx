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
  if (sort === null) return <th scope="col" class={kind} title={column.hint}>{column.label}</th>;
  const also = "also" in column ? column.also : null;
  const chosen = query.sort === sort || query.sort === also?.sort;
  const order = isRising(query) ? "ascending" : "descending";
  return (
    <th scope="col" class={kind} title={column.hint} aria-sort={chosen ? order : "none"}>
      <SortLink label={column.label} sort={sort} query={query} onSort={onSort} />
      {also && <SortLink label={also.label} sort={also.sort} query={query} onSort={onSort} />}
    </th>
  );
}

interface SortLinkProps {
  label: string;
  sort: SortKey;
  query: TableQuery;
  onSort: (sort: SortKey) => void;
}

function SortLink({ label, sort, query, onSort }: SortLinkProps) {
  const chosen = query.sort === sort;
  return (
    <a
      class={chosen ? "sort sort-chosen" : "sort"}
      href={pageHref(sortedBy(query, sort))}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        onSort(sort);
      }}
    >
      {label}
      {chosen && <Icon name={isRising(query) ? "up" : "down"} />}
    </a>
  );
}
