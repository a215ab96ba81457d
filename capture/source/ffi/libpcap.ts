/**
 * Opens libpcap: the only place that names its file and its functions.
 *
 * The libc functions come from the same handle, because looking a name up in a library also looks in those it
 * depends on: so the `FILE` that libpcap writes to is made by the very libc that libpcap uses.
 *
 * Layouts used in this folder are those of LP64 systems (Linux and macOS on 64-bit processors, all Deno runs on).
 */
import { CaptureError } from "../errors.ts";

/** Names to try. Debian calls it 0.8 for historical reasons; others .so.1; the bare name comes with the headers. */
const SONAMES: Partial<Record<typeof Deno.build.os, string[]>> = {
  darwin: ["libpcap.dylib", "/usr/lib/libpcap.dylib", "libpcap.A.dylib"],
};
const DEFAULT_SONAMES = ["libpcap.so.0.8", "libpcap.so.1", "libpcap.so"];

/** Signatures from pcap/pcap.h; each line names the C types. `pointer` to a handle is `pcap_t *`. */
const SYMBOLS = {
  // const char *pcap_lib_version(void)
  pcap_lib_version: { parameters: [], result: "pointer" },
  // int pcap_findalldevs(pcap_if_t **alldevs, char errbuf[256])
  pcap_findalldevs: { parameters: ["buffer", "buffer"], result: "i32" },
  // void pcap_freealldevs(pcap_if_t *alldevs)
  pcap_freealldevs: { parameters: ["pointer"], result: "void" },
  // pcap_t *pcap_create(const char *source, char errbuf[256])
  pcap_create: { parameters: ["buffer", "buffer"], result: "pointer" },
  // int pcap_set_snaplen(pcap_t *, int) and so on: all return 0 or an error before activation
  pcap_set_snaplen: { parameters: ["pointer", "i32"], result: "i32" },
  pcap_set_promisc: { parameters: ["pointer", "i32"], result: "i32" },
  pcap_set_timeout: { parameters: ["pointer", "i32"], result: "i32" },
  pcap_set_buffer_size: { parameters: ["pointer", "i32"], result: "i32" },
  pcap_set_tstamp_precision: { parameters: ["pointer", "i32"], result: "i32" },
  pcap_get_tstamp_precision: { parameters: ["pointer"], result: "i32" },
  // int pcap_activate(pcap_t *): 0, a warning above it, an error below it
  pcap_activate: { parameters: ["pointer"], result: "i32" },
  // int pcap_setnonblock(pcap_t *, int nonblock, char errbuf[256])
  pcap_setnonblock: { parameters: ["pointer", "i32", "buffer"], result: "i32" },
  // int pcap_datalink(pcap_t *); int pcap_set_datalink(pcap_t *, int dlt)
  pcap_datalink: { parameters: ["pointer"], result: "i32" },
  pcap_set_datalink: { parameters: ["pointer", "i32"], result: "i32" },
  // int pcap_lookupnet(const char *device, bpf_u_int32 *net, bpf_u_int32 *mask, char errbuf[256])
  pcap_lookupnet: { parameters: ["buffer", "buffer", "buffer", "buffer"], result: "i32" },
  // int pcap_compile(pcap_t *, struct bpf_program *, const char *, int optimize, bpf_u_int32 netmask)
  pcap_compile: { parameters: ["pointer", "buffer", "buffer", "i32", "u32"], result: "i32" },
  pcap_setfilter: { parameters: ["pointer", "buffer"], result: "i32" },
  pcap_freecode: { parameters: ["buffer"], result: "void" },
  // int pcap_dispatch(pcap_t *, int cnt, pcap_handler callback, u_char *user)
  pcap_dispatch: { parameters: ["pointer", "i32", "pointer", "pointer"], result: "i32" },
  // int pcap_get_selectable_fd(pcap_t *)
  pcap_get_selectable_fd: { parameters: ["pointer"], result: "i32" },
  // int pcap_stats(pcap_t *, struct pcap_stat *)
  pcap_stats: { parameters: ["pointer", "buffer"], result: "i32" },
  // char *pcap_geterr(pcap_t *); const char *pcap_statustostr(int)
  pcap_geterr: { parameters: ["pointer"], result: "pointer" },
  pcap_statustostr: { parameters: ["i32"], result: "pointer" },
  pcap_close: { parameters: ["pointer"], result: "void" },
  // pcap_dumper_t *pcap_dump_fopen(pcap_t *, FILE *)
  pcap_dump_fopen: { parameters: ["pointer", "pointer"], result: "pointer" },
  // Not called but handed to pcap_dispatch as its callback, so that no JavaScript runs for a packet:
  // void pcap_dump(u_char *user, const struct pcap_pkthdr *, const u_char *packet)
  pcap_dump: { type: "pointer" },

  // FILE *fmemopen(void *buffer, size_t size, const char *mode), POSIX.1-2008
  fmemopen: { parameters: ["pointer", "usize", "buffer"], result: "pointer" },
  // long ftell(FILE *); void rewind(FILE *); int fflush(FILE *); int ferror(FILE *); int fclose(FILE *)
  ftell: { parameters: ["pointer"], result: "isize" },
  rewind: { parameters: ["pointer"], result: "void" },
  fflush: { parameters: ["pointer"], result: "i32" },
  ferror: { parameters: ["pointer"], result: "i32" },
  fclose: { parameters: ["pointer"], result: "i32" },
  // int poll(struct pollfd *, nfds_t, int timeout): waits, but never longer than a tenth of a second here
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  // int socket(int domain, int type, int protocol); int close(int fd)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  // int ioctl(int fd, unsigned long request, ...): variadic, but on Linux's 64-bit ABIs passed like any other
  ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
} as const;

