/** Captures from one device: opens it, says in plain words why it cannot, and writes what comes into memory. */
import { CaptureError } from "./errors.ts";
import { WrappingCounter } from "./wrapping_counter.ts";
import { PcapHandle, PcapStatus, statusText } from "./ffi/pcap_handle.ts";
import type { RecordWriter } from "./ffi/record_writer.ts";
import { RECORD_HEADER_BYTES } from "../../model/batch.ts";
import { wholeRecords } from "./whole_records.ts";

/** Captured bytes of a packet at most, MAXIMUM_SNAPLEN of libpcap. */
export const MAX_SNAPLEN = 262_144;
/** Below it not even the headers would be there. */
export const MIN_SNAPLEN = 64;
/** What libpcap takes for the kernel buffer is an int. */
const MAX_BUFFER_BYTES = 2 ** 31 - 1;

/**
 * How long the kernel collects packets in a block of its ring before it hands over one that is not full. Half of
 * what a packet may take from the wire to a batch is spent here, the other half waiting for the next look.
 */
const BLOCK_TIMEOUT_MS = 20;

const DLT_LINUX_SLL = 113, DLT_LINUX_SLL2 = 276;

/** How to capture. */
export interface LiveCaptureOptions {
  /** Device name as the system has it; `any` (Linux) for all interfaces. */
  device: string;
  /** Captured bytes of a packet, 64 to 262,144. @default {262_144} */
  snaplen?: number;
  /** Also take packets that are for others. @default {true} */
  promiscuous?: boolean;
  /** Kernel buffer. libpcap takes less where there is not so much. @default {16 MiB} */
  bufferBytes?: number;
  /** BPF filter, pcap-filter(7); empty for everything. @default {""} */
  filter?: string;
}

/** Counters since the device was opened; exact up to 2^53. */
export interface LiveStatistics {
  /** Packets that were captured. (The kernel's own count has those on loopback twice.) */
  received: number;
  /** Lost for want of room in that buffer. */
  kernelDropped: number;
  /** Lost by the network card or its driver; only known in promiscuous mode. */
  interfaceDropped: number;
}

/** What one call of `readInto` gave. */
export interface Reading {
  packets: number;
  /** Bytes of whole records at the start of the memory. */
  bytes: number;
  /** The memory was full: more packets may be waiting. */
  full: boolean;
}

/** A device being captured from. Never waits for packets. */
export class LiveCapture {
  readonly device: string;
  /** LINKTYPE_ value of the packets. */
  readonly linkType: number;
  /** Whether fractions of time stamps are nanoseconds (else microseconds). */
  readonly nanosecond: boolean;
  /** File descriptor that is readable when packets are there; -1 where there is none. */
  readonly descriptor: number;
  #handle: PcapHandle;
  #recordBytes: number;
  #failure: CaptureError | null = null;
  #received = 0;
  #dropped = new WrappingCounter();
  #interfaceDropped = new WrappingCounter();

  private constructor(device: string, handle: PcapHandle, snaplen: number) {
    this.device = device;
    this.#handle = handle;
    this.#recordBytes = RECORD_HEADER_BYTES + snaplen;
    this.linkType = handle.linkType();
    this.nanosecond = handle.nanosecond;
    this.descriptor = handle.descriptor;
  }

