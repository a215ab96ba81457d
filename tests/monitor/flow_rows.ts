/** Flow columns written by hand: what a test says of a row, plausible values for the rest. */
import {
  createFlowColumns,
  type FlowColumns,
  FlowEnd,
  FlowState,
  IpProtocol,
  LocalEnd,
} from "../../model/flow.ts";
import { parseAddress } from "../../model/address.ts";

export interface FlowRowSpec {
  id: number;
  client?: string;
  server?: string;
  ports?: [number, number];
  protocol?: number;
  bytes?: [number, number];
  packets?: [number, number];
  state?: number;
  end?: number;
  localEnd?: number;
  rttUs?: number;
  vlan?: number;
  tunnel?: number;
  tcpFlags?: [number, number];
  firstUs?: number;
  lastUs?: number;
}

export function flowRows(...specs: FlowRowSpec[]): FlowColumns {
  const columns = createFlowColumns(specs.length);
  columns.rows = specs.length;
  specs.forEach((spec, row) => {
    const client = parseAddress(spec.client ?? "192.0.2.1")!;
    columns.id[row] = spec.id;
    columns.ipVersion[row] = client.length === 4 ? 4 : 6;
    columns.address.set(client, 32 * row);
    columns.address.set(parseAddress(spec.server ?? "198.51.100.7")!, 32 * row + 16);
    columns.port.set(spec.ports ?? [40_000, 443], 2 * row);
    columns.protocol[row] = spec.protocol ?? IpProtocol.tcp;
    columns.bytes.set(spec.bytes ?? [100, 200], 2 * row);
    columns.packets.set(spec.packets ?? [1, 2], 2 * row);
    columns.state[row] = spec.state ?? FlowState.established;
    columns.end[row] = spec.end ?? FlowEnd.none;
    columns.localEnd[row] = spec.localEnd ?? LocalEnd.client;
    columns.rttUs[row] = spec.rttUs ?? 0;
    columns.vlan[row] = spec.vlan ?? 0;
    columns.tunnel[row] = spec.tunnel ?? 0;
    columns.tcpFlags.set(spec.tcpFlags ?? [0x1b, 0x1a], 2 * row);
    columns.firstUs[row] = spec.firstUs ?? 1_700_000_000_000_000;
    columns.lastUs[row] = spec.lastUs ?? 1_700_000_002_500_000;
  });
  return columns;
}
