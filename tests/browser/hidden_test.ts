/** Pages that nobody can see leave the server's connections to those that somebody looks at. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Stats } from "../../model/api.ts";
import { Server } from "../support/server.ts";
import { until } from "../support/wait.ts";
import { browserTest, TestBrowser } from "./browser.ts";

/** As when another tab is chosen: a headless browser shows all its pages at once. */
async function show(page: Page, isShown: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, !isShown);
}

Deno.test(
  browserTest("a page that is hidden gives its stream back, and goes on when it is seen", async () => {
    await using server = await Server.start(["--demo"]);
    await using browser = await TestBrowser.start();
    const clients = async () => (await server.json<Stats>("/api/stats")).feed.clients;
    const page = await browser.page();
    await page.goto(server.url("/"));
    await until("it listens", async () => await clients() === 1);
    await show(page, false);
    await until("it has hung up", async () => await clients() === 0);
    const before = await page.locator(".top-clock").innerText();
    await show(page, true);
    await until("it listens again", async () => await clients() === 1);
    await until("time goes on", async () => await page.locator(".top-clock").innerText() !== before);
    assert.deepEqual(browser.complaints, []);
  }),
);

Deno.test(browserTest("ten pages of one browser all come, however many streams it may open", async () => {
  await using server = await Server.start(["--demo"]);
  await using browser = await TestBrowser.start();
  const context = (await browser.page()).context(); // pages of one share their connections
  for (let i = 0; i < 10; i++) {
    const page = await context.newPage();
    await page.goto(server.url("/hosts"), { timeout: 20_000 });
    await page.locator("h1").waitFor();
    await show(page, false); // the next one comes before it
  }
  assert.deepEqual(browser.complaints, []);
}));
