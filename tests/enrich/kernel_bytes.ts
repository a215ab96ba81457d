/** Bytes that a kernel (Linux 6.18, x86_64) told about traffic over loopback of this project's own making. */

/** Blanks and line breaks are for the eye. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/\s+/g, "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/** struct inet_diag_msg with attributes: [::1]:55676 → [::1]:40080, established, 1,000 bytes sent. */
export const TCP_DIAG = hex(`
  0a010000 d97c 9c90 00000000000000000000000000000001 00000000000000000000000000000001
  00000000 d100000000000000 00000000 00000000 00000000 00000000 44350100
  0500 0800 00000000 0800 0f00 00000000 0c00 1500 0100000000000000 0600 1600 12000000
  1c01 0200 01000000 0007aa01 e01c0300 00000000 8a000018 02000000
  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
  00000100 c4ff0000 2f000000 16000000 ffffff7f 0b000000 b8ff0000 03000000 00000000 c4ff0000
  00000000 6e12e17104000000 ffffffffffffffff e903000000000000 0000000000000000
  03000000 02000000 00000000 22000000 00000000 01000000 87c7ee3d00000000
  0000000000000000 0000000000000000 0000000000000000 02000000 00000000 e803000000000000
  0000000000000000 00000000 00000000 00000000 00000100 14010000 00010000
  0000000000000000000000000000000000000000000000000000000000000000
  0000000000000000`);

/** RTM_NEWLINK: what is read of it, and some of what is not; counters made up. */
export const LINK = hex(`
  0000 0100 02000000 43100100 00000000
  0900 0300 6574683000000000 0800 0d00 e8030000 0800 0400 dc050000
  0a00 0100 02fc00000001 0000
  cc00 1700
  0100000000000000 0200000000000000 0300000001000000 0400000000000000
  0500000000000000 0600000000000000 0700000000000000 0800000000000000
  ${"00".repeat(136)}`);

/** RTM_NEWADDR: 127.0.0.1/8 on interface 1, fd00::2/64 on interface 4. */
export const ADDRESS_V4 = hex(`
  0208 80fe 01000000 0800 0100 7f000001 0800 0200 7f000001 0700 0300 6c6f0000 0800 0800 80000000`);
export const ADDRESS_V6 = hex(`
  0a40 8200 04000000 1400 0100 fd000000000000000000000000000002 0800 0800 82000000`);

/** RTM_NEWNEIGH: 192.0.2.1 at 02:fc:00:00:00:05 on interface 4, reachable; fe80::1, a router, stale. */
export const NEIGHBOUR_V4 = hex(`
  02000000 04000000 0200 00 01 0800 0100 c0000201 0a00 0200 02fc00000005 0000
  0800 0400 01000000 1400 0300 00000000000000000000000000000000`);
export const NEIGHBOUR_V6 = hex(`
  0a000000 04000000 0400 80 01 1400 0100 fe800000000000000000000000000001 0a00 0200 02fc00000006 0000`);

/** perf_event records: curl begins to connect to 127.0.0.1:1, and is refused; a program starts; dig sends. */
export const CONNECTING = hex(`
  09000000 0100 6800 83360000 83360000 97b2365f0b020000 4c000000
  ef08 24 01 83360000 40093d748188ffff 07000000 02000000 0000 0100 0200 0600 7f000001 7f000001
  00000000000000000000ffff7f000001 00000000000000000000ffff7f000001 00000000`);
export const REFUSED = hex(`
  09000000 0100 6800 83360000 83360000 aab2365f0b020000 4c000000
  ef08 24 01 83360000 40093d748188ffff 02000000 07000000 20c5 0100 0200 0600 7f000001 7f000001
  00000000000000000000ffff7f000001 00000000000000000000ffff7f000001 00000000`);
export const NAMED = hex(`
  03000000 0020 2800 83360000 83360000 6375726c00000000 83360000 83360000 fa690c600b020000`);
export const SENDING = hex(`
  09000000 0100 6800 84360000 85360000 fa690c600b020000 4c000000
  d808 00 01 85360000 fe000000 00000000 00000000 01000000 11000000 00000000 7f000001
  7f000001 00000000000000000000ffff7f000001 81c2 3500 6c6f00000000ffff0000000000000000`);

/** The `format` files of tracefs that say where the fields of the records above are. */
export const TCP_FORMAT = `name: inet_sock_set_state
ID: 2287
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:const void * skaddr;	offset:8;	size:8;	signed:0;
	field:int oldstate;	offset:16;	size:4;	signed:1;
	field:int newstate;	offset:20;	size:4;	signed:1;
	field:__u16 sport;	offset:24;	size:2;	signed:0;
	field:__u16 dport;	offset:26;	size:2;	signed:0;
	field:__u16 family;	offset:28;	size:2;	signed:0;
	field:__u16 protocol;	offset:30;	size:2;	signed:0;
	field:__u8 saddr[4];	offset:32;	size:4;	signed:0;
	field:__u8 daddr[4];	offset:36;	size:4;	signed:0;
	field:__u8 saddr_v6[16];	offset:40;	size:16;	signed:0;
	field:__u8 daddr_v6[16];	offset:56;	size:16;	signed:0;

print fmt: "family=%s protocol=%s"
`;
export const UDP_FORMAT = `name: fib_table_lookup
ID: 2264
format:
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:u8 proto;	offset:24;	size:1;	signed:0;
	field:__u8 src[4];	offset:28;	size:4;	signed:0;
	field:__u8 dst[4];	offset:32;	size:4;	signed:0;
	field:u16 sport;	offset:56;	size:2;	signed:0;
	field:u16 dport;	offset:58;	size:2;	signed:0;
`;
