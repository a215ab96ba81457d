/**
 * The throughput chart: Chart.js with only the parts it needs, loaded when the page already stands.
 *
 * It knows no feed and no theme: points and colours are handed in. Each second costs one redraw without
 * animation; a line moves three pixels then, which is smooth enough and kind to batteries.
 */
import {
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  type ScriptableContext,
  Tooltip,
} from "chart.js";
import type { ThroughputPoint } from "../model/api.ts";
import { bitRate, clock, count, dateTime, text } from "./format.ts";
import { niceTop, SERIES, type SeriesKey, shownSeries, timeSpan } from "./series.ts";

Chart.register(LineController, LineElement, PointElement, LinearScale, Tooltip, Filler);

/** Colours as the canvas needs them: resolved, in any CSS notation the browser gives. */
export interface ChartColours {
  series: Record<SeriesKey, string>;
  lost: string;
  grid: string;
  text: string;
  ink: string;
  surface: string;
  font: string;
}

/** What the island holds of a chart. */
export interface ThroughputChart {
  show(points: ThroughputPoint[]): void;
  paint(colours: ChartColours): void;
  destroy(): void;
}

/** Steps of the time axis, seconds. */
const STEPS_S = [10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400];
const LOST = SERIES.length;

/** Draws on `canvas` until `destroy()`. */
export function createThroughputChart(canvas: HTMLCanvasElement, first: ChartColours): ThroughputChart {
  let points: ThroughputPoint[] = [];
  let colours = first;
  const chart = new Chart<"line", { x: number; y: number }[]>(canvas, {
    type: "line",
    data: {
      datasets: [
        ...SERIES.map(({ key, label }) => ({
          label,
          data: [] as { x: number; y: number }[],
          borderWidth: key === "in" || key === "out" ? 2 : 1.5,
          borderDash: key === "local" ? [5, 3] : key === "other" ? [1.5, 3] : [],
          borderJoinStyle: "round" as const,
          fill: key === "in" || key === "out",
          backgroundColor: (c: ScriptableContext<"line">) => wash(c, colours.series[key]),
          pointRadius: 0,
          pointHoverRadius: 4,
          pointHitRadius: 0,
          borderColor: () => colours.series[key],
          pointHoverBackgroundColor: () => colours.series[key],
          pointHoverBorderColor: () => colours.surface,
          tension: 0.25,
          cubicInterpolationMode: "monotone" as const,
        })),
        {
          label: "Lost",
          data: [],
          showLine: false,
          pointBackgroundColor: () => colours.lost,
          pointBorderColor: () => colours.surface,
          pointHoverBackgroundColor: () => colours.lost,
          pointHoverBorderColor: () => colours.surface,
          pointStyle: "triangle",
          pointRadius: 6,
          pointHoverRadius: 8,
          clip: false as const,
        },
      ],
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      interaction: { mode: "index", intersect: false, axis: "x" },
      layout: { padding: { top: 8 } },
      scales: {
        x: {
          type: "linear",
          grid: { display: false },
          border: { display: false },
          afterBuildTicks: (axis) => {
            axis.ticks = timeTicks(axis.min, axis.max, Math.max(2, Math.floor(axis.width / 75)));
          },
          ticks: { autoSkip: false, maxRotation: 0, callback: (value) => clock(Number(value)) },
        },
        y: {
          min: 0,
          border: { display: false },
          ticks: { maxTicksLimit: 6, callback: (value) => axisRate(Number(value)) },
        },
      },
      plugins: {
        tooltip: {
          filter: (item) => item.datasetIndex !== LOST && (item.datasetIndex < 2 || (item.parsed.y ?? 0) > 0),
          callbacks: {
            title: (items) => items.length > 0 ? dateTime(items[0].parsed.x ?? 0) : "",
            labelColor: (item) => {
              const colour = colours.series[SERIES[item.datasetIndex].key];
              return { backgroundColor: colour, borderColor: colour };
            },
            label: (item) => ` ${item.dataset.label}  ${text(bitRate(item.parsed.y ?? 0))}`,
            footer: (items) => {
              const point = points[items[0]?.dataIndex ?? -1];
              return point && point.dropped > 0 ? `${count(point.dropped)} packets lost` : "";
            },
          },
        },
      },
    },
  });

  const apply = () => {
    const { x, y } = chart.options.scales!;
    const ticks = { color: colours.text, font: { family: colours.font, size: 11 } };
    Object.assign(x!.ticks!, ticks);
    Object.assign(y!.ticks!, ticks);
    y!.grid = { color: colours.grid };
    Object.assign(chart.options.plugins!.tooltip!, {
      backgroundColor: colours.surface,
      borderColor: colours.grid,
      borderWidth: 1,
      titleColor: colours.text,
      bodyColor: colours.ink,
      footerColor: colours.lost,
      padding: 10,
      boxPadding: 5,
      boxWidth: 9,
      boxHeight: 9,
      caretSize: 0,
      cornerRadius: 8,
      usePointStyle: false,
      titleFont: { family: colours.font, size: 12 },
      bodyFont: { family: colours.font, size: 12 },
    });
  };
  apply();

  return {
    show(next) {
      points = next;
      const shown = new Set<string>(shownSeries(points).map(({ key }) => key));
      SERIES.forEach(({ key }, i) => {
        chart.data.datasets[i].data = shown.has(key) ? points.map((p) => ({ x: p.t, y: p[key] })) : [];
      });
      chart.data.datasets[LOST].data = points.map((p) => ({ x: p.t, y: p.dropped > 0 ? 0 : NaN }));
      const [from, to] = timeSpan(points);
      const peak = Math.max(0, ...points.map((p) => Math.max(p.in, p.out, p.local, p.other)));
      Object.assign(chart.options.scales!.x!, { min: from, max: to });
      Object.assign(chart.options.scales!.y!, { max: niceTop(peak) });
      chart.update("none");
      canvas.dataset.points = String(points.length);
      canvas.dataset.last = String(to);
    },
    paint(next) {
      colours = next;
      apply();
      chart.update("none");
    },
    destroy: () => chart.destroy(),
  };
}

/** A round rate without the zeros that a changing figure needs. */
function axisRate(bitsPerSecond: number): string {
  const { value, unit } = bitRate(bitsPerSecond);
  return text({ value: String(Number(value.replaceAll(",", ""))), unit });
}

/** Round times only, so that labels travel with the line. */
function timeTicks(from: number, to: number, most: number): { value: number }[] {
  const step = 1_000 * (STEPS_S.find((s) => (to - from) / (s * 1_000) <= most) ?? 7 * 86_400);
  // Whole minutes and hours of the reader's zone, whose offset need not be whole hours.
  const offset = new Date(to).getTimezoneOffset() * 60_000;
  const ticks: { value: number }[] = [];
  for (let t = Math.ceil((from - offset) / step) * step + offset; t <= to; t += step) {
    ticks.push({ value: t });
  }
  return ticks;
}

/** The colour of a line, thinning out towards the ground. */
function wash(c: ScriptableContext<"line">, colour: string): CanvasGradient | string {
  const area = c.chart.chartArea;
  if (area === undefined) return "transparent";
  const gradient = c.chart.ctx.createLinearGradient(0, area.top, 0, area.bottom);
  gradient.addColorStop(0, withAlpha(colour, 0.26));
  gradient.addColorStop(1, withAlpha(colour, 0.03));
  return gradient;
}

/** Computed colours read `rgb(11, 127, 134)`. */
function withAlpha(colour: string, alpha: number): string {
  return colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}
