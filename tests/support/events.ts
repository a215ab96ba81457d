/** Reads a server-sent event stream, as far as tests need it. */

/** One event of `text/event-stream`. */
export interface StreamEvent {
  id: string;
  event: string;
  data: string;
}

/**
 * The events of a response, one after another; comments and retry lines are left out. Ending the loop closes
 * the connection.
 */
export async function* readEvents(response: Response): AsyncGenerator<StreamEvent, void, void> {
  let id = "";
  let event = "message";
  let data: string[] = [];
  for await (const line of readLines(response.body!)) {
    if (line === "") {
      if (data.length > 0) yield { id, event, data: data.join("\n") };
      event = "message";
      data = [];
      continue;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line)!;
    if (field === "id") id = value;
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
}

/** Lines of a stream of UTF-8. */
export async function* readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string, void, void> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield line.replace(/\r$/, "");
  }
  if (rest !== "") yield rest;
}
