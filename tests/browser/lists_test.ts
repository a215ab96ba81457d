/**
 * Findings, DNS queries and packets in a real browser, against the real program that plays a capture made here: what
 * is shown, what must never be, and that a flood costs the page nothing it cannot pay.
 */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { MAX_LIST_ROWS } from "../../components/list_filter.ts";
import type { AnomalyPage, DnsQueryPage } from "../../model/api.ts";
import { Server } from "../support/server.ts";
import { until } from "../support/wait.ts";
import { axeViolations, overhang } from "./axe.ts";
import { browserTest, TestBrowser } from "./browser.ts";
import { CARD, CLIENT, conversations, flood, HOSTILE, PASSWORD, RESOLVER } from "./conversations.ts";

const PAGES = ["/", "/findings", "/dns", "/packets"];

Deno.test(browserTest("findings: where a card number and a login went, and never the secret", async () => {
  await using capture = await Capture.of(conversations());
  await using server = await Server.start(["--pcap", capture.path, "--speed", "max"]);
  await using browser = await TestBrowser.start();
  await isPlayed(server);
  const page = await browser.page({ viewport: { width: 1280, height: 900 } });

  await page.goto(server.url("/findings"));
  const list = page.getByRole("list", { name: "Alerts, the latest change first" });
  const login = list.locator(".alert", { hasText: "Login in clear text" });
  assert.match(await login.innerText(), /HTTP Basic.*user name of 5 characters/s);
  const card = list.locator(".alert", { hasText: "Card number in clear text" });
  const text = await card.innerText();
  assert.match(text, /High/);
  assert.match(text, /Visa\s*•••• 1111/);
  assert.match(text, /10\.0\.0\.5:40001/);
  assert.match(text, /shop\.example\s*192\.0\.2\.80:80/);
  assert.match(text, /confidence \d+/);
  assert.match(text, /check digit is right/);
  assert.doesNotMatch(
    await page.locator("main").innerText(),
    /4111 ?11/,
    "four digits unless asked for more",
  );
  await page.getByRole("button", { name: "Show first six digits" }).click();
  assert.match(await card.innerText(), /4111 11•• •••• 1111/);
  await page.getByRole("link", { name: "logins" }).click();
  await until("only the login is left", async () => {
    return page.url().endsWith("?kind=cleartext_credentials") && await page.locator(".alert").count() === 1;
  });

  await card.or(login).first().getByRole("link", { name: "Connections" }).click();
  const row = page.locator(".rows .row-found");
  await row.getByText("High: Login in clear text: HTTP.").waitFor();
  assert.equal(await page.locator(".rows .row").count(), 1);
  assert.match(await row.locator(".c-server").innerText(), /shop\.example\s*192\.0\.2\.80/);
  assert.match(await row.locator(".c-proto").innerText(), /http\s*tcp/);
  await page.locator(".rows .spacer").first().waitFor({ state: "attached" }); // scripts are at work
  await row.click();
  const drawer = page.getByRole("dialog");
  assert.match(await drawer.innerText(), /Login in clear text: HTTP.*shop\.example.*http/s);
  await drawer.getByRole("link", { name: "Login in clear text: HTTP" }).click();
  await page.getByText("one alert").waitFor();
  assert.equal(await page.locator(".alert").count(), 1);

  await page.goto(server.url("/?q=app:http+host:shop"));
  await until("three connections", async () => await page.locator(".rows .row").count() === 3);
  assert.equal(await page.locator(".rows .row-found").count(), 2);
  assert.match(await page.locator(".key", { hasText: "Alerts" }).innerText(), /2/);
  assert.equal(await page.locator(".nav-count [aria-hidden]").innerText(), "2");

  for (const path of [...PAGES, "/api/anomalies", "/api/packets?limit=1000", "/api/connections"]) {
    const body = await server.get(path);
    assert.ok(!body.includes(CARD), `${path} holds the card's number`);
    assert.ok(
      !body.includes(PASSWORD) && !body.includes(btoa(`alice:${PASSWORD}`)),
      `${path} holds the password`,
    );
  }
  assert.deepEqual(browser.complaints, []);
}));

