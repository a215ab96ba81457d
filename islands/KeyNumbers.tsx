/** The numbers one looks at first. That nothing was lost is said as plainly as a loss would be. */
import type { ComponentChildren } from "preact";
import type { Tick } from "../model/api.ts";
import { Amount } from "../components/Amount.tsx";
import { bitRate, byteCount, count, counted, percent, shortCount, text } from "../components/format.ts";
import { Icon } from "../components/Icon.tsx";
import { isCapturing } from "../components/status.ts";
import { useLive } from "../components/use_live.ts";

export default function KeyNumbers(props: { tick: Tick }) {
  const tick = useLive(props.tick);
  const { throughput: now, totals, connections } = tick;
  const lost = totals.kernel_dropped + totals.app_dropped;
  const seen = isCapturing(tick);
  return (
    <dl class="keys">
      <Key
        label="In"
        sign={<Icon name="in" />}
        tone="in"
        below={tick.throughput_from === "counters"
          ? "by interface counters"
          : <>{text(byteCount(totals.bytes))} seen in all</>}
      >
        <Amount q={bitRate(now.in)} />
      </Key>
      <Key
        label="Out"
        sign={<Icon name="out" />}
        tone="out"
        below={now.local + now.other > 0
          ? <>local and other {text(bitRate(now.local + now.other))}</>
          : tick.throughput_from === "counters"
          ? "by interface counters"
          : "now"}
      >
        <Amount q={bitRate(now.out)} />
      </Key>
      <Key label="Packets" below={seen ? <>{count(totals.packets)} in all</> : "no packets are captured"}>
        <Amount q={{ ...shortCount(now.packets), unit: shortCount(now.packets).unit + "/s" }} />
      </Key>
      <Key
        label="Connections"
        below={tick.capture.mode === "playback"
          ? <>{counted(tick.flows.evicted, "flow")} evicted</>
          : <>{count(connections.with_process)} with known program</>}
      >
        <Amount q={shortCount(connections.shown)} />
      </Key>
      <Key
        label="Lost"
        tone={lost > 0 ? "error" : seen ? "ok" : undefined}
        below={lost > 0
          ? <>kernel {count(totals.kernel_dropped)} · Netpane {count(totals.app_dropped)}</>
          : seen
          ? "every packet was counted"
          : "no packets are captured"}
      >
        <Amount q={shortCount(lost)} />
        <span class="unit">{lost === 0 ? "\u00a0lost" : "\u00a0packets"}</span>
      </Key>
      <Key
        label="Undecoded"
        tone={totals.undecoded > 0 ? "warning" : undefined}
        below={totals.packets > 0
          ? <>{percent(totals.undecoded / totals.packets)} of packets</>
          : seen
          ? "nothing to decode yet"
          : "no packets are captured"}
      >
        <Amount q={shortCount(totals.undecoded)} />
      </Key>
      <AlertsKey anomalies={tick.anomalies} seen={seen} />
    </dl>
  );
}

function AlertsKey({ anomalies, seen }: { anomalies: Tick["anomalies"]; seen: boolean }) {
  const { total, open, notes, expected } = anomalies;
  const alerts = total - notes;
  const words = [
    `${count(open)} open`,
    ...(notes > 0 ? [counted(notes, "note")] : []),
    ...(expected > 0 ? [`${count(expected)} expected`] : []),
  ].join(" · ");
  return (
    <Key
      label="Alerts"
      tone={open > 0 ? "error" : alerts > 0 ? "warning" : undefined}
      below={total + expected > 0 ? words : seen ? "nothing suspicious so far" : "no packets are captured"}
    >
      <a class="quiet" href="/findings">
        <Amount q={shortCount(alerts)} />
        <span class="visually-hidden">{alerts === 1 ? " alert" : " alerts"}: show them</span>
      </a>
    </Key>
  );
}

interface KeyProps {
  label: string;
  children: ComponentChildren;
  below: ComponentChildren;
  sign?: ComponentChildren;
  tone?: "in" | "out" | "ok" | "warning" | "error";
}

function Key({ label, children, below, sign, tone }: KeyProps) {
  return (
    <div class={`key${tone ? ` key-${tone}` : ""}`}>
      <dt>
        {sign}
        {label}
      </dt>
      <dd class="key-value">{children}</dd>
      <dd class="key-below">{below}</dd>
    </div>
  );
}
