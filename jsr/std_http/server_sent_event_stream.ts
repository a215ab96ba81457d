/**
 * Server-sent events (WHATWG HTML §9.2): messages in, bytes of `text/event-stream` out.
 *
 * @module
 */

/** One message. */
export interface ServerSentEventMessage {
  /** Ignored by clients; keeps a connection alive. */
  comment?: string;
  /** Type of the event, one line. */
  event?: string;
  /** The content; may have several lines. */
  data?: string;
  /** Sent back as `Last-Event-ID` after a reconnection, one line. */
  id?: string | number;
  /** Milliseconds to wait before a reconnection. */
  retry?: number;
}

const NEWLINE = /\r\n|\r|\n/;

function oneLine(field: string, value: string | number): string {
  const text = String(value);
  if (NEWLINE.test(text)) throw new SyntaxError(`The "${field}" of an event cannot hold a newline`);
  return `${field}:${text}`;
}

function encode({ comment, event, data, id, retry }: ServerSentEventMessage): string {
  const lines: string[] = [];
  if (comment !== undefined) lines.push(...comment.split(NEWLINE).map((line) => `:${line}`));
  if (event !== undefined) lines.push(oneLine("event", event));
  if (data !== undefined) lines.push(...data.split(NEWLINE).map((line) => `data:${line}`));
  if (id !== undefined) lines.push(oneLine("id", id));
  if (retry !== undefined) lines.push(oneLine("retry", retry));
  return `${lines.join("\n")}\n\n`;
}

/**
 * Turns messages into the bytes of an event stream, one chunk each. An event name or id with a newline
 * ends the stream with a `SyntaxError`, since it could forge further fields.
 *
 * @example
 * ```ts no-eval
 * const body = messages.pipeThrough(new ServerSentEventStream());
 * return new Response(body, { headers: { "content-type": "text/event-stream" } });
 * ```
 */
export class ServerSentEventStream extends TransformStream<ServerSentEventMessage, Uint8Array> {
  constructor() {
    const encoder = new TextEncoder();
    super({
      transform: (message, out) => out.enqueue(encoder.encode(encode(message))),
    });
  }
}
