/** Neighbours: what the kernel tells is read right, from bytes and from the kernel itself. */
import assert from "node:assert/strict";
import { openLibc } from "../../enrich/ffi/libc.ts";
import { NETLINK_ROUTE, NetlinkSocket } from "../../enrich/ffi/netlink_socket.ts";
import { parseNeighbour, readNeighbours } from "../../enrich/neighbours.ts";
import { Cursor } from "../../model/cursor.ts";
import { NEIGHBOUR_V4, NEIGHBOUR_V6 } from "./kernel_bytes.ts";

const STATE_AT = 8;

Deno.test("parseNeighbour() reads address, card, freshness and routers", () => {
  assert.deepEqual(parseNeighbour(new Cursor(NEIGHBOUR_V4)), {
    address: "192.0.2.1",
    mac: "02:fc:00:00:00:05",
    index: 4,
    fresh: true,
    router: false,
  });
  assert.deepEqual(parseNeighbour(new Cursor(NEIGHBOUR_V6)), {
    address: "fe80::1",
    mac: "02:fc:00:00:00:06",
    index: 4,
    fresh: false,
    router: true,
  });
});

Deno.test("parseNeighbour() gives null for what is cut, incomplete, failed or of another family", () => {
  for (let length = 0; length < 12; length++) {
    assert.equal(parseNeighbour(new Cursor(NEIGHBOUR_V4, 0, length)), null, String(length));
  }
  for (const state of [0x01, 0x20, 0x40]) {
    const bytes = NEIGHBOUR_V4.slice();
    bytes[STATE_AT] = state;
    assert.equal(parseNeighbour(new Cursor(bytes)), null);
  }
  const bridge = NEIGHBOUR_V4.slice();
  bridge[0] = 7; // AF_BRIDGE
  assert.equal(parseNeighbour(new Cursor(bridge)), null);
  for (let at = 0; at < NEIGHBOUR_V6.length; at++) {
    for (const value of [0, 0xff]) {
      const bytes = NEIGHBOUR_V6.slice();
      bytes[at] = value;
      parseNeighbour(new Cursor(bytes)); // whatever it gives, it gives it
    }
  }
});

Deno.test({
  name: "the kernel's table can be read, as anybody",
  ignore: Deno.build.os !== "linux",
  fn() {
    const libc = openLibc();
    using socket = NetlinkSocket.open(libc, NETLINK_ROUTE);
    for (const { address, mac } of readNeighbours(socket)) {
      assert.match(mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      assert.notEqual(address, "");
    }
    libc.dispose();
  },
});
