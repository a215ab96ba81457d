/** Holds the display still, and lets it go on; the same as in the head, for the list at hand. */
import { Icon } from "./Icon.tsx";
import { paused, setPaused } from "./live.ts";

export function PauseButton({ what }: { what: string }) {
  return (
    <button
      type="button"
      class="button needs-script"
      aria-pressed={paused.value ? "true" : "false"}
      onClick={() => setPaused(!paused.value)}
    >
      <Icon name={paused.value ? "play" : "pause"} />
      {paused.value ? `Go on with ${what}` : `Hold ${what}`}
    </button>
  );
}
