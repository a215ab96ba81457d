/** Which thread may do what, as docs/THREAT_MODEL.md and the README say. */
import assert from "node:assert/strict";

const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

Deno.test("each worker is started with the permissions that are documented", () => {
  const text = read("monitor/engine.ts") + read("commands/start.ts");
  const found = Array.from(
    text.matchAll(
      /new URL\("\.\.\/[\w/]+\/(\w+)_worker\.ts", import\.meta\.url\)(.*?)(?:\(message|worker\.on)/gs,
    ),
    ([, name, rest]) => [name, /"none"|\{ ffi: true \}|\{ read: \[path\] \}/.exec(rest)?.[0]],
  );
  assert.deepEqual(Object.fromEntries(found), {
    inspect: '"none"',
    detect: '"none"',
    capture: "{ ffi: true }",
    playback: "{ read: [path] }",
    system: "{ ffi: true }",
    stale_connections: "{ ffi: true }",
  });
});

Deno.test("start has the permissions that are documented, and gives native code up", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const flags = (tasks.start.command as string).split(" ").filter((word) => word.startsWith("--allow"));
  assert.deepEqual(flags.filter((flag) => !flag.startsWith("--allow-env=")), [
    "--allow-ffi",
    "--allow-net",
    "--allow-sys",
    "--allow-read=.",
    "--allow-write=data",
  ]);
  const environment = flags.find((flag) => flag.startsWith("--allow-env="))!.slice(12).split(",");
  assert.deepEqual(environment.slice(0, 3), ["INIT_CWD", "NO_COLOR", "IPINFO_TOKEN"]);
  // What the published Fresh asks for while it is loaded; it fails without.
  assert.deepEqual(environment.slice(3), ["DENO_DEPLOYMENT_ID", "GITHUB_SHA", "CI_COMMIT_SHA"]);
  assert.match(read("commands/start.ts"), /Deno\.permissions\.revoke\(\{ name: "ffi" \}\)/);
});
