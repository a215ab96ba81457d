/** Bodies of requests are read at the door, whole and at once: no route can be kept waiting, or fed without end. */

/** Bytes; routes may take less. */
const MAX_BODY = 65_536;
/** From the first byte to the last. */
const PATIENCE_MS = 10_000;

/** What is wrong with a body. */
export class BodyError extends Error {
  override name = "BodyError";
  readonly status: 400 | 408 | 413;

  constructor(status: 400 | 408 | 413, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The request with its body at hand; as it is when it has none.
 *
 * @throws BodyError 413 above 64 KiB, 408 when it takes longer than 10 s, 400 when it breaks off.
 */
export async function readBody(request: Request, patienceMs = PATIENCE_MS): Promise<Request> {
  const tooLarge = new BodyError(413, `A body has at most ${MAX_BODY} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY) throw tooLarge;
  if (request.body === null) return request;
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new BodyError(408, `A body takes at most ${patienceMs / 1000} seconds`));
    }, patienceMs);
  });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  try {
    for (let bytes = 0;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) break;
      bytes += value.length;
      if (bytes > MAX_BODY) throw tooLarge;
      parts.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {}); // the connection goes, and the rest with it
    throw error instanceof BodyError ? error : new BodyError(400, "The body broke off");
  } finally {
    clearTimeout(timer);
  }
  const { url, method, headers } = request;
  return new Request(url, { method, headers, body: new Blob(parts) });
}
