/**
 * Door of the inspector's room: what `analyze`, the worker and tests may use.
 *
 * @example
 * ```ts
 * import { Inspector } from "./mod.ts";
 *
 * const inspector = new Inspector({ maxEnded: 1000 });
 * inspector.inspect({ bytes: new Uint8Array(0), length: 0, linkType: 1, nanosecond: false, interfaceIndex: 0 });
 * inspector.finish();
 * console.log(inspector.counters().packets, inspector.drainEnded(1000).rows);
 * ```
 */
export { Inspector, type InspectorOptions, MAX_SNAPSHOT_ROWS } from "./inspector.ts";
export { type FlowEndSink, MAX_FLOWS } from "./flow/flow_table.ts";
export { copyFlow } from "./flow/ended_flows.ts";
