/** The pages of the dashboard, once: for the navigation, the titles of windows and the link past the head. */

export interface PageInfo {
  path: string;
  /** In the navigation. */
  label: string;
  /** Of the window; the name of the program follows. */
  title: string;
  /** Where the link past the head leads. */
  main: { id: string; label: string };
}

export const PAGES: readonly PageInfo[] = [
  { path: "/", label: "Overview", title: "", main: { id: "connections", label: "Skip to connections" } },
  {
    path: "/findings",
    label: "Alerts",
    title: "Alerts",
    main: { id: "findings", label: "Skip to alerts" },
  },
  { path: "/hosts", label: "Hosts", title: "Hosts", main: { id: "hosts", label: "Skip to hosts" } },
  {
    path: "/processes",
    label: "Programs",
    title: "Programs",
    main: { id: "programs", label: "Skip to programs" },
  },
  { path: "/dns", label: "DNS", title: "DNS queries", main: { id: "dns", label: "Skip to DNS queries" } },
  {
    path: "/packets",
    label: "Packets",
    title: "Packets",
    main: { id: "packets", label: "Skip to packets" },
  },
];

/** Not in the navigation. */
const OTHER_PAGES: readonly PageInfo[] = [
  { path: "/api/docs", label: "API", title: "The API", main: { id: "docs", label: "Skip to the routes" } },
];

/** The page at `path`, or the one that holds it (`/hosts` for `/hosts/192.0.2.1`); the first for all that are none. */
export function pageAt(path: string): PageInfo {
  return [...PAGES, ...OTHER_PAGES].find((page) => page.path === path) ??
    PAGES.find((page) => page.path !== "/" && path.startsWith(`${page.path}/`)) ?? PAGES[0];
}

/** Title of the window for `path`. */
export function windowTitle(path: string): string {
  if (path === "/login") return "Sign in – Netpane";
  const page = pageAt(path);
  const { title } = page;
  if (title === "") return "Netpane";
  const part = path.startsWith(`${page.path}/`) ? decoded(path.slice(page.path.length + 1)) : "";
  return `${part === "" ? "" : `${part} – `}${title} – Netpane`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part).slice(0, 60);
  } catch {
    return "";
  }
}
