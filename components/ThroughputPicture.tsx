/** Throughput as a still picture, for the first page: what there is without scripts, and until the chart is loaded. */
import type { ThroughputPoint } from "../model/api.ts";
import { bitRate, clock, text } from "./format.ts";
import { niceTop, seriesPath, shownSeries, timeSpan } from "./series.ts";

const WIDTH = 600;
const HEIGHT = 200;

export function ThroughputPicture({ points }: { points: ThroughputPoint[] }) {
  const shown = shownSeries(points);
  const peak = Math.max(0, ...points.map((p) => Math.max(...shown.map(({ key }) => p[key]))));
  const box = { width: WIDTH, height: HEIGHT, top: niceTop(peak) };
  const [from, to] = timeSpan(points);
  return (
    <div class="picture-box">
      <p class="picture-axis" aria-hidden="true">{text(bitRate(box.top))}</p>
      <svg
        class="picture"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Throughput over time, at most ${text(bitRate(peak))}. Numbers below.`}
      >
        {[0, 0.5, 1].map((part) => (
          <path
            key={part}
            class="picture-grid"
            d={`M0 ${HEIGHT * part}H${WIDTH}`}
          />
        ))}
        {shown.map(({ key }) => (
          <g key={key} class={`series series-${key}`}>
            <path class="series-area" d={seriesPath(points, key, { ...box, floor: true })} />
            <path class="series-line" d={seriesPath(points, key, box)} />
          </g>
        ))}
      </svg>
      <p class="picture-axis" aria-hidden="true">
        <span>{clock(from)}</span>
        <span>{clock(to)}</span>
      </p>
    </div>
  );
}
