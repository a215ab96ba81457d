/**
 * Who asks, as limits count them: an IPv4 address, or the /64 of an IPv6 address, which is what one client is given.
 */
import { formatAddress, isIpv4Mapped, isLoopback, parseAddress } from "./address.ts";

const PREFIX_BYTES = 8; // a host may use every address of its /64 (RFC 4291 §2.5.4)

/** One name for all addresses of a client; what is no address (a Unix socket) stays as it is. */
export function clientKey(address: string): string {
  const bytes = parseAddress(address);
  if (bytes === null) return address;
  if (bytes.length === 4) return formatAddress(bytes, 0, 4);
  if (isIpv4Mapped(bytes)) return formatAddress(bytes, 12, 4);
  if (isLoopback(bytes, 0, 6)) return "::1";
  return `${formatAddress(bytes.fill(0, PREFIX_BYTES), 0, 6)}/64`;
}

/** Whether it is this machine that asks. A proxy on it is this machine, too. */
export function isThisMachine(address: string): boolean {
  const bytes = parseAddress(address);
  if (bytes === null) return false;
  return isLoopback(bytes, 0, bytes.length === 4 ? 4 : 6);
}
