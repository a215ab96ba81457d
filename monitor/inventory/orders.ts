/** By what hosts, devices, programs and listeners can be sorted, and how they are searched. */
import { METHOD_CONFIDENCE } from "../../model/system.ts";
import type { Device, Listener, ProgramSummary } from "../../model/inventory.ts";
import { addressOrder } from "../query.ts";
import type { HostFacts } from "./lazy_host.ts";
import { choice, readParameters } from "../parameters.ts";
import { type ListOrder, listParameters, type ListQuery, usualOrder } from "./list_query.ts";
import { DEVICES, HOSTS, LISTENERS, PROGRAMS } from "./subjects.ts";

export type HostSort =
  | "last"
  | "ip"
  | "name"
  | "country"
  | "organisation"
  | "bytes"
  | "bytes_to"
  | "bytes_from"
  | "bits_per_second"
  | "connections"
  | "rtt_ms"
  | "resent_share"
  | "alerts"
  | "first";

export const HOST_ORDER: ListOrder<HostSort, HostFacts> = {
  sorts: {
    last: (host) => host.last,
    ip: (host) => addressOrder(host.ip),
    name: (host) => host.name.toLowerCase() || null,
    country: (host) => host.country_name || host.country || null,
    organisation: (host) => host.organisation.toLowerCase() || null,
    bytes: (host) => host.bytes_to + host.bytes_from,
    bytes_to: (host) => host.bytes_to,
    bytes_from: (host) => host.bytes_from,
    bits_per_second: (host) => host.bits_per_second,
    connections: (host) => host.connections,
    rtt_ms: (host) => host.rtt_ms,
    resent_share: (host) => host.resent_share,
    alerts: (host) => 10_000 * host.alerts_open + host.alerts,
    first: (host) => host.first,
  },
  first: "bytes",
  rising: ["ip", "name", "country", "organisation"],
  subject: HOSTS,
  example: "country:nl port:443",
  key: (host) => host.ip,
};

export type DeviceSort = "last" | "mac" | "vendor" | "name" | "address" | "first";

export const DEVICE_ORDER: ListOrder<DeviceSort, Device> = {
  sorts: {
    last: (device) => device.last,
    mac: (device) => device.mac,
    vendor: (device) => device.vendor.toLowerCase() || null,
    name: (device) => device.names[0]?.name.toLowerCase() ?? null,
    address: (device) => device.addresses.length === 0 ? null : addressOrder(device.addresses[0].ip),
    first: (device) => device.first,
  },
  first: "last",
  rising: ["mac", "vendor", "name", "address"],
  subject: DEVICES,
  example: "is:router host:192.168.0.0/16",
  key: (device) => device.mac,
};

export type ProgramSort =
  | "bits_per_second"
  | "name"
  | "pid"
  | "user"
  | "container"
  | "connections"
  | "bytes"
  | "bytes_in"
  | "bytes_out"
  | "rtt_ms"
  | "alerts"
  | "started"
  | "last";

export const PROGRAM_ORDER: ListOrder<ProgramSort, ProgramSummary> = {
  sorts: {
    bits_per_second: (program) => program.bits_per_second,
    name: (program) => program.name.toLowerCase() || null,
    pid: (program) => program.pid,
    user: (program) => program.user || null,
    container: (program) => program.container || null,
    connections: (program) => program.connections,
    bytes: (program) => program.bytes_in + program.bytes_out,
    bytes_in: (program) => program.bytes_in,
    bytes_out: (program) => program.bytes_out,
    rtt_ms: (program) => program.rtt_ms,
    alerts: (program) => 10_000 * program.alerts_open + program.alerts,
    started: (program) => program.started || null,
    last: (program) => program.last,
  },
  first: "bytes",
  rising: ["name", "pid", "user", "container"],
  subject: PROGRAMS,
  example: "user:root bytes>1M",
  // Among equals those that are there, then those with most traffic.
  key: (program) =>
    `${program.active ? 0 : 1} ${
      String(1e15 - program.bytes_in - program.bytes_out).padStart(16, "0")
    } ${program.pid} ${program.started}`,
};

/** Of the list of programs. */
export const PROGRAM_PARAMETERS = {
  ...listParameters(PROGRAM_ORDER),
  ended: choice(
    ["each", "together"],
    "each",
    "Whether processes that have ended are rows of their own, or all of one program, user and container are one row " +
      "(then also those that had to go for newer ones; the filter looks at rows)",
  ),
};

/** @throws QueryError for a parameter that is unknown or out of range. */
export function parseProgramQuery(
  parameters: URLSearchParams,
): ListQuery<ProgramSort> & { ended: "each" | "together" } {
  const query = readParameters(PROGRAM_PARAMETERS, parameters);
  return { ...usualOrder(query, PROGRAM_ORDER), ended: query.ended };
}

export type ListenerSort =
  | "port"
  | "proto"
  | "address"
  | "process"
  | "user"
  | "reach"
  | "since"
  | "confidence";

export const LISTENER_ORDER: ListOrder<ListenerSort, Listener> = {
  sorts: {
    port: (listener) => listener.port,
    proto: (listener) => listener.proto,
    address: (listener) => addressOrder(listener.address),
    process: (listener) => listener.process.toLowerCase() || null,
    user: (listener) => listener.user || null,
    reach: (listener) => ["all", "one", "loopback"].indexOf(listener.reach),
    since: (listener) => listener.since,
    confidence: (listener) => METHOD_CONFIDENCE[listener.method],
  },
  first: "port",
  rising: ["port", "proto", "address", "process", "user", "reach"],
  subject: LISTENERS,
  example: "reach:all port<1024",
  key: (listener) =>
    `${
      String(listener.port).padStart(5, "0")
    } ${listener.proto} ${listener.address} ${listener.pid} ${listener.netns}`,
};
