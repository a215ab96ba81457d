/**
 * The single file: what goes into it is listed by the compiler, and that set alone, in a folder of its own, is run as the
 * program. (The runtime that such a file begins with cannot be fetched everywhere: here the file is written with
 * Deno itself in its place, which tells the list but does not start the program.)
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  commands,
  compileArguments,
  needless,
  packageFiles,
  permissions,
  ROOT,
  workers,
} from "../../tools/compile.ts";
import { until } from "../support/wait.ts";

const DEVELOPMENT = /esbuild|playwright|axe-core|ajv|fast-check|redocly/;

Deno.test("what goes in is found: workers as they are started, data as it is read, permissions of start", () => {
  const named = ["monitor/engine.ts", "commands/start.ts"].flatMap((path) =>
    Deno.readTextFileSync(ROOT + path).match(/_worker\.ts"/g)!
  );
  assert.equal(workers().length, named.length);
  assert.deepEqual(commands().length, Deno.readTextFileSync(`${ROOT}cli.ts`).match(/summary: "/g)!.length);
  for (const path of [...commands(), ...workers(), ...packageFiles()]) {
    assert(Deno.statSync(ROOT + path).isFile, path);
  }
  assert(permissions().includes("--allow-ffi") && permissions().includes("--no-prompt"));
  assert(!permissions().includes("-A") && !permissions().includes("--allow-run"));
});

Deno.test("the embedded files alone are the whole program", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    if (!exists(`${ROOT}_fresh/server.js`)) await deno(ROOT, ["task", "--quiet", "build"]);
    const listing = await deno(ROOT, await compileArguments(join(folder, "netpane")), {
      DENORT_BIN: Deno.execPath(),
    });
    const left = await needless();
    const files = embedded(listing);
    assert(files.length > 100, `${files.length} files`);
    for (const path of files) {
      assert(!DEVELOPMENT.test(path.replace(/\.md$/, "")), `${path} is for development`);
    }
    const alone = join(folder, "alone");
    for (const path of files) copy(path, alone, left);
    await runs(alone);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** Commands, the page with all it links to, the API and the workers, from what was embedded. */
async function runs(folder: string): Promise<void> {
  // What names and versions stand for is part of a compiled file's metadata.
  const { links } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`)) as { links: string[] };
  for (const path of ["deno.lock", ...links.map((link) => join(link, "deno.json"))]) {
    Deno.mkdirSync(join(folder, path, ".."), { recursive: true });
    Deno.copyFileSync(join(ROOT, path), join(folder, path));
  }
  const run = ["run", "--cached-only", "--quiet", ...permissions()];
  const lines = await deno(folder, [...run, "cli.ts", "analyze", "--quiet", "assets/demo.pcap.gz"]);
  assert.match(lines, /"event_type":"stats"/);
  assert.match(await deno(folder, [...run, "cli.ts", "doctor"]).catch(String), /libpcap/);

  const child = new Deno.Command(Deno.execPath(), {
    args: [...run, "cli.ts", "start", "--demo", "--port", "0", "--data", `${folder}/data`],
    cwd: folder,
    stdin: "null",
    stderr: "piped",
  }).spawn();
  try {
    const url = await addressOf(child.stderr);
    const page = await (await fetch(url)).text();
    const links = Array.from(
      page.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg|woff2)[^"]*)"/g),
      ([, path]) => path,
    );
    assert(links.length >= 3, page.slice(0, 500));
    for (const link of links) {
      const answer = await fetch(new URL(link, url));
      assert.equal(answer.status, 200, link);
      await answer.body?.cancel();
    }
    await until("the workers have looked at packets", async () => {
      const stats = await (await fetch(new URL("/api/stats", url))).json();
      return stats.packets.inspected > 0 && stats.detect.facts > 0;
    });
    await until("places are known", async () => {
      const { place } = await (await fetch(new URL("/api/geoip?ip=192.0.34.163", url))).json();
      return place?.country === "US" && place.organisation !== "";
    });
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

async function addressOf(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let said = "";
  for await (const text of stderr.pipeThrough(new TextDecoderStream()).values({ preventCancel: true })) {
    said += text;
    const found = /http:\/\/[^\s]+/.exec(said);
    if (found) return found[0];
  }
  throw new Error(`It did not start: ${said}`);
}

/** Paths of the compiler's tree; `folder/*` stands for all that is in it. */
function embedded(listing: string): string[] {
  // deno-lint-ignore no-control-regex -- colours
  const lines = listing.replaceAll(/\x1b\[[\d;]*m/g, "").split("\n");
  const from = lines.findIndex((line) => /^[├└]/.test(line));
  const folders: string[] = [];
  const files: string[] = [];
  for (const line of lines.slice(from)) {
    const found = /^((?:│ | {2})*)[├└]─[┬─]─? ?(?:─ )?(.+)$/.exec(line);
    if (found === null) break;
    const depth = found[1].length / 2;
    const name = found[2].replace(/^─+ /, "").replace(/ \([\d.]+[A-Z]*B.*\)$/, "").replace(/ --> .*$/, "")
      .trim();
    folders.length = depth;
    const isFolder = line.includes("─┬");
    if (isFolder) folders.push(name.replace(/\/\*$/, ""));
    else files.push([...folders, name].join("/"));
  }
  return files;
}

function copy(path: string, to: string, left: readonly string[]): void {
  if (path.endsWith("/*")) {
    const folder = path.slice(0, -2);
    for (const { name } of Deno.readDirSync(ROOT + folder)) {
      const inner = `${folder}/${name}`;
      if (!left.includes(inner)) {
        copy(Deno.lstatSync(ROOT + inner).isDirectory ? `${inner}/*` : inner, to, left);
      }
    }
    return;
  }
  const target = join(to, path);
  Deno.mkdirSync(join(target, ".."), { recursive: true });
  const info = Deno.lstatSync(ROOT + path);
  if (info.isSymlink) Deno.symlinkSync(Deno.readLinkSync(ROOT + path), target);
  else Deno.copyFileSync(ROOT + path, target);
}

async function deno(cwd: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdin: "null",
    env: { ...env, DENO_NO_UPDATE_CHECK: "1" },
  });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`deno ${args.slice(0, 3).join(" ")}: ${text}`);
  return text;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
