/** Each interface of the machine: its addresses, what goes through it, and whether its packets are captured. */
import { useEffect, useState } from "preact/hooks";
import type { InterfaceStatus, Tick } from "../model/api.ts";
import { inOrder, type RateHistory } from "../model/interface_rates.ts";
import { bitRate, count, text } from "../components/format.ts";
import { Icon } from "../components/Icon.tsx";
import { rates, seedRates } from "../components/live.ts";
import { Sparkline } from "../components/Sparkline.tsx";
import { useLive } from "../components/use_live.ts";

/** Interfaces shown before the rest is folded away: container hosts have hundreds. */
const SHOWN_FACES = 6;

/** Addresses shown before the rest is only counted. */
const SHOWN_ADDRESSES = 2;

interface Props {
  tick: Tick;
  /** Rates of the last minute, by name. */
  rates: [string, RateHistory][];
}

export default function Interfaces(props: Props) {
  const tick = useLive(props.tick);
  const [first] = useState(() => new Map(props.rates));
  useEffect(() => seedRates(first), []);
  const lines = rates.value.size > 0 || props.tick !== tick ? rates.value : first;
  if (tick.interfaces.length === 0) {
    return (
      <p class="empty">
        {tick.capture.mode === "playback"
          ? "A file is played: this machine’s interfaces are not part of it"
          : "The interfaces have not been read yet"}
      </p>
    );
  }
  const faces = inOrder(tick.interfaces);
  const rest = faces.filter((face, i) => i >= SHOWN_FACES || isIdle(face));
  return (
    <>
      <ul class="faces">
        {faces.filter((face) => !rest.includes(face)).map((face) => (
          <Face key={face.name} face={face} line={lines.get(face.name)} />
        ))}
      </ul>
      {rest.length > 0 && (
        <details class="numbers">
          <summary>
            {rest.every(isIdle) ? `${count(rest.length)} down: ` : `${count(rest.length)} more: `}
            <span class="foreign">{rest.slice(0, 4).map((face) => face.name).join(", ")}</span>
            {rest.length > 4 && " …"}
          </summary>
          <ul class="faces">
            {rest.map((face) => <Face key={face.name} face={face} line={lines.get(face.name)} />)}
          </ul>
        </details>
      )}
    </>
  );
}

function Face({ face, line }: { face: InterfaceStatus; line: RateHistory | undefined }) {
  const more = face.addresses.slice(SHOWN_ADDRESSES);
  const all = face.addresses.map((a) => `${a.address}/${a.prefix_length}`);
  return (
    <li class="face">
      <div class="face-head">
        <h3 class="foreign">{face.name}</h3>
        <Link face={face} />
      </div>
      <Capture face={face} />
      <p class="face-addresses mono" title={all.join("\n")}>
        {all.length === 0
          ? <span class="dim">no address</span>
          : all.slice(0, SHOWN_ADDRESSES).map((a) => <span key={a}>{a}</span>)}
        {more.length > 0 && <span class="dim">and {more.length} more</span>}
      </p>
      <Sparkline rates={line} />
      <p class="face-rates">
        <span class="rate-in" title="Received">
          <Icon name="in" />
          <span class="visually-hidden">In</span>
          {text(bitRate(face.received_bits_per_second))}
        </span>
        <span class="rate-out" title="Sent">
          <Icon name="out" />
          <span class="visually-hidden">Out</span>
          {text(bitRate(face.sent_bits_per_second))}
        </span>
      </p>
      {face.problem !== null && (
        <p class="face-problem foreign" title={face.problem.hint}>
          <Icon name="warning" />
          {face.problem.message}
        </p>
      )}
    </li>
  );
}

function Link({ face }: { face: InterfaceStatus }) {
  const word = !face.up ? "down" : face.running || face.loopback ? "up" : "no carrier";
  return <span class={`chip ${word === "up" ? "chip-ok" : "chip-off"}`}>{word}</span>;
}

function Capture({ face }: { face: InterfaceStatus }) {
  if (face.capture === "off") return <span class="face-capture dim">not captured</span>;
  if (face.capture === "waiting") return <span class="face-capture tone-warning">capture waits</span>;
  // With `any` libpcap has one count for all interfaces together.
  if (face.captured_packets === null) return <span class="face-capture dim">captured</span>;
  const lost = face.kernel_dropped ?? 0;
  return (
    <span class="face-capture dim">
      {count(face.captured_packets)} captured,{" "}
      {lost > 0 ? <b class="tone-error">{count(lost)} lost</b> : "0 lost"}
    </span>
  );
}

/** Down, and nothing wrong with it. */
function isIdle(face: InterfaceStatus): boolean {
  return !face.up && face.problem === null;
}
