/**
 * A web server for tests, to be run inside a namespace: `web_server.ts PORT`.
 *
 * `/bytes/N` answers with N bytes; `/slow` goes on until the client leaves; all else is a short text.
 */
function answer(request: Request): Response {
  const { pathname } = new URL(request.url);
  const bytes = /^\/bytes\/(\d{1,9})$/.exec(pathname);
  if (bytes) return new Response(new Uint8Array(Number(bytes[1])).fill(0x2e));
  if (pathname === "/slow") return new Response(drip());
  return new Response("it works\n");
}

function drip(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let timer: ReturnType<typeof setInterval>;
  return new ReadableStream({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new Uint8Array(500).fill(0x2e)), 100);
    },
    cancel: () => clearInterval(timer),
  });
}

if (import.meta.main) Deno.serve({ hostname: "::", port: Number(Deno.args[0]), onListen() {} }, answer);
