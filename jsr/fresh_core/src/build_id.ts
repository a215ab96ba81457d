// The id of the build, kept apart because server and browser both need it to write asset URLs.

/** Query key under which asset URLs carry the build id. */
export const CACHE_KEY = "_build";

/** The bundler replaces this name by a string; on the server it does not exist. */
declare const FRESH_BUILD_ID: string | undefined;

/** Where a build is told which one it is; the published package asks for them too, and needs the permission. */
const VARIABLES = ["DENO_DEPLOYMENT_ID", "GITHUB_SHA", "CI_COMMIT_SHA"];

let id = typeof FRESH_BUILD_ID === "string" ? FRESH_BUILD_ID : fromEnvironment();

/** Id of the running build: a hash over its static files and island code. */
export function buildId(): string {
  return id;
}

function fromEnvironment(): string {
  return VARIABLES.map((name) => Deno.env.get(name)).find((value) => value) ?? "unbuilt";
}

/** Called once by generated code, before any module of the app is evaluated. */
export function setBuildId(value: string): void {
  id = value;
}
