/** All rules, in the order in which they are told and documented. A new one is a file in `rules/` and a line here. */
import type { RuleSpec } from "./contract.ts";
import { arpSpoofing } from "./rules/arp_spoofing.ts";
import { beaconing } from "./rules/beaconing.ts";
import { exfiltration } from "./rules/exfiltration.ts";
import { longConnection } from "./rules/long_connection.ts";
import { slowConnection } from "./rules/slow_connection.ts";
import { highCpu } from "./rules/high_cpu.ts";
import { captureLoss } from "./rules/capture_loss.ts";
import { interfaceSaturation } from "./rules/interface_saturation.ts";
import { dnsTunnel } from "./rules/dns_tunnel.ts";
import { dga } from "./rules/dga.ts";
import { rogueDhcp } from "./rules/rogue_dhcp.ts";
import { gatewayChanged } from "./rules/gateway_changed.ts";
import { dnsServerChanged } from "./rules/dns_server_changed.ts";
import { hostSweep } from "./rules/host_sweep.ts";
import { oddFlags } from "./rules/odd_flags.ts";
import { portScan } from "./rules/port_scan.ts";
import { synFlood } from "./rules/syn_flood.ts";
import { newListener } from "./rules/new_listener.ts";
import { newProgram } from "./rules/new_program.ts";
import { newCountry } from "./rules/new_country.ts";
import { bruteForce } from "./rules/brute_force.ts";
import { weakTls } from "./rules/weak_tls.ts";
import { unexpectedPort } from "./rules/unexpected_port.ts";
import { blocklisted } from "./rules/blocklisted.ts";

// deno-lint-ignore no-explicit-any -- each has options of its own
export const RULES: readonly RuleSpec<any>[] = [
  portScan,
  hostSweep,
  synFlood,
  oddFlags,
  arpSpoofing,
  beaconing,
  longConnection,
  exfiltration,
  slowConnection,
  interfaceSaturation,
  captureLoss,
  highCpu,
  dnsTunnel,
  dga,
  rogueDhcp,
  gatewayChanged,
  dnsServerChanged,
  newListener,
  newProgram,
  newCountry,
  bruteForce,
  weakTls,
  unexpectedPort,
  blocklisted,
];
