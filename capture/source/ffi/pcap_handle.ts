/** One `pcap_t`: libpcap's live capture calls with ordinary types, and nothing decided. */
import { createErrorBuffer, cString, type Libpcap, loadLibpcap, textAt, textIn } from "./libpcap.ts";
import { RecordWriter } from "./record_writer.ts";

/** Statuses of pcap_activate and others, pcap/pcap.h. Below zero are errors, above it warnings. */
export const PcapStatus = {
  error: -1,
  break: -2,
  noSuchDevice: -5,
  permissionDenied: -8,
  interfaceNotUp: -9,
  promiscuousPermissionDenied: -11,
} as const;

/** Counters of pcap_stats: 32 bits each, so they wrap. */
export interface PcapStatistics {
  received: number;
  dropped: number;
  interfaceDropped: number;
}

const PRECISION_NANOSECONDS = 1; // PCAP_TSTAMP_PRECISION_NANO
const NETMASK_UNKNOWN = 0xffff_ffff; // PCAP_NETMASK_UNKNOWN
/** struct bpf_program: u_int bf_len; struct bpf_insn *bf_insns, with padding between on LP64. */
const BPF_PROGRAM_BYTES = 16;
/** struct pcap_stat: u_int ps_recv, ps_drop, ps_ifdrop. */
const PCAP_STAT_BYTES = 12;
/** What pcap_dump_fopen writes first: a pcap file header; its link type, at byte 20, is a LINKTYPE_ value. */
const FILE_HEADER_BYTES = 24;
const FILE_HEADER_LINK_TYPE = 20;
const LINK_TYPE_MASK = 0x03ff_ffff; // the bits above tell of a frame check sequence

/** A live capture handle, not active until `activate`. */
export class PcapHandle {
  #libpcap: Libpcap;
  #handle: Deno.PointerValue;
  /** What pcap_dump writes to; belongs to the writer of the last `begin`, which must outlive it. */
  #dumper: Deno.PointerValue = null;
  #statistics = new Uint32Array(PCAP_STAT_BYTES / 4);

