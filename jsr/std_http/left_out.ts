/**
 * Published names that Netpane does not use. They can be imported, and say plainly what is missing when
 * they are called.
 *
 * @module
 */

function leftOut(name: string): never {
  throw new Error(`"${name}" is left out of the local @std/http package; see jsr/README.md`);
}

/** Left out of the local package. */
export function serveDir(_req: Request, _options?: unknown): Promise<Response> {
  return leftOut("serveDir");
}

/** Left out of the local package. */
export function serveFile(_req: Request, _filePath: string, _options?: unknown): Promise<Response> {
  return leftOut("serveFile");
}

/** Left out of the local package. */
export class ServerSentEventParseStream {
  constructor(_options?: unknown) {
    leftOut("ServerSentEventParseStream");
  }
}

/** Left out of the local package. */
export class UserAgent {
  constructor(_ua: string | null) {
    leftOut("UserAgent");
  }
}
