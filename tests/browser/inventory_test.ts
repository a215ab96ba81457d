/**
 * Hosts, devices, programs and listening sockets in a real browser, against the real program that plays a capture made
 * here (or watches loopback): what is shown, that it moves, that names from strangers are text, and who can use it.
 */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { HostPage, ProgramPage } from "../../model/inventory.ts";
import { pcapFile } from "../support/capture_files.ts";
import { findProgram, needs } from "../support/needs.ts";
import { ethernet, ipv4, PROTOCOL, udp } from "../support/packets.ts";
import { Server } from "../support/server.ts";
import { until } from "../support/wait.ts";
import { axeViolations, overhang } from "./axe.ts";
import { browserTest, TestBrowser } from "./browser.ts";
import { CLIENT, conversations, HOSTILE } from "./conversations.ts";

/** Addresses of the overloaded list: more than are kept. */
const MANY = 25_000;
const WIDTHS: [width: number, scheme: "light" | "dark"][] = [
  [360, "dark"],
  [800, "light"],
  [1280, "dark"],
  [1920, "light"],
];

Deno.test(browserTest("a host's page: from the first page, by the list, to cards that move", async () => {
  await using server = await Server.start(["--demo"]);
  await using browser = await TestBrowser.start();
  await until("the host is seen", async () => {
    const { hosts } = await server.json<HostPage>("/api/hosts?q=video.example.org");
    return hosts.some(({ connections_seen }) => connections_seen > 1);
  });
  const page = await browser.page({ viewport: { width: 1280, height: 900 } });
  await page.goto(server.url("/"));
  await page.locator(".leaders").getByRole("link", { name: /video\.example\.org/ }).first().click();
  await page.getByRole("heading", { name: "video.example.org", level: 1 }).waitFor();
  assert.match(page.url(), /\/hosts\/[0-9a-f.:]+$/);
  const text = await page.locator("main").innerText();
  for (
    const part of [/answer of a name server/, /Documentation/, /Median/, /80 tcp\s*http/, /Connections now/]
  ) {
    assert.match(text, part);
  }
  const moved = () => page.locator(".fact-out").innerText();
  const before = await moved();
  await until("what it sent goes up by itself", async () => await moved() !== before);

  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Hosts" }).click();
  await page.getByRole("searchbox").fill("nas");
  await until("only that host is left", async () => {
    const names = await page.locator(".list-hosts tbody tr").allInnerTexts();
    return names.length > 0 && names.every((name) => /nas\.home\.arpa/.test(name));
  });
  await until("the address follows", () => page.url().endsWith("/hosts?q=nas"));
  await page.getByRole("searchbox").fill("kind:private and (nosuch:1)");
  await page.getByText('There is no field "nosuch"').waitFor();
  assert.equal(await page.locator(".filter-place mark").innerText(), "nosuch:1");
  await page.getByRole("searchbox").fill("nothing like it");
  await page.getByText("No host matches.").waitFor();
  await page.getByRole("button", { name: "Clear the filter" }).click();
  const head = page.getByRole("columnheader", { name: "Host" });
  await head.getByRole("link", { name: "address" }).click();
  await until("sorted by address", async () => {
    return await head.getAttribute("aria-sort") === "ascending" &&
      /^192\.168\.1\.1\b/.test(await page.locator(".list-hosts tbody tr").first().innerText());
  });

  await page.getByRole("link", { name: "Devices", exact: true }).click();
  await page.getByText("02:00:5e:10:00:20").waitFor();
  assert.match(await page.locator(".list-devices").innerText(), /made-up address/);
  await page.getByRole("link", { name: "192.168.1.20", exact: true }).click();
  await page.getByRole("heading", { name: "192.168.1.20", level: 1 }).waitFor();
  const others = browser.complaints.filter((complaint) => !/400/.test(complaint)); // the filter that was wrong
  assert.deepEqual(others, []);
}));

