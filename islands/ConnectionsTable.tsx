/**
 * The connections: the server filters, sorts and holds them all; the browser holds the rows one can see.
 *
 * Before scripts run this is a plain form, links and the first rows. Then it becomes a window that slides over
 * the server's list: rows near the view are drawn, a spacer above and below stands for the others.
 */
import { useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Connection, ConnectionPage } from "../model/api.ts";
import { ConnectionDetails } from "../components/ConnectionDetails.tsx";
import { columnsFor, ConnectionRow, WaitingRow } from "../components/ConnectionRow.tsx";
import { FilterTrouble } from "../components/FilterField.tsx";
import { count, counted } from "../components/format.ts";
import { packetTime, paused, tick } from "../components/live.ts";
import { type Mark, marksOfRow } from "../components/marks.ts";
import { apiHref, pageHref, SORT_LABELS, sortedBy, type TableQuery } from "../components/query.ts";
import { askedFilter } from "../components/selection.ts";
import { type Advice, adviceFor } from "../components/status.ts";
import { TableEmpty } from "../components/TableEmpty.tsx";
import { TableFilter } from "../components/TableFilter.tsx";
import { TableHead } from "../components/TableHead.tsx";
import { type Trouble, troubleOf } from "../components/trouble.ts";
import { useMarks } from "../components/use_marks.ts";
import { sliceWindow } from "../components/window.ts";
import { typedAlready } from "../components/typed_already.ts";

/** Rest after a keystroke before the filter is sent. */
const TYPING_MS = 180;
/** Rest between two requests while scrolling. */
const SCROLL_MS = 70;
/** How far off the screen the table is still kept fresh. */
const NEAR_PX = 200;
/** An answer slower than this is given up. */
const PATIENCE_MS = 8_000;

interface Props {
  page: ConnectionPage;
  query: TableQuery;
  /** Packet time when the page was made, ms. */
  now: number;
  /** What to do when there is nothing to show. */
  advice: Advice;
  /** Alerts of late, newest first. */
  marks: Mark[];
  /** What is wrong with the filter in the page's address. */
  trouble: Trouble | null;
}

/** Rows in hand, and what they are an answer to. */
interface Loaded {
  page: ConnectionPage;
  key: string;
}

