/** Stands at the inspector's end of the port: checks the batches, notes what is in them, gives slots back. */
import type { Batch, CaptureToInspect, Slots } from "../../../model/protocol.ts";

const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export class InspectorEnd {
  /** To be sent to the source. */
  readonly port: MessagePort;
  slots: Slots | null = null;
  batches: Batch[] = [];
  packets = 0;
  /** By `interfaceIndex`. */
  packetsOn: number[] = [];
  wireBytes = 0;
  /** Seconds since 1970 of each packet, at most 10,000. */
  times: number[] = [];
  /** Bytes of the first packets, at most 100. */
  data: Uint8Array[] = [];
  /** While true slots are kept, as a busy inspector does. */
  hold = false;
  #held: number[] = [];
  #port: MessagePort;
  #wake: () => void = () => {};

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.port = port2;
    port1.onmessage = (event: MessageEvent<CaptureToInspect>) => {
      if (event.data.type === "slots") this.slots = event.data;
      else this.#read(event.data);
      this.#wake();
    };
  }

  /** Gives back what was held, and holds no more. */
  release(): void {
    this.hold = false;
    for (const slot of this.#held.splice(0)) this.#port.postMessage({ type: "release", slot });
  }

  /** Waits until `condition` holds; looks whenever something comes. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake = resolve);
  }

  close(): void {
    this.#port.close();
  }

  #read(batch: Batch): void {
    if (this.slots === null) throw new Error("slots must be the first message");
    if (batch.bytes > this.slots.slotBytes) throw new Error("a batch is longer than its slot");
    const view = new DataView(this.slots.memory, batch.slot * this.slots.slotBytes, batch.bytes);
    for (let at = 0; at < batch.bytes;) {
      const caplen = view.getUint32(at + 8, LITTLE);
      if (at + 16 + caplen > batch.bytes) throw new Error("a record runs past its batch");
      this.packets++;
      this.packetsOn[batch.interfaceIndex] = (this.packetsOn[batch.interfaceIndex] ?? 0) + 1;
      this.wireBytes += view.getUint32(at + 12, LITTLE);
      if (this.times.length < 10_000) {
        const perSecond = batch.nanosecond ? 1e9 : 1e6;
        this.times.push(view.getUint32(at, LITTLE) + view.getUint32(at + 4, LITTLE) / perSecond);
      }
      if (this.data.length < 100) {
        const start = view.byteOffset + at + 16;
        this.data.push(new Uint8Array(this.slots.memory, start, caplen).slice());
      }
      at += 16 + caplen;
    }
    this.batches.push(batch);
    if (this.hold) this.#held.push(batch.slot);
    else this.#port.postMessage({ type: "release", slot: batch.slot });
  }
}
