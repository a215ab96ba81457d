/** The container or unit a process runs in, from the text of /proc/PID/cgroup (cgroups(7)). */

/** What runtimes call their control groups; the id is 64 hex digits, of which twelve are shown as docker does. */
const RUNTIMES: readonly [RegExp, string][] = [
  [/(?:^|[/-])docker-([0-9a-f]{64})\.scope/, "docker"],
  [/\/docker\/([0-9a-f]{64})/, "docker"],
  [/libpod-([0-9a-f]{64})/, "podman"],
  [/cri-containerd-([0-9a-f]{64})/, "containerd"],
  [/crio-([0-9a-f]{64})/, "cri-o"],
  [/\/kubepods[^\n]*\/(?:[a-z-]*-)?([0-9a-f]{64})/, "kubernetes"],
  [/\/(?:default|k8s\.io|moby)[/:]([0-9a-f]{64})/, "containerd"],
  [/\/([0-9a-f]{64})(?:\/|$)/m, "container"],
];
const LXC = /\/lxc(?:\.payload)?[./]([\w.-]+)/;
const NSPAWN = /\/machine\.slice\/(?:systemd-nspawn@|machine-)([^/\n]+?)\.(?:service|scope)/;

const MAX_NAME = 128;

/**
 * @returns "docker:0123456789ab", "lxc:web", "nspawn:build", a systemd unit such as "ssh.service"; "" for none.
 */
export function parseControlGroup(text: string): string {
  for (const [pattern, runtime] of RUNTIMES) {
    const id = pattern.exec(text);
    if (id !== null) return `${runtime}:${id[1].slice(0, 12)}`;
  }
  const lxc = LXC.exec(text);
  if (lxc !== null) return `lxc:${lxc[1]}`.slice(0, MAX_NAME);
  const nspawn = NSPAWN.exec(text);
  if (nspawn !== null) return `nspawn:${unescapeUnit(nspawn[1])}`.slice(0, MAX_NAME);
  // The innermost unit: of "/user.slice/user-1000.slice/user@1000.service/app.slice/app-web.scope" the last.
  let unit = "";
  for (const line of text.split("\n")) {
    for (const part of line.split("/")) if (/\.(?:service|scope)$/.test(part)) unit = part;
    if (unit !== "") break;
  }
  return unescapeUnit(unit).slice(0, MAX_NAME);
}

/** systemd writes odd bytes of a name as \xHH, systemd.unit(5). */
function unescapeUnit(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
