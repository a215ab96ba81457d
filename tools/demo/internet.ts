/**
 * The internet of the demo capture: every web server there is, behind one pair of ports.
 *
 * usage: internet.ts KEY CERTIFICATE
 */

const WORDS =
  ("the quick harbour opens early and the market sells bread fish apples paper lamps and shoes while the " +
    "tram runs along the river past the library the museum and the old mill until evening comes with rain")
    .split(" ");

/** Text that reads like a page, the same for the same path. */
function article(path: string, words: number): string {
  let seed = [...path].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0) >>> 0, 7);
  const out: string[] = [];
  for (let i = 0; i < words; i++) {
    seed = seed * 1_103_515_245 + 12_345 >>> 0;
    out.push(WORDS[(seed >>> 16) % WORDS.length]);
  }
  return out.join(" ");
}

function page(host: string, path: string, words: number): Response {
  return new Response(
    `<!doctype html><html lang="en"><title>${host}${path}</title><h1>${host}</h1><p>${
      article(path, words)
    }</p></html>\n`,
    { headers: { "content-type": "text/html; charset=utf-8" } },
  );
}

/** A file that says nothing and packs well. */
function file(bytes: number, type: string): Response {
  return new Response(new Uint8Array(bytes).fill(0x20), { headers: { "content-type": type } });
}

/** MPEG transport stream of null packets (ISO/IEC 13818-1 §2.4.1): 188 bytes each, and they pack well. */
function film(bytes: number): Response {
  const body = new Uint8Array(Math.ceil(bytes / 188) * 188).fill(0xff);
  for (let at = 0; at < body.length; at += 188) body.set([0x47, 0x1f, 0xff, 0x10], at);
  return new Response(body, { headers: { "content-type": "video/mp2t" } });
}

async function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const sent = request.body === null ? "" : await request.text();
  if (url.pathname.startsWith("/missing")) return new Response("Not Found\n", { status: 404 });
  if (url.pathname.startsWith("/segment/")) return film(Number(url.searchParams.get("bytes")));
  if (url.pathname.endsWith(".iso")) {
    return file(Number(url.searchParams.get("bytes")), "application/x-iso9660-image");
  }
  if (url.pathname.endsWith(".css")) return new Response(`/* ${article(url.pathname, 300)} */\n`);
  if (url.pathname.endsWith(".png")) return file(9_000, "image/png");
  if (url.pathname === "/checkout") {
    return Response.json({ order: 20417, received: sent.length, status: "paid" });
  }
  if (url.pathname === "/v1/forecast") {
    return Response.json({ celsius: [7, 9, 12, 11, 8], text: article("sky", 40) });
  }
  if (url.pathname === "/beacon") return new Response(null, { status: 204 });
  return page(url.hostname, url.pathname, 700);
}

const [key, cert] = Deno.args.map((path) => Deno.readTextFileSync(path));
const quiet = { onListen() {}, hostname: "::" };
Deno.serve({ ...quiet, port: 80 }, answer);
Deno.serve({ ...quiet, port: 443, key, cert }, answer);
