/**
 * The dashboard in a real browser, against the real program: it loads, moves, filters, sorts, comes back after the
 * server was away, stays light at ten thousand rows, and can be used without scripts, mouse or good eyes.
 */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { MAX_DRAWN } from "../../components/window.ts";
import { pcapFile } from "../support/capture_files.ts";
import { ethernet, ipv4, PROTOCOL, udp } from "../support/packets.ts";
import { freePort, Server } from "../support/server.ts";
import { until } from "../support/wait.ts";
import { axeViolations, overhang } from "./axe.ts";
import { browserTest, TestBrowser } from "./browser.ts";

/** Page, scripts and styles, gzipped; ARCHITECTURE "Budgets". */
const BUDGET_BYTES = 200_000;
/** Flows of the overloaded page. */
const MANY = 10_000;

const DEMO = ["--demo"];

Deno.test(
  browserTest("the page loads, its chart moves, and the browser has nothing to complain of", async () => {
    await using server = await Server.start(DEMO);
    await using browser = await TestBrowser.start();
    const page = await browser.page();
    await open(page, server);

    const canvas = page.locator("canvas");
    const last = async () => Number(await canvas.getAttribute("data-last"));
    const before = await last();
    await until("the chart moves", async () => await last() > before);
    assert.ok(await paintedPixels(page) > 100, "something is drawn on the canvas");
    const clock = await page.locator(".top-clock").innerText();
    await until("the packet clock moves", async () => await page.locator(".top-clock").innerText() !== clock);
    assert.equal(await page.locator(".status-word").innerText(), "Playing");
    await until("a slice has a name", async () => await page.locator(".share-table tbody tr").count() > 0);

    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Display paused").waitFor();
    const held = await page.locator(".top-clock").innerText();
    const heard = await page.evaluate(() => performance.now());
    await until("two more seconds", async () => await page.evaluate(() => performance.now()) > heard + 2_100);
    assert.equal(await page.locator(".top-clock").innerText(), held, "a paused display stands still");
    await page.getByRole("button", { name: "Resume" }).click();
    await until("the display goes on", async () => await page.locator(".top-clock").innerText() !== held);

    await page.getByRole("button", { name: /^Theme/ }).click();
    const theme = await page.locator("html").getAttribute("data-theme");
    await page.reload();
    assert.equal(await page.locator("html").getAttribute("data-theme"), theme, "the theme is remembered");
    assert.deepEqual(browser.complaints, []);
  }),
);

Deno.test(browserTest("the table filters, sorts, and is used by keyboard alone", async () => {
  await using server = await Server.start(DEMO);
  await using browser = await TestBrowser.start();
  const page = await browser.page();
  await open(page, server);
  await until("there are DNS and HTTP connections", async () => {
    const dns = await server.json<{ total: number }>("/api/connections?q=port:53");
    const http = await server.json<{ total: number }>("/api/connections?q=port:80");
    return dns.total > 2 && http.total > 0;
  });

  await page.getByRole("searchbox").fill("port:53 proto:udp");
  await until("only DNS is left", async () => {
    const ports = await page.locator(".row .c-port").allInnerTexts();
    return ports.length > 0 && ports.every((port) => port.startsWith("53"));
  });
  await until("the address follows", () => /q=port%3A53\+proto%3Audp/.test(page.url()));
  await page.getByRole("searchbox").fill("<img src=x onerror=alert(1)>");
  await page.getByText('There is no field "onerror"').first().waitFor();
  await page.getByRole("searchbox").fill('"<img src=x onerror=alert(1)>"');
  await page.getByText("No connection matches.").waitFor();
  await page.getByRole("button", { name: "Clear the filter" }).click();

  const head = page.getByRole("columnheader", { name: "Port" });
  await head.getByRole("link").click();
  await until("sorted by port", async () => await isSorted(page, 1));
  assert.equal(await head.getAttribute("aria-sort"), "ascending");
  await head.getByRole("link").press("Enter");
  await until("sorted the other way", async () => await isSorted(page, -1));
  assert.equal(await head.getAttribute("aria-sort"), "descending");

  await page.locator("[data-row='0']").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await until("the third row has the focus", async () => await focusedRow(page) === "2");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByText("First seen").waitFor();
  await page.keyboard.press("Escape");
  await until("the focus is back", async () => await focusedRow(page) === "2");

  // The address is the view: another browser sees the same.
  const other = await browser.page();
  await other.goto(page.url());
  assert.equal(
    await other.getByRole("columnheader", { name: "Port" }).getAttribute("aria-sort"),
    "descending",
  );
  // A filter that cannot be read is refused with 400, which Chromium notes in its console.
  assert.deepEqual(browser.complaints.filter((text) => !text.includes("400 (Bad Request)")), []);
}));

