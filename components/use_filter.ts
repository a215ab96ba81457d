/** A filter that is typed: it takes effect after a short rest, and the page's address follows. */
import { useEffect, useRef, useState } from "preact/hooks";
import { listHref } from "./list_filter.ts";
import { typedAlready } from "./typed_already.ts";

const TYPING_MS = 180;

export interface TypedFilter {
  /** What stands in the box. */
  typed: string;
  setTyped: (text: string) => void;
  /** What is in effect. */
  filter: string;
}

/** @param path Of the page that the filter belongs to. */
export function useFilter(first: string, path: string): TypedFilter {
  const [typed, setTyped] = useState(() => typedAlready(first));
  const [filter, setFilter] = useState(first.trim());
  useEffect(() => {
    if (typed.trim() === filter) return;
    const timer = setTimeout(() => setFilter(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, filter]);
  const mounted = useRef(false);
  useEffect(() => {
    if (mounted.current) history.replaceState(history.state, "", listHref(path, filter));
    mounted.current = true;
  }, [filter]);
  return { typed, setTyped, filter };
}
