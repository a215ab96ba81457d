/**
 * What a request asks of a proxy: the host it is for, and whether that one is inside. The flow's address and name are the
 * proxy's, and one connection to it may carry requests to many hosts.
 */
import { isPrivateText, parseAddress } from "../model/address.ts";
import type { Observation } from "../model/observation.ts";
import { HOME_SUFFIX } from "./dns_names.ts";

export interface Proxied {
  /** Lower case; of IPv6 without brackets. */
  host: string;
  port: number;
  /** The connection is the host's from now on (CONNECT). */
  isTunnel: boolean;
  /** Bytes to the server and back: without what is not known, the fields of both heads. -1: not known. */
  up: number;
  down: number;
}

/** `http://host:port/`, RFC 9112 §3.2.2; https is asked so of proxies that do TLS themselves. */
const ABSOLUTE = /^(https?):\/\/(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::(\d{1,5}))?(?=[/?#]|$)/i;
const AUTHORITY = /^(?:[^@]*@)?(\[[^\]]*\]|[^:/?#@]*):(\d{1,5})$/;
/** RFC 1035 §2.3.4: what claims to be longer is no host's name. */
const MAX_HOST_CHARS = 253;
/** The proxy itself says so: it wants a login, or did not reach the host. */
const OWN_ANSWERS = new Set([407, 502, 503, 504]);

/** What an observation of type `http` asks of a proxy; null where it asks a server, or nothing came of it. */
export function readProxied(observation: Observation): Proxied | null {
  const http = observation.fields.http as {
    http_method?: string;
    url?: string;
    http_user_agent?: string;
    status?: number;
    length?: number;
  };
  const { url = "", status = 0, http_method: method } = http;
  const isTunnel = method === "CONNECT";
  if (!isTunnel && !url.startsWith("http")) return null;
  if (status === 0 || OWN_ANSWERS.has(status) || isTunnel && status >= 300) return null;
  const found = isTunnel ? AUTHORITY.exec(url) : ABSOLUTE.exec(url);
  if (found === null) return null;
  const [scheme, host, port] = isTunnel ? ["", found[1], found[2]] : found.slice(1);
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (name === "" || name.length > MAX_HOST_CHARS) return null;
  const told = observation.fields.netpane as { http?: { request_length?: number } } | undefined;
  const isBodiless = method === "HEAD" || status === 204 || status === 304;
  return {
    host: name,
    port: Number(port ?? (scheme.toLowerCase() === "https" ? 443 : 80)),
    isTunnel,
    up: url.length + (http.http_user_agent?.length ?? 0) + (told?.http?.request_length ?? 0),
    down: isTunnel ? -1 : isBodiless ? 0 : http.length ?? -1,
  };
}

/** Whether a host that a proxy is asked for is inside: by its address, or a name that nobody outside can have. */
export function isHostInside(host: string): boolean {
  return parseAddress(host) === null ? !host.includes(".") || HOME_SUFFIX.test(host) : isPrivateText(host);
}
