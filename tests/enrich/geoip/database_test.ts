/** The layouts of all makers give the same kind of place; what is damaged gives a message. */
import assert from "node:assert/strict";
import { GeoDataError, PlaceDatabase } from "../../../enrich/geoip/database.ts";
import { countryName, mergePlaces, type PartialPlace, placeFields } from "../../../enrich/geoip/fields.ts";
import { mmdb, type Value } from "../../support/mmdb.ts";

const LAYOUTS: [string, Value, PartialPlace][] = [
  ["GeoLite2 City", {
    city: { geoname_id: 2759794, names: { de: "Amsterdam", en: "Amsterdam" } },
    continent: { code: "EU", names: { en: "Europe" } },
    country: { iso_code: "NL", names: { en: "The Netherlands" }, is_in_european_union: true },
    location: { accuracy_radius: 20, latitude: 52.3759, longitude: 4.8975, time_zone: "Europe/Amsterdam" },
    registered_country: { iso_code: "US", names: { en: "United States" } },
    subdivisions: [{ iso_code: "NH", names: { en: "North Holland" } }],
  }, {
    country: "NL",
    country_name: "The Netherlands",
    region: "North Holland",
    city: "Amsterdam",
    latitude: 52.3759,
    longitude: 4.8975,
  }],
  ["GeoLite2 Country of which only the registration is known", {
    registered_country: { iso_code: "SE", names: { en: "Sweden" } },
  }, { country: "SE", country_name: "Sweden" }],
  ["GeoLite2 ASN, DB-IP ASN Lite", {
    autonomous_system_number: 64500,
    autonomous_system_organization: "Example Networks",
  }, { asn: 64500, organisation: "Example Networks" }],
  ["DB-IP City Lite", {
    city: { names: { en: "Brisbane" } },
    continent: { code: "OC", names: { en: "Oceania" } },
    country: { is_in_european_union: false, iso_code: "AU", names: { en: "Australia" } },
    location: { latitude: -27.4766, longitude: 153.0166 },
    subdivisions: [{ names: { en: "Queensland" } }],
  }, {
    country: "AU",
    country_name: "Australia",
    region: "Queensland",
    city: "Brisbane",
    latitude: -27.4766,
    longitude: 153.0166,
  }],
  ["IPinfo Lite", {
    as_domain: "example.net",
    as_name: "Example Networks",
    asn: "AS64500",
    continent: "Europe",
    continent_code: "EU",
    country: "Germany",
    country_code: "DE",
  }, { country: "DE", country_name: "Germany", asn: 64500, organisation: "Example Networks" }],
  ["IPinfo country and ASN, before Lite", {
    as_domain: "example.net",
    as_name: "Example Networks",
    asn: "AS64500",
    continent: "EU",
    continent_name: "Europe",
    country: "DE",
    country_name: "Germany",
  }, { country: "DE", country_name: "Germany", asn: 64500, organisation: "Example Networks" }],
  ["IPinfo location, numbers as text", {
    city: "Rotterdam",
    country: "NL",
    lat: "51.92250",
    lng: "4.47917",
    postal_code: "3011",
    region: "South Holland",
  }, { country: "NL", city: "Rotterdam", region: "South Holland", latitude: 51.9225, longitude: 4.47917 }],
  ["ip-location-db", { country_code: "BR" }, { country: "BR" }],
  ["ip-location-db with cities", {
    city: "Zug",
    country_code: "CH",
    latitude: 47.1724,
    longitude: 8.51745,
    state1: "Zug",
  }, { country: "CH", city: "Zug", region: "Zug", latitude: 47.1724, longitude: 8.51745 }],
];

for (const [name, record, place] of LAYOUTS) {
  Deno.test(`the layout of ${name} is understood`, () => {
    for (const ipVersion of [4, 6] as const) {
      const database = PlaceDatabase.parse(mmdb({ "198.41.0.0/24": record }, { ipVersion }), "test.mmdb");
      assert.deepEqual(database.get("198.41.0.4"), place);
      assert.deepEqual(database.get("198.41.1.4"), {});
    }
    const database = PlaceDatabase.parse(mmdb({ "2a02:100::/32": record }), "test.mmdb");
    assert.deepEqual(database.get("2a02:100::1"), place);
  });
}

Deno.test("what ipinfo.io answers is understood", () => {
  const answer = {
    ip: "198.41.0.4",
    city: "Amsterdam",
    region: "North Holland",
    country: "Netherlands",
    countryCode: "NL",
    loc: "52.3740,4.8897",
    org: "AS64500 Example Networks B.V.",
    timezone: "Europe/Amsterdam",
  };
  assert.deepEqual(placeFields(answer), {
    country: "NL",
    country_name: "Netherlands",
    region: "North Holland",
    city: "Amsterdam",
    latitude: 52.374,
    longitude: 4.8897,
    asn: 64500,
    organisation: "Example Networks B.V.",
  });
  assert.deepEqual(placeFields({ asn: { asn: "AS64501", name: "Other" }, bogon: true }), {
    asn: 64501,
    organisation: "Other",
  });
});

