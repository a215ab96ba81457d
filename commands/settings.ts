/** The settings file of a command: where it is, and what is told when it is wrong. */
import { join } from "node:path";
import { emptySettings, type Settings } from "../model/settings.ts";
import { SettingsError } from "../monitor/settings.ts";
import { SettingsFile } from "../monitor/settings_file.ts";
import { UsageError } from "../options.ts";
import { userPath } from "./paths.ts";

/** In the data folder, where none is named. */
const USUAL_FILE = "netpane.toml";

/**
 * The file named by the user, or the usual one.
 *
 * @throws UsageError with everything that is wrong.
 */
export async function openSettings(option: string, dataFolder: string): Promise<SettingsFile> {
  const path = option === "" ? join(dataFolder, USUAL_FILE) : userPath(option);
  try {
    return await SettingsFile.open({ path, required: option !== "" });
  } catch (error) {
    throw asUsageError(error, path);
  }
}

/** What a file named by the user says; nothing where none is named. @throws UsageError */
export async function readSettings(option: string): Promise<Settings> {
  return option === "" ? emptySettings() : (await openSettings(option, "")).settings;
}

function asUsageError(error: unknown, path: string): unknown {
  if (error instanceof SettingsError) {
    return new UsageError(
      `${error.message}\nMend the settings file; docs/SETTINGS.md has all that can be in it`,
    );
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new UsageError(
      `Reading "${path}" was not granted: run ./netpane with --settings FILE, which grants just that file`,
    );
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return new UsageError(`The settings file "${path}" is a folder: name the file in it`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new UsageError(`The settings file "${path}" may not be read: permission denied`);
  }
  return error;
}
