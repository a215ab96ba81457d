/** The way between the pages, with the number of alerts: those that go on, else those that were. */
import { useEffect, useRef } from "preact/hooks";
import type { Tick } from "../model/api.ts";
import { count, counted } from "../components/format.ts";
import { startFeed, tick } from "../components/live.ts";
import { PAGES } from "../components/pages.ts";

/** More than this is not worth the room. */
const MAX_SHOWN = 999;

export default function Nav(props: { path: string; findings: Tick["anomalies"] }) {
  const nav = useRef<HTMLElement>(null);
  useEffect(startFeed, []);
  // On a narrow screen the row is longer than the screen: it begins where one is.
  useEffect(() => {
    const here = nav.current!.querySelector<HTMLElement>("[aria-current]");
    if (here === null) return;
    const { left, width } = here.getBoundingClientRect();
    const row = nav.current!.getBoundingClientRect();
    nav.current!.scrollLeft += left + width / 2 - (row.left + row.width / 2);
  }, []);
  const { total, notes, open } = tick.value?.anomalies ?? props.findings;
  const alerts = open > 0 ? open : total - notes;
  return (
    <nav class="nav" ref={nav} aria-label="Pages">
      <ul>
        {PAGES.map(({ path, label }) => (
          <li key={path}>
            <a href={path} aria-current={path === props.path ? "page" : undefined}>
              {label}
              {path === "/findings" && alerts > 0 && (
                <span class={open > 0 ? "nav-count" : "nav-count nav-count-over"}>
                  <span aria-hidden="true">
                    {alerts > MAX_SHOWN ? `${count(MAX_SHOWN)}+` : count(alerts)}
                  </span>
                  <span class="visually-hidden">
                    {`, ${counted(alerts, "alert")}${open > 0 ? " open" : ""}`}
                  </span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
