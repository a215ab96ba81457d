/**
 * Everything the capture worker does between `start-capture` and `stop`: looks at its interfaces when packets
 * are there, hands slots to the inspector and reports to main. It knows no Worker API.
 */
import type { CaptureReport, StartCapture } from "../../model/protocol.ts";
import { CaptureInterface } from "./capture_interface.ts";
import { LinkStates } from "./ffi/link_state.ts";
import { PacketWait } from "./ffi/packet_wait.ts";
import { RecordWriter } from "./ffi/record_writer.ts";
import { SlotPool } from "./slot_pool.ts";

/**
 * Time between two looks while there is much to do, so that few, large batches are made; and where there is no way
 * to be woken by a packet.
 */
const BUSY_MS = 10;
/** So many bytes in one look are much to do. */
const BUSY_BYTES = 256 << 10;
/** The longest sleep that a packet ends: so long may a message from main or the inspector have to wait. */
const SLEEP_MS = 100;
const REPORT_MS = 1_000;
/** How often interfaces are looked after; retries are two seconds apart. */
const TEND_MS = 250;

/** One capture on some interfaces. */
export class CaptureSession {
  #interfaces: CaptureInterface[];
  #links = new LinkStates();
  #wait = new PacketWait();
  #pool: SlotPool;
  /** One per slot, made when libpcap is first there. */
  #writers: RecordWriter[] = [];
  #tell: (report: CaptureReport) => void;
  #stalls = 0;
  #stalled = false;
  /** The interface whose turn is first, so that a busy one does not take all slots for ever. */
  #first = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextTendMs = 0;
  #nextReportMs = 0;
  #stopped = false;

  /** Begins at once. @param tell Receives a report each second and on each change. */
  constructor(start: StartCapture, tell: (report: CaptureReport) => void) {
    const { snaplen, promiscuous, bufferBytes, filter } = start;
    this.#interfaces = start.interfaces.map((device, index) =>
      new CaptureInterface({ device, snaplen, promiscuous, bufferBytes, filter }, Math.min(index, 255))
    );
    this.#tell = tell;
    this.#pool = new SlotPool(start.port);
    this.#pool.onRelease = () => {
      if (this.#stalled) this.#read();
    };
    this.#look();
  }

  /** Goes on with a new inspector at the other end of `port`. */
  connect(port: MessagePort): void {
    this.#pool.connect(port);
  }

  /** Closes everything. May be called twice. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const each of this.#interfaces) each.close();
    this.#pool.close();
    for (const writer of this.#writers) writer.close();
    this.#links.close();
  }

  /** @param woken Whether packets were said to be there. */
  #look(woken = false): void {
    if (this.#stopped) return;
    const before = this.#pool.deliveredBytes;
    const nowMs = performance.now();
    let changed = false;
    if (nowMs >= this.#nextTendMs) {
      this.#nextTendMs = nowMs + TEND_MS;
      for (const each of this.#interfaces) if (each.tend(nowMs, this.#links)) changed = true;
    }
    if (this.#read()) changed = true;
    if (changed || nowMs >= this.#nextReportMs) {
      this.#nextReportMs = nowMs + REPORT_MS;
      this.#report();
    }
    this.#sleep(this.#pool.deliveredBytes - before, woken);
  }

  /**
   * Arranges the next look. Going through the event loop each time lets messages in; what may be waited for in
   * poll(2) afterwards costs no time and ends with the first packet.
   */
  #sleep(bytes: number, woken: boolean): void {
    const open = this.#interfaces.filter((each) => each.isOpen);
    const descriptors = open.map((each) => each.descriptor);
    const wakes = Deno.build.os === "linux" && !descriptors.includes(-1); // polling a BPF device is not dependable
    if (open.length === 0) {
      this.#timer = setTimeout(() => this.#look(), TEND_MS);
    } else if (!wakes || this.#stalled || bytes >= BUSY_BYTES || (woken && bytes === 0)) {
      // The last: woken by packets that libpcap does not hand on (outgoing ones on loopback). Never spin on those.
      this.#timer = setTimeout(() => this.#look(), BUSY_MS);
    } else {
      this.#timer = setTimeout(() => this.#look(this.#wait.until(descriptors, SLEEP_MS)), 0);
    }
  }

  /** Hands on what has come. @returns Whether an interface failed. */
  #read(): boolean {
    if (this.#stopped) return false;
    this.#stalled = false;
    let failed = false;
    const count = this.#interfaces.length;
    this.#first = (this.#first + 1) % Math.max(count, 1);
    for (let n = 0; n < count && !this.#stalled; n++) {
      const each = this.#interfaces[(this.#first + n) % count];
      if (!each.isOpen) continue;
      for (let more = true; more;) {
        const slot = this.#pool.peek();
        if (slot === null) {
          // Not read now: the kernel buffers, then drops and counts. A slot that comes back calls again.
          this.#stalled = true;
          this.#stalls++;
          break;
        }
        const reading = each.readInto(this.#writer(slot));
        if (reading === null) break;
        if (reading.bytes > 0) this.#pool.send(each.format, reading.packets, reading.bytes);
        more = reading.full;
      }
      if (each.closeIfFailed(performance.now(), this.#links)) failed = true;
    }
    return failed;
  }

  #writer(slot: number): RecordWriter {
    return this.#writers[slot] ??= new RecordWriter(this.#pool.memory(slot));
  }

  #report(): void {
    this.#tell({
      type: "capture-report",
      interfaces: this.#interfaces.map((each) => each.report()),
      delivered: this.#pool.delivered,
      deliveredBytes: this.#pool.deliveredBytes,
      lost: this.#pool.lost,
      stalls: this.#stalls,
      slots: this.#pool.slots,
      slotsFree: this.#pool.free,
    });
  }
}
