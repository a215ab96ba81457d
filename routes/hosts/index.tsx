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
import { askOrTell } from "../../http/page_trouble.ts";
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
    const { inventory } = monitor;
    const isDevices = ctx.url.searchParams.get("tab") === "devices";
    const kind = isDevices ? DEVICE_LIST : HOST_LIST;
    const state = parseListState(ctx.url.searchParams, kind);
    const [params, all] = [listParams(state, kind), listParams({ ...state, q: "", offset: 0 }, kind)];
    const { answer: list, trouble, status } = askOrTell(
      () =>
        isDevices
          ? { hosts: null, devices: inventory.devices(params) }
          : { hosts: inventory.hosts(params), devices: null },
      () =>
        isDevices
          ? { hosts: null, devices: { ...inventory.devices(all), total: 0, devices: [] } }
          : { hosts: { ...inventory.hosts(all), total: 0, hosts: [] }, devices: null },
    );
    return page({
      state,
      tick: monitor.tick(),
      ...list,
      trouble,
      about: aboutOf(monitor),
    }, { status, headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Hosts({ data }) {
  const { state, tick, hosts, devices, trouble, about } = data;
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
        {hosts !== null && <HostList tick={tick} page={hosts} state={state} trouble={trouble} />}
        {devices !== null && <DeviceList tick={tick} page={devices} state={state} trouble={trouble} />}
      </section>
    </Frame>
  );
});
