/**
 * The command line: finds the command, runs it, and turns what went wrong into a message and an exit code.
 *
 * Exit codes: 0 done, 1 it failed (or the input is damaged), 2 wrong use.
 */
import { nearest, UsageError } from "./options.ts";

interface Command {
  summary: string;
  /**
   * Loaded only when asked for, so that `analyze` starts without the server. Deno reads and parses whatever an `import()`
   * names in its place, whether it is run or not, 25 ms for the server alone; so here it is named elsewhere. The
   * compiled program is told by `tools/compile.ts`, which finds these names.
   */
  module: string;
}

const COMMANDS: Record<string, Command> = {
  start: { summary: "Capture, and serve the dashboard", module: "./commands/start.ts" },
  analyze: { summary: "Read capture files, write EVE JSON lines", module: "./commands/analyze.ts" },
  interfaces: { summary: "List what can be captured on", module: "./commands/interfaces.ts" },
  doctor: { summary: "Check what Netpane needs, and say how to get it", module: "./commands/doctor.ts" },
};

const HELP = `Netpane shows what this machine or network is doing now, and says when something is wrong.

Usage: netpane COMMAND [OPTIONS]

${Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`).join("\n")}

Options of a command: netpane COMMAND --help
With the launcher also: ./netpane test, bench, dev, build, compile
`;

/** @returns The exit code. */
export async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    console.log(HELP);
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(`netpane: Unknown command "${name}"${nearest(name, Object.keys(COMMANDS))}`);
    console.error("Run netpane --help for what there is");
    return 2;
  }
  try {
    const { run } = await import(command.module) as { run(args: string[]): Promise<number> };
    return await run(rest);
  } catch (error) {
    return tell(name, error);
  }
}

function tell(command: string, error: unknown): number {
  if (error instanceof UsageError) {
    console.error(`netpane: ${error.message}\nRun netpane ${command} --help for the options`);
    return 2;
  }
  if (error instanceof Error && "hint" in error) {
    console.error(`netpane: ${error.message}\n${error.hint}`);
    return 1;
  }
  throw error;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
