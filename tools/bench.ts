/**
 * Runs benchmarks: `./netpane bench` the ones that take a minute together, `./netpane bench NAME [OPTIONS]` one of them,
 * `./netpane bench --list` says which there are. What each measures stands at its head and in bench/README.md.
 */
const FOLDER = new URL("../bench/", import.meta.url);

/** What a bare call runs, in this order. */
const QUICK = ["pipeline", "payload", "flow_flood", "card_scan", "capture_file"];
/** Files of the folder that benchmarks share. */
const HELPERS = ["packet_blaster", "packet_mix", "payload_mix"];
/** Written for `deno bench`. */
const WITH_DENO_BENCH = ["dns"];

/** Names of all benchmarks, sorted. */
function benchmarks(): string[] {
  return [...Deno.readDirSync(FOLDER)]
    .filter(({ name, isFile }) => isFile && name.endsWith(".ts"))
    .map(({ name }) => name.slice(0, -3))
    .filter((name) => !HELPERS.includes(name))
    .sort();
}

/** @returns The exit code of the benchmark. */
async function run(name: string, options: string[]): Promise<number> {
  const verb = WITH_DENO_BENCH.includes(name) ? ["bench", "--no-check"] : ["run", "--quiet"];
  console.log(`\n== ${name}`);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [...verb, "-A", new URL(`${name}.ts`, FOLDER).pathname, ...options],
    cwd: new URL("..", FOLDER),
  }).spawn().status;
  return code;
}

if (import.meta.main) {
  const [name, ...options] = Deno.args;
  const known = benchmarks();
  if (name === "--list") {
    console.log(known.join("\n"));
  } else if (name !== undefined && !known.includes(name)) {
    console.error(`There is no benchmark "${name}"; there are ${known.join(", ")}`);
    Deno.exit(2);
  } else {
    let worst = 0;
    for (const each of name === undefined ? QUICK : [name]) worst = Math.max(worst, await run(each, options));
    Deno.exit(worst);
  }
}
