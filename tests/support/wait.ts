/** Waiting for what comes about by itself, up to a limit that only a hung test reaches. */

/** Far above what is measured: a slow machine is no failure. */
const LIMIT_MS = 20_000;

/**
 * Asks until there is an answer.
 *
 * @param what For the error: "the server answers".
 * @param ask Returns or resolves to a value when it has come about; `undefined`, `false`, `null` or an error to be
 *   asked again.
 * @throws When it has not come about in time, with the last error as its cause.
 */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const end = performance.now() + limitMs;
  let cause: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false && answer !== null) return answer;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (performance.now() < end);
  throw new Error(`Not within ${limitMs / 1000} s: ${what}`, { cause });
}
