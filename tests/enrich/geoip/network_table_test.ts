/** The table of networks: what is in it, its edges, and damage. */
import assert from "node:assert/strict";
import { GeoDataError } from "../../../enrich/geoip/database.ts";
import { NetworkTable } from "../../../enrich/geoip/network_table.ts";
import { parseAddress } from "../../../model/address.ts";
import { concat, hex, text } from "../../support/packets.ts";

const SOURCE = { name: "test", type: "networks", built: 0, size: 0, credit: "" };

// Networks 0: AS64500 "Example", 1: AS64501 without a name.
const NETWORKS = concat(hex("f4f703 07"), text("Example"), hex("f5f703 00"));
// 1.0.0.0/24 in 0, 1.0.1.0/24 in 1 (no gap), 1.0.4.0/22 in 0 (a gap of 512).
const IPV4 = hex("80808008 ff01 00  00 ff01 01  8004 ff07 00");
// 2a00::/32 in 1: 0x2a0000000000 /48s come before, 65,536 of them are in it.
const IPV6 = hex("8080808080c00a ffff03 01");

function table(ipv6 = IPV6): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(28);
  [1_750_000_000, 2, NETWORKS.length, 3, IPV4.length, 1, ipv6.length].forEach((number, i) =>
    new DataView(head.buffer).setUint32(4 * i, number, true)
  );
  return concat(text("netpane\x01"), head, NETWORKS, IPV4, ipv6);
}

const get = (networks: NetworkTable, address: string) => networks.get(address, parseAddress(address)!);

Deno.test("addresses are in the network whose range they are in, or in none", () => {
  const networks = NetworkTable.parse(table(), SOURCE);
  const example = { asn: 64500, organisation: "Example" };
  for (
    const [address, expected] of [
      ["0.255.255.255", {}],
      ["1.0.0.0", example],
      ["1.0.0.255", example],
      ["1.0.1.0", { asn: 64501 }],
      ["1.0.1.255", { asn: 64501 }],
      ["1.0.2.0", {}],
      ["1.0.3.255", {}],
      ["1.0.4.0", example],
      ["1.0.7.255", example],
      ["1.0.8.0", {}],
      ["255.255.255.255", {}],
      ["::", {}],
      ["29ff:ffff:ffff::", {}],
      ["2a00::", { asn: 64501 }],
      ["2a00:0:ffff:ffff:ffff:ffff:ffff:ffff", { asn: 64501 }],
      ["2a00:1::", {}],
      ["ffff::", {}],
    ] as const
  ) assert.deepEqual(get(networks, address), expected, address);
  assert.equal(networks.source.built, 1_750_000_000_000);
});

Deno.test("a table that is cut or damaged is refused, or gives something of the right kind", () => {
  const good = table();
  for (let cut = 0; cut < good.length; cut++) {
    assert.throws(() => NetworkTable.parse(good.subarray(0, cut), SOURCE), GeoDataError, `cut at ${cut}`);
  }
  let random = 7;
  const next = (below: number) => (random = (Math.imul(random, 1103515245) + 12345) >>> 0) % below;
  for (let round = 0; round < 2_000; round++) {
    const bytes = good.slice();
    for (let i = 0; i < 2; i++) bytes[next(bytes.length)] = next(256);
    try {
      assert.equal(typeof get(NetworkTable.parse(bytes, SOURCE), "1.0.0.1"), "object");
    } catch (error) {
      assert.ok(error instanceof GeoDataError, String(error));
    }
  }
});

Deno.test("a file that is not there or no gzip is told", async () => {
  await assert.rejects(NetworkTable.open("/nonexistent/networks.gz", ""), GeoDataError);
  await assert.rejects(NetworkTable.open(new URL(import.meta.url).pathname, ""), GeoDataError);
});
