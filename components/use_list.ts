/** A list that is filtered, sorted and turned over: the server does it, the page's address follows. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type ListKind, listPageHref, listParams, type ListState, PAGE_ROWS } from "./list_state.ts";
import type { Trouble } from "./trouble.ts";
import { usePolled } from "./use_polled.ts";
import { typedAlready } from "./typed_already.ts";

/** Rest after a keystroke before the filter is sent. */
const TYPING_MS = 180;
/** Seconds between two questions. */
const EVERY_TICKS = 2;

export interface List<T> {
  page: T;
  state: ListState;
  typed: string;
  trouble: Trouble | null;
  setTyped: (text: string) => void;
  ask: (changes: Partial<ListState>) => void;
  /** On the element around the rows: a row must not move from under a finger that is about to press it. */
  hold: { onPointerDown: () => void; onPointerUp: () => void; onPointerLeave: () => void };
}

export function useList<T extends { total: number; offset?: number }>(
  { page: first, state: firstState, trouble: firstTrouble }: {
    page: T;
    state: ListState;
    trouble: Trouble | null;
  },
  kind: ListKind,
): List<T> {
  const [state, setState] = useState(firstState);
  const [typed, setTyped] = useState(() => typedAlready(firstState.q));
  const pressed = useRef(false);
  const { data, trouble } = usePolled(first, `${kind.api}?${listParams(state, kind)}`, {
    everyTicks: EVERY_TICKS,
    hold: () => pressed.current,
    trouble: firstTrouble,
  });
  const ask = (changes: Partial<ListState>) => setState((before) => ({ ...before, offset: 0, ...changes }));
  useEffect(() => {
    if (typed.trim() === state.q.trim()) return;
    const timer = setTimeout(() => ask({ q: typed }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, state.q]);
  const href = listPageHref(state, kind);
  const mounted = useRef(false);
  useEffect(() => {
    if (mounted.current) history.replaceState(history.state, "", href);
    mounted.current = true;
  }, [href]);
  // A list that has become shorter than where we are begins anew.
  useEffect(() => {
    if (data.total > 0 && state.offset >= data.total) {
      ask({ offset: PAGE_ROWS * Math.floor((data.total - 1) / PAGE_ROWS) });
    }
  }, [data.total, state.offset]);
  const release = () => pressed.current = false;
  return {
    page: data,
    state,
    typed,
    trouble,
    setTyped,
    ask,
    hold: { onPointerDown: () => pressed.current = true, onPointerUp: release, onPointerLeave: release },
  };
}
