/** Texts of /proc and /etc are read right, odd ones included. */
import assert from "node:assert/strict";
import { parseControlGroup } from "../../enrich/control_group.ts";
import { cpuShare, parseCpuTimes } from "../../enrich/cpu.ts";
import { parseCpuList } from "../../enrich/ffi/connection_trace.ts";
import { parseStat, parseStatusUid } from "../../enrich/processes.ts";
import { parsePasswd, UserNames } from "../../enrich/users.ts";

const STAT = "4242 (a ) R 1 (x) S 17 4242 4242 0 -1 4194560 1 0 0 0 2 3 0 0 20 0 1 0 987654 1 2 3";

Deno.test("parseStat() finds the name between the outer parentheses", () => {
  assert.deepEqual(parseStat(STAT), { name: "a ) R 1 (x", parentPid: 17, startTicks: 987654, cpuTicks: 5 });
  for (let n = 0; n < STAT.length; n++) {
    const cut = parseStat(STAT.slice(0, n));
    if (cut !== null) assert.equal(cut.parentPid, 17);
  }
  assert.equal(parseStat(""), null);
  assert.equal(parseStat(")("), null);
});

Deno.test("parseStatusUid() takes the effective uid", () => {
  assert.equal(parseStatusUid("Name:\tUid:\t7\nUid:\t1000\t33\t1000\t1000\nGid:\t1\t1\n"), 33);
  assert.equal(parseStatusUid("Name:\tx\n"), -1);
});

const ID = "0123456789ab".padEnd(64, "c");
const GROUPS: [string, string][] = [
  ["0::/\n", ""],
  ["0::/system.slice/ssh.service\n", "ssh.service"],
  [`0::/system.slice/docker-${ID}.scope\n`, "docker:0123456789ab"],
  [`12:memory:/docker/${ID}\n11:cpu:/docker/${ID}\n`, "docker:0123456789ab"],
  [`0::/machine.slice/libpod-${ID}.scope/container\n`, "podman:0123456789ab"],
  [`0::/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-${ID}.scope\n`, "containerd:0123456789ab"],
  [`0::/kubepods/burstable/pod12-34/${ID}\n`, "kubernetes:0123456789ab"],
  [`0::/kubepods.slice/crio-${ID}.scope\n`, "cri-o:0123456789ab"],
  ["0::/lxc.payload.web/system.slice/nginx.service\n", "lxc:web"],
  ["1:name=systemd:/lxc/web/init.scope\n", "lxc:web"],
  ["0::/machine.slice/systemd-nspawn@build.service/payload\n", "nspawn:build"],
  [
    "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-web\\x2dview.scope\n",
    "app-web-view.scope",
  ],
  ["no control group at all", ""],
];

Deno.test("parseControlGroup() names container or unit", () => {
  for (const [text, expected] of GROUPS) assert.equal(parseControlGroup(text), expected, text);
});

Deno.test("parsePasswd() steps over lines that make no sense", () => {
  const names = parsePasswd(
    "root:x:0:0::/root:/bin/sh\n\n#\nx\n:x:5:\nbad:x:y:1\ntoor:x:0:0:\nwww:x:33:33:\n",
  );
  assert.deepEqual([...names], [[0, "root"], [33, "www"]]);
});

Deno.test("UserNames reads the file again for a new user, but not often", () => {
  let reads = 0;
  let text = "root:x:0:0:\n";
  const users = new UserNames(() => (reads++, text));
  assert.equal(users.name(0, 1_000_000), "root");
  assert.equal(users.name(1000, 1_000_001), "1000");
  text += "ada:x:1000:1000:\n";
  assert.equal(users.name(1000, 1_010_000), "1000");
  assert.equal(reads, 1);
  assert.equal(users.name(1000, 1_031_000), "ada");
  assert.equal(reads, 2);
});

Deno.test("cpuShare() is busy over all time between two readings", () => {
  const before = parseCpuTimes("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3 4\n")!;
  const after = parseCpuTimes("cpu  150 0 75 900 75 0 0 0 60 0\n")!;
  assert.deepEqual(before, { busy: 150, total: 1000 });
  assert.equal(cpuShare(before, after), 75 / 200);
  assert.equal(cpuShare(after, after), undefined);
  assert.equal(parseCpuTimes("nothing"), null);
});

Deno.test("parseCpuList() spells ranges out, up to a bound", () => {
  assert.deepEqual(parseCpuList("0-2,5\n"), [0, 1, 2, 5]);
  assert.deepEqual(parseCpuList(""), []);
  assert.equal(parseCpuList("0-99999999999").length, 256);
});
