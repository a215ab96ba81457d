/** Interfaces with rates: two readings of the kernel's counters, and what capture does on each. */
import type { InterfaceStatus } from "../model/api.ts";
import type { InterfaceCapture } from "../model/protocol.ts";
import type { InterfaceInfo, SystemReport } from "../model/system.ts";

export interface RatedInterfaces {
  atMs: number;
  statuses: InterfaceStatus[];
}

/**
 * `report`'s interfaces with rates since `before`.
 *
 * @param captures What the capture worker says; a device named `any` captures on all of them.
 */
export function interfaceStatuses(
  report: SystemReport,
  before: RatedInterfaces,
  captures: InterfaceCapture[],
): RatedInterfaces {
  const seconds = before.atMs === 0 ? 0 : (report.atMs - before.atMs) / 1000;
  const known = new Map(before.statuses.map((status) => [status.index, status]));
  const any = captures.find((capture) => capture.name === "any");
  const statuses = report.interfaces.map((device) => {
    const own = captures.find((capture) => capture.name === device.name);
    return rated(device, known.get(device.index), seconds, own ?? any, own !== undefined);
  });
  return { atMs: report.atMs, statuses };
}

/** Rates of all interfaces but loopback together, as bits and packets per second. */
export function sumOfRates(statuses: InterfaceStatus[]): { in: number; out: number; packets: number } {
  const sum = { in: 0, out: 0, packets: 0 };
  for (const status of statuses) {
    if (status.loopback) continue;
    sum.in += status.received_bits_per_second;
    sum.out += status.sent_bits_per_second;
    sum.packets += status.received_packets_per_second + status.sent_packets_per_second;
  }
  return sum;
}

function rated(
  device: InterfaceInfo,
  before: InterfaceStatus | undefined,
  seconds: number,
  capture: InterfaceCapture | undefined,
  alone: boolean,
): InterfaceStatus {
  // A counter that went back belongs to a device made anew under the same index.
  const rate = (now: number, then: number | undefined) =>
    then === undefined || seconds <= 0 || now < then ? 0 : (now - then) / seconds;
  return {
    index: device.index,
    name: device.name,
    mac: device.mac,
    mtu: device.mtu,
    up: device.up,
    running: device.running,
    loopback: device.loopback,
    addresses: device.addresses.map(({ address, prefixLength }) => ({
      address,
      prefix_length: prefixLength,
    })),
    received_bytes: device.receivedBytes,
    received_packets: device.receivedPackets,
    received_errors: device.receivedErrors,
    received_dropped: device.receivedDropped,
    sent_bytes: device.sentBytes,
    sent_packets: device.sentPackets,
    sent_errors: device.sentErrors,
    sent_dropped: device.sentDropped,
    received_bits_per_second: 8 * rate(device.receivedBytes, before?.received_bytes),
    sent_bits_per_second: 8 * rate(device.sentBytes, before?.sent_bytes),
    received_packets_per_second: rate(device.receivedPackets, before?.received_packets),
    sent_packets_per_second: rate(device.sentPackets, before?.sent_packets),
    capture: capture?.status ?? "off",
    captured_packets: alone ? capture!.received : null,
    kernel_dropped: alone ? capture!.kernelDropped : null,
    problem: capture?.problem ?? null,
  };
}
