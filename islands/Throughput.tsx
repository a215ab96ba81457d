/** Throughput of the last five minutes: a still picture from the server, then the moving chart, and the numbers in a table. */
import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ThroughputPoint, Tick } from "../model/api.ts";
import { bitRate, clock, count, isoTime, shortDuration, text } from "../components/format.ts";
import { history } from "../components/live.ts";
import { MIN_SPAN_MS, type SeriesKey, shownSeries, timeSpan } from "../components/series.ts";
import { THEME_EVENT } from "../components/ThemeToggle.tsx";
import type { ChartColours, ThroughputChart } from "../components/throughput_chart.ts";
import { ThroughputPicture } from "../components/ThroughputPicture.tsx";
import { useLive } from "../components/use_live.ts";

/** Seconds listed in the table under the chart. */
const TABLE_ROWS = 60;

export default function Throughput(props: { tick: Tick; history: ThroughputPoint[] }) {
  const tick = useLive(props.tick);
  const points = history.value ?? props.history;
  const [drawn, setDrawn] = useState(false);
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<ThroughputChart | null>(null);

  useEffect(() => {
    let gone = false;
    const repaint = () => chart.current?.paint(readColours(root.current!));
    const dark = matchMedia("(prefers-color-scheme: dark)");
    import("../components/throughput_chart.ts").then(({ createThroughputChart }) => {
      if (gone) return;
      chart.current = createThroughputChart(canvas.current!, readColours(root.current!));
      chart.current.show(history.peek() ?? props.history);
      setDrawn(true);
    }).catch(() => {
      // The chart's file could not be had: the picture and the table stay.
    });
    globalThis.addEventListener(THEME_EVENT, repaint);
    dark.addEventListener("change", repaint);
    return () => {
      gone = true;
      globalThis.removeEventListener(THEME_EVENT, repaint);
      dark.removeEventListener("change", repaint);
      chart.current?.destroy();
    };
  }, []);
  // Nothing is drawn while the chart is scrolled away.
  const inView = useRef(true);
  useEffect(() => {
    const seen = new IntersectionObserver(([entry]) => {
      inView.current = entry.isIntersecting;
      if (inView.current && history.peek() !== null) chart.current?.show(history.peek()!);
    });
    seen.observe(canvas.current!);
    return () => seen.disconnect();
  }, []);
  useSignalEffect(() => {
    if (history.value !== null && inView.current) chart.current?.show(history.value);
  });

  const shown = shownSeries(points);
  const peak = Math.max(0, ...points.map((p) => Math.max(p.in, p.out, p.local, p.other)));
  const lost = points.reduce((sum, p) => sum + p.dropped, 0);
  const [from, to] = timeSpan(points);
  return (
    <div class={`throughput${drawn ? " is-drawn" : ""}`} ref={root}>
      <ul class="legend">
        {shown.map(({ key, label, hint }) => (
          <li key={key} title={hint}>
            <span class={`line-swatch series-${key}`} data-series={key} aria-hidden="true" />
            {label} <b>{text(bitRate(tick.throughput[key]))}</b>
          </li>
        ))}
        {lost > 0 && (
          <li class="legend-lost">
            <span class="lost-swatch" data-series="lost" aria-hidden="true">▲</span>
            Lost <b>{count(lost)}</b> packets
          </li>
        )}
        <li class="legend-peak">
          Peak <b>{text(bitRate(peak))}</b> in {shortDuration(Math.max(MIN_SPAN_MS, to - from))}
        </li>
      </ul>
      {tick.throughput_from === "counters" && (
        <p class="note-line">From the interfaces’ own counters: no packets are captured.</p>
      )}
      <div class="chart-box">
        {!drawn && <ThroughputPicture points={points} />}
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Throughput over time: in now ${text(bitRate(tick.throughput.in))}, out now ${
            text(bitRate(tick.throughput.out))
          }, peak ${text(bitRate(peak))}. The numbers are in the table below.`}
        />
      </div>
      <details class="numbers" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Numbers of the last minute</summary>
        {(open || !drawn) && <Numbers points={points.slice(-TABLE_ROWS)} shown={shown} />}
      </details>
    </div>
  );
}

function Numbers(
  { points, shown }: { points: ThroughputPoint[]; shown: { key: SeriesKey; label: string }[] },
) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Throughput in numbers">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Packet time</th>
            {shown.map(({ key, label }) => <th key={key} scope="col" class="num">{label}</th>)}
            <th scope="col" class="num">Packets</th>
            <th scope="col" class="num">Lost</th>
          </tr>
        </thead>
        <tbody>
          {[...points].reverse().map((p) => (
            <tr key={p.t}>
              <td>
                <time dateTime={isoTime(p.t)}>{clock(p.t)}</time>
              </td>
              {shown.map(({ key }) => <td key={key} class="num">{text(bitRate(p[key]))}</td>)}
              <td class="num">{count(p.packets)}</td>
              <td class="num">{count(p.dropped)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A canvas knows no custom properties: colours are read off elements that wear them. */
function readColours(root: HTMLElement): ChartColours {
  const style = getComputedStyle(root);
  const probe = document.createElement("span");
  root.append(probe);
  const colourOf = (name: string) => {
    probe.className = `probe-${name}`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    series: { in: colourOf("in"), out: colourOf("out"), local: colourOf("local"), other: colourOf("other") },
    lost: colourOf("lost"),
    grid: colourOf("grid"),
    text: colourOf("text"),
    ink: style.color,
    surface: colourOf("surface"),
    font: style.fontFamily,
  };
  probe.remove();
  return colours;
}
