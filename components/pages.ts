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
  { path: "/dns", label: "DNS", title: "DNS queries", main: { id: "dns", label: "Skip to DNS queries" } },
  {
    path: "/packets",
    label: "Packets",
    title: "Packets",
    main: { id: "packets", label: "Skip to packets" },
  },
];

/** The page at `path`; the first for all that are none. */
export function pageAt(path: string): PageInfo {
  return PAGES.find((page) => page.path === path) ?? PAGES[0];
}

/** Title of the window for `path`. */
export function windowTitle(path: string): string {
  const { title } = pageAt(path);
  return title === "" ? "Netpane" : `${title} – Netpane`;
}
