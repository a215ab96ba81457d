/** The head of the page: how capture goes, the clock of the packets, pause and theme; and a banner when the server is away. */
import { useEffect, useState } from "preact/hooks";
import type { Tick } from "../model/api.ts";
import { Bar } from "../components/Bar.tsx";
import { clock, dateTime, duration, isoTime, NOTHING } from "../components/format.ts";
import { Icon } from "../components/Icon.tsx";
import { heardAt, link, packetTime, paused, setPaused } from "../components/live.ts";
import { statusLine } from "../components/status.ts";
import { ThemeToggle } from "../components/ThemeToggle.tsx";
import { useLive } from "../components/use_live.ts";

export default function TopBar(props: { tick: Tick }) {
  const tick = useLive(props.tick);
  const status = statusLine(tick, link.value, paused.value);
  return (
    <>
      <div class="status">
        <span class={`dot dot-${status.tone}`} aria-hidden="true" />
        <span role="status" class="status-word">{status.word}</span>
        <span class="status-watched foreign" title={status.watched}>{status.watched}</span>
      </div>
      <div class="top-clock">
        <span class="label">Packet time</span>
        {tick.packet_time > 0
          ? (
            <time dateTime={isoTime(tick.packet_time)}>
              <span class="date">{dateTime(tick.packet_time).slice(0, 10)}</span> {clock(tick.packet_time)}
            </time>
          )
          : <span>{NOTHING}</span>}
      </div>
      <div class="top-controls">
        <button
          type="button"
          class="button needs-script"
          aria-pressed={paused.value ? "true" : "false"}
          title={paused.value ? "Show what happens now" : "Hold the display still; counting goes on"}
          onClick={() => setPaused(!paused.value)}
        >
          <Icon name={paused.value ? "play" : "pause"} />
          <span class="button-word">{paused.value ? "Resume" : "Pause"}</span>
        </button>
        <ThemeToggle />
      </div>
      {tick.capture.mode === "playback" && <Bar share={tick.capture.finished ? 1 : tick.capture.progress} />}
      {link.value === "lost" && <Away />}
      {paused.value && link.value !== "lost" && (
        <p class="banner banner-info">
          Display paused at <b>{clock(packetTime.value)}</b>. Netpane goes on counting.
        </p>
      )}
    </>
  );
}

/** Counts how long the server has been away; the stream comes back by itself. */
function Away() {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="banner banner-error">
      <b>No answer from Netpane</b>, trying again. {heardAt.value > 0
        ? `What you see is from ${clock(heardAt.value)}, ${duration(Math.max(0, now - heardAt.value))} ago.`
        : "What you see is from when the page was opened."}
    </p>
  );
}
