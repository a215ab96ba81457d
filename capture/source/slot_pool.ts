/** The memory that a source shares with the inspector, cut into slots that go to and fro. */
import type { BatchFormat } from "../../model/batch.ts";
import type { InspectToCapture, Slots } from "../../model/protocol.ts";

/**
 * 16 slots of 1 MiB: 16 MiB in all. A look takes one slot or more each 10 ms, so they cover 160 ms in which the
 * inspector is busy, twice what 8 slots of 2 MiB do, at the same cost (0.38 µs CPU a packet either way, at up to
 * 400,000 packets/s; 32 of 512 KiB took 0.48 µs: a slot is full when the largest packet no longer fits).
 */
export const SLOT_COUNT = 16;
export const SLOT_BYTES = 1 << 20;

/** Slots, and who holds them: what is not free is with the inspector. */
export class SlotPool {
  readonly slots: number;
  /** Batches handed on, and their packets and bytes. */
  delivered = 0;
  deliveredBytes = 0;
  /** Packets in slots that an inspector held when it crashed. */
  lost = 0;
  /** Called when a slot has come back. */
  onRelease: () => void = () => {};
  #memory: SharedArrayBuffer;
  #views: Uint8Array<SharedArrayBuffer>[];
  #free: number[];
  #isFree: boolean[];
  /** Packets in each slot that is with the inspector. */
  #packets: number[];
  #port: MessagePort;

  /** Tells the inspector about the memory, first of all messages on `port`. */
  constructor(port: MessagePort, slots = SLOT_COUNT, slotBytes = SLOT_BYTES) {
    this.slots = slots;
    this.#memory = new SharedArrayBuffer(slots * slotBytes);
    this.#views = Array.from(
      { length: slots },
      (_, n) => new Uint8Array(this.#memory, n * slotBytes, slotBytes),
    );
    this.#free = [];
    this.#isFree = [];
    this.#packets = new Array(slots).fill(0);
    this.#port = port;
    this.connect(port);
  }

  /** Goes on with a new inspector: the one before is gone, and what its slots held is lost. */
  connect(port: MessagePort): void {
    if (port !== this.#port) this.close();
    this.#port = port;
    for (const slot of this.#packets.keys()) {
      if (this.#isFree[slot] === false) this.lost += this.#packets[slot];
    }
    this.#free = Array.from({ length: this.slots }, (_, n) => this.slots - 1 - n);
    this.#isFree = new Array(this.slots).fill(true);
    port.onmessage = (event: MessageEvent<InspectToCapture>) => this.#release(event.data.slot);
    const slotBytes = this.#views[0].byteLength;
    port.postMessage({ type: "slots", memory: this.#memory, slotBytes } satisfies Slots);
    this.onRelease();
  }

  get free(): number {
    return this.#free.length;
  }

  /** The slot that `send` will hand on; `null` when none is free. */
  peek(): number | null {
    return this.#free.length === 0 ? null : this.#free[this.#free.length - 1];
  }

  /** The memory of a slot. */
  memory(slot: number): Uint8Array<SharedArrayBuffer> {
    return this.#views[slot];
  }

  /** Hands the slot of `peek` to the inspector. */
  send(format: BatchFormat, packets: number, bytes: number): void {
    const slot = this.#free.pop();
    if (slot === undefined) throw new Error("No slot is free");
    this.#isFree[slot] = false;
    this.#packets[slot] = packets;
    this.delivered += packets;
    this.deliveredBytes += bytes;
    const { linkType, nanosecond, interfaceIndex } = format;
    this.#port.postMessage({ type: "batch", slot, bytes, linkType, nanosecond, interfaceIndex });
  }

  /** Ends the conversation; nothing may be sent afterwards. */
  close(): void {
    this.#port.onmessage = null;
    this.#port.close();
  }

  #release(slot: number): void {
    if (this.#isFree[slot] !== false) return; // not one of ours, or released twice
    this.#isFree[slot] = true;
    this.#free.push(slot);
    this.onRelease();
  }
}
