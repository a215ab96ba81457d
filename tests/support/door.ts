/** A server that asks for tokens, and words of HTTP as no client library would send them. */
import { Server } from "./server.ts";

/** Tokens of the server's data folder. */
export const TOKENS = { admin: "a1".repeat(24), reader: "b2".repeat(24) };

export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** A data folder with those tokens; `using` deletes it. */
export class DataFolder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "netpane-" });

  constructor() {
    Deno.writeTextFileSync(`${this.path}/token`, `${TOKENS.admin}\n`, { mode: 0o600 });
    Deno.writeTextFileSync(`${this.path}/token.read`, `${TOKENS.reader}\n`, { mode: 0o600 });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** `netpane start` on all addresses, so that a token is needed. */
export function lockedServer(
  folder: DataFolder,
  args: string[] = [],
  options: Parameters<typeof Server.start>[1] = {},
): Promise<Server> {
  return Server.start(["--demo", "--host", "0.0.0.0", "--data", folder.path, ...args], {
    token: TOKENS.admin,
    ...options,
  });
}

/**
 * Sends `request` as it is and reads until the server closes.
 *
 * @param how `isAll`: nothing more will come, which a server learns at once, for what is no request; `head`: reads no
 *   further than the end of the header, for a server that waits for a body.
 */
export async function raw(
  port: number,
  request: string,
  { isAll = false, head = false }: { isAll?: boolean; head?: boolean } = {},
): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let said = "";
  try {
    await connection.write(new TextEncoder().encode(request));
    if (isAll) await connection.closeWrite();
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65_536);
    while (!head || !said.includes("\r\n\r\n")) {
      const length = await connection.read(buffer);
      if (length === null) break;
      said += decoder.decode(buffer.subarray(0, length), { stream: true });
    }
  } catch {
    // reset: what was said before counts
  } finally {
    connection.close();
  }
  return said;
}
