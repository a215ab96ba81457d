/**
 * The door in a real browser: signing in and out by keyboard, with and without scripts, and what the read-only role is
 * offered; and what comes from the network shown as what it is, text, in pages and in CSV.
 */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { message, question, record } from "../capture/inspect/dpi/dns/dns_bytes.ts";
import { pcapFile } from "../support/capture_files.ts";
import { DataFolder, lockedServer, TOKENS } from "../support/door.ts";
import { ethernet, ipv4, PROTOCOL, TCP, tcp, text, udp } from "../support/packets.ts";
import { Server } from "../support/server.ts";
import { until } from "../support/wait.ts";
import { axeViolations, overhang } from "./axe.ts";
import { browserTest, TestBrowser } from "./browser.ts";

/** By keyboard alone: the field has the focus. */
async function signIn(page: Page, token: string): Promise<void> {
  await page.locator("#token:focus").waitFor();
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
}

Deno.test(
  browserTest(
    "signing in and out by keyboard; a wrong token is said; the token is in no address",
    async () => {
      using folder = new DataFolder();
      await using server = await lockedServer(folder);
      await using browser = await TestBrowser.start();
      for (const javaScriptEnabled of [true, false]) {
        const page = await browser.page({
          javaScriptEnabled,
          colorScheme: javaScriptEnabled ? "dark" : "light",
        });
        await page.goto(server.url("/dns?q=example"));
        assert.equal(new URL(page.url()).pathname, "/login");
        assert.equal(await page.title(), "Sign in – Netpane");
        if (javaScriptEnabled) {
          assert.deepEqual(await axeViolations(page), []);
          assert.equal(await overhang(page), 0);
        }
        await signIn(page, "not the token");
        await page.getByRole("alert").getByText("This is not the token").waitFor();
        assert.equal(await page.locator("#token").inputValue(), "", "a wrong token is not given back");
        await signIn(page, TOKENS.admin);
        await page.getByText("Signed in as admin").waitFor();
        assert.equal(page.url(), server.url("/dns?q=example"), "where one wanted to go");
        const [cookie] = await page.context().cookies();
        assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.value === TOKENS.admin], [
          true,
          "Strict",
          false,
        ]);

        await page.getByRole("button", { name: "Sign out" }).press("Enter");
        await page.getByRole("heading", { name: "Sign in" }).waitFor();
        assert.deepEqual(await page.context().cookies(), []);
        await page.goto(server.url("/"));
        assert.equal(new URL(page.url()).pathname, "/login");
      }
      // The browser itself reports a 401 as an error; nothing else may be one.
      assert.deepEqual(browser.complaints.filter((line) => !/status of 401/.test(line)), []);
    },
  ),
);

Deno.test(
  browserTest("the read-only role reads and follows the feed, and can neither write nor send", async () => {
    using folder = new DataFolder();
    await using server = await lockedServer(folder, ["--speed", "10"]);
    await using browser = await TestBrowser.start();
    const page = await browser.page();
    await page.goto(server.url("/"));
    await signIn(page, TOKENS.reader);
    await page.getByText("Signed in to look only").waitFor();
    const clock = page.locator(".top-clock");
    const before = await clock.innerText();
    await until("the feed moves the page", async () => await clock.innerText() !== before);

    await page.goto(server.url("/hosts/192.168.1.20"));
    assert.equal(
      await page.locator(".needs-admin:visible").count(),
      0,
      "nothing is offered that would be refused",
    );
    const asked = await page.evaluate(async () => {
      const ask = async (path: string, init?: RequestInit) => {
        const answer = await fetch(path, init);
        return [answer.status, answer.headers.get("content-type")];
      };
      return [
        await ask("/api/expected/x", { method: "DELETE" }),
        await ask("/api/anomalies/x/expect", { method: "POST", body: "{}" }),
        await ask("/api/ping?ip=127.0.0.1"),
        await ask("/api/stats"),
      ];
    });
    const refused = [403, "application/problem+json"];
    assert.deepEqual(asked.slice(0, 3), [refused, refused, refused]);
    assert.equal(asked[3][0], 200);
  }),
);

Deno.test(browserTest("a page of another site can neither read, write, embed nor rebind", async () => {
  await using server = await Server.start(["--demo"]);
  await using browser = await TestBrowser.start();
  const page = await browser.page();
  const target = server.url("");
  await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () =>
    new Response(
      `<!doctype html><form method="post" action="${target}/api/anomalies/1/expect" enctype="text/plain">
       <input name='{"comment":"' value='"}'></form><iframe src="${target}/"></iframe>`,
      { headers: { "content-type": "text/html" } },
    ));
  await page.goto(`http://localhost:${other.addr.port}/`);
  const seen = await page.evaluate(async (target) => {
    const ask = (init?: RequestInit) =>
      fetch(`${target}/api/stats`, init).then((answer) => answer.type, () => "refused");
    const image = await new Promise((resolve) => {
      const element = new Image();
      element.onload = () => resolve("loaded");
      element.onerror = () => resolve("refused");
      element.src = `${target}/favicon.svg`;
    });
    return [await ask(), await ask({ method: "DELETE" }), image];
  }, target);
  assert.deepEqual(seen, ["refused", "refused", "refused"]);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST"),
    page.evaluate(() => document.forms[0].submit()),
  ]);
  assert.equal(answer.status(), 403);
  assert.equal(page.frames().filter((frame) => frame.url() === `${target}/`).length, 0, "nothing is framed");
  const stats = await server.json<{ door: { refused: { foreign_page: number } } }>("/api/stats");
  assert(stats.door.refused.foreign_page >= 3);
}));

