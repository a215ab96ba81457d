import assert from "node:assert/strict";
import {
  ANALYZE_OPTIONS,
  optionHelp,
  optionMarkdown,
  parseOptions,
  parseSpeed,
  START_OPTIONS,
  UsageError,
} from "../options.ts";

const start = (...args: string[]) => parseOptions(START_OPTIONS, args, { min: 0, max: 0, name: "" });

Deno.test("options have their defaults", () => {
  const options = start();
  assert.deepEqual([options.host, options.port, options.interface, options.demo], [
    "127.0.0.1",
    8000,
    [],
    false,
  ]);
});

Deno.test("options are read in every usual spelling", () => {
  const options = start("--interface", "eth0", "-i", "wlan0", "--port=9000", "-f", "tcp port 80", "--demo");
  assert.deepEqual(options.interface, ["eth0", "wlan0"]);
  assert.deepEqual([options.port, options.filter, options.demo], [9000, "tcp port 80", true]);
});

Deno.test("wrong use names what is wrong and what was meant", () => {
  for (
    const [args, message] of [
      [["--prot", "1"], /Unknown option "--prot"; did you mean "--port"\?/],
      [["--intreface", "eth0"], /did you mean "--interface"\?/],
      [["--zebra"], /^Unknown option "--zebra"$/],
      [["-z"], /^Unknown option "-z"/],
      [["--port", "70000"], /--port takes a whole number from 0 to 65535, not "70000"/],
      [["--port", "8e3x"], /whole number/],
      [["--port="], /whole number/],
      [["--snaplen", "1"], /from 64 to 262144/],
      [["--port"], /--port needs a value: --port PORT/],
      [["--demo=yes"], /--demo takes no value/],
      [["--log-level", "loud"], /takes error, warn, info, debug/],
      [["eth0"], /Unexpected "eth0"/],
    ] as const
  ) {
    assert.throws(
      () => start(...args),
      (error) => error instanceof UsageError && message.test(error.message),
      args.join(" "),
    );
  }
  assert.throws(() => parseOptions(ANALYZE_OPTIONS, [], { min: 1, max: 9, name: "FILE" }), /Missing FILE/);
});

Deno.test("a single dash is a word, so that standard input can be named", () => {
  assert.deepEqual(parseOptions(ANALYZE_OPTIONS, ["-"], { min: 1, max: 9, name: "FILE" }).positionals, ["-"]);
});

Deno.test("speed is a number or max", () => {
  assert.deepEqual([parseSpeed("1"), parseSpeed("0.5"), parseSpeed("max")], [1, 0.5, Infinity]);
  for (const text of ["0", "-1", "fast", "", "1001"]) assert.throws(() => parseSpeed(text), UsageError, text);
});

Deno.test("help names every option", () => {
  const help = optionHelp(START_OPTIONS);
  for (const name of Object.keys(START_OPTIONS)) assert(help.includes(`--${name}`), name);
});

Deno.test("the README's tables of options are the ones of the program", () => {
  const readme = Deno.readTextFileSync(new URL("../README.md", import.meta.url));
  for (const table of [START_OPTIONS, ANALYZE_OPTIONS]) {
    for (const line of optionMarkdown(table).split("\n")) {
      assert(squeezed(readme).includes(squeezed(line)), `README.md lacks: ${line}`);
    }
  }
});

/** The formatter pads table cells. */
function squeezed(text: string): string {
  return text.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---");
}
