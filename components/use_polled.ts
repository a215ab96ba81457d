/**
 * What the API answers, asked for anew every few seconds while somebody can see it: beside the one event stream, which
 * tells when a second has gone by, so that a server that is away is not asked.
 */
import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { paused, startFeed, tick } from "./live.ts";
import { type Trouble, troubleOf } from "./trouble.ts";

/** An answer slower than this is given up. */
const PATIENCE_MS = 8_000;

export interface Polled<T> {
  data: T;
  /** Address that `data` answers. */
  href: string;
  /** What the server has against the question. */
  trouble: Trouble | null;
}

/**
 * @param first What the page was made with.
 * @param href Address of the API; another one is asked at once.
 * @param everyTicks Seconds between two questions.
 * @param hold While it says so nothing changes on the page.
 * @param trouble What was wrong with the question that the page was made with.
 */
export function usePolled<T>(
  first: T,
  href: string,
  { everyTicks, hold, trouble: firstTrouble = null }: {
    everyTicks: number;
    hold?: () => boolean;
    trouble?: Trouble | null;
  },
): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ data: first, href, trouble: firstTrouble });
  const abort = useRef<AbortController | null>(null);
  const wanted = useRef(href);
  wanted.current = href;
  const ticks = useRef(0);

  const load = async () => {
    abort.current?.abort();
    const mine = new AbortController();
    abort.current = mine;
    const asked = wanted.current;
    const timer = setTimeout(() => mine.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(asked, { signal: mine.signal, headers: { accept: "application/json" } });
      const [data, trouble] = answer.ok ? [await answer.json() as T, null] : [null, await troubleOf(answer)];
      if (abort.current !== mine) return;
      setPolled((before) =>
        trouble === null ? { data: data!, href: asked, trouble } : { ...before, trouble }
      );
    } catch {
      // Given up for a newer one, or the server is away: the head of the page says so.
    } finally {
      clearTimeout(timer);
      if (abort.current === mine) abort.current = null;
    }
  };

  useEffect(startFeed, []);
  useSignalEffect(() => {
    if (tick.value === null || paused.value || document.hidden) return;
    if (++ticks.current % everyTicks !== 0 || abort.current !== null || hold?.()) return;
    void load();
  });
  const mounted = useRef(false);
  useEffect(() => {
    if (mounted.current) void load();
    mounted.current = true;
  }, [href]);
  useEffect(() => () => abort.current?.abort(), []);
  return polled;
}
