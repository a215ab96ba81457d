/** A bar beneath a number that is written out beside it: decoration for the eye, drawn without inline styles. */

/** `share` from 0 to 1 of the whole width; anything that is more than nothing stays visible. */
export function Bar({ share, tone = "accent" }: { share: number; tone?: "accent" | "in" | "out" }) {
  const width = share > 0 ? Math.max(0.8, Math.min(100, share * 100)) : 0;
  return (
    <svg
      class={`bar tone-${tone}`}
      viewBox="0 0 100 4"
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <rect class="bar-rest" width="100" height="4" />
      <rect class="bar-part" width={width.toFixed(1)} height="4" />
    </svg>
  );
}
