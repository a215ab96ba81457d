/** Addresses of the pages about one host, one process, and of their lists. */

/** Of a word in a filter that is made here. */
const MAX_WORD = 150;

/** Page of a host; the lists for what is no address. */
export function hostHref(ip: string): string {
  // Colons are fine in a path, and easier to read.
  return ip === "" ? "/hosts" : `/hosts/${encodeURIComponent(ip).replaceAll("%3A", ":")}`;
}

/** Page of a process. */
export function processHref(pid: number): string {
  return `/processes/${pid}`;
}

/** Each process of a program that has ended and is still kept, as near as the filter can say it. */
export function endedHref({ name, path, user }: { name: string; path: string; user: string }): string {
  const words = ["state:ended"];
  const say = (field: string, text: string) => {
    const bare = text.slice(0, MAX_WORD).replaceAll('"', "");
    if (bare !== "") words.push(`${field}:"${bare}"`);
  };
  // By name, for of some of them the file is not known: rather some of another program than one too few.
  say("process", name);
  if (name === "") say("path", path);
  say("user", user);
  return `/processes?${new URLSearchParams({ ended: "each", q: words.join(" ") })}`;
}

/** Programs whose row holds `name`. */
export function programsHref(name: string): string {
  return `/processes?${new URLSearchParams({ q: name.slice(0, 100) })}`;
}
