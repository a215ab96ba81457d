/**
 * The settings file: read at the start, looked at once a second, and written when the user expects an alert. A file
 * that is wrong changes nothing: what was read before stays in force, and a problem says what to mend.
 */
import { dirname, extname } from "node:path";
import type { Expected, Problem } from "../model/api.ts";
import { emptySettings, type Settings } from "../model/settings.ts";
import type { KindSpec } from "../detect/kinds.ts";
import {
  expectedId,
  MAX_EXPECTED,
  MAX_SETTINGS_BYTES,
  parseSettings,
  SettingsError,
  type SettingsFormat,
} from "./settings.ts";
import { withEntry, withoutEntry } from "./settings_text.ts";

/** Between looks. */
const LOOK_MS = 1000;
/** File systems tell times in steps as long as this: a file changed so lately is read again. */
const FRESH_MS = 3000;
/** Complaints shown in a problem; the log has all. */
const MAX_SHOWN = 5;
/** What is written next to the file and then takes its place; the launcher grants both names. */
export const NEW_SUFFIX = ".new";

/** Why the file could not be written. */
export class SettingsWriteError extends Error {
  override name = "SettingsWriteError";
}

export interface SettingsFileOptions {
  /** Absolute; `.json` is read as JSON, all else as TOML. */
  path: string;
  /** A file named by the user must be there; the usual one need not. */
  required: boolean;
  /** For tests. @default all kinds there are */
  specs?: readonly KindSpec[];
}

export class SettingsFile {
  readonly path: string;
  readonly #options: SettingsFileOptions;
  #settings: Settings = emptySettings();
  #problem: Omit<Problem, "id"> | null = null;
  /** The text that was read last, right or wrong; null while there is no file. */
  #text: string | null = null;
  /** Time and size it had then. */
  #stamp = "";
  /** Whether the last look failed: then the same text is news. */
  #unreadable = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #changed: (file: SettingsFile) => void = () => {};
  /** Looks and writes come one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: SettingsFileOptions) {
    this.#options = options;
    this.path = options.path;
  }

  /**
   * Reads a file for the first time.
   *
   * @throws SettingsError when it is wrong, or missing and required.
   */
  static async open(options: SettingsFileOptions): Promise<SettingsFile> {
    const file = new SettingsFile(options);
    let text: string | null;
    try {
      text = await file.#read();
    } catch (error) {
      // Such as that of another user, who has started Netpane here before: no reason not to start.
      if (options.required || error instanceof SettingsError) throw error;
      file.#problem = cannotRead(options.path, error);
      file.#unreadable = true;
      return file;
    }
    if (text === null && options.required) {
      throw new SettingsError([`There is no settings file "${options.path}"`]);
    }
    file.#text = text;
    if (text !== null) file.#settings = file.#parse(text);
    return file;
  }

  /** What holds now. */
  get settings(): Settings {
    return this.#settings;
  }

  /** What is wrong with the file as it is now; null while all is well. */
  get problem(): Omit<Problem, "id"> | null {
    return this.#problem;
  }

  get format(): SettingsFormat {
    return extname(this.path).toLowerCase() === ".json" ? "json" : "toml";
  }

  /** Looks at the file each second, and tells when settings or problem have changed. */
  watch(changed: (file: SettingsFile) => void): void {
    this.#changed = changed;
    this.#timer = setInterval(() => {
      this.look().catch((error) => this.#complain(cannotRead(this.path, error)));
    }, LOOK_MS);
    Deno.unrefTimer(this.#timer);
  }

  /** Ends the watching; what is being written is written to its end. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#turn;
  }

  /** Reads the file again if it has changed. */
  look(): Promise<void> {
    return this.#inTurn(() => this.#look());
  }

