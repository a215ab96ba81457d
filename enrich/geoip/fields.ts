/**
 * One kind of place out of the records that databases and services have: every maker names its fields in its own way.
 *
 * Understood are MaxMind (GeoIP2, GeoLite2: country, city, ASN), DB-IP (the same layout), IPinfo (Lite with
 * `country_code`, the older files whose `country` is the code, its location files and its web service), and
 * ip-location-db. Whatever does not make sense is left out; nothing throws.
 */
import type { Place } from "../../model/who.ts";

/** Longest text kept of a field. */
const MAX_TEXT = 128;
const UNKNOWN_COUNTRY = "ZZ"; // Unicode CLDR; registries mark with it what they have given to nobody
const MAX_ASN = 0xffff_ffff; // RFC 6793

/** What one source knows: the fields of `Place` that it has, without the source's name. */
export type PartialPlace = Partial<Omit<Place, "source">>;

type Fields = Record<string, unknown>;

/** The names of countries in English: data that has only codes need not carry them. */
const COUNTRY_NAMES = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/**
 * What is known from a record.
 *
 * @param record As decoded from an MMDB file or JSON, of any shape.
 * @returns An empty object where nothing of it is understood.
 */
export function placeFields(record: unknown): PartialPlace {
  if (!isFields(record)) return {};
  const place: PartialPlace = {};
  setCountry(place, record);
  const subdivision = Array.isArray(record.subdivisions) ? record.subdivisions[0] : undefined;
  setText(place, "region", englishName(subdivision), record.region, record.state1);
  setText(place, "city", englishName(record.city), record.city);
  setCoordinates(place, record);
  setNetwork(place, record);
  return place;
}

/** An ISO 3166-1 code's English name; "" for what is none. */
export function countryName(code: string): string {
  try {
    return COUNTRY_NAMES.of(code) ?? "";
  } catch {
    return ""; // not two letters
  }
}

/**
 * What later sources say counts over what earlier ones said, field by field. What belongs together changes together: a
 * city goes with its region, a network's name with its number, both with their country, or old and new would be mixed.
 */
export function mergePlaces(before: Place | null, fields: PartialPlace, source: string): Place | null {
  if (Object.keys(fields).length === 0) return before;
  const place: Place = before === null ? emptyPlace() : { ...before, source: [...before.source] };
  if (fields.country !== undefined && fields.country !== place.country && place.country !== "") {
    Object.assign(place, { country_name: "", region: "", city: "", latitude: null, longitude: null });
  }
  if (fields.city !== undefined && fields.city !== place.city) {
    Object.assign(place, { region: "", latitude: null, longitude: null });
  }
  if (fields.asn !== undefined && fields.asn !== place.asn) place.organisation = "";
  Object.assign(place, fields);
  if (place.country_name === "") place.country_name = countryName(place.country);
  place.source.push(source);
  return place;
}

/** A place of which nothing is known. */
export function emptyPlace(): Place {
  return {
    country: "",
    country_name: "",
    region: "",
    city: "",
    latitude: null,
    longitude: null,
    asn: null,
    organisation: "",
    source: [],
  };
}

/**
 * `country` is an object (MaxMind, DB-IP), a code (older IPinfo files, ipinfo.io), or a name beside `country_code`
 * (IPinfo Lite): IPinfo has changed the meaning of that field once, so both are told by their look.
 */
function setCountry(place: PartialPlace, record: Fields): void {
  const registered = isFields(record.registered_country) ? record.registered_country : undefined;
  const nested = isFields(record.country) ? record.country : registered;
  const code = [nested?.iso_code, record.country_code, record.countryCode, record.country].map(countryCode)
    .find((found) => found !== "");
  if (code !== undefined) place.country = code;
  const named = countryCode(record.country) === "" ? record.country : undefined;
  setText(place, "country_name", englishName(nested), record.country_name, named);
}

function setCoordinates(place: PartialPlace, record: Fields): void {
  const location = isFields(record.location) ? record.location : record;
  const [lat, lng] = typeof record.loc === "string" ? record.loc.split(",") : [];
  const latitude = degrees(location.latitude ?? location.lat ?? lat, 90);
  const longitude = degrees(location.longitude ?? location.lng ?? lng, 180);
  if (latitude === null || longitude === null) return;
  place.latitude = latitude;
  place.longitude = longitude;
}

/** MaxMind and DB-IP have a number and a name; IPinfo has "AS15169" and a name, ipinfo.io both in one text. */
function setNetwork(place: PartialPlace, record: Fields): void {
  const nested = isFields(record.asn) ? record.asn : undefined;
  const joined = /^(AS\d+)(?: (.+))?$/.exec(typeof record.org === "string" ? record.org : "");
  const asn = [record.autonomous_system_number, nested?.asn, record.asn, joined?.[1]].map(asNumber)
    .find((found) => found !== null);
  if (asn !== undefined && asn !== null) place.asn = asn;
  setText(
    place,
    "organisation",
    record.autonomous_system_organization,
    record.as_name,
    record.asName,
    nested?.name,
    joined?.[2],
    record.as_domain,
    record.asDomain,
    record.organisation, // our own, read back from disk
  );
}

function setText(
  place: PartialPlace,
  field: "country_name" | "region" | "city" | "organisation",
  ...found: unknown[]
): void {
  for (const value of found) {
    if (typeof value !== "string") continue;
    // deno-lint-ignore no-control-regex -- what ends up in terminals and logs holds none
    const text = value.replace(/[\x00-\x1f\x7f]+/g, " ").trim().slice(0, MAX_TEXT);
    if (text === "") continue;
    place[field] = text;
    return;
  }
}

function englishName(value: unknown): unknown {
  if (!isFields(value) || !isFields(value.names)) return undefined;
  return value.names.en ?? Object.values(value.names)[0];
}

function countryCode(value: unknown): string {
  const code = typeof value === "string" && /^[A-Za-z]{2}$/.test(value) ? value.toUpperCase() : "";
  return code === UNKNOWN_COUNTRY ? "" : code;
}

function asNumber(value: unknown): number | null {
  const number = typeof value === "string" ? Number(/^(?:AS)?(\d{1,10})$/i.exec(value)?.[1]) : value;
  return typeof number === "number" && Number.isInteger(number) && number > 0 && number <= MAX_ASN
    ? number
    : null;
}

function degrees(value: unknown, most: number): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Math.abs(number) <= most ? number : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
