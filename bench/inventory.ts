/**
 * What the inventory costs the main thread: ten thousand flows a second that go on, then ten thousand new ones a
 * second from addresses never seen; with and without it. And what a list of twenty thousand hosts costs to ask for.
 */
import { Vendors } from "../enrich/vendors.ts";
import { createFlowColumns, FlowEnd, FlowState, LocalEnd } from "../model/flow.ts";
import { ConnectionTable, type Moved } from "../monitor/connections.ts";
import { Inventory } from "../monitor/inventory/mod.ts";
import { Who } from "../monitor/who.ts";

const FLOWS = 10_000;
const SECONDS = 30;

function inventoryOf(table: ConnectionTable): Inventory {
  const view = {
    connections: () => table.all(),
    version: () => table.version,
    alerts: () => [],
    interfaceName: () => "eth0",
  };
  return new Inventory({ view, who: new Who(), vendors: new Vendors() });
}

/** Flows of one second. @param from The number of the first; its address is made from it. */
function columns(from: number, second: number, end: number) {
  const flows = createFlowColumns(FLOWS);
  flows.rows = FLOWS;
  for (let i = 0; i < FLOWS; i++) {
    const n = from + i;
    flows.id[i] = n + 1;
    flows.ipVersion[i] = 4;
    flows.address.set([192, 0, 2, 1], 32 * i);
    flows.address.set([11, (n >> 16) & 255, (n >> 8) & 255, n & 255], 32 * i + 16);
    flows.port.set([1024 + (n % 60_000), 443], 2 * i);
    flows.protocol[i] = 6;
    flows.state[i] = FlowState.established;
    flows.end[i] = end;
    flows.localEnd[i] = LocalEnd.client;
    flows.packets.set([second, second], 2 * i);
    flows.bytes.set([100 * second, 1000 * second], 2 * i);
    flows.firstUs[i] = 1.7e15;
    flows.lastUs[i] = 1.7e15 + 1e6 * second;
    flows.rttUs[i] = 20_000;
    flows.roundTrips.set([second, second], 2 * i);
    flows.rttLeastUs.set([18_000, 100], 2 * i);
    flows.rttMedianUs.set([20_000, 120], 2 * i);
    flows.rttP95Us.set([25_000, 200], 2 * i);
  }
  return flows;
}

/** Milliseconds a second of traffic, the best of all seconds but the first few; and the mean. */
function measure(
  isNew: boolean,
  withInventory: boolean,
): { best: number; mean: number; inventory: Inventory } {
  const table = new ConnectionTable();
  const inventory = inventoryOf(table);
  const moved: Moved = withInventory ? inventory.take : () => {};
  const took: number[] = [];
  for (let second = 1; second <= SECONDS; second++) {
    const flows = columns(
      isNew ? second * FLOWS : 0,
      isNew ? 1 : second,
      isNew ? FlowEnd.timeout : FlowEnd.none,
    );
    const none = createFlowColumns(0);
    const [active, ended] = isNew ? [none, flows] : [flows, none];
    const began = performance.now();
    inventory.nextTick();
    table.applyFlows({ active, ended, flows: FLOWS }, 1, ["eth0"], moved, false);
    took.push(performance.now() - began);
  }
  const steady = took.slice(5);
  return {
    best: Math.min(...steady),
    mean: steady.reduce((sum, ms) => sum + ms, 0) / steady.length,
    inventory,
  };
}

for (const isNew of [false, true]) {
  const without = measure(isNew, false);
  const withIt = measure(isNew, true);
  const words = isNew ? "new addresses each second" : "the same flows, all busy";
  console.log(
    `${FLOWS} flows a second, ${words}: ${without.mean.toFixed(1)} ms a second without the inventory, ` +
      `${withIt.mean.toFixed(1)} ms with it (best ${without.best.toFixed(1)}, ${withIt.best.toFixed(1)})`,
  );
  const { inventory } = withIt;
  for (const query of ["", "sort=rtt_ms", "q=443"]) {
    const began = performance.now();
    const { all } = inventory.hosts(new URLSearchParams(query));
    console.log(`  list of ${all} hosts, "${query}": ${(performance.now() - began).toFixed(1)} ms`);
  }
}
const memory = Deno.memoryUsage();
console.log(`heap in use ${(memory.heapUsed / 1e6).toFixed(0)} MB`);
