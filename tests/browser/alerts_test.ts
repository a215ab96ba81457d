/**
 * Alerts in a real browser, against the real program that plays a scan made here: one appears while the page is open,
 * with its evidence; it is said to be expected by keyboard alone, and that is taken back; a flood of alerts stays a page.
 */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { PAGE_ALERTS } from "../../components/alert_filter.ts";
import type { AnomalyPage, ExpectedPage } from "../../model/api.ts";
import { pcapFile } from "../support/capture_files.ts";
import { Server } from "../support/server.ts";
import { Traffic } from "../support/traffic.ts";
import { until } from "../support/wait.ts";
import { axeViolations, overhang } from "./axe.ts";
import { browserTest, TestBrowser } from "./browser.ts";

const SCANNER = "10.0.0.9";
const VICTIM = "10.0.0.20";
/** When the scan begins, seconds of packet time: by then the page is open. */
const BEGINS_S = 6;

Deno.test(
  browserTest("an alert appears while one looks, with its evidence, and is marked everywhere", async () => {
    await using folder = await Folder.make();
    await using browser = await TestBrowser.start();
    const page = await browser.page({ viewport: { width: 1280, height: 900 }, bypassCSP: true });
    const capture = await folder.capture(scan(BEGINS_S));
    await using server = await Server.start(["--pcap", capture, "--data", folder.path]);

    await page.goto(server.url("/findings"));
    await page.getByText("Nothing suspicious").waitFor();
    const alert = page.locator(".alert", { hasText: "Port scan" });
    await alert.waitFor();
    assert.match(await alert.innerText(), /goes on.*10\.0\.0\.9 tried \d+ ports of 10\.0\.0\.20/s);
    assert.match(await alert.innerText(), /10\.0\.0\.9\s*to\s*10\.0\.0\.20/);
    await page.locator(".nav-count").getByText("1 alert open").waitFor({ state: "attached" });
    // What came of it is drawn, with its words; so is why it matters, in the rule's own.
    await until("the whole scan is told", async () => /59 refused/.test(await alert.innerText()));
    assert.match(await alert.innerText(), /1 open/);
    assert.ok(await alert.locator(".stack rect").count() >= 2);
    assert.match(await alert.locator(".chips").first().innerText(), /80/);
    await alert.getByText("Why this matters").click();
    const link = alert.getByRole("link", { name: "T1046" });
    assert.equal(await link.getAttribute("href"), "https://attack.mitre.org/techniques/T1046/");
    assert.equal(await link.getAttribute("rel"), "noreferrer");
    assert.deepEqual(await axeViolations(page), []);

    // The address of one alert, its connections and packets.
    await alert.getByRole("link", { name: "Packets" }).click();
    await page.locator(".entry", { hasText: SCANNER }).first().waitFor();
    await page.goBack();
    await page.locator(".alert").getByRole("link", { name: "Connections" }).click();
    const row = page.locator(".rows .row-found").first();
    await row.getByText("Port scan", { exact: false }).first().waitFor({ state: "attached" });
    await page.locator(".now").getByRole("link", { name: /Port scan/ }).waitFor();
    await page.locator(".leaders tr", { hasText: VICTIM }).locator(".found-mark").waitFor();
    await page.locator(".rows .spacer").first().waitFor({ state: "attached" }); // scripts are at work
    await row.click();
    await page.getByRole("dialog").getByRole("link", { name: /Port scan/ }).click();
    await page.getByText("one alert").waitFor();
    assert.equal(await page.locator(".alert").count(), 1);
    assert.deepEqual(browser.complaints, []);
  }),
);

Deno.test(
  browserTest(
    "expected, by keyboard alone: it moves to its tab, is written down, and is taken back",
    async () => {
      await using folder = await Folder.make();
      const capture = await folder.capture(scan(0));
      await using server = await Server.start(["--pcap", capture, "--speed", "max", "--data", folder.path]);
      await using browser = await TestBrowser.start();
      await until(
        "the scan is found",
        async () => (await server.json<AnomalyPage>("/api/anomalies")).total === 1,
      );
      const page = await browser.page({ viewport: { width: 360, height: 800 }, bypassCSP: true });
      await page.goto(server.url("/findings"));

      await page.locator(".alert").getByRole("button", { name: "Expected…" }).focus();
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog", { name: "Expect this from now on" });
      await dialog.waitFor();
      assert.deepEqual(await axeViolations(page), []);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      assert.equal(await focused(page), "Expected…", "the focus comes back");

      await page.keyboard.press("Enter");
      await dialog.waitFor();
      const means = dialog.getByRole("status");
      assert.match(
        await means.innerText(),
        /“Port scan” from 10\.0\.0\.9 to 10\.0\.0\.20 will no longer be an alarm/,
      );
      await dialog.getByLabel(/^To/).focus();
      await page.keyboard.press("Space");
      assert.match(await means.innerText(), /“Port scan” from 10\.0\.0\.9 will/);
      await dialog.getByLabel("Why it is expected").focus();
      await page.keyboard.type("our own scanner");
      await page.keyboard.press("Enter");
      await dialog.waitFor({ state: "detached" });

      await page.getByText("Nothing suspicious").waitFor();
      assert.match(await focused(page), /^Expected from now on/, "the focus goes to what came of it");
      const { expected } = await server.json<ExpectedPage>("/api/expected");
      assert.deepEqual(
        expected.map(({ kind, source, destination, comment }) => [kind, source, destination, comment]),
        [
          ["port_scan", SCANNER, undefined, "our own scanner"],
        ],
      );
      assert.match(
        await Deno.readTextFile(expected.length > 0 ? `${folder.path}/netpane.toml` : ""),
        /our own scanner/,
      );
      await page.getByRole("link", { name: /^Expected/ }).press("Enter");
      await page.getByText("Expected: our own scanner").waitFor();
      assert.match(page.url(), /\?state=expected$/);
      assert.deepEqual(await axeViolations(page), []);
      assert.ok(await overhang(page) <= 0);

      await page.locator(".alert").getByRole("button", { name: "No longer expected" }).press("Enter");
      await page.getByText("it is an alarm again").waitFor();
      assert.equal(await page.locator(".alert").count(), 0);
      await page.getByRole("link", { name: /^All/ }).first().press("Enter");
      await page.locator(".alert", { hasText: "Port scan" }).waitFor();
      assert.deepEqual((await server.json<ExpectedPage>("/api/expected")).expected, []);
      assert.deepEqual(browser.complaints, []);
    },
  ),
);

