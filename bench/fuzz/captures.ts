/** Packets of capture files, kept in memory to be damaged again and again. */
import { openCaptureFile } from "../../capture/source/capture_file.ts";
import { RECORD_HEADER_BYTES } from "../../model/batch.ts";

/** A packet as it was captured. */
export interface Packet {
  bytes: Uint8Array;
  wireLength: number;
  timeUs: number;
  linkType: number;
  /** Holds a planted password: put behind other words nobody could know it for one. */
  hasPassword?: boolean;
}

/** One capture's packets, in order. */
export interface Capture {
  name: string;
  packets: Packet[];
}

const CAPTURE_NAME = /\.(pcap|pcapng|cap)(\.gz)?$/;
/** Larger captures are read to here: what matters is variety. */
const MAX_PACKETS_PER_FILE = 20_000;

/** Reads files, and all capture files in folders; what cannot be read is told on stderr and left out. */
export async function loadCaptures(paths: string[]): Promise<Capture[]> {
  const captures: Capture[] = [];
  for (const name of paths.flatMap(filesIn)) {
    try {
      captures.push({ name, packets: await readPackets(name) });
    } catch (error) {
      console.error(`left out ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return captures.filter(({ packets }) => packets.length > 0);
}

function filesIn(path: string): string[] {
  if (!Deno.statSync(path).isDirectory) return [path];
  return [...Deno.readDirSync(path)]
    .filter((entry) => entry.isDirectory || CAPTURE_NAME.test(entry.name))
    .map(({ name }) => `${path}/${name}`)
    .toSorted()
    .flatMap(filesIn);
}

async function readPackets(name: string): Promise<Packet[]> {
  const packets: Packet[] = [];
  for await (const batch of (await openCaptureFile(name)).batches()) {
    const view = new DataView(batch.bytes.buffer, batch.bytes.byteOffset, batch.length);
    for (let at = 0; at + RECORD_HEADER_BYTES <= batch.length;) {
      const caplen = view.getUint32(at + 8, true);
      const start = at + RECORD_HEADER_BYTES;
      if (start + caplen > batch.length) break;
      const fraction = view.getUint32(at + 4, true);
      packets.push({
        bytes: batch.bytes.slice(start, start + caplen),
        wireLength: view.getUint32(at + 12, true),
        timeUs: view.getUint32(at, true) * 1e6 + (batch.nanosecond ? Math.floor(fraction / 1000) : fraction),
        linkType: batch.linkType,
      });
      at = start + caplen;
      if (packets.length >= MAX_PACKETS_PER_FILE) return packets;
    }
  }
  return packets;
}
