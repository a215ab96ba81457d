/** The launcher: it finds things, passes things on, and gives away no more than it was asked to. */
import assert from "node:assert/strict";
import { LAUNCHER, netpane, ROOT } from "./support/server.ts";

const { tasks, version } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`)) as {
  tasks: Record<string, string | { command: string }>;
  version: string;
};

/** A throwaway folder with a blank in its name. */
async function inFolder(check: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "net pane " }));
  try {
    await check(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function writeProgram(path: string, content: string): void {
  Deno.writeTextFileSync(path, content);
  Deno.chmodSync(path, 0o755);
}

/** A `deno` that is new enough and tells what it was started with, one thing a line. */
const TELLING_DENO = `#!/bin/sh
if [ "$1" = --version ]; then echo "deno 2.9.6 (stable, release, x86_64-unknown-linux-gnu)"; exit; fi
if [ "$1" = eval ]; then echo "$0"; exit; fi
printf 'cwd %s\\nINIT_CWD %s\\n' "$(pwd)" "$INIT_CWD"
printf '%s\\n' "$@"
`;

/** Runs the launcher with that `deno` first in PATH. */
async function told(args: string[], folder: string, program = LAUNCHER): Promise<string[]> {
  writeProgram(`${folder}/deno`, TELLING_DENO);
  const path = `${folder}:${Deno.env.get("PATH")}`;
  const { stdout, stderr, code } = await netpane(args, { cwd: folder, env: { PATH: path }, program });
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}

Deno.test("netpane --version is the version of deno.json, and asks nothing of Deno", async () => {
  const { stdout, code } = await netpane(["--version"], {
    env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent" },
  });
  assert.equal(stdout, `netpane ${version}\n`);
  assert.equal(code, 0);
});

Deno.test("netpane without a word, with help and --help shows the help", async () => {
  for (const args of [[], ["help"], ["--help"], ["-h"]]) {
    const { stdout, code } = await netpane(args);
    assert.match(stdout, /Usage: netpane COMMAND/);
    assert.equal(code, 0);
  }
});

Deno.test("netpane runs exactly the command of the task in deno.json", () =>
  inFolder(async (folder) => {
    for (const name of ["start", "analyze", "interfaces", "doctor", "bench", "dev"]) {
      const task = tasks[name];
      const command = (typeof task === "string" ? task : task.command).replace(" $NETPANE_GRANT", "")
        .replace("DENO_NO_UPDATE_CHECK=1 ", ""); // the launcher says so by itself
      const lines = await told([name, "a b", "$HOME", "*"], folder);
      const started = lines.slice(lines.lastIndexOf(`INIT_CWD ${folder}`) + 1);
      assert.deepEqual(started, [...command.split(" ").slice(1), "a b", "$HOME", "*"], name);
      assert.equal(lines.find((line) => line.startsWith("cwd ")), `cwd ${ROOT.slice(0, -1)}`);
    }
  }));

Deno.test("netpane works through symbolic links, from any folder", () =>
  inFolder(async (folder) => {
    Deno.symlinkSync(LAUNCHER, `${folder}/first`);
    Deno.symlinkSync("first", `${folder}/second`);
    const lines = await told(["analyze", "x.pcap"], folder, `${folder}/second`);
    assert.equal(lines[0], `cwd ${ROOT.slice(0, -1)}`);
    assert.equal(lines[1], `INIT_CWD ${folder}`);
    assert.equal(lines.at(-1), "x.pcap");
  }));

Deno.test("netpane start grants the paths it is given, each by itself, and nothing else", () =>
  inFolder(async (folder) => {
    const plain = await told(["start"], folder);
    const added = async (...args: string[]) =>
      (await told(["start", ...args], folder)).filter((line) =>
        !plain.includes(line) && !args.includes(line)
      );
    assert.deepEqual(await added("--pcap", "a b.pcap"), [`--allow-read=${folder}/a b.pcap`]);
    assert.deepEqual(await added("--pcap=/x/y.pcap"), ["--allow-read=/x/y.pcap"]);
    assert.deepEqual(await added("--geoip", "a.mmdb", "--geoip=/x/b.mmdb"), [
      `--allow-read=${folder}/a.mmdb`,
      "--allow-read=/x/b.mmdb",
    ]);
    assert.deepEqual(await added("--settings", "my.toml"), [ // and what is written beside it
      `--allow-read=${folder}/my.toml`,
      `--allow-read=${folder}/my.toml.new`,
      `--allow-write=${folder}/my.toml`,
      `--allow-write=${folder}/my.toml.new`,
    ]);
    assert.deepEqual(await added("--data", "kept here"), [
      `--allow-read=${folder}/kept here`,
      `--allow-write=${folder}/kept here`,
    ]);
    assert.match((await added("--open")).join(), /^--allow-run=(xdg-open|open)$/);
    assert.deepEqual(await added("--port", "8001"), []);
    const comma = await netpane(["start", "--pcap", "a,b.pcap"], { cwd: folder });
    assert.equal(comma.code, 1);
    assert.match(comma.stderr, /comma/);
  }));

Deno.test("netpane passes standard input, exit code and signals through", () =>
  inFolder(async (folder) => {
    writeProgram(
      `${folder}/deno`,
      `#!/bin/sh