  /**
   * Opens a device.
   *
   * @throws {CaptureError} with the reason, in libpcap's words where it has some, and the next step.
   *
   * @example
   * ```ts
   * import { LiveCapture } from "./live_capture.ts";
   *
   * function linkTypeOf(device: string): number {
   *   using capture = LiveCapture.open({ device, snaplen: 2048, filter: "tcp" });
   *   return capture.linkType;
   * }
   * ```
   */
  static open(options: LiveCaptureOptions): LiveCapture {
    const { device, promiscuous = true, filter = "" } = options;
    const snaplen = Math.min(Math.max(options.snaplen ?? MAX_SNAPLEN, MIN_SNAPLEN), MAX_SNAPLEN);
    const bufferBytes = Math.min(options.bufferBytes ?? 16 << 20, MAX_BUFFER_BYTES);
    let handle: PcapHandle | null = null;
    try {
      handle = new PcapHandle(device);
      handle.configure({ snaplen, promiscuous, bufferBytes, timeoutMs: BLOCK_TIMEOUT_MS });
      const status = handle.activate();
      if (status < 0) throw activationError(device, status, handle.message);
      handle.setNonBlocking();
      // Of the two cooked formats the second says which interface a packet was seen on; as tcpdump does.
      if (handle.dataLink === DLT_LINUX_SLL) handle.setDataLink(DLT_LINUX_SLL2);
      if (filter.trim() !== "") {
        const refused = handle.setFilter(filter, device);
        if (refused !== null) {
          throw new CaptureError(
            "bad-filter",
            `The filter "${filter}" does not compile for "${device}": ${refused}`,
            {
              hint: "Correct --filter; its language is described by: man pcap-filter",
            },
          );
        }
      }
      return new LiveCapture(device, handle, snaplen);
    } catch (cause) {
      handle?.close();
      if (cause instanceof CaptureError) throw cause;
      throw new CaptureError(
        "failed",
        `Cannot open "${device}": ${cause instanceof Error ? cause.message : cause}`,
        {
          hint: HINT_OTHER,
          cause,
        },
      );
    }
  }

  /** Why no more packets will come, once that is so: close and open again later. */
  get failure(): CaptureError | null {
    return this.#failure;
  }

  /** Writes the packets that are there now to the start of `writer`'s memory, as many as fit. Never throws. */
  readInto(writer: RecordWriter): Reading {
    let packets = 0;
    let room = 0;
    let failed = !this.#handle.begin(writer);
    if (!failed) {
      room = writer.size;
      // Only as many as surely fit: a record that does not is silently lost.
      while (room >= this.#recordBytes) {
        const n = this.#handle.dispatch(Math.floor(room / this.#recordBytes));
        if (n <= 0) {
          failed = n < 0;
          break;
        }
        packets += n;
        room = writer.size - writer.length;
      }
    }
    const bytes = packets > 0 || failed ? writer.length : 0;
    const written = writer.flush();
    this.#received += packets;
    if (written && !failed) return { packets, bytes, full: room < this.#recordBytes };
    this.#failure = written
      ? new CaptureError("lost", `Capture on "${this.device}" ended: ${this.#handle.message}`, {
        hint: HINT_LOST,
      })
      : new CaptureError("failed", `Packets of "${this.device}" did not fit into their memory`, {
        hint: HINT_OTHER,
      });
    // The call that failed may have written some packets first, and a failed write may have cut the last one.
    const whole = wholeRecords(writer.memory, bytes);
    this.#received += whole.packets - packets;
    return { ...whole, full: false };
  }

  /** Counters; libpcap's own wrap at 2^32, so ask more often than that many packets can come. */
  statistics(): LiveStatistics {
    const now = this.#handle.statistics();
    if (now !== null) {
      this.#dropped.update(now.dropped);
      this.#interfaceDropped.update(now.interfaceDropped);
    }
    return {
      received: this.#received,
      kernelDropped: this.#dropped.total,
      interfaceDropped: this.#interfaceDropped.total,
    };
  }

  /** May be called twice. */
  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const HINT_OTHER = "See that tcpdump can capture there: sudo tcpdump -i INTERFACE -c 1";
const HINT_LOST = "Nothing to do: it is opened again as soon as it is back";

function activationError(device: string, status: number, message: string): CaptureError {
  const detail = message === "" ? statusText(status) : message;
  switch (status) {
    case PcapStatus.permissionDenied:
    case PcapStatus.promiscuousPermissionDenied:
      return new CaptureError(
        "no-permission",
        `Cannot open "${device}": capturing is not permitted (${detail})`,
        {
          hint:
            `Run with sudo, or allow it once: sudo setcap cap_net_raw,cap_net_admin=eip "${Deno.execPath()}"`,
        },
      );
    case PcapStatus.noSuchDevice:
      return new CaptureError("no-device", `Cannot open "${device}": there is no such device`, {
        hint: "List them: netpane interfaces",
      });
    case PcapStatus.interfaceNotUp:
      return new CaptureError("device-down", `Cannot open "${device}": it is switched off`, {
        hint: `Switch it on: sudo ip link set dev ${device} up`,
      });
    default:
      return new CaptureError("failed", `Cannot open "${device}": ${detail}`, { hint: HINT_OTHER });
  }
}
