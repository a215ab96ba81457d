/** What `netpane start` knows of addresses, and asks about them, by its options. */
import { join } from "node:path";
import { GeoIp } from "../enrich/geoip/geoip.ts";
import { Ipinfo, type IpinfoProblem } from "../enrich/geoip/ipinfo.ts";
import { Names } from "../enrich/names/names.ts";
import { Pinger } from "../enrich/ping/pinger.ts";
import { Vendors } from "../enrich/vendors.ts";
import type { Problem } from "../model/api.ts";
import { Who } from "../monitor/who.ts";
import { ipinfoToken, type StartOptions, UsageError } from "../options.ts";
import { userPath } from "./paths.ts";

/** Shows a problem, or with null takes it back. */
type Show = (id: string, problem: Omit<Problem, "id"> | null) => void;

/** Kept places of ipinfo.io, in the data folder. */
const IPINFO_FILE = "ipinfo.json";

/**
 * Nothing is read or asked until `load()`, which takes its time and does not hold up the start.
 *
 * @throws UsageError For `--ipinfo` without a token.
 */
export function createWho(
  options: StartOptions,
  dataFolder: string,
  isPlayback: boolean,
): { who: Who; vendors: Vendors; load: (show: Show) => Promise<void> } {
  let show: Show = () => {};
  const token = options.ipinfo ? ipinfoToken() : "";
  if (options.ipinfo && token === "") {
    throw new UsageError("--ipinfo needs a token: set IPINFO_TOKEN to yours from https://ipinfo.io/account");
  }
  const ipinfo = token === "" ? null : new Ipinfo({
    token,
    path: join(dataFolder, IPINFO_FILE),
    onProblem: (problem: IpinfoProblem | null) => show("geoip:ipinfo", problem),
  });
  const geoip = new GeoIp({ ipinfo });
  const vendors = new Vendors();
  const names = new Names({ reverseDns: options["reverse-dns"] });
  const pinger = new Pinger(
    isPlayback
      ? "A capture file is being played: nothing is sent from here. Start without --pcap and --demo to probe hosts"
      : "The system worker, which sends the packets, has not started yet",
  );
  return {
    who: new Who({ geoip, names, pinger }),
    vendors,
    load: async (showProblem) => {
      show = showProblem;
      for (const { id, message, hint } of await geoip.load(options.geoip.map(userPath))) {
        show(id, { severity: "warning", message, hint });
      }
      try {
        await vendors.load();
      } catch (error) {
        show("vendors", {
          severity: "info",
          message: `Makers of network cards are not known: ${error instanceof Error ? error.message : error}`,
          hint: "Run ./netpane once more: it installs what is missing",
        });
      }
    },
  };
}
