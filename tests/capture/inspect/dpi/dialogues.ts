/** For tests of protocols that talk in lines: a conversation as it would be written down. */
import assert from "node:assert/strict";
import type { StreamProtocol } from "../../../../capture/inspect/dpi/contract.ts";
import {
  converse,
  converseCut,
  FlowRecorder,
  latin1,
  probeStream,
  seeded,
  torment,
  type Turn,
} from "./flow_recorder.ts";

/** `C: ` lines are the client's, `S: ` lines the server's, others go on with the one before. Lines end in CR LF. */
export function turns(text: string): Turn[] {
  const out: Turn[] = [];
  for (const line of text.split("\n")) {
    const side = /^([CS]): ?(.*)$/s.exec(line);
    const direction = side === null ? out.at(-1)![0] : side[1] === "C" ? 0 : 1;
    const bytes = latin1(`${side?.[2] ?? line}\r\n`);
    const last = out.at(-1);
    if (last?.[0] === direction) last[1] = Uint8Array.from([...last[1], ...bytes]);
    else out.push([direction, bytes]);
  }
  return out;
}

/** What a test compares: all but how often it was asked. */
export function outcome(flow: FlowRecorder) {
  return {
    told: flow.told.map(({ fields }) => fields),
    scanned: flow.scanned,
    secrets: flow.secrets,
    switched: flow.switched,
    expected: flow.expected,
    isDone: flow.isDone,
  };
}

/** Runs a conversation whole and in every segmentation tried, which must give the same; and damaged in every way. */
export function hold(
  protocol: StreamProtocol,
  talk: Turn[],
  ports: [number, number] = [40_000, 80],
): FlowRecorder {
  const whole = converse(protocol, talk, new FlowRecorder(...ports));
  for (let seed = 0; seed < 30; seed++) {
    const random = seeded(seed);
    const cut = converseCut(
      protocol,
      talk,
      seed === 0 ? () => 1 : () => 1 + random(30),
      new FlowRecorder(...ports),
    );
    // What is left of a segment when another protocol takes over depends on the cut, and only that.
    for (const flow of [whole, cut]) flow.switched.forEach((to) => to.rest = new Uint8Array(0));
    assert.deepEqual(outcome(cut), outcome(whole), `cut ${seed}`);
  }
  torment(protocol, talk, 300);
  return whole;
}

/** All that went to any lane, in order of lanes. */
export function allText(flow: FlowRecorder): string {
  return Object.values(flow.scanned).join("");
}

/** Verdicts on first lines: `[text, direction, port, verdict]`. */
export function holdProbes(protocol: StreamProtocol, cases: [string, number, number, string][]): void {
  for (const [text, direction, port, verdict] of cases) {
    assert.equal(probeStream(protocol, latin1(text), direction, port), verdict, JSON.stringify(text));
  }
}