export default function ConnectionsTable(props: Props) {
  const [query, setQuery] = useState<TableQuery>({ ...props.query, offset: 0 });
  const [typed, setTyped] = useState(() => typedAlready(props.query.q));
  const [loaded, setLoaded] = useState<Loaded>({ page: props.page, key: keyOf(props.query) });
  const [view, setView] = useState<{ first: number; rows: number; rowHeight: number } | null>(null);
  const [trouble, setTrouble] = useState(props.trouble);
  const [current, setCurrent] = useState(0);
  const [opened, setOpened] = useState<Connection | null>(null);
  const [said, setSaid] = useState("");
  const region = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  /** Row that takes the focus as soon as it is drawn. */
  const goal = useRef<number | null>(null);
  /** A row must not change under a finger that is about to open it. */
  const pressed = useRef(false);

  const marks = useMarks(props.marks);

  const key = keyOf(query);
  const { page } = loaded;
  const total = page.total;
  const rows = view === null
    ? { start: page.offset, end: page.offset + page.connections.length }
    : sliceWindow(view.first, view.rows, total);

  // Everything the loader needs, as of the last render: it is called by timers and signals.
  const latest = useRef({ query, key, rows, loaded });
  latest.current = { query, key, rows, loaded };
  const loader = useRef<Loader | null>(null);
  loader.current ??= new Loader();

  const load = () => {
    const { query, key, rows } = latest.current;
    const offset = rows.start;
    loader.current!.run(apiHref({ ...query, offset, limit: Math.max(1, rows.end - rows.start) }), {
      done: (page) => {
        const before = latest.current.loaded;
        setTrouble(null);
        setLoaded({ page, key });
        if (before.key !== key) setSaid(`${counted(page.total, "connection")} of ${count(page.all)}`);
      },
      failed: setTrouble,
    });
  };

  // A window of the right size, as soon as there is one to measure.
  useLayoutEffect(() => {
    const box = region.current!;
    const measure = () => {
      const rowHeight = parseFloat(getComputedStyle(box).getPropertyValue("--row-height")) || 34;
      setView({
        first: Math.floor(box.scrollTop / rowHeight),
        rows: Math.ceil(box.clientHeight / rowHeight),
        rowHeight,
      });
    };
    measure();
    let frame = 0;
    const soon = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        measure();
      });
    };
    box.addEventListener("scroll", soon, { passive: true });
    const resized = new ResizeObserver(soon);
    resized.observe(box);
    const press = () => pressed.current = true;
    const release = () => pressed.current = false;
    box.addEventListener("pointerdown", press);
    for (const name of ["pointerup", "pointercancel"]) globalThis.addEventListener(name, release);
    return () => {
      for (const name of ["pointerup", "pointercancel"]) globalThis.removeEventListener(name, release);
      box.removeEventListener("pointerdown", press);
      box.removeEventListener("scroll", soon);
      resized.disconnect();
      cancelAnimationFrame(frame);
    };
  }, []);

  // Anew with each tick, while somebody can see it and no answer is on its way.
  useSignalEffect(() => {
    if (tick.value === null || paused.value || document.hidden) return;
    if (isNear(region.current!) && !loader.current!.busy && !pressed.current) load();
  });

  // At once when it comes into view: it stood still while nobody could see it.
  useEffect(() => {
    const seen = new IntersectionObserver(([entry]) => {
      if (entry.isIntersecting && tick.peek() !== null && !paused.peek() && !loader.current!.busy) load();
    }, { rootMargin: `${NEAR_PX}px` });
    seen.observe(region.current!);
    return () => seen.disconnect();
  }, []);

  // At once when another list is wanted, and the address follows so that the page can be passed on.
  const mounted = useRef(false);
  useEffect(() => {
    if (!mounted.current) {
      mounted.current = true;
      return;
    }
    loader.current!.cancel();
    load();
    globalThis.history.replaceState(globalThis.history.state, "", pageHref(query).replace(/#.*/, ""));
  }, [key]);

  // Soon when the view has left what is loaded.
  const covered = loaded.key === key && page.offset <= rows.start &&
    Math.min(total, rows.end) <= page.offset + page.connections.length;
  useEffect(() => {
    if (covered || !mounted.current) return;
    const timer = setTimeout(() => {
      loader.current!.cancel();
      load();
    }, SCROLL_MS);
    return () => clearTimeout(timer);
  }, [covered, rows.start, rows.end]);

  useEffect(() => () => loader.current!.cancel(), []);

  const ask = (changes: Partial<TableQuery>) => {
    setQuery((before) => ({ ...before, ...changes }));
    setCurrent(0);
    region.current!.scrollTop = 0;
  };

  useEffect(() => {
    if (typed === query.q) return;
    const timer = setTimeout(() => ask({ q: typed }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, query.q]);

  useSignalEffect(() => {
    const asked = askedFilter.value;
    if (asked === null) return;
    setOpened(null);
    setTyped(asked.q);
    ask({ q: asked.q });
    document.getElementById("connections")?.scrollIntoView();
    input.current?.focus({ preventScroll: true });
  });

  // After the arrow keys the new row takes the focus, once it is drawn.
  useLayoutEffect(() => {
    if (goal.current === null) return;
    const button = region.current!.querySelector<HTMLElement>(`[data-row="${goal.current}"]`);
    if (button === null) return;
    goal.current = null;
    button.focus({ preventScroll: true });
  });

  const move = (event: KeyboardEvent) => {
    if (view === null || !(event.target instanceof HTMLElement) || event.target.dataset.row === undefined) {
      return;
    }
    const at = goal.current ?? Number(event.target.dataset.row); // keys can be faster than drawing
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + view.rows - 2,
      PageUp: at - view.rows + 2,
      Home: 0,
      End: total - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(total - 1, to));
    const box = region.current!;
    const y = next * view.rowHeight;
    const room = box.clientHeight - headHeight(box) - view.rowHeight;
    if (y < box.scrollTop) box.scrollTop = y;
    else if (y > box.scrollTop + room) box.scrollTop = y - room;
    goal.current = next;
    setCurrent(next);
  };

  const now = packetTime.value || props.now;
  const advice = tick.value === null ? props.advice : adviceFor(tick.value);
  // A file knows no programs.
  const programs = advice !== "playback";
  const columns = columnsFor(programs);
  const live = opened && (page.connections.find((row) => row.id === opened.id) ?? null);
  // The Tab key must always find a row, wherever the table has been scrolled to.
  const stop = current >= rows.start && current < rows.end ? current : rows.start;
  return (
    <div class="connections">
      <TableFilter
        query={query}
        typed={typed}
        counts={[total, page.all]}
        programs={programs}
        said={said}
        input={input}
        onType={setTyped}
        onOrder={ask}
      />
      <FilterTrouble filter={query.q} trouble={trouble} />
      {page.left_out > 0 && (
        <p class="banner banner-warning">
          {count(page.left_out)}{" "}
          more flows are counted but not listed: the table is bounded, and they were the quietest.
        </p>
      )}
      <div class="table-box" ref={region} tabIndex={0} role="region" aria-label="List of connections">
        <table
          class={programs ? "rows" : "rows no-programs"}
          aria-rowcount={total + 1}
          aria-colcount={columns.length}
        >
          <caption class="visually-hidden">
            Connections, sorted by {SORT_LABELS[query.sort]}. Arrow keys move between rows, Enter opens one.
          </caption>
          <colgroup>{columns.map(({ name }) => <col key={name} class={`w-${name}`} />)}</colgroup>
          <thead>
            <tr aria-rowindex={1}>
              {columns.map((column) => (
                <TableHead
                  key={column.name}
                  column={column}
                  query={query}
                  onSort={(sort) => ask(sortedBy(query, sort))}
                />
              ))}
            </tr>
          </thead>
          <tbody onKeyDown={move}>
            {view !== null && <Spacer height={rows.start * view.rowHeight} />}
            {range(rows.start, rows.end).map((index) => {
              const row = page.connections[index - page.offset];
              if (row === undefined) return <WaitingRow key={index} index={index} columns={columns.length} />;
              return (
                <ConnectionRow
                  // By place, not by connection: the focus stays where it is when rows change places.
                  key={index}
                  row={row}
                  index={index}
                  now={now}
                  current={index === stop}
                  programs={programs}
                  found={marksOfRow(marks, row)}
                  onOpen={(row) => {
                    setCurrent(index);
                    setOpened(row);
                  }}
                />
              );
            })}
            {view !== null && <Spacer height={(total - rows.end) * view.rowHeight} />}
          </tbody>
        </table>
        {total === 0 && <TableEmpty filtered={query.q !== ""} advice={advice} clear={() => setTyped("")} />}
      </div>
      {page.offset + page.connections.length < total && view === null && (
        <noscript>
          <p class="pager">
            Rows {count(page.offset + 1)} to {count(page.offset + page.connections.length)} of {count(total)}.
            {" "}
            <a href={pageHref({ ...props.query, offset: page.offset + page.connections.length })}>
              Next rows
            </a>
          </p>
        </noscript>
      )}
      {opened !== null && (
        <ConnectionDetails
          row={live ?? opened}
          now={now}
          gone={live === null}
          found={marksOfRow(marks, live ?? opened)}
          onClose={() => {
            goal.current = current;
            setOpened(null);
          }}
        />
      )}
    </div>
  );
}

/** Stands for rows that are not drawn. Its height is set by script, which the page's policy allows. */
function Spacer({ height }: { height: number }) {
  return <tr class="spacer" aria-hidden="true" style={{ height: `${Math.max(0, height)}px` }} />;
}

/** One request at a time, the newest wins. */
class Loader {
  #abort: AbortController | null = null;

  get busy(): boolean {
    return this.#abort !== null;
  }

  cancel(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  async run(url: string, on: { done: (page: ConnectionPage) => void; failed: (why: Trouble) => void }) {
    this.cancel();
    const abort = new AbortController();
    this.#abort = abort;
    const timer = setTimeout(() => abort.abort("slow"), PATIENCE_MS);
    try {
      const answer = await fetch(url, { signal: abort.signal, headers: { accept: "application/json" } });
      if (!answer.ok) {
        const why = await troubleOf(answer);
        if (this.#abort === abort) on.failed(why);
        return;
      }
      const page = await answer.json() as ConnectionPage;
      if (this.#abort === abort) on.done(page);
    } catch {
      // Given up for a newer one, or the server is away: the head of the page says so.
    } finally {
      clearTimeout(timer);
      if (this.#abort === abort) this.#abort = null;
    }
  }
}

function keyOf({ q, sort, order }: TableQuery): string {
  return JSON.stringify([q.trim(), sort, order]);
}

function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
}

function headHeight(box: HTMLElement): number {
  return box.querySelector("thead")?.offsetHeight ?? 0;
}

/** Whether a part of the element is on the screen, or about to be. */
function isNear(element: HTMLElement): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > -NEAR_PX && top < globalThis.innerHeight + NEAR_PX;
}
