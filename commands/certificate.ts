/** Certificate and key for TLS, looked at before a server is made of them: each thing that can be wrong has its words. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { UsageError } from "../options.ts";
import { userPath } from "./paths.ts";

/** A certificate that ends within this time is worth a word. */
const SOON_MS = 14 * 24 * 3_600_000;

export interface Certificate {
  /** PEM. */
  cert: string;
  key: string;
  /** That it has ended, will soon, or has not begun; null when there is nothing to say. */
  warning: string | null;
}

/**
 * The files of `--tls-cert` and `--tls-key`.
 *
 * @returns Null when neither is given.
 * @throws UsageError when one is missing, cannot be read, is no PEM, or they do not belong together.
 */
export function loadCertificate(certFile: string, keyFile: string, nowMs: number): Certificate | null {
  if (certFile === "" && keyFile === "") return null;
  if (certFile === "") throw new UsageError("--tls-key needs the certificate, too: --tls-cert FILE");
  if (keyFile === "") throw new UsageError("--tls-cert needs its private key, too: --tls-key FILE");
  const [certPath, keyPath] = [userPath(certFile), userPath(keyFile)];
  const cert = read(certPath, "--tls-cert");
  const key = read(keyPath, "--tls-key");
  const parsed = parse(() => new X509Certificate(cert), `"${certPath}" is not a certificate in PEM`);
  const privateKey = parse(
    () => createPrivateKey(key),
    `"${keyPath}" is not a private key in PEM without a passphrase`,
  );
  if (!parsed.checkPrivateKey(privateKey)) {
    throw new UsageError(`The key in "${keyPath}" does not belong to the certificate in "${certPath}"`);
  }
  return { cert, key, warning: warningOf(parsed, certPath, nowMs) };
}

function warningOf({ validFrom, validTo }: X509Certificate, path: string, nowMs: number): string | null {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  if (nowMs > to) return `The certificate in "${path}" ended on ${day(to)}: browsers will refuse it`;
  if (nowMs < from) {
    return `The certificate in "${path}" begins on ${day(from)}: browsers refuse it until then`;
  }
  if (to - nowMs < SOON_MS) return `The certificate in "${path}" ends on ${day(to)}`;
  return null;
}

function read(path: string, option: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`There is no file "${path}"`);
    if (error instanceof Deno.errors.NotCapable) {
      throw new UsageError(
        `Reading "${path}" was not granted: run ./netpane start ${option} FILE, which grants just that file`,
      );
    }
    throw new UsageError(`Cannot read "${path}": ${error instanceof Error ? error.message : error}`);
  }
}

function parse<T>(make: () => T, message: string): T {
  try {
    return make();
  } catch {
    throw new UsageError(message); // what the parser says helps nobody
  }
}
