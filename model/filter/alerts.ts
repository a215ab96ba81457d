/** How alerts are asked by the filter language: on the server, and in the browser for those that the feed tells. */
import type { Anomaly } from "../api.ts";
import type { Subject } from "./match.ts";

const low = (text: string) => text.toLowerCase();

export const ALERTS: Subject<Anomaly> = {
  name: "alerts",
  text: (row) => [
    row.kind,
    low(row.signature),
    low(row.message),
    row.src_ip,
    row.dest_ip,
    row.server_name,
    low(row.process),
    row.app_proto,
    low(row.in_iface),
    low(row.expected?.comment ?? ""),
  ],
  exact: (row) => [`${row.src_port}`, `${row.dest_port}`, row.proto, row.app_proto],
  texts: {
    host: (row) => [row.src_ip, row.dest_ip],
    ip: (row) => [row.src_ip, row.dest_ip],
    src: (row) => [row.src_ip],
    dst: (row) => [row.dest_ip],
    name: (row) => [row.server_name],
    kind: (row) => [row.kind],
    proto: (row) => [row.proto],
    app: (row) => [row.app_proto, low(row.process)],
    process: (row) => [low(row.process) || "unknown"],
    iface: (row) => [low(row.in_iface)],
  },
  names: { host: (row) => [row.server_name], dst: (row) => [row.server_name] },
  numbers: {
    port: (row) => [row.src_port, row.dest_port],
    sport: (row) => [row.src_port],
    dport: (row) => [row.dest_port],
    severity: (row) => [row.severity],
    since: (row) => [row.last],
    until: (row) => [row.first],
  },
};
