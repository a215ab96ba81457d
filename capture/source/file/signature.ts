/** What a file is, by its first bytes: so that one that is no capture is named and the next step is told. */
import { CaptureFileError } from "../errors.ts";

/** A capture format that is read here. */
export type CaptureKind = "pcap" | "pcapng";

/** Bytes that `recognise` wants to see, if the file has them. */
export const SIGNATURE_BYTES = 16;

/** Magic numbers of libpcap files, first byte first, https://www.tcpdump.org/manpages/pcap-savefile.5.html */
const PCAP_MAGICS = ["d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d"];
/** Block type of a section header, the same in both byte orders, RFC draft-ietf-opsawg-pcapng §4.1. */
const PCAPNG_MAGIC = "0a0d0d0a";

/** Others' magic numbers: what it is, and what helps. `%` stands for the file's name. */
const OTHERS: { magics: string[]; what: string; code: "not-a-capture" | "unsupported"; hint: string }[] = [
  {
    magics: ["34cdb2a1", "a1b2cd34"],
    what: 'is a "modified" pcap file (Kuznetzov, magic 0xa1b2cd34), whose packet headers have another size',
    code: "unsupported",
    hint: 'Convert it: editcap -F pcap "%" converted.pcap',
  },
  {
    magics: ["ab011c00", "001c01ab", "ac011c00", "001c01ac", "34cdb2a1", "a1b234cd", "34b2cda1"],
    what: "is a vendor's variant of pcap (IXIA, Nokia or Navtel)",
    code: "unsupported",
    hint: 'Convert it: editcap -F pcap "%" converted.pcap',
  },
  {
    magics: ["736e6f6f70000000"],
    what: "is a snoop capture (Solaris)",
    code: "unsupported",
    hint: 'Convert it: editcap -F pcap "%" converted.pcap',
  },
  {
    magics: ["52545353", "474d4255"],
    what: "is a Microsoft Network Monitor capture",
    code: "unsupported",
    hint: 'Convert it: editcap -F pcap "%" converted.pcap',
  },
  {
    magics: ["28b52ffd"],
    what: "is packed with zstd",
    code: "unsupported",
    hint: 'Unpack it: zstd -d "%", or: zstd -dc "%" | netpane analyze -',
  },
  {
    magics: ["04224d18"],
    what: "is packed with lz4",
    code: "unsupported",
    hint: 'Unpack it: lz4 -d "%", or: lz4 -dc "%" | netpane analyze -',
  },
  {
    magics: ["425a68"],
    what: "is packed with bzip2",
    code: "unsupported",
    hint: 'Unpack it: bunzip2 -k "%", or: bzip2 -dc "%" | netpane analyze -',
  },
  {
    magics: ["fd377a585a00"],
    what: "is packed with xz",
    code: "unsupported",
    hint: 'Unpack it: xz -dk "%", or: xz -dc "%" | netpane analyze -',
  },
  {
    magics: ["504b0304"],
    what: "is a zip archive",
    code: "unsupported",
    hint: 'Unpack it: unzip "%", or: unzip -p "%" | netpane analyze -',
  },
  {
    magics: ["1f8b"],
    what: "is packed with gzip twice",
    code: "unsupported",
    hint: 'Unpack it once: gzip -dc "%" | netpane analyze -',
  },
];

/**
 * Tells pcap from pcapng.
 *
 * @param head The first bytes, up to `SIGNATURE_BYTES`.
 * @param name How the file is called in messages.
 * @throws {CaptureFileError} naming what it is, when it is neither.
 */
export function recognise(head: Uint8Array, name: string): CaptureKind {
  const hex = Array.from(head, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (PCAP_MAGICS.some((magic) => hex.startsWith(magic))) return "pcap";
  if (hex.startsWith(PCAPNG_MAGIC)) return "pcapng";
  for (const other of OTHERS) {
    if (!other.magics.some((magic) => hex.startsWith(magic))) continue;
    throw new CaptureFileError(other.code, `"${name}" ${other.what}`, {
      hint: other.hint.replaceAll("%", name),
    });
  }
  if (head.length === 0) {
    throw new CaptureFileError("not-a-capture", `"${name}" is empty`, {
      hint: "Capture files come from tcpdump -w or Wireshark; was the capture stopped before it began?",
    });
  }
  throw new CaptureFileError(
    "not-a-capture",
    `"${name}" is not a capture: starts with ${startsWith(head, hex)}`,
    {
      hint: "Give a pcap or pcapng file, as tcpdump -w and Wireshark write them; gzip is unpacked",
    },
  );
}

/** The first bytes for people: as text where they are text. */
function startsWith(head: Uint8Array, hex: string): string {
  const text = head.every((byte) =>
    (byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10 || byte === 13
  );
  if (text) return `the text ${JSON.stringify(String.fromCharCode(...head))}`;
  return `the bytes ${hex.slice(0, 16).replace(/(..)(?=.)/g, "$1 ")}`;
}