case $1 in --version) echo "deno 2.10.0"; exit ;; eval) echo "$0"; exit ;; esac
wc -c
exit 7
`,
    );
    const env = { PATH: `${folder}:${Deno.env.get("PATH")}` };
    const { stdout, code } = await netpane(["analyze", "-"], { env, stdin: new Uint8Array(300_000) });
    assert.equal(stdout.trim(), "300000");
    assert.equal(code, 7);

    writeProgram(
      `${folder}/deno`,
      `#!/bin/sh
case $1 in --version) echo "deno 3.0.0-rc.1"; exit ;; eval) echo "$0"; exit ;; esac
echo "$$"
exec sleep 60
`,
    );
    const child = new Deno.Command(LAUNCHER, {
      args: ["analyze", "-"],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    assert.equal(new TextDecoder().decode(value).trim(), String(child.pid), "no process stands between");
    child.kill("SIGTERM");
    assert.equal((await child.status).signal, "SIGTERM");
    await reader.cancel();
  }));

Deno.test("netpane passes over a Deno that is too old, and says how to get one where it can fetch none", () =>
  inFolder(async (folder) => {
    Deno.mkdirSync(`${folder}/bin`);
    // A checkout of its own, with nothing in .deno; and a PATH with neither deno nor npm.
    Deno.copyFileSync(LAUNCHER, `${folder}/netpane`);
    Deno.copyFileSync(`${ROOT}deno.json`, `${folder}/deno.json`);
    for (const program of ["sh", "sed", "head", "tr", "readlink", "uname", "id", "awk", "cmp", "grep"]) {
      const found = ["/usr/bin", "/bin"].map((place) => `${place}/${program}`).find(isFile);
      if (found) Deno.symlinkSync(found, `${folder}/bin/${program}`);
    }
    for (const version of ["deno 2.8.9 (stable)", "deno 1.46.3", "deno 2.10", "gibberish", "deno 10.0.0"]) {
      writeProgram(
        `${folder}/bin/deno`,
        `#!/bin/sh
case $1 in --version) echo "${version}" ;; eval) echo "$0" ;; *) echo started ;; esac
`,
      );
      const { stdout, stderr } = await netpane(["analyze"], {
        env: { PATH: `${folder}/bin`, HOME: folder },
        program: `${folder}/netpane`,
      });
      const good = /2\.10|10\.0/.test(version);
      assert.equal(stdout.includes("started"), good, `${version}: ${stderr}`);
      if (!good) assert.match(stderr, /Install Deno 2\.9 or later/, version);
    }
  }));

Deno.test("netpane without libpcap says the one command, and goes on; what needs none is not bothered", () =>
  inFolder(async (folder) => {
    // As an ordinary user on Debian: nothing can be installed.
    writeProgram(`${folder}/ldconfig`, "#!/bin/sh\necho '\tlibc.so.6 (libc6,x86-64) => /lib/libc.so.6'\n");
    writeProgram(`${folder}/id`, "#!/bin/sh\necho 1000\n");
    writeProgram(`${folder}/apt-get`, "#!/bin/sh\necho installed anyway >&2\n");
    const run = async (...args: string[]) => {
      writeProgram(`${folder}/deno`, TELLING_DENO.replace("if", 'case "$*" in *dlopen*) exit 1 ;; esac\nif'));
      const path = `${folder}:${Deno.env.get("PATH")}`;
      return await netpane(args, { cwd: folder, env: { PATH: path } });
    };
    for (const command of ["start", "doctor", "interfaces"]) {
      const { stderr, stdout, code } = await run(command, "--last");
      assert.match(stderr, /libpcap is missing.*: sudo apt-get install libpcap0\.8\n$/);
      assert.ok(stdout.endsWith("--last\n"), stdout);
      assert.equal(code, 0);
    }
    for (
      const args of [["start", "--demo"], ["start", "--pcap=a.pcap"], ["analyze", "-"], ["start", "--help"]]
    ) {
      assert.equal((await run(...args)).stderr, "", args.join(" "));
    }
  }));

Deno.test("the program that start runs cannot read, write or run what it was not granted", () =>
  inFolder(async (folder) => {
    const { command } = tasks.start as { command: string };
    const flags = command.split(" ").slice(2).filter((flag) => flag.startsWith("--"));
    assert.ok(!flags.includes("--allow-all") && !flags.includes("-A"));
    Deno.writeTextFileSync(
      `${folder}/probe.ts`,
      `const state = (descriptor: Deno.PermissionDescriptor) => Deno.permissions.querySync(descriptor).state;
      console.log(JSON.stringify({
        passwd: state({ name: "read", path: "/etc/passwd" }),
        home: state({ name: "read", path: "/root" }),
        project: state({ name: "read", path: "cli.ts" }),
        source: state({ name: "write", path: "cli.ts" }),
        data: state({ name: "write", path: "data/x" }),
        tmp: state({ name: "write", path: "/tmp" }),
        run: state({ name: "run" }),
        env: state({ name: "env" }),
        path: state({ name: "env", variable: "PATH" }),
      }));
      try { Deno.readTextFileSync("/etc/passwd"); console.log("read it"); } catch (error) { console.log(error.name); }`,
    );
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, `${folder}/probe.ts`],
      cwd: ROOT,
      stdin: "null",
      stderr: "inherit",
    }).output();
    const [answers, reading] = new TextDecoder().decode(stdout).trimEnd().split("\n");
    const { project, data, ...denied } = JSON.parse(answers);
    assert.deepEqual([project, data], ["granted", "granted"]);
    for (const [what, state] of Object.entries(denied)) assert.notEqual(state, "granted", what);
    assert.equal(reading, "NotCapable");
  }));

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