  /**
   * Writes one expected entry more.
   *
   * @throws SettingsWriteError
   */
  expect(wanted: Omit<Expected, "id">): Promise<void> {
    const entry = { ...wanted, id: expectedId(wanted) };
    return this.#inTurn(async () => {
      const { text, settings } = await this.#current();
      if (settings.expected.some(({ id }) => id === entry.id)) return;
      if (settings.expected.length >= MAX_EXPECTED) {
        throw new SettingsWriteError(
          `The settings file has ${MAX_EXPECTED} expected entries, which is its ceiling`,
        );
      }
      const next = this.format === "json"
        ? jsonWith(text, (rows) => [...rows, withoutId(entry)])
        : withEntry(text, entry);
      await this.#write(next, text, [...settings.expected, entry]);
    });
  }

  /**
   * Takes an expected entry away.
   *
   * @returns It; null when there is no such entry.
   * @throws SettingsWriteError
   */
  unexpect(id: string): Promise<Expected | null> {
    return this.#inTurn(async () => {
      const { text, settings } = await this.#current();
      const index = settings.expected.findIndex((entry) => entry.id === id);
      if (index < 0) return null;
      const next = this.format === "json"
        ? jsonWith(text, (rows) => rows.toSpliced(index, 1))
        : withoutEntry(text, index);
      await this.#write(next, text, settings.expected.toSpliced(index, 1));
      return settings.expected[index];
    });
  }

  // ------------------------------------------------------------ inside

  async #look(): Promise<void> {
    let text: string | null;
    try {
      text = await this.#read();
    } catch (error) {
      this.#unreadable = true;
      return this.#complain(cannotRead(this.path, error));
    }
    if (text === this.#text && !this.#unreadable) return;
    this.#unreadable = false;
    if (text === null) {
      this.#text = null;
      return this.#complain({
        severity: "warning",
        message: `The settings file "${this.path}" is gone: what it said last holds on`,
        hint: "Put it back, or restart Netpane to go on without it",
      });
    }
    this.#take(text);
  }

  #take(text: string): void {
    this.#text = text;
    try {
      this.#settings = this.#parse(text);
      this.#problem = null;
      this.#changed(this);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      const shown = error.complaints.slice(0, MAX_SHOWN);
      const more = error.complaints.length - shown.length;
      this.#complain({
        severity: "warning",
        message: `The settings file has changed and is not right: what it said before holds on. ${
          shown.join("; ")
        }${more > 0 ? `; and ${more} more` : ""}`,
        hint: "Mend the file: it is read again at once. docs/SETTINGS.md has all that can be in it",
      });
    }
  }

  #complain(problem: Omit<Problem, "id">): void {
    if (this.#problem?.message === problem.message) return;
    this.#problem = problem;
    this.#changed(this);
  }

  #parse(text: string): Settings {
    const name = this.path.split("/").at(-1)!;
    return parseSettings({
      text,
      name,
      format: this.format,
      folder: dirname(this.path),
      specs: this.#options.specs,
    });
  }

  /** The text of the file; what is known where it has not changed, null where there is none. */
  async #read(): Promise<string | null> {
    let stat: Deno.FileInfo;
    try {
      stat = await Deno.stat(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
    const { mtime, size, ino } = stat;
    if (size > MAX_SETTINGS_BYTES) {
      throw new SettingsError([`"${this.path}" has ${size} bytes: at most ${MAX_SETTINGS_BYTES}`]);
    }
    const stamp = `${mtime?.getTime()} ${size} ${ino}`;
    const isFresh = Math.abs(Date.now() - (mtime?.getTime() ?? 0)) < FRESH_MS;
    if (stamp === this.#stamp && !isFresh && this.#text !== null) return this.#text;
    const text = await Deno.readTextFile(this.path);
    this.#stamp = stamp;
    return text;
  }

  /** The file as it is now, which must be right before anything is added to it. */
  async #current(): Promise<{ text: string; settings: Settings }> {
    try {
      const text = await this.#read() ?? "";
      return { text, settings: text === "" ? emptySettings() : this.#parse(text) };
    } catch (error) {
      if (error instanceof SettingsError) {
        throw new SettingsWriteError("The settings file is not right: mend it first", { cause: error });
      }
      throw new SettingsWriteError(cannotRead(this.path, error).message, { cause: error });
    }
  }

  /** Writes a text beside the file and lets it take its place: a reader sees the old one or the new one. */
  async #write(text: string, old: string, expected: Expected[]): Promise<void> {
    this.#confirm(text, old, expected);
    const beside = this.path + NEW_SUFFIX;
    try {
      await Deno.mkdir(dirname(this.path), { recursive: true, mode: 0o700 }).catch(() => {}); // it is there mostly
      const before = await Deno.stat(this.path).catch(() => null);
      const owner = before ?? await Deno.stat(dirname(this.path)).catch(() => null);
      await Deno.remove(beside).catch(() => {}); // left by a run that was cut off, or laid there by somebody else
      using file = await Deno.open(beside, { write: true, createNew: true, mode: 0o600 });
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync();
      // Whoever owned it, or its folder, goes on to own it, also when root writes; others never get to read it.
      if (owner !== null) await Deno.chown(beside, owner.uid, owner.gid).catch(() => {});
      if (before !== null) await Deno.chmod(beside, ((before.mode ?? 0) & 0o770) | 0o600);
      await Deno.rename(beside, this.path);
    } catch (error) {
      await Deno.remove(beside).catch(() => {});
      throw new SettingsWriteError(`The settings file "${this.path}" cannot be written: ${reasonOf(error)}`, {
        cause: error,
      });
    }
    this.#stamp = "";
    this.#take(text);
  }

  /** The new text must say what the old one did, but for the one entry. */
  #confirm(text: string, before: string, expected: Expected[]): void {
    try {
      const old = before === "" ? emptySettings() : this.#parse(before);
      const now = this.#parse(text);
      const ids = (entries: Expected[]) => entries.map(({ id }) => id); // made from all that an entry says
      const [is, should] = [{ ...now, expected: ids(now.expected) }, { ...old, expected: ids(expected) }];
      if (JSON.stringify(is) === JSON.stringify(should)) return;
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
    }
    throw new SettingsWriteError(
      "The settings file is written in a way that cannot be changed here: edit it by hand, " +
        "with each expected entry as a [[expected]] table",
    );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

function jsonWith(text: string, change: (rows: unknown[]) => unknown[]): string {
  const value = text.trim() === "" ? {} : JSON.parse(text.replace(/^\ufeff/, "")) as Record<string, unknown>;
  const expected = change(Array.isArray(value.expected) ? value.expected : []);
  return `${JSON.stringify({ ...value, expected }, null, 2)}\n`;
}

function withoutId({ id: _, ...entry }: Expected): Omit<Expected, "id"> {
  return entry;
}

function cannotRead(path: string, error: unknown): Omit<Problem, "id"> {
  return {
    severity: "warning",
    message: `The settings file "${path}" cannot be read: ${reasonOf(error)}`,
    hint: "What it said before holds on, or nothing; it is tried again each second",
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof SettingsError) return error.message;
  if (error instanceof Deno.errors.NotCapable) {
    return "it was not granted; ./netpane start --settings FILE grants it";
  }
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  return error instanceof Error ? error.name : "unknown reason";
}
