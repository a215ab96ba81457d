/** The frame of every page: head, styles, and the theme before the first paint. */
import { asset } from "fresh/runtime";
import { windowTitle } from "../components/pages.ts";
import { visitorOf } from "../http/access.ts";
import { define } from "../state.ts";

const STYLES = [
  "tokens",
  "base",
  "layout",
  "cards",
  "charts",
  "table",
  "lists",
  "findings",
  "evidence",
  "inventory",
];

export default define.page(function Frame({ Component, url, req }) {
  const { role, session } = visitorOf(req);
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" content="#f3f5f6" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#0b1216" media="(prefers-color-scheme: dark)" />
        <meta name="description" content="What this machine is doing on the network right now" />
        <title>{windowTitle(url.pathname)}</title>
        <link rel="icon" href={asset("/favicon.svg")} type="image/svg+xml" />
        {STYLES.map((name) => <link key={name} rel="stylesheet" href={asset(`/css/${name}.css`)} />)}
        <script src={asset("/theme.js")} />
      </head>
      <body data-role={role}>
        <Component />
        {session !== null && (
          <form class="signed-in" method="post" action="/logout">
            <span>{role === "admin" ? "Signed in as admin" : "Signed in to look only"}</span>
            <button class="button button-small" type="submit">Sign out</button>
          </form>
        )}
      </body>
    </html>
  );
});
