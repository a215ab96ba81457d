/** In which order a request wants the machine's interfaces. */
import type { InterfaceStatus } from "../model/api.ts";
import { ORDER } from "./packet_query.ts";
import { choice, readParameters, type Values } from "./parameters.ts";
import { type Order, sortRows } from "./row_order.ts";

const SORTS: Order<InterfaceStatus> = {
  index: (row) => row.index,
  name: (row) => row.name,
  received_bits_per_second: (row) => row.received_bits_per_second,
  sent_bits_per_second: (row) => row.sent_bits_per_second,
  received_bytes: (row) => row.received_bytes,
  sent_bytes: (row) => row.sent_bytes,
};

export const INTERFACE_PARAMETERS = {
  sort: choice(Object.keys(SORTS), "index", "What to sort by"),
  order: ORDER,
};

/** @throws QueryError naming the parameter at fault. */
export function parseInterfaceQuery(parameters: URLSearchParams): Values<typeof INTERFACE_PARAMETERS> {
  return readParameters(INTERFACE_PARAMETERS, parameters);
}

/** Sorted; by their number unless something else is asked for. */
export function sortInterfaces(
  rows: readonly InterfaceStatus[],
  { sort, order }: Values<typeof INTERFACE_PARAMETERS>,
): InterfaceStatus[] {
  return sortRows(rows, SORTS[sort], order || (sort === "index" ? "asc" : ""), ({ index }) => -index);
}
