/** The last minute of an interface in a strip: in and out on one scale. The rates stand beside it in words. */
import { RATE_POINTS, type RateHistory } from "../model/interface_rates.ts";

const WIDTH = 120;
const HEIGHT = 28;

export function Sparkline({ rates }: { rates: RateHistory | undefined }) {
  const top = Math.max(1, ...(rates?.in ?? []), ...(rates?.out ?? []));
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <path class="spark-floor" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      {rates && <path class="spark-in" d={line(rates.in, top)} />}
      {rates && <path class="spark-out" d={line(rates.out, top)} />}
    </svg>
  );
}

/** Newest at the right edge; a single point is no line yet. */
function line(values: number[], top: number): string {
  if (values.length < 2) return "";
  const step = WIDTH / (RATE_POINTS - 1);
  const first = WIDTH - (values.length - 1) * step;
  return values.map((value, i) => {
    const y = HEIGHT - 1.5 - (value / top) * (HEIGHT - 3);
    return `${i === 0 ? "M" : "L"}${(first + i * step).toFixed(1)} ${y.toFixed(1)}`;
  }).join("");
}
