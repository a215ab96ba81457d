/** The filter above a list; a plain GET form without scripts. */
import type { ComponentChildren } from "preact";
import type { FilteredList } from "../model/filter/lists.ts";
import { exampleTitle, FilterField } from "./FilterField.tsx";

export interface ListFilterProps {
  /** Page that answers the form. */
  path: string;
  /** What that page's address has besides. */
  fixed?: Record<string, string>;
  /** Whose fields the filter knows. */
  list: FilteredList;
  label: string;
  placeholder: string;
  typed: string;
  onType: (text: string) => void;
  /** Before the examples, in words. */
  hint: string;
  /** Offered under the filter; a click adds one to it. */
  examples: string[];
  /** Beside the box: counts, buttons. */
  children?: ComponentChildren;
}

export function ListFilter(props: ListFilterProps) {
  const { path, fixed = {}, list, label, placeholder, typed, onType, hint, examples, children } = props;
  return (
    <form
      class="filter"
      role="search"
      method="get"
      action={path}
      onSubmit={(event) => event.preventDefault()}
    >
      {Object.entries(fixed).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <FilterField
        list={list}
        label={label}
        placeholder={placeholder}
        typed={typed}
        onType={onType}
        hint="filter-hint"
      />
      <button type="submit" class="button without-script">Filter</button>
      {children}
      <p class="filter-hint" id="filter-hint">
        {hint} {examples.map((example) => (
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
    </form>
  );
}
