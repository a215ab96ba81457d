/** What Netpane itself is and uses: version, uptime, memory; asked for now and then. */
import { useEffect, useState } from "preact/hooks";
import { byteCount, duration, text } from "../components/format.ts";
import { link, startFeed } from "../components/live.ts";

/** The few figures of `Stats` shown here. */
export interface About {
  version: string;
  uptimeMs: number;
  rss: number;
  /** Whom the licences of the data on places want to be named. */
  credits: string[];
}

const EVERY_MS = 10_000;

export default function Footer({ about }: { about: About }) {
  const [shown, setShown] = useState(about);
  useEffect(() => {
    startFeed();
    const timer = setInterval(async () => {
      if (document.hidden || link.peek() !== "open") return;
      try {
        const stats = await (await fetch("/api/stats")).json();
        setShown((before) => ({
          ...before,
          version: stats.version,
          uptimeMs: stats.uptime_ms,
          rss: stats.memory.rss,
        }));
      } catch {
        // The head of the page says when the server is away.
      }
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="foot-facts">
      <span>Netpane {shown.version}</span>
      <span>up {duration(shown.uptimeMs)}</span>
      <span>{text(byteCount(shown.rss))} memory</span>
    </p>
  );
}
