/** Addresses of the pages about one host, one process, and of their lists. */

/** Page of a host; the lists for what is no address. */
export function hostHref(ip: string): string {
  // Colons are fine in a path, and easier to read.
  return ip === "" ? "/hosts" : `/hosts/${encodeURIComponent(ip).replaceAll("%3A", ":")}`;
}

/** Page of a process. */
export function processHref(pid: number): string {
  return `/processes/${pid}`;
}

/** Each process of that name that has ended. */
export function endedHref(name: string): string {
  const words = name === "" ? "unknown" : name.slice(0, 100).replaceAll('"', "");
  return `/processes?${new URLSearchParams({ ended: "each", q: `process:"${words}" state:ended` })}`;
}

/** Programs whose row holds `name`. */
export function programsHref(name: string): string {
  return `/processes?${new URLSearchParams({ q: name.slice(0, 100) })}`;
}
