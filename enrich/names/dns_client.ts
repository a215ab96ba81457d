/**
 * Asks name servers, as the system's own resolver would: over UDP, over TCP where the answer did not fit.
 *
 * Deno's `resolveDns` cannot tell "there is no such name" from "the server failed", and says nothing of how long an
 * answer may be kept. Both matter here.
 */
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns";
import { normalizeAddress } from "../../model/address.ts";
import { buildQuery, type DnsReply, parseReply, RecordType, type RecordTypeName } from "./dns_message.ts";

/** One try with one server. */
const TRY_MS = 2_000;
/** Servers tried at most: the C library takes three, resolv.conf(5) MAXNS. */
const MAX_SERVERS = 3;
const DNS_PORT = 53;
/** How long the list of servers is believed: laptops move. */
const SERVERS_MS = 10_000;

/** A name server. */
export interface NameServer {
  address: string;
  port: number;
}

export interface DnsClientOptions {
  /** @default The system's. */
  servers?: NameServer[];
  /** One try with one server. @default {2000} */
  tryMs?: number;
}

/** Why no server answered. */
export class DnsError extends Error {
  override name = "DnsError";
  constructor(
    readonly code: "no-server" | "timeout" | "unreachable" | "malformed" | "bad-name",
    message: string,
  ) {
    super(message);
  }
}

/** An answer and who gave it. */
export interface ServedReply {
  reply: DnsReply;
  server: NameServer;
}

export class DnsClient {
  #options: DnsClientOptions;
  #servers: { list: NameServer[]; atMs: number } | null = null;
  /** Questions sent, and those without any answer. */
  readonly counters = { queries: 0, failed: 0 };

  constructor(options: DnsClientOptions = {}) {
    this.#options = options;
  }

  /**
   * Asks one server after the other until one has an answer; "no such name" is one, `SERVFAIL` and `REFUSED` only from
   * the last.
   *
   * @param name In letters that DNS has, without a dot at the end.
   * @throws DnsError
   */
  async ask(name: string, type: RecordTypeName): Promise<ServedReply> {
    const servers = this.servers();
    if (servers.length === 0) throw new DnsError("no-server", "The system has no name server");
    let last: ServedReply | null = null;
    let error: DnsError | null = null;
    for (const server of servers) {
      this.counters.queries++;
      try {
        const reply = await this.#exchange(server, name, type);
        last = { reply, server };
        if (reply.rcode === "NOERROR" || reply.rcode === "NXDOMAIN") return last;
      } catch (cause) {
        if (!(cause instanceof DnsError)) throw cause;
        if (cause.code === "bad-name") throw cause;
        this.counters.failed++;
        error = cause;
      }
    }
    if (last !== null) return last;
    throw error!;
  }

  /** Servers in the order in which they are asked. */
  servers(): NameServer[] {
    if (this.#options.servers) return this.#options.servers;
    const now = performance.now();
    if (this.#servers === null || now - this.#servers.atMs > SERVERS_MS) {
      this.#servers = { list: systemServers(), atMs: now };
    }
    return this.#servers.list;
  }

  async #exchange(server: NameServer, name: string, type: RecordTypeName): Promise<DnsReply> {
    const id = crypto.getRandomValues(new Uint16Array(1))[0];
    const query = buildQuery(id, name, type);
    if (query === null) throw new DnsError("bad-name", `"${name}" is no domain name`);
    const isOurs = (reply: DnsReply | null) =>
      reply !== null && reply.id === id && reply.question.type === RecordType[type] &&
      reply.question.name === name.toLowerCase();
    const tryMs = this.#options.tryMs ?? TRY_MS;
    const reply = await overUdp(server, query, isOurs, tryMs);
    if (!reply.truncated) return reply;
    return await overTcp(server, query, isOurs, tryMs);
  }
}

/** The system's servers, without doubles. */
function systemServers(): NameServer[] {
  let texts: string[];
  try {
    texts = new Resolver().getServers();
  } catch {
    return []; // no permission `sys`, or no such list on this system
  }
  return [...new Set(texts)].map((text) => {
    const bracketed = /^\[(.+)\]:(\d+)$/.exec(text) ?? /^([\d.]+):(\d+)$/.exec(text);
    return bracketed === null
      ? { address: text, port: DNS_PORT }
      : { address: bracketed[1], port: Number(bracketed[2]) };
  }).slice(0, MAX_SERVERS);
}

type Check = (reply: DnsReply | null) => boolean;

function overUdp(
  server: NameServer,
  query: Uint8Array<ArrayBuffer>,
  isOurs: Check,
  tryMs: number,
): Promise<DnsReply> {
  const socket = createSocket(server.address.includes(":") ? "udp6" : "udp4");
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new Promise<DnsReply>((resolve, reject) => {
    const unreachable = (error: Error) =>
      reject(new DnsError("unreachable", `${server.address} could not be reached: ${error.message}`));
    timer = setTimeout(
      () => reject(new DnsError("timeout", `${server.address} did not answer in ${tryMs} ms`)),
      tryMs,
    );
    socket.on("error", unreachable);
    socket.on("message", (message: Uint8Array, from: { address: string; port: number }) => {
      if (from.port !== server.port || !isSameAddress(from.address, server.address)) return;
      const reply = parseReply(new Uint8Array(message));
      if (isOurs(reply)) resolve(reply!); // anything else is a stranger's, or late
    });
    socket.send(query, server.port, server.address, (error) => {
      if (error) unreachable(error);
    });
  }).finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

/** Zones left aside: what came over another link has another address. */
function isSameAddress(a: string, b: string): boolean {
  return normalizeAddress(a) === normalizeAddress(b);
}

async function overTcp(
  server: NameServer,
  query: Uint8Array<ArrayBuffer>,
  isOurs: Check,
  tryMs: number,
): Promise<DnsReply> {
  let connection: Deno.TcpConn | undefined;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    connection?.close();
  }, tryMs);
  try {
    connection = await Deno.connect({
      hostname: server.address,
      port: server.port,
      signal: AbortSignal.timeout(tryMs),
    });
    const framed = new Uint8Array(query.length + 2); // RFC 1035 §4.2.2
    framed.set([query.length >> 8, query.length & 0xff]);
    framed.set(query, 2);
    for (let at = 0; at < framed.length;) at += await connection.write(framed.subarray(at));
    const [high, low] = await readFull(connection, 2);
    const reply = parseReply(await readFull(connection, high << 8 | low));
    if (isOurs(reply)) return reply!;
    throw new DnsError("malformed", `${server.address} sent an answer that makes no sense`);
  } catch (error) {
    if (error instanceof DnsError) throw error;
    if (isLate || (error instanceof DOMException && error.name === "TimeoutError")) {
      throw new DnsError("timeout", `${server.address} did not answer over TCP in ${tryMs} ms`);
    }
    throw new DnsError(
      "unreachable",
      `${server.address} could not be reached over TCP: ${error instanceof Error ? error.message : error}`,
    );
  } finally {
    clearTimeout(timer);
    if (!isLate) connection?.close();
  }
}

async function readFull(connection: Deno.TcpConn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await connection.read(bytes.subarray(at));
    if (count === null) {
      throw new DnsError("malformed", "The connection was closed in the middle of an answer");
    }
    at += count;
  }
  return bytes;
}
