/**
 * Runs the project's checks and tests, and closes with one line that counts them.
 *
 * `deno test` does the work; what is here adds formatting, lint and types (each run fails with them), and turns
 * Deno's summary into `N passed, N failed, N skipped`. The summary is read rather than the JUnit report because
 * the latter leaves out files that fail to load.
 *
 * Arguments are handed to `deno test` (paths, `--filter`); then only the tests are run.
 */

/** Counts of one run. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * The counts in the last summary line of `deno test`, as in
 * `FAILED | 1 passed (1 step) | 2 failed | 1 ignored (1 step) (59ms)`.
 *
 * @returns `null` when there is none: the run broke off before it could count.
 */
export function parseSummary(output: string): Counts | null {
  // deno-lint-ignore no-control-regex -- colours
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const summaries = [...plain.matchAll(/^(?:ok|FAILED) \| (\d+) passed\b.*? \| (\d+) failed\b(.*)$/gm)];
  const last = summaries.at(-1);
  if (last === undefined) return null;
  const skipped = / (\d+) ignored\b/.exec(last[3]);
  return { passed: Number(last[1]), failed: Number(last[2]), skipped: Number(skipped?.[1] ?? 0) };
}

/** Runs Deno with `args` in the project's folder; output goes through as it comes. */
async function deno(args: string[]): Promise<{ code: number; output: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: new URL("..", import.meta.url),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const decoder = new TextDecoder();
  let output = "";
  for await (const chunk of child.stdout) {
    output += decoder.decode(chunk, { stream: true });
    for (let at = 0; at < chunk.length;) at += Deno.stdout.writeSync(chunk.subarray(at));
  }
  return { code: (await child.status).code, output };
}

if (import.meta.main) {
  const args = Deno.args;
  let broken = 0;
  const built = await deno(["task", "--quiet", "build"]); // so that no test has to wait for it, or races for it
  if (built.code !== 0) broken++;
  if (args.length === 0 && (await deno(["task", "check"])).code !== 0) {
    console.log("FAILED: deno task check");
    broken++;
  }
  const { code, output } = await deno(["test", "-A", "--no-check", ...args]);
  const counts = parseSummary(output) ?? { passed: 0, failed: 1, skipped: 0 };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  counts.failed += broken;
  if (counts.passed + counts.failed === 0) console.log("FAILED: no test was run");
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  Deno.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
}
