import assert from "node:assert/strict";
import { isMadeUp, Vendors } from "../../enrich/vendors.ts";

Deno.test("the registry that comes with Netpane names makers by the longest prefix, and none of made-up addresses", async () => {
  const vendors = new Vendors();
  assert.equal(vendors.of("00:00:0c:00:00:01"), "", "nothing is known before it is read");
  await vendors.load();
  assert.ok(vendors.size > 40_000);
  assert.match(vendors.of("00:00:0c:00:00:01"), /Cisco/);
  assert.match(vendors.of("B8:27:EB:00:00:01"), /Raspberry/i);
  // 00:1B:C5 is cut into pieces of 36 bits.
  assert.notEqual(vendors.of("00:1b:c5:00:00:01"), vendors.of("00:1b:c5:00:10:01"));
  assert.equal(vendors.of("00:00:5e:00:01:07"), "VRRP virtual router");
  for (const mac of ["02:00:00:00:00:01", "da:a1:19:00:00:01", "", "zz", "00:00:0c"]) {
    assert.equal(vendors.of(mac), "", mac);
  }
  assert.ok(isMadeUp("da:a1:19:00:00:01") && !isMadeUp("00:00:0c:00:00:01"));
});
