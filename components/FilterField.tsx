/**
 * The box that a filter is typed into: it offers the fields of the language as they are typed, and where a filter cannot
 * be read it says why and marks the place. A plain field of a form without scripts.
 */
import type { Ref } from "preact";
import { useEffect, useState } from "preact/hooks";
import { FIELDS } from "../model/filter/filter.ts";
import { type FilteredList, LIST_FIELDS } from "../model/filter/lists.ts";
import { Icon } from "./Icon.tsx";
import { MAX_FILTER } from "./query.ts";
import { cutAt, type Trouble } from "./trouble.ts";

export interface FilterFieldProps {
  /** Whose fields are offered. */
  list: FilteredList;
  label: string;
  placeholder: string;
  typed: string;
  onType: (text: string) => void;
  /** Id of the hint beside; "" for none. */
  hint: string;
  input?: Ref<HTMLInputElement>;
}

export function FilterField({ list, label, placeholder, typed, onType, hint, input }: FilterFieldProps) {
  // A list to choose from comes with the first letter: without scripts it would offer whole filters only.
  const [alive, setAlive] = useState(false);
  useEffect(() => setAlive(true), []);
  const offers = alive ? offered(typed, list) : [];
  const id = `fields-${list}`;
  return (
    <label class="filter-box" title={tooltip(list)}>
      <Icon name="search" />
      <span class="visually-hidden">{label}</span>
      <input
        ref={input}
        type="search"
        name="q"
        value={typed}
        maxLength={MAX_FILTER}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        list={offers.length > 0 ? id : undefined}
        aria-describedby={hint === "" ? undefined : hint}
        onInput={(event) => onType(event.currentTarget.value)}
      />
      {offers.length > 0 && (
        <datalist id={id}>
          {offers.map(({ value, help }) => <option key={value} value={value}>{help}</option>)}
        </datalist>
      )}
    </label>
  );
}

/** Why a filter is not in effect, with the place marked; nothing where all is well. */
export function FilterTrouble({ filter, trouble }: { filter: string; trouble: Trouble | null }) {
  if (trouble === null) return null;
  // The server read it without blanks around it.
  const parts = trouble.at === null ? null : cutAt(filter.trim(), trouble.at);
  return (
    <p class="banner banner-error filter-trouble" role="alert">
      {trouble.text}
      {parts !== null && (
        <code class="filter-place foreign">
          {parts[0]}
          <mark>{parts[1] === "" ? "…" : parts[1]}</mark>
          {parts[2]}
        </code>
      )}
    </p>
  );
}

/** Fields that the word being typed could become, each as the whole filter it would make. */
export function offered(typed: string, list: FilteredList): { value: string; help: string }[] {
  const word = /[^\s()!]*$/.exec(typed)![0].toLowerCase();
  if (!/^[a-z_]+$/.test(word)) return [];
  const before = typed.slice(0, typed.length - word.length);
  return LIST_FIELDS[list].filter((name) => name.startsWith(word)).map((name) => ({
    value: before + FIELDS[name].example,
    help: FIELDS[name].help,
  }));
}

/** All fields that a list knows, with examples. */
export function tooltip(list: FilteredList): string {
  const lines = LIST_FIELDS[list].map((name) => `${FIELDS[name].example} – ${FIELDS[name].help}`);
  return ["Words, or fields, with and, or, not and brackets:", ...lines].join("\n");
}

/** What an example of a hint looks at; "" where it is a plain word. */
export function exampleTitle(example: string): string {
  const name = /^[a-z_]+/.exec(example)?.[0] ?? "";
  return Object.hasOwn(FIELDS, name) && example !== name ? FIELDS[name as keyof typeof FIELDS].help : "";
}