Deno.test(
  browserTest("what is typed before the scripts have come is kept, on every page with a filter", async () => {
    await using server = await Server.start(["--demo"]);
    await using browser = await TestBrowser.start();
    const page = await browser.page();
    for (const path of ["/", "/hosts", "/processes", "/findings", "/dns", "/packets"]) {
      const { promise: typed, resolve: scriptsMayCome } = Promise.withResolvers<void>();
      await page.route(/\/_fresh\/js\//, async (route) => {
        await typed;
        await route.continue();
      });
      await page.goto(server.url(path), { waitUntil: "commit" });
      await page.getByRole("searchbox").fill("nas");
      scriptsMayCome();
      await until(`${path}: it is in effect`, () => new URL(page.url()).searchParams.get("q") === "nas");
      assert.equal(await page.getByRole("searchbox").inputValue(), "nas", path);
      await page.unroute(/\/_fresh\/js\//);
    }
  }),
);

Deno.test(browserTest("names from strangers are text on every page about them", async () => {
  await using capture = await Capture.of(conversations());
  await using server = await Server.start(["--pcap", capture.path, "--speed", "max"]);
  await using browser = await TestBrowser.start();
  await until("hosts", async () => (await server.json<HostPage>("/api/hosts")).all >= 3);
  const page = await browser.page();
  const dialogs: string[] = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  const { hosts } = await server.json<HostPage>("/api/hosts?limit=1000");
  for (
    const path of [
      "/hosts",
      "/hosts?tab=devices",
      "/processes",
      ...hosts.map(({ ip }) => `/hosts/${ip}`),
    ]
  ) {
    await page.goto(server.url(path));
    await page.locator("h1").waitFor();
    assert.equal(await page.locator("main img, main iframe, main script:not([id])").count(), 0, path);
  }
  await page.goto(server.url(`/hosts?${new URLSearchParams({ q: HOSTILE })}`));
  assert.equal(await page.getByRole("searchbox").inputValue(), HOSTILE);
  assert.deepEqual(dialogs, []);
  // What was seen of nobody is 404; such a name is no filter, and refused with 400.
  assert.deepEqual(browser.complaints.filter((complaint) => !/40[04]/.test(complaint)), []);
}));

Deno.test(
  browserTest(
    "more hosts than are kept: the list is a page of a hundred, and says what is missing",
    async () => {
      await using capture = await Capture.of(manyHosts());
      await using server = await Server.start(["--pcap", capture.path, "--speed", "5"]);
      await using browser = await TestBrowser.start();
      await until("all is played", async () => {
        const { all, capacity } = await server.json<HostPage>("/api/hosts?limit=1");
        return all === capacity;
      });
      const page = await browser.page({ viewport: { width: 1280, height: 900 } });
      await page.goto(server.url("/hosts"));
      await page.getByText("that were quiet longest had to go").waitFor();
      assert.equal(await page.locator(".list-hosts tbody tr").count(), 100);
      await page.getByRole("link", { name: "Next" }).click();
      await page.getByText("101 to 200 of 20,000").waitFor();
      await until("the address follows", () => page.url().endsWith("/hosts?offset=100"));
      assert.deepEqual(browser.complaints, []);
    },
  ),
);

