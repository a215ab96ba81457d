/**
 * Runs the capture worker inside a network namespace for live_capture_test.ts, with the inspector's end of the port.
 *
 * Lines of JSON in: a message to the worker (without `port`), `{"hold": true}`, `{"release": true}`. Lines out: the
 * worker's messages, and `{"type": "seen", ...}` after each batch.
 */
import type { CaptureToMain } from "../../../model/protocol.ts";
import { InspectorEnd } from "./inspector_end.ts";

/** What has reached the inspector's end. */
export interface Seen {
  type: "seen";
  packets: number;
  packetsOn: (number | null)[];
  batches: number;
  linkTypes: number[];
  /** First packets, in hexadecimal. */
  data: string[];
  /** Largest distance between a packet's time and the clock when it was seen, seconds. */
  latency: number;
}

if (import.meta.main) {
  const print = (message: CaptureToMain | Seen) => console.log(JSON.stringify(message));
  const inspector = new InspectorEnd();
  const url = new URL("../../../capture/source/capture_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module", deno: { permissions: { ffi: true } } });
  worker.onmessage = (event: MessageEvent<CaptureToMain>) => print(event.data);

  let latency = 0;
  const watch = async () => {
    for (let batches = 0;; batches = inspector.batches.length) {
      await inspector.until(() => inspector.batches.length > batches);
      latency = Math.max(latency, Date.now() / 1000 - (inspector.times.at(-1) ?? 0));
      print({
        type: "seen",
        packets: inspector.packets,
        packetsOn: inspector.packetsOn,
        batches: inspector.batches.length,
        linkTypes: [...new Set(inspector.batches.map((batch) => batch.linkType))],
        data: inspector.data.slice(0, 3).map((data) =>
          Array.from(data, (b) => b.toString(16).padStart(2, "0")).join("")
        ),
        latency,
      });
    }
  };
  watch();

  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const message = JSON.parse(line);
      if (message.hold) inspector.hold = true;
      else if (message.release) inspector.release();
      else if (message.type === "start-capture") {
        worker.postMessage({ ...message, port: inspector.port }, [inspector.port]);
      } else worker.postMessage(message);
    }
  }
  Deno.exit();
}
