/** What to do when there is no connection to show. */
import type { Advice } from "./status.ts";

export function TableEmpty(
  { filtered, advice, clear }: { filtered: boolean; advice: Advice; clear: () => void },
) {
  if (filtered) {
    return (
      <div class="empty empty-big">
        <p>No connection matches.</p>
        <button type="button" class="button needs-script" onClick={clear}>Clear the filter</button>
        <a class="without-script" href="/#connections">Clear the filter</a>
      </div>
    );
  }
  return (
    <div class="empty empty-big">
      {advice === "playback"
        ? <p>The file has not shown a connection yet.</p>
        : advice === "capture-off"
        ? <p>No socket is open, and no packets are captured. See above how to turn capture on.</p>
        : (
          <p>
            No connection yet. Make one from another shell: <code>curl example.org</code>
          </p>
        )}
    </div>
  );
}
