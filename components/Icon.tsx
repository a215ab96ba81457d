/** The page's few signs, drawn on a 16-unit grid in the colour of the text. Decoration: a word stands beside each. */

const PATHS = {
  in: "M8 2.5v10M3.5 8.5 8 13l4.5-4.5",
  out: "M8 13.5v-10M3.5 7.5 8 3l4.5 4.5",
  local: "M2.5 5.5h10M9.5 2.5l3 3-3 3M13.5 10.5h-10M6.5 7.5l-3 3 3 3",
  other: "M2.5 8h11M9.5 4l4 4-4 4",
  listen:
    "M8 8h.01M4.8 11.2a4.5 4.5 0 0 1 0-6.4M11.2 4.8a4.5 4.5 0 0 1 0 6.4M2.5 13.5a7.8 7.8 0 0 1 0-11M13.5 2.5a7.8 7.8 0 0 1 0 11",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M5 3l8 5-8 5z",
  copy:
    "M6 6V3.5A1 1 0 0 1 7 2.5h5.5a1 1 0 0 1 1 1V9a1 1 0 0 1-1 1H10M3.5 6H9a1 1 0 0 1 1 1v5.5a1 1 0 0 1-1 1H3.5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1z",
  check: "M3 8.5l3.5 3.5L13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM10.7 10.7 14 14",
  sun:
    "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13",
  moon: "M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z",
  auto: "M8 2a6 6 0 1 0 0 12M8 2v12M8 2a6 6 0 0 1 0 12",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.5V11M8 5h.01",
  warning: "M8 2 1.5 13.5h13zM8 6.5v3.5M8 12h.01",
  error: "M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5zM8 5v3.5M8 11h.01",
  card: "M2 4.5a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1zM2 6.8h12M4.5 10h2.5",
  key: "M9.5 9.5a3.5 3.5 0 1 0-3-3L2 11v3h3v-2h2v-2zM11 5h.01",
  shield: "M8 1.8 13.5 4v4c0 3.2-2.3 5.2-5.5 6.3C4.8 13.2 2.5 11.2 2.5 8V4zM5.5 8l2 2 3.2-3.6",
  radar: "M8 8 12.6 3.4M8 14A6 6 0 1 1 14 8M8 11a3 3 0 1 1 3-3",
  gauge: "M2.8 12.5a6.5 6.5 0 1 1 10.4 0M8 9l3-3.5",
  pulse: "M1.5 8.5h3l2-5 3 9 2-4h3",
  globe: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c2.2 2 3 4 3 6s-.8 4-3 6c-2.2-2-3-4-3-6s.8-4 3-6z",
  wire: "M3 2.5h4v4H3zM9 9.5h4v4H9zM5 6.5v5h4",
  link: "M6.5 9.5l3-3M7.5 4.5l1-1a2.8 2.8 0 0 1 4 4l-1 1M8.5 11.5l-1 1a2.8 2.8 0 0 1-4-4l1-1",
  undo: "M5.5 3.5 2.5 6.5l3 3M2.5 6.5h7a4 4 0 0 1 0 8H7",
  down: "M4 6.5 8 10.5l4-4",
  up: "M4 9.5l4-4 4 4",
} as const;

/** Signs there are. */
export type IconName = keyof typeof PATHS;

/** A sign of 1 em; hidden from screen readers. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
