/** A question to a worker that may have crashed or hang: nothing waits for its answer for longer than was said. */

/**
 * Asks a worker something.
 *
 * @param ms How long to wait; what comes later is nobody's answer.
 * @param exchange `ask` sends the question; `isAnswer` tells the answer from what else the worker says.
 * @returns Whether the answer came in time.
 */
export function answered<Out>(
  worker: Worker,
  ms: number,
  { ask, isAnswer }: { ask: () => void; isAnswer: (message: Out) => boolean },
): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (came: boolean) => {
      clearTimeout(timer);
      worker.removeEventListener("message", look);
      resolve(came);
    };
    const look = ({ data }: MessageEvent<Out>) => isAnswer(data) && done(true);
    const timer = setTimeout(() => done(false), Math.max(0, ms));
    worker.addEventListener("message", look);
    ask();
  });
}
