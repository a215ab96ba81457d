/** Hosts that were seen, and devices of the local network: two lists, each with an address of its own. */
import { page } from "fresh";
import DeviceList from "../../islands/DeviceList.tsx";
import HostList from "../../islands/HostList.tsx";
import { Tabs } from "../../components/ListParts.tsx";
import {
  DEVICE_LIST,
  HOST_LIST,
  listPageHref,
  listParams,
  parseListState,
} from "../../components/list_state.ts";
import { define } from "../../state.ts";
import { aboutOf, Frame } from "../(_frame)/Frame.tsx";

const API: [string, string][] = [
  ["/api/hosts", "Hosts (JSON)"],
  ["/api/devices", "Devices (JSON)"],
  ["/api/stats", "All counters (JSON)"],
];

export const handler = define.handlers({
  GET(ctx) {
    const { monitor } = ctx.state;
    const isDevices = ctx.url.searchParams.get("tab") === "devices";
    const state = parseListState(ctx.url.searchParams, isDevices ? DEVICE_LIST : HOST_LIST);
    const params = listParams(state);
    return page({
      state,
      tick: monitor.tick(),
      hosts: isDevices ? null : monitor.inventory.hosts(params),
      devices: isDevices ? monitor.inventory.devices(params) : null,
      about: aboutOf(monitor),
    }, { headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Hosts({ data }) {
  const { state, tick, hosts, devices, about } = data;
  const clean = { ...state, q: "", offset: 0 };
  return (
    <Frame path="/hosts" tick={tick} about={about} api={API}>
      <section class="card" id="hosts" aria-labelledby="hosts-title">
        <h1 class="card-title" id="hosts-title">
          {hosts !== null
            ? (
              <>
                Hosts <span class="note">every address seen, and who it is</span>
              </>
            )
            : (
              <>
                Devices <span class="note">of the local network, by their cards</span>
              </>
            )}
        </h1>
        <Tabs
          label="Hosts and devices"
          current={hosts !== null ? "Hosts" : "Devices"}
          tabs={[
            ["Hosts", listPageHref({ ...clean, sort: HOST_LIST.sort, order: "desc" }, HOST_LIST)],
            ["Devices", listPageHref({ ...clean, sort: DEVICE_LIST.sort, order: "desc" }, DEVICE_LIST)],
          ]}
        />
        {hosts !== null && <HostList tick={tick} page={hosts} state={state} />}
        {devices !== null && <DeviceList tick={tick} page={devices} state={state} />}
      </section>
    </Frame>
  );
});
