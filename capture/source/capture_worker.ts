/**
 * The capture worker: packets from network interfaces into slots of shared memory. Nothing is parsed here.
 *
 * Its permissions are `{ ffi: true }` and nothing else. Messages: `MainToCapture` in, `CaptureToMain` out.
 */
/// <reference lib="deno.worker" />
import type { CaptureToMain, MainToCapture } from "../../model/protocol.ts";
import { CaptureSession } from "./capture_session.ts";

const tell = (message: CaptureToMain) => self.postMessage(message);
let session: CaptureSession | null = null;

self.onmessage = (event: MessageEvent<MainToCapture>) => {
  const message = event.data;
  switch (message.type) {
    case "start-capture":
      session?.stop();
      session = new CaptureSession(message, tell);
      break;
    case "connect-inspect":
      session?.connect(message.port);
      break;
    case "stop":
      session?.stop();
      session = null;
      tell({ type: "stopped" });
      break;
    default:
      message satisfies never;
  }
};