/** The functions of libpcap and those of libc that go with it. */
export type Libpcap = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let loaded: Libpcap | null = null;

/**
 * libpcap, opened at the first call and kept: it is never closed, since handles may live in it.
 *
 * @throws {CaptureError} `no-libpcap` when it cannot be loaded; the next call tries again.
 */
export function loadLibpcap(): Libpcap {
  if (loaded !== null) return loaded;
  if (Deno.build.os === "windows") {
    throw new CaptureError("no-libpcap", "Live capture is not supported on Windows (wpcap.dll)", {
      hint: "Capture with Wireshark and open the file: netpane start --pcap FILE, or netpane analyze FILE",
    });
  }
  const tried: string[] = [];
  for (const soname of SONAMES[Deno.build.os] ?? DEFAULT_SONAMES) {
    try {
      return loaded = Deno.dlopen(soname, SYMBOLS).symbols;
    } catch (error) {
      // Without the permission no other name will do better, and it is not libpcap that is missing.
      if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) {
        throw new CaptureError("no-libpcap", "Cannot load libpcap: FFI is not permitted", {
          hint: "Start Deno with --allow-ffi, as `deno task start` does",
          cause: error,
        });
      }
      tried.push(`${soname}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new CaptureError("no-libpcap", "Cannot load libpcap", {
    hint:
      "Install it: sudo apt-get install libpcap0.8 (Fedora: sudo dnf install libpcap; Alpine: apk add libpcap)",
    cause: new Error(tried.join("; ")),
  });
}

/** Version text such as "libpcap version 1.10.3 (with TPACKET_V3)"; loads libpcap. */
export function libpcapVersion(): string {
  return textAt(loadLibpcap().pcap_lib_version());
}

/** Bytes libpcap wants for an error message, PCAP_ERRBUF_SIZE. */
const ERROR_BUFFER_BYTES = 256;

/** Memory for an error message. */
export function createErrorBuffer(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(ERROR_BUFFER_BYTES);
}

/** The message in an error buffer. */
export function textIn(buffer: Uint8Array): string {
  const end = buffer.indexOf(0);
  return new TextDecoder().decode(buffer.subarray(0, end === -1 ? buffer.length : end)).trim();
}

/** A C string as text; "" for NULL. */
export function textAt(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : new Deno.UnsafePointerView(pointer).getCString().trim();
}

/** Text as a C string. A NUL inside would cut it short, so it ends there for us as well. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text.split("\0", 1)[0]}\0`);
}
