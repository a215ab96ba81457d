/**
 * Lets libpcap write records straight into memory: a `FILE` over it (fmemopen), which `pcap_dump` fills.
 *
 * `pcap_dump` reports no failed write, and a full `FILE` is silent: so ask for at most what surely fits, and look at
 * `failed` before the memory is handed on.
 */
import { cString, type Libpcap, loadLibpcap } from "./libpcap.ts";

/** One piece of memory that libpcap writes to. */
export class RecordWriter {
  readonly size: number;
  #libpcap: Libpcap;
  #file: Deno.PointerValue;
  /** Keeps the memory alive: the FILE holds its bare address. Shared memory does not move. */
  readonly memory: Uint8Array<SharedArrayBuffer>;

  /** @param memory Part of a SharedArrayBuffer; records begin at its start. */
  constructor(memory: Uint8Array<SharedArrayBuffer>) {
    this.memory = memory;
    this.size = memory.byteLength;
    this.#libpcap = loadLibpcap();
    const address = Deno.UnsafePointer.of(memory);
    this.#file = this.#libpcap.fmemopen(address, BigInt(memory.byteLength), cString("w"));
    if (this.#file === null) throw new Error(`fmemopen() gave no stream over ${this.size} bytes`);
  }

  /** @internal For `PcapHandle` only: the `FILE *`; NULL once closed. */
  get file(): Deno.PointerValue {
    return this.#file;
  }

  /** Bytes written, whether flushed or not. */
  get length(): number {
    return Number(this.#libpcap.ftell(this.#file));
  }

  /** Puts what is still in the FILE's own buffer into the memory. @returns Whether all writes went well. */
  flush(): boolean {
    // The NUL that fmemopen adds behind the data lies beyond `length`, where nobody looks.
    return this.#libpcap.fflush(this.#file) === 0 && this.#libpcap.ferror(this.#file) === 0;
  }

  /** Begins again at the start of the memory, and forgets errors. */
  rewind(): void {
    this.#libpcap.rewind(this.#file);
  }

  /** May be called twice. */
  close(): void {
    if (this.#file === null) return;
    this.#libpcap.fclose(this.#file);
    this.#file = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
