/** A real Chromium for tests of the page; what it has to say against the page is collected. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where Chromium lies; `null` when it is not installed. */
export const CHROMIUM = [Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}) ?? null;

/** Options of a test that needs Chromium: skipped, with the reason in its name, where there is none. */
export function browserTest(name: string, fn: () => Promise<void>): Deno.TestDefinition {
  return {
    name: CHROMIUM === null ? `${name} (needs chromium; set CHROMIUM to its path)` : name,
    ignore: CHROMIUM === null,
    // The connection to the browser belongs to the library.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  };
}

/** A browser; `await using` closes it. */
export class TestBrowser implements AsyncDisposable {
  /** Errors, failed requests and violated policies, of all pages. */
  readonly complaints: string[] = [];
  #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<TestBrowser> {
    const args = ["--disable-dev-shm-usage", "--disable-gpu"];
    // Chromium's sandbox refuses to run as root.
    if (Deno.uid() === 0) args.push("--no-sandbox");
    return new TestBrowser(await chromium.launch({ executablePath: CHROMIUM!, args }));
  }

  /** A page in its own context, with nothing stored. */
  async page(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await this.#browser.newContext(options)).newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error.stack)));
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
