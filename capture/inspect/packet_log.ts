/**
 * The packet log: the latest packets, each with a line that a person understands, for the live tail.
 *
 * Eyes read a few packets a second. When more come, an even share of each tenth of a second is kept, and what was
 * passed over is counted; packets in which something was recognised are kept before others. Passing over one costs
 * a comparison.
 */
import { formatAddress } from "../../model/address.ts";
import { IpProtocol } from "../../model/flow.ts";
import { TRAFFIC_KINDS } from "../../model/inspection.ts";
import type { PacketRecord } from "../../model/packet.ts";
import type { PacketView } from "./decode/packet_view.ts";
import { maskedPayload } from "./masked_payload.ts";
import { summaryOf } from "./packet_summary.ts";

/** A slice of packet time, and packets kept of it: 500 a second, and as many again where something was recognised. */
const SLICE_US = 100_000;
const PER_SLICE = 50;
const RECOGNISED_PER_SLICE = 100;
/** Packets waiting for the next snapshot. */
const MAX_WAITING = 2_000;

const TCP_FLAG_LETTERS = "FSRPAUEC";

export class PacketLog {
  /** Packets passed over, since the beginning. */
  unlogged = 0;
  readonly #showPayload: boolean;
  #waiting: PacketRecord[] = [];
  #sliceEndUs = 0;
  #inSlice = 0;

  /** @param showPayload Whether records hold the start of the payload, masked. */
  constructor(showPayload: boolean) {
    this.#showPayload = showPayload;
  }

  /** Whether a packet at this time would be kept; when not it is counted. @param recognised See above. */
  wants(timeUs: number, recognised: boolean): boolean {
    if (timeUs >= this.#sliceEndUs || timeUs < this.#sliceEndUs - SLICE_US) {
      this.#sliceEndUs = timeUs + SLICE_US;
      this.#inSlice = 0;
    }
    if (
      this.#inSlice < (recognised ? RECOGNISED_PER_SLICE : PER_SLICE) && this.#waiting.length < MAX_WAITING
    ) {
      return true;
    }
    this.unlogged++;
    return false;
  }

  /**
   * Keeps a packet that `wants()` has let in.
   *
   * @param note What was recognised in it; "" for nothing.
   * @param payload Where its innermost payload lies in `view.cursor.bytes`; empty for none.
   */
  add(
    view: PacketView,
    packet: { number: number; caplen: number; flowId: number; note: string },
    payload: { at: number; end: number },
  ): void {
    this.#inSlice++;
    const version = view.ipVersion;
    const record: PacketRecord = {
      number: packet.number,
      time: view.timeUs[0] / 1000,
      interface_index: view.interfaceIndex,
      src_ip: version > 0 ? formatAddress(view.addressBytes, 0, version) : "",
      dest_ip: version > 0 ? formatAddress(view.addressBytes, 16, version) : "",
      src_port: packet.flowId > 0 ? view.sourcePort : 0,
      dest_port: packet.flowId > 0 ? view.destinationPort : 0,
      proto: TRAFFIC_KINDS[view.kind],
      length: view.wireLength,
      captured: packet.caplen,
      tcp_flags: view.protocol === IpProtocol.tcp && packet.flowId > 0 ? flagLetters(view.tcpFlags) : "",
      summary: packet.note || summaryOf(view),
      flow_id: packet.flowId,
    };
    if (this.#showPayload && payload.end > payload.at) {
      record.payload = maskedPayload(view.cursor.bytes, payload.at, payload.end);
    }
    this.#waiting.push(record);
  }

  /** What was kept since the last call, oldest first. */
  drain(): PacketRecord[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}

function flagLetters(flags: number): string {
  let letters = "";
  for (let bit = 0; bit < 8; bit++) if (flags & (1 << bit)) letters += TCP_FLAG_LETTERS[bit];
  return letters;
}
