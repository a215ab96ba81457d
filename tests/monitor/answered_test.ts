/** Workers that answer, and those that never do. */
import assert from "node:assert/strict";
import { answered } from "../../monitor/answered.ts";

interface Message {
  type: string;
}

/** A worker that runs this text. */
function workerOf(text: string): Worker {
  return new Worker(`data:text/javascript,${encodeURIComponent(text)}`, { type: "module" });
}

const isStopped = ({ type }: Message) => type === "stopped";

Deno.test("the answer is awaited, whatever else is said before it", async () => {
  const worker = workerOf(
    `onmessage = () => { postMessage({ type: "alerts" }); postMessage({ type: "stopped" }); };`,
  );
  const seen: string[] = [];
  worker.onmessage = ({ data }: MessageEvent<Message>) => seen.push(data.type);
  const came = await answered<Message>(worker, 60_000, {
    ask: () => worker.postMessage({ type: "stop" }),
    isAnswer: isStopped,
  });
  worker.terminate();
  assert(came);
  assert.deepEqual(seen, ["alerts", "stopped"], "what was said before it has been taken in");
});

for (
  const [what, text] of [
    ["hangs", "onmessage = () => { for (;;); };"],
    ["has ended", "onmessage = () => close();"],
    ["says something else", "onmessage = () => postMessage({ type: 'alerts' });"],
  ]
) {
  Deno.test(`a worker that ${what} is not waited for any longer`, async () => {
    const worker = workerOf(text);
    const ask = () => worker.postMessage({ type: "stop" });
    assert.equal(await answered<Message>(worker, 100, { ask, isAnswer: isStopped }), false);
    assert.equal(await answered<Message>(worker, -5, { ask, isAnswer: isStopped }), false, "no time is left");
    worker.terminate();
  });
}