{
  const need = needs("root", "curl");
  const test = browserTest(
    need.name("programs and listening sockets, live: this very browser is among them"),
    async () => {
      await using server = await Server.start(["--interface", "lo"]);
      await using browser = await TestBrowser.start();
      const page = await browser.page({ viewport: { width: 1280, height: 900 }, bypassCSP: true });
      await page.goto(server.url("/processes"));
      const mine = await until("the browser has moved something", async () => {
        const { processes } = await server.json<ProgramPage>("/api/processes?q=chrom");
        return processes.find(({ bytes_in, active }) => bytes_in > 0 && active);
      });
      assert.match(await page.locator("tfoot").innerText(), /Unattributed/);
      await page.getByRole("searchbox").fill(`${mine.name} ${mine.pid}`);
      await page.getByRole("link", { name: new RegExp(`${mine.name} ?${mine.pid}`) }).click();
      await page.getByRole("heading", { name: mine.name, level: 1 }).waitFor();
      await until("its connections", async () => await page.locator(".list-conns tbody tr").count() > 0);
      const RUNS = 8;
      for (let i = 0; i < RUNS; i++) {
        await new Deno.Command(findProgram("curl")!, { args: ["-s", server.url("/healthz")], stdout: "null" })
          .output();
      }
      await until("all have ended", async () => {
        const { matching, processes } = await server.json<ProgramPage>(
          "/api/processes?ended=together&q=process:curl+state:ended",
        );
        return matching >= RUNS && processes.some(({ processes }) => processes > 1);
      });
      await page.goto(server.url("/processes?q=process:curl"));
      await page.getByRole("link", { name: /curl ?\d+ processes ?ended/ }).first().click();
      await page.getByRole("link", { name: "Ended ones together" }).waitFor();
      assert.ok(await page.locator(".list-programs tbody tr").count() > 1, "each by itself");
      await page.goto(server.url("/processes?tab=listening"));
      const row = page.locator(".list-listeners tbody tr", { hasText: String(server.port) });
      assert.match(await row.innerText(), /this machine alone[\s\S]*127\.0\.0\.1[\s\S]*deno/);
      await usable(page, server, ["/processes", "/processes?tab=listening", `/processes/${mine.pid}`]);
      assert.deepEqual(browser.complaints.filter((complaint) => !/404/.test(complaint)), []);
    },
  );
  Deno.test({ ...test, ignore: test.ignore || need.ignore });
}

Deno.test(browserTest("the pages of hosts are accessible and fit every width, light and dark", async () => {
  await using server = await Server.start(["--demo"]);
  await using browser = await TestBrowser.start();
  await until("devices are seen", async () => (await server.json<{ all: number }>("/api/devices")).all > 2);
  const page = await browser.page({ bypassCSP: true });
  await usable(page, server, [
    "/hosts",
    "/hosts?tab=devices",
    "/hosts?q=nothing-like-it",
    "/hosts/192.168.1.20",
    "/hosts/203.0.113.30",
    "/hosts/203.0.113.250",
    "/processes",
    "/processes?tab=listening",
  ]);
}));

Deno.test(browserTest("the pages of hosts can be read without scripts", async () => {
  await using server = await Server.start(["--demo"]);
  await using browser = await TestBrowser.start();
  await until("hosts", async () => (await server.json<HostPage>("/api/hosts?q=video.example.org")).total > 0);
  const page = await browser.page({ javaScriptEnabled: false });
  await page.goto(server.url("/hosts"));
  await page.getByRole("searchbox").fill("video.example.org");
  await page.getByRole("button", { name: "Filter" }).click();
  assert.match(page.url(), /\/hosts\?q=video\.example\.org/);
  await page.locator(".list-hosts tbody a").first().click();
  await page.getByRole("heading", { name: "video.example.org", level: 1 }).waitFor();
  await page.goto(server.url("/hosts?tab=devices"));
  await page.getByRole("searchbox").fill("02:00");
  await page.getByRole("button", { name: "Filter" }).click();
  assert.match(page.url(), /tab=devices&q=02%3A00/);
  assert.ok(await page.locator(".list-devices tbody tr").count() > 0);
}));

/** Accessible, and nothing sticks out, at all widths. The page needs `bypassCSP`. */
async function usable(page: Page, server: Server, paths: string[]): Promise<void> {
  for (const [width, colorScheme] of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    for (const path of paths) {
      await page.goto(server.url(path));
      await page.locator("h1").waitFor();
      assert.deepEqual(await axeViolations(page), [], `${path} at ${width} px, ${colorScheme}`);
      assert.ok(await overhang(page) <= 0, `${path} sticks out at ${width} px`);
    }
  }
}

/** One packet each from many addresses to one, a thousand a second: what a second's snapshot has no room for is not told. */
function manyHosts(): Uint8Array {
  const dst = CLIENT;
  const payload = new Uint8Array(12);
  const packets = Array.from({ length: MANY }, (_, i) => {
    const src = `11.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    return ethernet(
      {},
      ipv4({ src, dst, protocol: PROTOCOL.udp }, udp({ src, dst, srcPort: 4000, dstPort: 9 }, payload)),
    );
  });
  return pcapFile(packets.map((bytes, i) => ({ bytes, timeUs: 1.7e15 + 1_000 * i })));
}

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
