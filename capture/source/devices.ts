/** The devices that can be captured on, for people to choose from. */
import { CaptureError } from "./errors.ts";
import { listDevices } from "./ffi/device_list.ts";

/** One device that packets can be captured on. */
export interface CaptureDevice {
  /** Name to give to `LiveCapture.open`. */
  name: string;
  /** Free text; empty where there is none. */
  description: string;
  loopback: boolean;
  /** Switched on. */
  up: boolean;
  /** Connected: a cable or a radio link is there. */
  running: boolean;
  wireless: boolean;
  /** Text, RFC 5952, and the length of its network's prefix. */
  addresses: { address: string; prefixLength: number }[];
}

// PCAP_IF_ flags, pcap/pcap.h
const LOOPBACK = 1, UP = 2, RUNNING = 4, WIRELESS = 8;

/**
 * Devices in libpcap's order (the likeliest first). Without privilege the list may be shorter.
 *
 * @throws {CaptureError} `no-libpcap` or `failed`.
 *
 * @example
 * ```ts
 * import { captureDevices } from "./devices.ts";
 *
 * const choices = () => captureDevices().filter((device) => device.up && !device.loopback);
 * ```
 */
export function captureDevices(): CaptureDevice[] {
  try {
    return listDevices().map(({ name, description, flags, addresses }) => ({
      name,
      description,
      loopback: (flags & LOOPBACK) !== 0,
      up: (flags & UP) !== 0,
      running: (flags & RUNNING) !== 0,
      wireless: (flags & WIRELESS) !== 0,
      addresses,
    }));
  } catch (cause) {
    if (cause instanceof CaptureError) throw cause;
    throw new CaptureError(
      "failed",
      `Cannot list devices: ${cause instanceof Error ? cause.message : cause}`,
      {
        hint: "Name the interface yourself: --interface eth0",
        cause,
      },
    );
  }
}