  /** @throws {Error} with libpcap's message. */
  constructor(device: string) {
    this.#libpcap = loadLibpcap();
    const message = createErrorBuffer();
    this.#handle = this.#libpcap.pcap_create(cString(device), message);
    if (this.#handle === null) throw new Error(textIn(message));
  }

  /** To be called before `activate`: libpcap refuses them afterwards. Numbers are bytes and milliseconds. */
  configure(
    options: { snaplen: number; promiscuous: boolean; bufferBytes: number; timeoutMs: number },
  ): void {
    const { symbols, handle } = this.#opened();
    symbols.pcap_set_snaplen(handle, options.snaplen);
    symbols.pcap_set_promisc(handle, options.promiscuous ? 1 : 0);
    symbols.pcap_set_timeout(handle, options.timeoutMs);
    symbols.pcap_set_buffer_size(handle, options.bufferBytes);
    symbols.pcap_set_tstamp_precision(handle, PRECISION_NANOSECONDS); // where not offered it stays microseconds
  }

  /** Opens the device. @returns 0, a warning above it, or an error below it (`PcapStatus`), see `message`. */
  activate(): number {
    const { symbols, handle } = this.#opened();
    return symbols.pcap_activate(handle);
  }

  /** Never wait for packets. @throws {Error} with libpcap's message. */
  setNonBlocking(): void {
    const { symbols, handle } = this.#opened();
    const message = createErrorBuffer();
    if (symbols.pcap_setnonblock(handle, 1, message) < 0) throw new Error(textIn(message));
  }

  /** The DLT_ value of the packets: nearly, but not always, the LINKTYPE_ value, see `linkType`. */
  get dataLink(): number {
    const { symbols, handle } = this.#opened();
    return symbols.pcap_datalink(handle);
  }

  /** Asks for packets of another DLT_. @returns Whether the device offers it. */
  setDataLink(dlt: number): boolean {
    const { symbols, handle } = this.#opened();
    return symbols.pcap_set_datalink(handle, dlt) === 0;
  }

  /**
   * LINKTYPE_ value of the packets, as libpcap itself would write it into a file.
   *
   * @throws {Error} with libpcap's message, where the device has none.
   */
  linkType(): number {
    const { symbols, handle } = this.#opened();
    const header = new Uint8Array(new SharedArrayBuffer(2 * FILE_HEADER_BYTES));
    using writer = new RecordWriter(header);
    if (symbols.pcap_dump_fopen(handle, writer.file) === null || !writer.flush()) {
      throw new Error(this.message);
    }
    return new Uint32Array(header.buffer)[FILE_HEADER_LINK_TYPE / 4] & LINK_TYPE_MASK;
  }

  /** File descriptor that is readable when packets are there, for `PacketWait`; -1 where there is none. */
  get descriptor(): number {
    const { symbols, handle } = this.#opened();
    return symbols.pcap_get_selectable_fd(handle);
  }

  /** Whether time stamps count nanoseconds (else microseconds). */
  get nanosecond(): boolean {
    const { symbols, handle } = this.#opened();
    return symbols.pcap_get_tstamp_precision(handle) === PRECISION_NANOSECONDS;
  }

  /**
   * Lets only packets through that match a filter, pcap-filter(7).
   *
   * @returns libpcap's message when it does not compile or cannot be set, else `null`.
   */
  setFilter(filter: string, device: string): string | null {
    const { symbols, handle } = this.#opened();
    // The netmask is only used by `ip broadcast`; a device without an IPv4 address has none.
    const network = new Uint32Array(1), mask = new Uint32Array(1);
    const known = symbols.pcap_lookupnet(cString(device), network, mask, createErrorBuffer()) === 0;
    const program = new Uint8Array(BPF_PROGRAM_BYTES);
    const netmask = known ? mask[0] : NETMASK_UNKNOWN;
    if (symbols.pcap_compile(handle, program, cString(filter), 1, netmask) !== 0) return this.message;
    const set = symbols.pcap_setfilter(handle, program);
    symbols.pcap_freecode(program); // the kernel, or the handle, has its own copy
    return set === 0 ? null : this.message;
  }

  /**
   * From now on `dispatch` writes to `writer`, from its start.
   *
   * @returns False when that is not possible, see `message`.
   */
  begin(writer: RecordWriter): boolean {
    const { symbols, handle } = this.#opened();
    writer.rewind();
    this.#dumper = symbols.pcap_dump_fopen(handle, writer.file);
    writer.rewind(); // over the file header, which is not wanted
    return this.#dumper !== null;
  }

  /**
   * Appends at most `count` packets that are there now to the writer of the last `begin`.
   *
   * @returns Packets; below zero an error, see `message`.
   */
  dispatch(count: number): number {
    if (this.#handle === null || this.#dumper === null) return PcapStatus.error;
    const packets = this.#libpcap.pcap_dispatch(this.#handle, count, this.#libpcap.pcap_dump, this.#dumper);
    return packets === PcapStatus.break ? 0 : packets; // nobody calls pcap_breakloop: as good as nothing
  }

  /** Counters since activation; `null` where the device has none. */
  statistics(): PcapStatistics | null {
    if (this.#handle === null || this.#libpcap.pcap_stats(this.#handle, this.#statistics) !== 0) return null;
    const [received, dropped, interfaceDropped] = this.#statistics;
    return { received, dropped, interfaceDropped };
  }

  /** What went wrong last, in libpcap's words. */
  get message(): string {
    return this.#handle === null ? "The capture is closed" : textAt(this.#libpcap.pcap_geterr(this.#handle));
  }

  /** May be called twice. */
  close(): void {
    if (this.#handle === null) return;
    this.#libpcap.pcap_close(this.#handle);
    this.#handle = null;
    this.#dumper = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #opened(): { symbols: Libpcap; handle: Deno.PointerValue } {
    if (this.#handle === null) throw new Error("The capture is closed");
    return { symbols: this.#libpcap, handle: this.#handle };
  }
}

/** The plain meaning of a status, in libpcap's words. */
export function statusText(status: number): string {
  return textAt(loadLibpcap().pcap_statustostr(status));
}