Deno.test("what makes no sense is left out, and text from a file holds no control characters", () => {
  for (const record of [null, undefined, 7, "DE", [], [{ country: "DE" }], {}]) {
    assert.deepEqual(placeFields(record), {});
  }
  assert.deepEqual(placeFields({ country: { iso_code: 7 }, city: ["x"], location: "here", asn: "ASX" }), {});
  assert.deepEqual(placeFields({ location: { latitude: 91, longitude: 0 }, asn: 2 ** 32 }), {});
  assert.deepEqual(placeFields({ location: { latitude: 1 } }), {}, "both or neither");
  assert.deepEqual(placeFields({ city: " a\n\x1b[31mb\x00 " }), { city: "a [31mb" });
  assert.equal(placeFields({ as_name: "x".repeat(1000) }).organisation!.length, 128);
});

Deno.test("a later source counts over an earlier one, and nothing of two places is mixed", () => {
  const first = mergePlaces(null, { country: "US" }, "country.mmdb")!;
  assert.equal(first.country_name, "United States");
  const city = { country: "US", city: "Ashburn", region: "Virginia", latitude: 39, longitude: -77.5 };
  const second = mergePlaces(first, city, "city.mmdb")!;
  const third = mergePlaces(second, { asn: 64500, organisation: "Example" }, "asn.mmdb")!;
  assert.deepEqual([third.city, third.asn, third.source], [
    "Ashburn",
    64500,
    ["country.mmdb", "city.mmdb", "asn.mmdb"],
  ]);
  assert.equal(mergePlaces(third, {}, "empty.mmdb"), third);
  const moved = mergePlaces(third, { country: "DE" }, "new.mmdb")!;
  assert.deepEqual([moved.country_name, moved.city, moved.region, moved.latitude, moved.asn], [
    "Germany",
    "",
    "",
    null,
    64500,
  ]);
  const elsewhere = mergePlaces(third, { city: "Reston" }, "city2.mmdb")!;
  assert.deepEqual([elsewhere.region, elsewhere.latitude, elsewhere.country], ["", null, "US"]);
  assert.equal(mergePlaces(third, { asn: 64501 }, "asn2.mmdb")!.organisation, "");
  assert.equal(third.source.length, 3, "what was handed out is not changed");
});

Deno.test("countries have names", () => {
  assert.deepEqual(["NL", "XK", "", "!!"].map(countryName), ["Netherlands", "Kosovo", "", ""]);
  assert.deepEqual(placeFields({ country_code: "ZZ" }), {}, "given to nobody");
});

Deno.test("a file that is none, damaged or missing gives a message that says what to do", async () => {
  const good = mmdb({ "198.41.0.0/24": { country_code: "DE" } });
  const bad: [string, Uint8Array<ArrayBuffer>][] = [
    ["empty", new Uint8Array()],
    ["text", new TextEncoder().encode("ip,country\n1.1.1.0,AU\n")],
    ["zeros", new Uint8Array(5000)],
    ["cut in front", good.slice(-80)],
    ["cut behind", good.slice(0, -60)],
  ];
  for (const [name, bytes] of bad) {
    assert.throws(
      () => PlaceDatabase.parse(bytes, "x.mmdb"),
      (error) => error instanceof GeoDataError && /"x.mmdb"/.test(error.message) && error.hint !== "",
      name,
    );
  }
  await assert.rejects(
    PlaceDatabase.open("/nonexistent/x.mmdb"),
    (error) => error instanceof GeoDataError && /there is no such file/.test(error.message),
  );
});

Deno.test("damage inside of a file is counted, never thrown", () => {
  const good = mmdb({ "198.41.0.0/24": LAYOUTS[0][1], "2a02:100::/32": LAYOUTS[4][1] });
  let random = 12345;
  const next = (below: number) => (random = (Math.imul(random, 1103515245) + 12345) >>> 0) % below;
  let damaged = 0;
  for (let round = 0; round < 300; round++) {
    const bytes = good.slice();
    for (let i = 0; i < 4; i++) bytes[next(bytes.length)] = next(256);
    let database: PlaceDatabase;
    try {
      database = PlaceDatabase.parse(bytes, "x.mmdb");
    } catch (error) {
      assert.ok(error instanceof GeoDataError);
      continue;
    }
    for (const address of ["198.41.0.4", "2a02:100::1"]) assert.equal(typeof database.get(address), "object");
    damaged += database.damaged;
  }
  assert.ok(damaged > 0);
});
