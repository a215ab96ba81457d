/** How hosts, devices, programs and listening sockets are asked by the filter language: see `model/filter/`. */
import type { Subject } from "../../model/filter/match.ts";
import type { Device, Listener, ProgramSummary } from "../../model/inventory.ts";
import type { HostFacts } from "./lazy_host.ts";

const low = (text: string) => text.toLowerCase();
/** Words for what is so. */
const those = (words: Record<string, boolean>) => Object.keys(words).filter((word) => words[word]);

export const HOSTS: Subject<HostFacts> = {
  name: "hosts",
  text: (host) => [
    host.ip,
    low(host.name),
    host.kind,
    ...those({ own: host.own }),
    low(host.country),
    low(host.country_name),
    low(host.organisation),
    host.asn === null ? "" : `as${host.asn}`,
    host.mac,
    low(host.vendor),
    ...host.programs.map(low),
    ...host.ports.map(String),
  ],
  texts: {
    host: (host) => [host.ip],
    ip: (host) => [host.ip],
    name: (host) => [low(host.name)],
    kind: (host) => [host.kind],
    is: (host) => those({ own: host.own }),
    country: (host) => [low(host.country), low(host.country_name)],
    network: (host) => [low(host.organisation)],
    asn: (host) => host.asn === null ? [] : [`${host.asn}`, `as${host.asn}`],
    mac: (host) => [host.mac],
    vendor: (host) => [low(host.vendor)],
    process: (host) => host.programs.map(low),
    slow: (host) => [host.slow],
  },
  names: { host: (host) => [low(host.name)], ip: (host) => [low(host.name)] },
  numbers: {
    port: (host) => host.ports,
    bytes: (host) => [host.bytes_to + host.bytes_from],
    rate: (host) => [host.bits_per_second],
    connections: (host) => [host.connections],
    rtt: (host) => [host.rtt_ms],
    alerts: (host) => [host.alerts],
    alerts_open: (host) => [host.alerts_open],
    first: (host) => [host.first],
    last: (host) => [host.last],
    since: (host) => [host.last],
    until: (host) => [host.first],
  },
};

const namesOf = (device: Device) => device.names.map(({ name }) => low(name));
const natureOf = ({ own, router, random }: Device) => those({ own, router, random });

export const DEVICES: Subject<Device> = {
  name: "devices",
  text: (device) => [
    device.mac,
    low(device.vendor),
    ...natureOf(device),
    low(device.in_iface),
    ...device.addresses.map(({ ip }) => ip),
    ...namesOf(device),
    ...device.says.map(low),
  ],
  texts: {
    host: (device) => device.addresses.map(({ ip }) => ip),
    ip: (device) => device.addresses.map(({ ip }) => ip),
    name: namesOf,
    mac: (device) => [device.mac],
    vendor: (device) => [low(device.vendor)],
    is: natureOf,
    iface: (device) => [low(device.in_iface)],
  },
  names: { host: namesOf, ip: namesOf },
  numbers: {
    first: (device) => [device.first],
    last: (device) => [device.last],
    since: (device) => [device.last],
    until: (device) => [device.first],
  },
};

const stateOf = (program: ProgramSummary) => program.active ? "active" : "ended";
const startOf = (program: ProgramSummary) => program.started || null;

export const PROGRAMS: Subject<ProgramSummary> = {
  name: "programs",
  text: (program) => [
    `${program.pid}`,
    low(program.name),
    low(program.path),
    low(program.command_line),
    low(program.user),
    low(program.parent),
    low(program.container),
    stateOf(program),
    ...program.listens,
  ],
  texts: {
    process: (program) => [low(program.name) || "unknown"],
    pid: (program) => [`${program.pid}`],
    path: (program) => [low(program.path), low(program.command_line)],
    user: (program) => [low(program.user)],
    parent: (program) => [low(program.parent)],
    container: (program) => [low(program.container)],
    state: (program) => [stateOf(program)],
  },
  numbers: {
    port: (program) => program.listens.map((listens) => parseInt(listens)),
    bytes: (program) => [program.bytes_in + program.bytes_out],
    rate: (program) => [program.bits_per_second],
    connections: (program) => [program.connections],
    rtt: (program) => [program.rtt_ms],
    alerts: (program) => [program.alerts],
    alerts_open: (program) => [program.alerts_open],
    first: (program) => [startOf(program)],
    last: (program) => [program.last],
    since: (program) => [program.last],
    until: (program) => [startOf(program)],
  },
};

export const LISTENERS: Subject<Listener> = {
  name: "listening sockets",
  text: (listener) => [
    listener.proto,
    listener.address,
    `${listener.port}`,
    listener.service,
    low(listener.process),
    low(listener.path),
    low(listener.user),
    low(listener.container),
    `${listener.pid}`,
    listener.reach,
  ],
  texts: {
    host: (listener) => [listener.address],
    ip: (listener) => [listener.address],
    proto: (listener) => [listener.proto],
    app: (listener) => [listener.service, low(listener.process)],
    process: (listener) => [low(listener.process) || "unknown"],
    pid: (listener) => [`${listener.pid}`],
    path: (listener) => [low(listener.path)],
    user: (listener) => [low(listener.user)],
    container: (listener) => [low(listener.container)],
    reach: (listener) => [listener.reach],
  },
  numbers: {
    port: (listener) => [listener.port],
    first: (listener) => [listener.since],
  },
};