Deno.test(browserTest("hundreds of alerts are pages, with and without scripts, and stand still", async () => {
  await using folder = await Folder.make();
  const capture = await folder.capture(logins(300));
  await using server = await Server.start(["--pcap", capture, "--speed", "max", "--data", folder.path]);
  await using browser = await TestBrowser.start();
  await until("all are found", async () => {
    return (await server.json<AnomalyPage>("/api/anomalies?kind=cleartext_credentials")).total === 300;
  });
  const still = await browser.page({ javaScriptEnabled: false });
  await still.goto(server.url("/findings?kind=cleartext_credentials"));
  assert.equal(await still.locator(".alert").count(), PAGE_ALERTS);
  const first = await still.locator(".alert").first().innerText();
  await still.getByRole("link", { name: "Older" }).click();
  await until("the second page", () => /page=2/.test(still.url()));
  assert.notEqual(await still.locator(".alert").first().innerText(), first);
  await still.getByRole("searchbox").fill("ip:10.1.0.7");
  await still.getByRole("button", { name: "Filter" }).click();
  await until("one of them", async () => await still.locator(".alert").count() === 1);

  const page = await browser.page({
    viewport: { width: 1920, height: 1000 },
    colorScheme: "dark",
    bypassCSP: true,
  });
  await page.goto(server.url("/findings?kind=cleartext_credentials"));
  await page.getByRole("link", { name: "Older" }).click();
  await page.getByText(/Page 2 of 15/).waitFor();
  assert.equal(await page.locator(".alert").count(), PAGE_ALERTS);
  await page.getByRole("searchbox").fill("10.1.0.77");
  await until("one is left", async () => await page.locator(".alert").count() === 1);
  await page.getByRole("searchbox").fill("");
  await until("all are back", async () => await page.locator(".alert").count() === PAGE_ALERTS);
  assert.deepEqual(await axeViolations(page), []);
  assert.ok(await overhang(page) <= 0);
  assert.equal(await shift(page), 0, "nothing jumps from second to second");
  assert.deepEqual(browser.complaints, []);
}));

/** A few connections, and a scan of 60 ports, one of them open, within three seconds. */
function scan(beginsS: number): Traffic {
  const traffic = new Traffic();
  const web = (at: number) => {
    traffic.now = at;
    traffic.tcp({ client: "10.0.0.5", server: VICTIM, port: 80, turns: ["GET / HTTP/1.1\r\n\r\n"] });
  };
  for (let second = 0; second < beginsS; second++) web(second);
  traffic.now = beginsS;
  for (let i = 0; i < 60; i++) {
    const port = i === 30 ? 80 : 1_000 + i * 7;
    traffic.tcp({ client: SCANNER, server: VICTIM, port, outcome: port === 80 ? "half" : "refused" });
    traffic.wait(0.05);
  }
  // So that a played file goes on for a while.
  for (let second = beginsS + 4; second < beginsS + 30; second++) web(second);
  return traffic;
}

/** Logins in clear text, each of another client. */
function logins(count: number): Traffic {
  const traffic = new Traffic();
  for (let i = 0; i < count; i++) {
    const client = `10.1.${i >> 8}.${i & 255}`;
    const authorization = `Authorization: Basic ${btoa(`user${i}:secret-${i}`)}`;
    traffic.tcp({
      client,
      server: "10.0.0.80",
      port: 80,
      turns: [
        `GET / HTTP/1.1\r\nHost: box.example\r\n${authorization}\r\n\r\n`,
        "HTTP/1.1 204 No Content\r\n\r\n",
      ],
    });
  }
  return traffic;
}

/** A folder for captures and what the program keeps, gone afterwards. */
class Folder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<Folder> {
    return new Folder(await Deno.makeTempDir({ prefix: "netpane alerts " }));
  }

  async capture(traffic: Traffic): Promise<string> {
    const path = `${this.path}/capture.pcap`;
    await Deno.writeFile(path, pcapFile(traffic.frames.map(({ bytes, atUs }) => ({ bytes, timeUs: atUs! }))));
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

function focused(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
}

/** Sum of layout shifts until two more ticks have been shown. */
function shift(page: Page): Promise<number> {
  return page.evaluate(async () => {
    let sum = 0;
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) sum += (entry as unknown as { value: number }).value;
    });
    observer.observe({ type: "layout-shift" });
    const source = new EventSource("/api/stream");
    let ticks = 0;
    await new Promise<void>((resolve) =>
      source.addEventListener("tick", () => {
        if (++ticks === 3) resolve();
      })
    );
    source.close();
    await new Promise(requestAnimationFrame);
    observer.disconnect();
    return sum;
  });
}
