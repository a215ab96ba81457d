/**
 * The user's blocklists: files named in the settings or on the command line, read in pieces (so that a list of a
 * million entries holds nothing up), and read again when they change. Nothing is ever fetched.
 *
 * A list that cannot be read is a problem and leaves the others alone; one that was there before stays in force.
 */
import { basename } from "node:path";
import { ListBuilder } from "../detect/blocklist/list_builder.ts";
import { type Blocklist, MAX_BLOCKLIST_BYTES, MAX_BLOCKLISTS } from "../model/blocklist.ts";
import type { Problem } from "../model/api.ts";
import type { BlocklistSetting } from "../model/settings.ts";
import { userPath } from "./paths.ts";

const LOOK_MS = 2_000;

type Trouble = Omit<Problem, "id">;

export interface BlocklistsOptions {
  /** All lists, whenever one of them was read anew. */
  onLists: (lists: Blocklist[]) => void;
  /** What is wrong with a list; null when it is right again. */
  onProblem: (id: string, problem: Trouble | null) => void;
}

interface Known {
  setting: BlocklistSetting;
  /** Size and time of change when it was read; "" before. */
  stamp: string;
  list: Blocklist | null;
}

/** `--blocklist FILE` as the settings file has it; each is called by its file's name. */
export function namedLists(paths: readonly string[]): BlocklistSetting[] {
  const names = new Set<string>();
  return paths.map((path) => {
    let name = basename(path);
    while (names.has(name)) name += "\u2032";
    names.add(name);
    return { name, path: userPath(path) };
  });
}

/** Both kinds together; of two with the same name the first. */
export function allLists(...settings: readonly (readonly BlocklistSetting[])[]): BlocklistSetting[] {
  const lists = new Map<string, BlocklistSetting>();
  for (const setting of settings.flat()) if (!lists.has(setting.name)) lists.set(setting.name, setting);
  return [...lists.values()].slice(0, MAX_BLOCKLISTS);
}

/** Lists that are kept up to date. */
export class Blocklists {
  readonly #options: BlocklistsOptions;
  #known: Known[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: BlocklistsOptions) {
    this.#options = options;
  }

  /** Which lists there are. Read at once, and looked at again every two seconds. */
  set(settings: readonly BlocklistSetting[]): void {
    const before = this.#known;
    this.#known = settings.map((setting) =>
      before.find((known) => known.setting.name === setting.name && known.setting.path === setting.path) ??
        { setting, stamp: "", list: null }
    );
    const gone = before.filter((known) => !this.#known.includes(known));
    for (const { setting } of gone) {
      if (!settings.some(({ name }) => name === setting.name)) this.#options.onProblem(idOf(setting), null);
    }
    clearTimeout(this.#timer);
    this.#looking = this.#looking.then(() => this.#look(gone.some(({ list }) => list !== null)));
  }

  /** When what is being read has been. */
  async read(): Promise<void> {
    await this.#looking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(changed: boolean): Promise<void> {
    const lists = this.#known;
    for (const known of lists) {
      if (this.#closed) return;
      if (await this.#refresh(known)) changed = true;
    }
    if (changed) {
      this.#options.onLists(lists.map(({ list }) => list).filter((list) => list !== null));
    }
    if (this.#closed || lists.length === 0 || lists !== this.#known) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#looking.then(() => this.#look(false));
    }, LOOK_MS);
  }

  /** @returns Whether it was read anew. */
  async #refresh(known: Known): Promise<boolean> {
    const { setting } = known;
    let stamp: string;
    try {
      const { size, mtime, isFile } = await Deno.stat(setting.path);
      stamp = `${size} ${mtime?.getTime()}`;
      if (stamp === known.stamp) return false;
      known.stamp = stamp;
      if (!isFile) throw new Error("it is not a file");
      const { list, trouble } = await readList(setting, size);
      known.list = list;
      this.#options.onProblem(idOf(setting), trouble);
      return true;
    } catch (error) {
      const first = known.stamp !== "missing";
      known.stamp = "missing";
      if (first) this.#options.onProblem(idOf(setting), unreadable(setting, error, known.list !== null));
      return false;
    }
  }
}

/**
 * Reads one list.
 *
 * @returns With it what of it could not be understood, or null.
 * @throws When the file cannot be read.
 */
export async function readList(
  { name, path }: BlocklistSetting,
  size = 0,
): Promise<{ list: Blocklist; trouble: Trouble | null }> {
  if (size > MAX_BLOCKLIST_BYTES) {
    throw new Error(`it is larger than ${MAX_BLOCKLIST_BYTES >> 20} MiB`);
  }
  const builder = new ListBuilder();
  const decoder = new TextDecoder();
  using file = await Deno.open(path);
  const piece = new Uint8Array(1 << 16);
  let bytes = 0;
  for (;;) {
    const read = await file.read(piece);
    if (read === null) break;
    bytes += read;
    if (bytes > MAX_BLOCKLIST_BYTES) throw new Error(`it is larger than ${MAX_BLOCKLIST_BYTES >> 20} MiB`);
    builder.text(decoder.decode(piece.subarray(0, read), { stream: true }));
  }
  builder.text(decoder.decode());
  const { list, wrong, shown, left } = builder.finish(name);
  if (wrong === 0 && left === 0) return { list, trouble: null };
  const lines = shown.map(({ line, text }) => `line ${line} ("${text}")`).join(", ");
  const parts = [
    wrong > 0
      ? `${wrong === 1 ? "1 line is" : `${wrong} lines are`} neither address, network nor name: ${lines}${
        wrong > shown.length ? " ..." : ""
      }`
      : "",
    left > 0 ? `${left} entries are beyond the ${list.entries} that are kept` : "",
  ];
  return {
    list,
    trouble: {
      severity: "info",
      message: `Of the blocklist "${name}" ${parts.filter((part) => part !== "").join("; ")}`,
      hint: `Mend "${path}": it is read again when it changes; the other ${list.entries} entries hold`,
    },
  };
}

/** What is told of a list that cannot be read. */
export function unreadable({ name, path }: BlocklistSetting, error: unknown, kept: boolean): Trouble {
  const granted = !(error instanceof Deno.errors.NotCapable);
  const why = error instanceof Deno.errors.NotFound
    ? "there is no such file"
    : granted
    ? error instanceof Error ? error.message : String(error)
    : "reading it was not granted";
  return {
    severity: "warning",
    message: `The blocklist "${name}" cannot be read from "${path}": ${why}${
      kept ? "; what was read before holds" : ""
    }`,
    hint: granted
      ? "Put the file there, or mend its path in the settings: it is looked for again every two seconds"
      : "Restart with ./netpane start, which grants the lists of the settings file, or name it with --blocklist",
  };
}

function idOf({ name }: BlocklistSetting): string {
  return `blocklist:${name}`;
}
