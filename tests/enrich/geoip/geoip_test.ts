/** Where addresses are: the data that comes with Netpane, files on top of it, the cache, special ranges. */
import assert from "node:assert/strict";
import { PlaceDatabase } from "../../../enrich/geoip/database.ts";
import { GeoIp } from "../../../enrich/geoip/geoip.ts";
import { mmdb } from "../../support/mmdb.ts";

Deno.test("the data that comes with Netpane knows countries and networks, of IPv4 and IPv6, in every spelling", async () => {
  const geoip = new GeoIp();
  assert.equal(geoip.placeOf("193.0.6.139"), null, "nothing is known before it is read");
  const loading = geoip.load([]);
  assert.equal((await geoip.find("193.0.6.139"))!.place!.country, "NL", "who waits is told when it is");
  assert.deepEqual(await loading, []);
  // RIPE NCC's own addresses, in Amsterdam since they were given out.
  for (
    const address of [
      "193.0.6.139",
      "::ffff:193.0.6.139",
      "64:ff9b::193.0.6.139",
      "2001:67c:2e8:22::c100:68b",
    ]
  ) {
    const place = geoip.placeOf(address)!;
    assert.deepEqual([place.country, place.country_name, place.asn], ["NL", "Netherlands", 3333], address);
    assert.match(place.organisation, /RIPE NCC/);
  }
  for (const { built, size, credit } of geoip.sources()) {
    assert.ok(built > Date.UTC(2026, 0, 1) && size > 1e6);
    assert.match(credit, /CC BY 4\.0/);
  }
});

Deno.test("special ranges are never looked up, whatever a file says of them", () => {
  const geoip = new GeoIp();
  const everywhere = mmdb({ "0.0.0.0/1": { country_code: "DE" }, "128.0.0.0/1": { country_code: "DE" } });
  geoip.use([PlaceDatabase.parse(everywhere, "all.mmdb")]);
  assert.equal(geoip.placeOf("9.9.9.9")?.country, "DE");
  for (const address of ["10.0.0.1", "127.0.0.1", "192.0.2.1", "224.0.0.1", "fe80::1", "::1"]) {
    const found = geoip.lookUp(address)!;
    assert.equal(found.place, null, address);
    assert.ok(found.special, address);
  }
  assert.equal(geoip.lookUp("nowhere"), null);
  assert.equal(geoip.counters().special, 6);
});

Deno.test("files are asked in order, a broken one is told and the rest is used", async () => {
  const folder = await Deno.makeTempDir();
  const network = { autonomous_system_number: 64500, autonomous_system_organization: "Example" };
  Deno.writeFileSync(`${folder}/asn.mmdb`, mmdb({ "193.0.0.0/16": network }));
  Deno.writeFileSync(
    `${folder}/city.mmdb`,
    mmdb({ "193.0.6.0/24": { country_code: "NL", city: "Amsterdam" } }),
  );
  Deno.writeTextFileSync(`${folder}/broken.mmdb`, "no such thing");
  const geoip = new GeoIp();
  const problems = await geoip.load(
    ["asn", "broken", "city", "gone"].map((name) => `${folder}/${name}.mmdb`),
  );
  assert.deepEqual(problems.map(({ id }) => id), ["geoip:1", "geoip:3"]);
  assert.match(problems[0].message, /"broken.mmdb" is no MMDB file/);
  const place = geoip.placeOf("193.0.6.139")!;
  assert.deepEqual([place.country, place.city, place.asn, place.organisation], [
    "NL",
    "Amsterdam",
    64500,
    "Example",
  ]);
  assert.deepEqual(place.source, ["geo-whois-asn-country.mmdb", "networks.gz", "asn.mmdb", "city.mmdb"]);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("the cache is bounded and counts", () => {
  const geoip = new GeoIp({ capacity: 100 });
  geoip.use([PlaceDatabase.parse(mmdb({ "20.0.0.0/8": { country_code: "US" } }), "x.mmdb")]);
  for (let i = 0; i < 250; i++) geoip.placeOf(`20.0.0.${i}`);
  assert.equal(geoip.placeOf("20.0.0.249")?.country, "US");
  assert.deepEqual(geoip.counters().cache, {
    size: 100,
    capacity: 100,
    hits: 1,
    misses: 250,
    evictions: 150,
  });
});