Deno.test(
  browserTest("DNS queries and packets: filtered, held still, and hostile names stay text", async () => {
    await using capture = await Capture.of(conversations());
    await using server = await Server.start(["--pcap", capture.path, "--speed", "max", "--show-payload"]);
    await using browser = await TestBrowser.start();
    await isPlayed(server);
    const page = await browser.page({ viewport: { width: 1280, height: 900 } });

    await page.goto(server.url("/dns"));
    const row = (name: string) => page.locator(".entry", { hasText: name });
    await row("nosuch.example").waitFor();
    assert.equal(await page.locator(".entry").count(), 3);
    assert.match(await row("nosuch.example").innerText(), /NXDOMAIN\s*no such name/);
    assert.match(
      await row("shop.example").innerText(),
      /A\s+192\.0\.2\.80\s+1\.0\sms\s+10\.0\.0\.5/,
    );
    assert.equal(await row(HOSTILE).count(), 1);
    assert.equal(await page.locator("main img").count(), 0);
    await page.getByRole("searchbox").fill("nxdomain");
    await until("one query matches", async () => await page.locator(".entry").count() === 1);
    assert.match(page.url(), /\/dns\?q=nxdomain$/);
    await page.getByText("1 query of the 2,000 last kept match").waitFor();

    await page.getByRole("link", { name: "Packets" }).click();
    await row(`DNS query A nosuch.example`).waitFor();
    assert.match(
      await row("DNS answer nosuch.example").first().innerText(),
      /10\.0\.0\.1\s*:53\s.*10\.0\.0\.5\s*:50002\s+udp/s,
    );
    assert.equal(await page.locator("main img").count(), 0);
    const payload = await page.locator(".payload pre").allInnerTexts();
    assert.ok(payload.some((text) => text.includes("POST …")), "payload was asked for");
    assert.ok(payload.every((text) => !/\d{6}|hunter/.test(text)), "and is masked");
    await row("DNS query A nosuch.example").getByRole("link", { name: RESOLVER }).click();
    await until("only the resolver's packets", async () => await page.locator(".entry").count() === 6);
    assert.equal(await page.getByRole("searchbox").inputValue(), `ip:${RESOLVER}`);
    await page.getByRole("searchbox").fill(`ip:${CLIENT} port:40003 SYN`);
    await until("the handshake", async () => await page.locator(".entry").count() === 2);
    await page.getByRole("searchbox").fill("nothing like it");
    await page.getByRole("button", { name: "Clear the filter" }).click();
    await until("all packets", async () => await page.locator(".entry").count() > 20);
    assert.equal(await page.title(), "Packets – Netpane");
    assert.deepEqual(browser.complaints, []);
  }),
);

Deno.test(
  browserTest("ten thousand packets a second: a bounded tail that says what it leaves out", async () => {
    await using capture = await Capture.of(flood(10_000));
    await using server = await Server.start(["--pcap", capture.path, "--loop"]);
    await using browser = await TestBrowser.start();
    const page = await browser.page({ viewport: { width: 1280, height: 900 } });
    await page.goto(server.url("/packets"));
    await page.getByText(/of the last second’s .* more came too fast for eyes/).waitFor();

    const newest = () => page.locator(".entry time").first().getAttribute("datetime");
    assert.ok(await page.locator(".entry").count() <= MAX_LIST_ROWS);

    // While one reads further down, rows wait above.
    const box = page.locator(".tail-box");
    await box.evaluate((element) => element.scrollTop = 400);
    await page.getByText(/newer packets$/).waitFor();
    assert.equal(await changes(page), 0, "what is read stands still");
    await page.getByRole("button", { name: /newer packets$/ }).click();
    await until("back at the top", async () => await box.evaluate((element) => element.scrollTop) === 0);
    const back = await newest();
    await until("it goes on", async () => await newest() !== back);

    await page.getByRole("button", { name: "Hold the packets" }).click();
    assert.equal(await changes(page), 0, "a held tail is not drawn at all");
    await page.getByRole("button", { name: "Go on with the packets" }).click();
    const held = await newest();
    await until("it goes on again", async () => await newest() !== held);

    await page.goto(server.url("/findings"));
    await page.getByText("Nothing suspicious").waitFor();
    assert.match(await page.locator(".looked").innerText(), /Cannot be seen\s+What is encrypted: none of/);
    assert.deepEqual(browser.complaints, []);
  }),
);

