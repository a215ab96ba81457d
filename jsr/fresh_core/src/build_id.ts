// The id of the build, kept apart because server and browser both need it to write asset URLs.

/** Query key under which asset URLs carry the build id. */
export const CACHE_KEY = "_build";

/** The bundler replaces this name by a string; on the server it does not exist. */
declare const FRESH_BUILD_ID: string | undefined;

let id = typeof FRESH_BUILD_ID === "string" ? FRESH_BUILD_ID : "unbuilt";

/** Id of the running build: a hash over its static files and island code. */
export function buildId(): string {
  return id;
}

/** Called once by generated code, before any module of the app is evaluated. */
export function setBuildId(value: string): void {
  id = value;
}
