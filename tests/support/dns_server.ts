/** A small name server on this machine, over UDP and TCP, that answers what a test tells it to. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Cursor } from "../../model/cursor.ts";
import { parseAddress } from "../../model/address.ts";
import { concat, text } from "./packets.ts";

/** A question as it came. */
export interface Question {
  name: string;
  type: number;
  overTcp: boolean;
}

/** What to answer; null for silence. */
export interface Answer {
  rcode?: number;
  /** Type, data as it is on the wire, and seconds to live, all of the name asked for. */
  records?: { type: number; data: Uint8Array; ttl?: number; section?: "answer" | "authority" }[];
  /** Over UDP only: send nothing but the flag that says so. */
  truncated?: boolean;
  /** Sent as it is, in place of all else. */
  raw?: Uint8Array;
}

/** What a test says to each question. */
export type Zone = (question: Question) => Answer | null | Promise<Answer | null>;

export class DnsServer implements AsyncDisposable {
  readonly questions: Question[] = [];
  #udp: Socket;
  #tcp: Deno.TcpListener | null = null;
  #answer: Zone;
  #tcpLoop: Promise<void> = Promise.resolve();

  private constructor(answer: Zone) {
    this.#answer = answer;
    this.#udp = createSocket("udp4");
  }

  static async start(answer: Zone): Promise<DnsServer> {
    const server = new DnsServer(answer);
    server.#udp.bind(0, "127.0.0.1");
    await once(server.#udp, "listening");
    server.#udp.on("message", async (message: Uint8Array, from: { port: number; address: string }) => {
      const reply = await server.#reply(new Uint8Array(message), false);
      if (reply !== null) server.#udp.send(reply, from.port, from.address);
    });
    server.#tcp = Deno.listen({ hostname: "127.0.0.1", port: server.port });
    server.#tcpLoop = server.#serveTcp(server.#tcp);
    return server;
  }

  get port(): number {
    return this.#udp.address().port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tcp?.close();
    await this.#tcpLoop;
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()));
  }

  async #serveTcp(listener: Deno.TcpListener): Promise<void> {
    for await (const connection of listener) {
      using _ = connection;
      const bytes = new Uint8Array(1024);
      const count = await connection.read(bytes) ?? 0;
      const reply = await this.#reply(bytes.slice(2, count), true);
      if (reply === null) continue;
      await connection.write(concat(Uint8Array.of(reply.length >> 8, reply.length & 0xff), reply));
    }
  }

  async #reply(query: Uint8Array, overTcp: boolean): Promise<Uint8Array | null> {
    const c = new Cursor(query, 12);
    const labels: string[] = [];
    for (let size = c.u8(); size > 0; size = c.u8()) labels.push(c.ascii(size));
    const question = { name: labels.join("."), type: c.u16(), overTcp };
    const end = c.at + 2;
    this.questions.push(question);
    const answer = await this.#answer(question);
    if (answer === null || answer.raw) return answer?.raw ?? null;
    const isCut = answer.truncated === true && !overTcp;
    const records = isCut ? [] : answer.records ?? [];
    const count = (section: string) =>
      records.filter((each) => (each.section ?? "answer") === section).length;
    const flags = 0x8180 | (isCut ? 0x0200 : 0) | (answer.rcode ?? 0);
    const head = [flags, 1, count("answer"), count("authority"), 0].flatMap((
      value,
    ) => [value >> 8, value & 0xff]);
    return concat(
      query.subarray(0, 2),
      Uint8Array.from(head),
      query.subarray(12, end),
      ...records.map(({ type, data, ttl = 300 }) =>
        concat(
          Uint8Array.of(0xc0, 12, type >> 8, type & 0xff, 0, 1, 0, 0, ttl >> 8, ttl & 0xff),
          Uint8Array.of(data.length >> 8, data.length & 0xff),
          data,
        )
      ),
    );
  }
}

/** A name as it is on the wire, not compressed. */
export function wireName(name: string): Uint8Array {
  const labels = name === "" ? [] : name.split(".");
  return concat(...labels.map((label) => concat(Uint8Array.of(label.length), text(label))), Uint8Array.of(0));
}

/** An address as record data. */
export function wireAddress(address: string): Uint8Array {
  return parseAddress(address)!;
}