/** What wants to be more than text: markup, scripts, formulas, colours of terminals, turned writing. */
const HOSTILE = [
  "<script>window.hacked=1</script>",
  "<img src=x onerror=window.hacked=1>",
  '"><svg onload=window.hacked=1>',
  "javascript:window",
  "=cmd|' /C calc'!A0",
  "\x1b[31mred",
  "a\r\nb",
];

Deno.test(
  browserTest("hostile names and headers from the wire are text in every page and in CSV", async () => {
    using folder = new DataFolder();
    const file = `${folder.path}/hostile.pcap`;
    Deno.writeFileSync(file, hostileCapture());
    await using server = await Server.start(["--pcap", file, "--speed", "max"]);
    await until("all is read", async () => {
      const { payload, packets } = await server.json<{ payload: unknown; packets: { inspected: number } }>(
        "/api/stats",
      );
      return payload !== undefined && packets.inspected >= 4 * HOSTILE.length;
    });
    await until(
      "queries are told",
      async () => (await server.get("/api/dns_queries?limit=100")).includes("hacked"),
    );
    await using browser = await TestBrowser.start();
    const page = await browser.page();
    for (const path of ["/", "/dns", "/packets", "/findings", "/hosts", "/hosts/203.0.113.9"]) {
      await page.goto(server.url(path));
      await page.waitForTimeout(300); // so that scripts have drawn, too
      assert.equal(
        await page.evaluate(() => "hacked" in globalThis),
        false,
        path,
      );
      assert.equal(await page.locator("img[src=x], svg[onload], a[href^='javascript:']").count(), 0, path);
    }
    await page.goto(server.url("/dns"));
    assert((await page.locator("main").innerText()).includes("<script>"), "shown as it is");
    assert.deepEqual(browser.complaints, [], "no policy had to step in");

    const csv = await server.get("/api/export");
    const header = csv.slice(0, csv.indexOf("\n"));
    assert(header.includes("server_name"), header);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x08\x0b\x0c\x0e-\x1f]/.test(csv), "no control characters");
    assert(!/(?:^|,)"?[=+@]/m.test(csv), csv);
  }),
);

/** A DNS query with its answer, and an HTTP request, for each hostile name. */
function hostileCapture(): Uint8Array<ArrayBuffer> {
  const [client, resolver, server] = ["192.168.1.20", "192.168.1.1", "203.0.113.9"];
  const frames = HOSTILE.flatMap((name, i) => {
    const label = name.replaceAll(".", "-").slice(0, 63);
    const up = { src: client, dst: resolver, srcPort: 50_000 + i, dstPort: 53 };
    const down = { src: resolver, dst: client, srcPort: 53, dstPort: 50_000 + i };
    const ask = { questions: [question(`${label}.example`, 1)], id: i + 1 };
    const answers = [record(`${label}.example`, 1, [203, 0, 113, 9])];
    const dns = [
      ethernet({}, ipv4({ ...up, protocol: PROTOCOL.udp }, udp(up, message(ask)))),
      ethernet(
        {},
        ipv4({ ...down, protocol: PROTOCOL.udp }, udp(down, message({ ...ask, flags: 0x8180, answers }))),
      ),
    ];
    const out = { src: client, dst: server, srcPort: 51_000 + i, dstPort: 80 };
    const back = { src: server, dst: client, srcPort: 80, dstPort: 51_000 + i };
    const request = text(`GET /${name} HTTP/1.1\r\nHost: ${name}\r\nUser-Agent: ${name}\r\n\r\n`);
    const http = [
      tcp({ ...out, seq: 1, flags: TCP.syn }),
      tcp({ ...back, seq: 1, ack: 2, flags: TCP.syn | TCP.ack }),
      tcp({ ...out, seq: 2, ack: 2, flags: TCP.psh | TCP.ack }, request),
      tcp({ ...back, seq: 2, ack: 2 + request.length, flags: TCP.ack }),
    ].map((segment, n) =>
      ethernet({}, ipv4({ ...(n % 2 === 0 ? out : back), protocol: PROTOCOL.tcp }, segment))
    );
    return [...dns, ...http];
  });
  return pcapFile(frames.map((bytes, i) => ({ bytes, timeUs: 1.7e15 + 1000 * i })));
}