Deno.test(browserTest("the page says when the server is away, and goes on when it is back", async () => {
  const port = freePort();
  const first = await Server.start(DEMO, { port });
  await using browser = await TestBrowser.start();
  const page = await browser.page();
  try {
    await open(page, first);
    await until("data has come", async () => await page.locator("canvas").getAttribute("data-last"));
  } finally {
    await first.stop("SIGKILL");
  }
  await page.getByText("No answer from Netpane").waitFor();
  assert.equal(await page.locator(".status-word").innerText(), "Reconnecting…");

  await using _second = await Server.start(DEMO, { port });
  await page.getByText("No answer from Netpane").waitFor({ state: "detached" });
  const clock = await page.locator(".top-clock").innerText();
  await until("the packet clock moves again", async () => {
    return await page.locator(".top-clock").innerText() !== clock;
  });
  assert.equal(await page.locator(".status-word").innerText(), "Playing");
  const unexpected = browser.complaints.filter((text) => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(text));
  assert.deepEqual(unexpected, []);
}));

Deno.test(browserTest("a capture that is off is said, with the step that mends it", async () => {
  await using server = await Server.start(["--interface", "nosuch0"]);
  await using browser = await TestBrowser.start();
  const page = await browser.page({ permissions: ["clipboard-read", "clipboard-write"] });
  await open(page, server);
  await page.locator(".problem-error").first().getByText("nosuch0").waitFor();
  await page.getByText("Capture off").waitFor();
  const command = await page.locator(".command code").first().innerText();
  await page.getByRole("button", { name: `Copy the command: ${command}` }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
  assert.doesNotMatch(await page.locator(".keys").innerText(), /every packet was counted/);
  assert.ok(await page.locator(".face").count() > 0, "interfaces are still shown");
  assert.deepEqual(browser.complaints, []);
}));

Deno.test(
  browserTest("ten thousand connections: the browser draws those in view, and reaches all", async () => {
    const file = await Deno.makeTempFile({ suffix: ".pcap" });
    try {
      await Deno.writeFile(file, manyFlows());
      await using server = await Server.start(["--pcap", file, "--speed", "max"]);
      await using browser = await TestBrowser.start();
      const page = await browser.page();
      await until("all flows are known", async () => {
        return (await server.json<{ all: number }>("/api/connections?limit=1")).all === MANY;
      });
      await open(page, server);
      const box = page.locator(".table-box");
      await box.scrollIntoViewIfNeeded();
      await page.getByText("10,000 connections").waitFor();
      await page.getByRole("columnheader", { name: "Client" }).getByRole("link").click();

      let most = 0;
      for (const part of [0, 0.1, 0.37, 0.5, 0.93, 1]) {
        await box.evaluate((element, part) => element.scrollTop = part * element.scrollHeight, part);
        await until("the rows are there", async () => {
          const drawn = await page.locator(".rows tbody .row").count();
          most = Math.max(most, drawn);
          return drawn > 0 && await page.locator(".row-waiting").count() === 0 && await isViewFilled(page);
        });
      }
      assert.ok(most <= MAX_DRAWN, `${most} rows are drawn at once`);
      await page.locator(`tr[aria-rowindex="${MANY + 1}"]`).waitFor();
      await page.locator(".row-open").last().focus();
      await page.keyboard.press("Home");
      await until("Home goes to the first row", async () => await focusedRow(page) === "0");
      await page.keyboard.press("End");
      await until("End goes to the last row", async () => await focusedRow(page) === String(MANY - 1));
      await page.getByRole("searchbox").fill("ip:10.1.2.3");
      await page.getByText("1 of 10,000 match").waitFor();
      assert.deepEqual(browser.complaints, []);
    } finally {
      await Deno.remove(file);
    }
  }),
);

Deno.test(browserTest("without scripts the page has its numbers, its filter and its order", async () => {
  await using server = await Server.start(DEMO);
  await hasConnections(server);
  const html = await server.get("/");
  assert.doesNotMatch(html, /<[^>]+\sstyle=/, "no inline style, which the policy would refuse");
  assert.doesNotMatch(html, /<[^>]+\son[a-z]+=/, "no inline handler, which the policy would refuse");

  await using browser = await TestBrowser.start();
  const page = await browser.page({ javaScriptEnabled: false });
  await page.goto(server.url("/"));
  const numbers = await page.locator(".keys").innerText();
  assert.match(numbers, /bit\/s/);
  assert.match(numbers, /0\s*lost/);
  assert.ok(await page.locator(".rows .row").count() > 5);
  assert.ok(await page.locator(".share-table tr").count() > 2);
  assert.equal(await page.locator("svg.picture").count(), 1);
  assert.equal(
    await page.getByRole("button", { name: "Pause" }).count(),
    0,
    "what needs scripts is not offered",
  );
  await page.getByText("Numbers of the last minute").click();
  assert.ok(await page.locator(".numbers tbody tr").count() > 0);

  await page.getByRole("searchbox").fill("port:53");
  await page.getByRole("button", { name: "Filter" }).click();
  const ports = await page.locator(".row .c-port").allInnerTexts();
  assert.ok(ports.length > 0 && ports.every((port) => port.startsWith("53")));
  await page.getByRole("columnheader", { name: "Client" }).getByRole("link").click();
  assert.match(page.url(), /q=port%3A53&sort=src_ip&order=asc/);
}));

Deno.test(browserTest("axe finds nothing, in both themes and at each width; nothing sticks out", async () => {
  await using server = await Server.start(DEMO);
  await hasConnections(server);
  await using browser = await TestBrowser.start();
  for (
    const [width, colorScheme] of [[360, "light"], [768, "dark"], [1280, "light"], [2560, "dark"]] as const
  ) {
    const page = await browser.page({
      viewport: { width, height: 900 },
      colorScheme,
      reducedMotion: "reduce",
      bypassCSP: true, // for axe, which is injected
    });
    await open(page, server);
    // The drawer is one of two: over the whole page, or beside it.
    for (const state of width === 360 || width === 1280 ? ["page", "drawer"] : ["page"]) {
      if (state === "drawer") {
        await page.locator(".row-open").first().click();
        await page.getByRole("dialog").waitFor();
      }
      const violations = await axeViolations(page);
      assert.deepEqual(violations, [], `${state} at ${width} px, ${colorScheme}`);
    }
    const over = await overhang(page);
    assert.ok(over <= 0, `the page sticks out by ${over} px at ${width} px`);
    await page.context().close();
  }
}));

Deno.test(browserTest("page, scripts and styles fit into 200 kB gzipped", async () => {
  await using server = await Server.start(DEMO);
  await using browser = await TestBrowser.start();
  const page = await browser.page();
  const sizes = new Map<string, number>();
  const reading: Promise<void>[] = [];
  page.on("response", (response) => {
    const kind = response.headers()["content-type"] ?? "";
    if (!/html|javascript|css|svg/.test(kind)) return;
    const measure = (body: Uint8Array) => void sizes.set(response.url(), gzipSync(body).length);
    reading.push(response.body().then(measure, () => {})); // what comes while the page is closed is no part of it
  });
  await open(page, server);
  await Promise.all(reading);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  assert.ok(total <= BUDGET_BYTES, `${total} bytes in ${sizes.size} files`);
  assert.ok([...sizes.keys()].some((url) => url.endsWith(".js")), "scripts were counted");
}));

/** Waits until the demo has come to its first connections, a few to port 53 among them. */
async function hasConnections(server: Server): Promise<void> {
  await until("connections", async () => {
    return (await server.json<{ total: number }>("/api/connections?q=port:53")).total > 5;
  });
}

/** Loads the dashboard and waits until scripts have taken over. */
async function open(page: Page, server: Server): Promise<void> {
  await page.goto(server.url("/"));
  await page.locator(".throughput.is-drawn").waitFor();
  await until(
    "the stream is open",
    async () => Number(await page.locator("canvas").getAttribute("data-points")) > 0,
  );
}

function focusedRow(page: Page): Promise<string | undefined> {
  return page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.row);
}

