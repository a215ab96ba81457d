/**
 * The playback worker: a capture file instead of a network card, with the same slots and batches.
 *
 * Its only permission is to read that file: `{ read: [path] }`. Messages: `MainToPlayback` in, `PlaybackToMain` out.
 */
/// <reference lib="deno.worker" />
import type { MainToPlayback, PlaybackToMain } from "../../model/protocol.ts";
import { PlaybackSession } from "./playback_session.ts";

const tell = (message: PlaybackToMain) => self.postMessage(message);
let session: PlaybackSession | null = null;

self.onmessage = (event: MessageEvent<MainToPlayback>) => {
  const message = event.data;
  switch (message.type) {
    case "start-playback":
      session?.stop();
      session = new PlaybackSession(message, tell);
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
