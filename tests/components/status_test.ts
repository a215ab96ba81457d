import assert from "node:assert/strict";
import { isCapturing, statusLine } from "../../components/status.ts";
import type { CaptureStatus, Tick } from "../../model/api.ts";

/** Only what the status line reads. */
function tick(capture: Partial<CaptureStatus>, from: Tick["throughput_from"] = "packets"): Tick {
  return {
    capture: {
      mode: "live",
      interfaces: ["eth0"],
      file: "",
      speed: 1,
      progress: 0,
      finished: false,
      filter: "",
      snaplen: 65_600,
      ...capture,
    },
    throughput_from: from,
  } as Tick;
}

Deno.test("statusLine() says what is watched and how it goes", () => {
  const live = tick({ filter: "port 53" });
  assert.deepEqual(statusLine(live, "open", false), {
    tone: "ok",
    word: "Live",
    watched: "eth0, only “port 53”",
  });
  assert.equal(statusLine(live, "open", true).word, "Paused");
  assert.equal(statusLine(live, "lost", true).word, "Reconnecting…");
});

Deno.test("a capture that sees no packets is off, whatever was asked for", () => {
  const off = tick({}, "counters");
  assert.equal(isCapturing(off), false);
  assert.deepEqual(statusLine(off, "open", false), {
    tone: "warning",
    word: "Capture off",
    watched: "Sockets and interface counters only",
  });
  assert.equal(isCapturing(tick({ mode: "off" })), false);
  assert.equal(isCapturing(tick({ mode: "playback" }, "counters")), true);
});

Deno.test("a playback shows its file without the folder, its pace and how far it is", () => {
  const playing = { mode: "playback", file: "/tmp/a b/x.pcap", progress: 0.5 } as const;
  assert.equal(
    statusLine(tick(playing), "open", false).watched.replaceAll("\u00a0", " "),
    "x.pcap · 1× · 50 %",
  );
  const fastest = tick({ ...playing, speed: 0, finished: true });
  assert.deepEqual(statusLine(fastest, "open", false), {
    tone: "info",
    word: "Played to the end",
    watched: "x.pcap · as fast as possible",
  });
});