async function isSorted(page: Page, sign: 1 | -1): Promise<boolean> {
  const ports = (await page.locator(".row .c-port").allInnerTexts()).map((port) => parseInt(port) || 0);
  // ICMP has a code where others have a port, which is not shown.
  const known = ports.filter((port) => port > 0);
  return known.length > 1 && known.every((port, i) => i === 0 || sign * (port - known[i - 1]) >= 0);
}

/** Whether a drawn row lies at the top, the middle and the bottom of the table's window. */
function isViewFilled(page: Page): Promise<boolean> {
  return page.locator(".table-box").evaluate((box) => {
    const { left, top, width, height } = box.getBoundingClientRect();
    return [0.15, 0.5, 0.95].every((part) => {
      const y = top + part * height;
      if (y < 0 || y > innerHeight) return true;
      return document.elementFromPoint(left + width / 2, y)?.closest("tr.row") !== null;
    });
  });
}

/** Pixels of the chart that are not transparent, sampled. */
function paintedPixels(page: Page): Promise<number> {
  return page.locator("canvas").evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    let painted = 0;
    for (let i = 3; i < data.length; i += 40) if (data[i] > 0) painted++;
    return painted;
  });
}

/** One packet of each of `MANY` clients, all within a second. */
function manyFlows(): Uint8Array<ArrayBuffer> {
  const start = Date.UTC(2024, 0, 1) * 1_000;
  return pcapFile(Array.from({ length: MANY }, (_, i) => ({
    timeUs: start + i * 50,
    bytes: ethernet(
      {},
      ipv4(
        { src: `10.1.${i >> 8 & 255}.${i & 255}`, dst: "192.0.2.1", protocol: PROTOCOL.udp },
        udp(
          { src: `10.1.${i >> 8 & 255}.${i & 255}`, dst: "192.0.2.1", srcPort: 40_000, dstPort: 53 },
          new Uint8Array(8),
        ),
      ),
    ),
  })));
}
