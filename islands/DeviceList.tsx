/** Devices of the local network: whose cards are on the wire. */
import type { Tick } from "../model/api.ts";
import type { Device, DevicePage } from "../model/inventory.ts";
import { DEVICE } from "../model/help/inventory.ts";
import { count, counted, dateTime, NOTHING, shortDuration } from "../components/format.ts";
import { hostHref } from "../components/inventory_links.ts";
import { legible } from "../components/legible.ts";
import { FilterTrouble } from "../components/FilterField.tsx";
import { ListFilter } from "../components/ListFilter.tsx";
import { ListBox, type ListColumn, ListHead, ListPager } from "../components/ListParts.tsx";
import { DEVICE_LIST, listPageHref, type ListState } from "../components/list_state.ts";
import type { Trouble } from "../components/trouble.ts";
import { useList } from "../components/use_list.ts";
import { useLive } from "../components/use_live.ts";

const COLUMNS: readonly ListColumn[] = [
  { name: "device", label: "Device", sort: "name", also: { label: "card", sort: "mac" } },
  { name: "vendor", label: "Maker", sort: "vendor" },
  { name: "addresses", label: "Addresses", sort: "address" },
  { name: "says", label: "Says of itself" },
  { name: "iface", label: "Interface" },
  { name: "since", label: "Since", sort: "first", num: true },
  { name: "last", label: "Seen", sort: "last", num: true },
];

/** Addresses written out in a row. */
const SHOWN_ADDRESSES = 3;

/** Where a device's name comes from, in words. */
export const NAME_WORDS: Record<string, string> = {
  dns: "DNS answer",
  mdns: "multicast DNS",
  llmnr: "LLMNR",
  netbios: "NetBIOS",
  sni: "TLS server name",
  http: "HTTP Host",
  dhcp: "DHCP",
  reverse_dns: "reverse DNS",
  traffic: "its traffic",
};

interface Props {
  tick: Tick;
  page: DevicePage;
  state: ListState;
  /** What is wrong with the filter in the page's address. */
  trouble: Trouble | null;
}

export default function DeviceList(props: Props) {
  const tick = useLive(props.tick);
  const { page, state, typed, trouble, setTyped, ask, hold } = useList(props, DEVICE_LIST);
  return (
    <div class="connections">
      <ListFilter
        path={DEVICE_LIST.path}
        list="devices"
        fixed={DEVICE_LIST.fixed}
        label="Filter devices"
        placeholder="Filter: apple 192.168 printer"
        typed={typed}
        onType={setTyped}
        hint="All words must match: name, card, maker, address, interface. Or name the field, with and, or, not:"
        examples={["is:router", "is:random", "host:192.168.0.0/16"]}
      >
        <p class="filter-count">
          <b>{count(page.total)}</b>
          {page.total === page.all ? " devices" : ` of ${counted(page.all, "device")}`}
        </p>
      </ListFilter>
      {page.forgotten > 0 && (
        <p class="banner banner-warning">
          {`The list holds ${count(page.capacity)} devices; ${
            count(page.forgotten)
          } had to go. So many on one network are ` +
            "most likely made up by somebody."}
        </p>
      )}
      <FilterTrouble filter={state.q} trouble={trouble} />
      <ListBox label="List of devices" {...hold}>
        <table class="list list-devices">
          <caption class="visually-hidden">Devices of the local network</caption>
          <ListHead columns={COLUMNS} fields={DEVICE.fields} state={state} kind={DEVICE_LIST} onAsk={ask} />
          <tbody>
            {page.devices.map((device) => <Row key={device.mac} device={device} now={tick.packet_time} />)}
          </tbody>
        </table>
        {page.total === 0 && trouble === null && (
          <div class="empty empty-big">
            {state.q.trim() !== ""
              ? (
                <>
                  <p>No device matches.</p>
                  <button type="button" class="button needs-script" onClick={() => setTyped("")}>
                    Clear the filter
                  </button>
                  <a
                    class="without-script"
                    href={listPageHref({ ...state, q: "" }, DEVICE_LIST)}
                  >
                    Clear the filter
                  </a>
                </>
              )
              : (
                <p>No device has been seen yet. They show themselves by ARP, DHCP and neighbour discovery.</p>
              )}
          </div>
        )}
      </ListBox>
      <ListPager
        state={state}
        kind={DEVICE_LIST}
        total={page.total}
        shown={page.devices.length}
        onAsk={ask}
      />
    </div>
  );
}

function Row({ device, now }: { device: Device; now: number }) {
  const { mac, vendor, random, own, router, addresses, names, says, in_iface, first, last } = device;
  const [best] = names;
  return (
    <tr>
      <th scope="row" class="l-device">
        {best !== undefined && (
          <b class="list-name foreign" title={`from ${NAME_WORDS[best.from]}`}>{legible(best.name, 120)}</b>
        )}
        <span class={best === undefined ? "mono" : "mono dim"}>{mac}</span>
        {own && <span class="badge">this machine</span>}
        {router && <span class="badge">router</span>}
      </th>
      <td class="l-vendor">
        {random
          ? <span class="dim" title="Locally administered: the device made it up">made-up address</span>
          : vendor === ""
          ? <span class="dim">not known</span>
          : <span class="foreign">{legible(vendor, 80)}</span>}
      </td>
      <td class="l-addresses">
        {addresses.slice(0, SHOWN_ADDRESSES).map(({ ip }) => (
          <a key={ip} class="quiet mono" href={hostHref(ip)}>{ip}</a>
        ))}
        {addresses.length > SHOWN_ADDRESSES && (
          <span class="dim">and {count(addresses.length - SHOWN_ADDRESSES)} more</span>
        )}
      </td>
      <td class="l-says">
        <span class="foreign" title={says.map((said) => legible(said)).join("\n")}>
          {says.length === 0 ? <span class="dim">{NOTHING}</span> : legible(says.at(-1)!, 90)}
        </span>
      </td>
      <td class="l-iface">{in_iface || NOTHING}</td>
      <td class="l-since num dim" title={dateTime(first)}>{shortDuration(Math.max(0, now - first))}</td>
      <td class="l-last num dim" title={dateTime(last)}>
        {now - last < 1000 ? "now" : shortDuration(now - last)}
      </td>
    </tr>
  );
}