Deno.test(
  browserTest("the lists without scripts; axe finds nothing, at both ends of the widths", async () => {
    await using capture = await Capture.of(conversations());
    await using server = await Server.start(["--pcap", capture.path, "--speed", "max"]);
    await using browser = await TestBrowser.start();
    await isPlayed(server);

    const still = await browser.page({ javaScriptEnabled: false });
    for (const path of PAGES) {
      // Of the tags only: names that look like them stand in texts and titles, escaped.
      const html = (await server.get(path)).replaceAll(/<script\b[^]*?<\/script>/g, "");
      const tags = html.replaceAll(/"[^"]*"/g, "");
      assert.doesNotMatch(tags, /<[^>]+\s(style|on[a-z]+)=/, `${path}: nothing inline`);
    }
    await still.goto(server.url("/"));
    const nav = still.getByRole("navigation");
    await nav.getByRole("link", { name: "DNS" }).click();
    await until("three queries", async () => await still.locator(".entry").count() === 3);
    await still.getByRole("searchbox").fill("nosuch");
    await still.getByRole("button", { name: "Filter" }).click();
    await until("one of them", async () => await still.locator(".entry").count() === 1);
    await nav.getByRole("link", { name: "Packets" }).click();
    await until("all packets", async () => await still.locator(".entry").count() > 20);
    await still.getByRole("searchbox").fill("port:40003");
    await still.getByRole("button", { name: "Filter" }).click();
    await until("one connection's packets", async () => await still.locator(".entry").count() === 5);
    await nav.getByRole("link", { name: "Alerts" }).click();
    await until("two alerts", async () => await still.locator(".alert").count() === 2);
    assert.doesNotMatch(await still.locator("main").innerText(), /4111/);

    for (const [width, colorScheme] of [[360, "light"], [1440, "dark"]] as const) {
      const page = await browser.page({
        viewport: { width, height: 900 },
        colorScheme,
        reducedMotion: "reduce",
        bypassCSP: true, // for axe, which is injected
      });
      for (const path of PAGES.slice(1)) {
        await page.goto(server.url(path));
        await page.locator(".entry, .alert").first().waitFor();
        assert.deepEqual(await axeViolations(page), [], `${path} at ${width} px, ${colorScheme}`);
        assert.ok(await overhang(page) <= 0, `${path} sticks out at ${width} px`);
      }
      await page.context().close();
    }
  }),
);

/** A capture file that is gone when it is no longer needed. */
class Capture implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async of(bytes: Uint8Array): Promise<Capture> {
    const path = await Deno.makeTempFile({ suffix: ".pcap" });
    await Deno.writeFile(path, bytes);
    return new Capture(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path);
  }
}

/** Waits until the capture is played, and what was found is joined with its connections. */
async function isPlayed(server: Server): Promise<void> {
  await until("all findings and queries", async () => {
    const { anomalies } = await server.json<AnomalyPage>("/api/anomalies");
    const { queries } = await server.json<DnsQueryPage>("/api/dns_queries");
    return queries.length === 3 && anomalies.length === 2 && anomalies.every((one) => one.server_name !== "");
  });
}

/** Changes to the rows of the tail until the feed has told of packets twice. */
function changes(page: Page): Promise<number> {
  return page.evaluate(async () => {
    let seen = 0;
    const observer = new MutationObserver((records) => seen += records.length);
    observer.observe(document.querySelector(".entries")!, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    });
    const source = new EventSource("/api/stream");
    let told = 0;
    await new Promise<void>((resolve) =>
      source.addEventListener("packets", () => {
        if (++told === 2) resolve();
      })
    );
    source.close();
    await new Promise(requestAnimationFrame);
    observer.disconnect();
    return seen;
  });
}
