/**
 * What all pages of the dashboard have around them: head with navigation, what is off, foot.
 *
 * A component rather than a layout of Fresh: a page hands in the very tick that it was made from, so that head and
 * page agree and the tick travels once.
 */
import type { ComponentChildren } from "preact";
import Footer, { type About } from "../../islands/Footer.tsx";
import Nav from "../../islands/Nav.tsx";
import Problems from "../../islands/Problems.tsx";
import TopBar from "../../islands/TopBar.tsx";
import { Logo } from "../../components/Logo.tsx";
import { Credits } from "../../components/Where.tsx";
import { pageAt } from "../../components/pages.ts";
import type { Tick } from "../../model/api.ts";
import type { Monitor } from "../../monitor/mod.ts";

export interface FrameProps {
  path: string;
  tick: Tick;
  about: About;
  /** Where the page's contents can be had for programs: address and name. */
  api: [string, string][];
  children: ComponentChildren;
}

/** For all of them. */
const DOCS: [string, string][] = [["/api/docs", "The API"]];

/** What the foot says of Netpane itself. */
export function aboutOf(monitor: Monitor): About {
  const stats = monitor.stats();
  const credits = monitor.who.sources().map(({ credit }) => credit).filter((credit) => credit !== "");
  return { version: stats.version, uptimeMs: stats.uptime_ms, rss: stats.memory.rss, credits };
}

export function Frame({ path, tick, about, api, children }: FrameProps) {
  const { main } = pageAt(path);
  const brand = <>Netpane</>;
  return (
    <>
      <a class="skip" href={`#${main.id}`}>{main.label}</a>
      <header class="top">
        <a class="brand" href="/">
          <Logo />
          {path === "/" ? <h1>{brand}</h1> : <span class="brand-name">{brand}</span>}
        </a>
        <Nav path={path} findings={tick.anomalies} />
        <TopBar tick={tick} />
      </header>
      <main class="page">
        <noscript>
          <p class="banner banner-info">
            Without scripts this page shows the moment it was loaded. <a href="">Load it again</a> for now.
          </p>
        </noscript>
        <Problems tick={tick} />
        {children}
      </main>
      <footer class="foot">
        <Footer about={about} />
        <Credits credits={about.credits} />
        <p class="foot-links">
          {[...api, ...DOCS].map(([href, name]) => <a key={href} href={href}>{name}</a>)}
        </p>
      </footer>
    </>
  );
}
