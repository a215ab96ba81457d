/**
 * A ring of shares (doughnut) in plain SVG: it is there before any script runs and costs nothing to redraw.
 * Each slice is named, with its bytes and percent, in the table beside it; the ring itself is one picture.
 */

/** One slice: its share from 0 to 1 and the number of its colour, see palette.ts. */
export interface Slice {
  label: string;
  share: number;
  colour: number;
}

/** Radius that makes the circumference 100, so that shares are lengths. */
const RADIUS = 100 / (2 * Math.PI);
/** Gap between slices, hundredths of the ring; taken from slices wide enough to spare it. */
const GAP = 0.7;

export function Ring(
  { slices, title, middle }: { slices: Slice[]; title: string; middle: [string, string] },
) {
  let at = 0;
  return (
    <svg class="ring" viewBox="0 0 42 42" role="img" aria-label={title}>
      <circle class="ring-floor" cx="21" cy="21" r={RADIUS.toFixed(4)} />
      {slices.map((slice) => {
        const from = at;
        const length = slice.share * 100;
        at += length;
        const drawn = slices.length > 1 && length > 2 * GAP ? length - GAP : length;
        return (
          <circle
            key={slice.label}
            class={`slice slice-${slice.colour}`}
            cx="21"
            cy="21"
            r={RADIUS.toFixed(4)}
            stroke-dasharray={`${drawn.toFixed(2)} ${(100 - drawn).toFixed(2)}`}
            stroke-dashoffset={(25 - from).toFixed(2)}
          />
        );
      })}
      <text class="ring-value" x="21" y="21.6">{middle[0]}</text>
      <text class="ring-unit" x="21" y="26.4">{middle[1]}</text>
    </svg>
  );
}
