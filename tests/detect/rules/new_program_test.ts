/** Programs that use the network for the first time. */
import assert from "node:assert/strict";
import { newProgram } from "../../../detect/rules/new_program.ts";
import { usualPath } from "../../../detect/usual_set.ts";
import { listener, Machine } from "../../support/machine.ts";

const here = [listener(22, "sshd")];

function owner(path: string, more: Record<string, unknown> = {}) {
  const program = path.split("/").at(-1)!;
  return {
    ...{ flowId: 1, program, path, pid: 7, user: "ana", address: "192.0.2.7", port: 443, inbound: false },
    ...more,
  };
}

Deno.test("a program is told at its first connection after an hour of learning, once", () => {
  const machine = new Machine([newProgram]).report({ listeners: here, owners: [owner("/usr/bin/curl")] });
  machine.report({ listeners: here }, 3_598);
  machine.report({ listeners: here, owners: [owner("/usr/bin/wget")] });
  machine.report({ listeners: here }, 2);
  for (const path of ["/usr/bin/curl", "/usr/bin/wget", "/tmp/x", "/tmp/x"]) {
    machine.report({ listeners: here, owners: [owner(path)] });
  }
  assert.deepEqual(machine.alerts.map(({ severity, message }) => [severity, message]), [
    [3, "x uses the network for the first time here: it calls 192.0.2.7:443"],
  ]);
});

Deno.test("time during which the machine was off is not time of learning", () => {
  const machine = new Machine([newProgram]).report({ listeners: here }, 10).off(86_400);
  machine.report({ listeners: here, owners: [owner("/usr/bin/curl")] });
  assert.deepEqual(machine.alerts, []);
});

Deno.test("learning goes on after a restart where it was", () => {
  const first = new Machine([newProgram]).report({ listeners: here, owners: [owner("/usr/bin/curl")] });
  first.report({ listeners: here }, 3_700);
  const second = new Machine([newProgram], structuredClone(first.detector.usual()));
  second.report({ listeners: here, owners: [owner("/usr/bin/curl"), owner("/opt/new", { inbound: true })] });
  assert.deepEqual(second.alerts.map(({ message }) => message), [
    "new uses the network for the first time here: called by 192.0.2.7",
  ]);
});

Deno.test("a path is the same program whatever its version", () => {
  for (
    const [path, usual] of [
      ["/usr/bin/curl", "/usr/bin/curl"],
      ["/usr/bin/python3.11", "/usr/bin/python3.11"],
      ["/usr/bin/curl (deleted)", "/usr/bin/curl"],
      ["/snap/firefox/4336/usr/lib/firefox/firefox", "/snap/firefox/*/usr/lib/firefox/firefox"],
      [
        "/home/a/.vscode-server/bin/0ee08df0cf4527e40edc9aa28f4b5bd38bbff2b2/node",
        "/home/a/.vscode-server/bin/*/node",
      ],
      ["/nix/store/0c9kvq8m5r6a1v7d3w4x2z5y8n9p0s1g-curl-8.9.1/bin/curl", "/nix/store/*-curl-*/bin/curl"],
      ["/tmp/.mount_ObsidiK7fQ2x/obsidian", "/tmp/.mount_Obsidi*/obsidian"],
      ["/opt/app-1.20.3/app", "/opt/app-*/app"],
      ["/opt/app/v2.1/app", "/opt/app/*/app"],
    ]
  ) assert.equal(usualPath(path), usual);
});
