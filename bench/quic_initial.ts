/**
 * What an Initial packet of QUIC costs: `deno run -A bench/quic_initial.ts`.
 *
 * Anyone can send a packet that looks like one, so this is also what a flood costs until the bounds of
 * capture/inspect/dpi/quic.ts hold. The plain hash of as many bytes is there to compare with.
 */
import { createHash } from "node:crypto";
import { quic } from "../capture/inspect/dpi/quic.ts";
import { deriveClientKeys, openInitial } from "../capture/inspect/dpi/quic/initial_keys.ts";
import { versionOf } from "../capture/inspect/dpi/quic/versions.ts";
import { FlowRecorder } from "../tests/capture/inspect/dpi/flow_recorder.ts";
import { CHROMIUM } from "../tests/capture/inspect/dpi/quic/chromium.ts";

const ROUNDS = 20_000;
const scheme = versionOf(1).schemes[0];
const [first, second] = CHROMIUM;
const id = first.slice(6, 6 + first[5]);
const keys = deriveClientKeys(scheme, id);
const numberAt = 6 + id.length + 1 + 1 + 2;

function time(what: string, run: () => void): void {
  for (let i = 0; i < ROUNDS / 10; i++) run();
  const begin = performance.now();
  for (let i = 0; i < ROUNDS; i++) run();
  console.log(`${what}: ${((performance.now() - begin) * 1000 / ROUNDS).toFixed(1)} µs`);
}

let timeUs = 0;
time("keys from a connection id", () => void deriveClientKeys(scheme, id));
time("opening a packet of 1250 bytes", () => void openInitial(first, numberAt, keys));
time("a whole connection: two packets, hello, fingerprints, event", () => {
  const flow = new FlowRecorder();
  flow.timeUs = timeUs += 1e6; // another second each: the flood's bound is not what is measured
  const parser = quic.create(flow);
  parser.datagram(0, first, 0, first.length, true);
  parser.datagram(0, second, 0, second.length, true);
  parser.close();
});
time("SHA-256 of 1250 bytes, to compare", () => void createHash("sha256").update(first).digest());
