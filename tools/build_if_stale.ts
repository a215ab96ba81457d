/**
 * Makes `_fresh/`, the page's scripts and the list of routes, when it is missing or its sources have changed.
 *
 * Stale is told by content, not by time: a checkout or a copy may give old files new times, or new files old
 * ones. So every start reads the sources (about 1 MB, 10 ms) and compares their hash with the one kept in the
 * build.
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

/** Folders and files at the root that the page cannot depend on. */
const IGNORED = new Set(["_fresh", "node_modules", "data", "dist", "tests", "bench", "tools", "netpane"]);

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const HASH_FILE = `${ROOT}_fresh/sources.sha256`;
/** Two starts at once must not build into each other. */
const LOCK_FILE = `${ROOT}.deno/build.lock`;

/** SHA-256 over the paths and contents of the sources, and the version of what builds them. */
export function hashSources(root: string): string {
  const hash = createHash("sha256").update(Deno.version.deno);
  for (const path of listSources(root)) {
    const content = Deno.readFileSync(`${root}${path}`);
    hash.update(`\n${path}\n${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

/** Paths below `root`, sorted; hidden ones, Markdown and `IGNORED` left out. */
function listSources(root: string, folder = ""): string[] {
  const paths: string[] = [];
  for (const entry of Deno.readDirSync(`${root}${folder}`)) {
    const path = `${folder}${entry.name}`;
    if (entry.name.startsWith(".") || entry.name.endsWith(".md") || IGNORED.has(path)) continue;
    if (entry.isDirectory && entry.name !== "node_modules") paths.push(...listSources(root, `${path}/`));
    if (entry.isFile) paths.push(path);
  }
  return paths.sort();
}

function readHash(): string {
  try {
    return Deno.readTextFileSync(HASH_FILE);
  } catch {
    return "";
  }
}

/** Exit code of the build; 0 where none was needed. */
async function buildIfStale(): Promise<number> {
  if (readHash() === hashSources(ROOT)) return 0;
  Deno.mkdirSync(`${ROOT}.deno`, { recursive: true });
  using lock = Deno.openSync(LOCK_FILE, { write: true, create: true });
  lock.lockSync(true);
  const hash = hashSources(ROOT);
  if (readHash() === hash) return 0; // the one who held the lock has built it
  console.error("netpane: building the page");
  const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "dev.ts", "build"],
    cwd: ROOT,
    stdin: "null",
  }).outputSync();
  if (code === 0) Deno.writeTextFileSync(HASH_FILE, hash);
  else for (const output of [stdout, stderr]) await Deno.stderr.write(output);
  return code;
}

if (import.meta.main) {
  try {
    Deno.exit(await buildIfStale());
  } catch (error) {
    console.error(`netpane: Cannot build the page into "${ROOT}_fresh": ${(error as Error).message}`);
    console.error(`Run ${ROOT}netpane build once as a user who may write there`);
    Deno.exit(1);
  }
}
