/**
 * What a client prefers: media types, languages, encodings (RFC 9110 §12.5).
 *
 * An offer is judged by the range that names it most closely; of ranges that are as close, by the better quality.
 * Among offers of one quality the closer named comes first; then encodings and languages in the client's order, media
 * types in that of the offers. A header that is empty or absent accepts everything.
 *
 * @module
 */

interface Range {
  /** As it was written. */
  name: string;
  quality: number;
  /** Parameters before the quality, names in lower case. */
  parameters: Map<string, string>;
}

/** How closely a range names an offer, 0 for a mere wildcard; `null` when it does not. */
type Fit = (range: Range, offer: Range) => number | null;

const MEDIA_TYPE = /^[^\s/;]+\/[^;\s]+$/;
const ENCODING = /^[^\s;]+$/;
const LANGUAGE = /^[^\s\-;]+(?:-[^\s;]+)?$/;

/** A range or an offer; `null` for what is none. */
function readRange(text: string, name: RegExp): Range | null {
  const [first, ...rest] = text.split(";").map((part) => part.trim());
  if (!name.test(first)) return null;
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const [key, value = ""] = parameter.split("=");
    // "Q" is an ordinary parameter of encodings and languages, which take none: it changes nothing there.
    const known = name === MEDIA_TYPE ? key.toLowerCase() : key;
    const plain = name === MEDIA_TYPE ? value.replace(/^"(.*)"$/, "$1") : value;
    if (known === "q" && plain !== "") {
      return { name: first, quality: parseFloat(plain), parameters };
    }
    parameters.set(known, plain);
  }
  return { name: first, quality: 1, parameters };
}

/** The ranges of a header, and the place of each in it; media types have none that counts. */
function readHeader(
  header: string,
  name: RegExp,
): [range: Range, place: number][] {
  return header.split(",").flatMap((part, place) => {
    const range = readRange(part, name);
    return range === null ? [] : [[range, name === MEDIA_TYPE ? -1 : place]];
  });
}

/** The best of `offers`; without offers, all that the header allows, best first. */
function choose(
  ranges: readonly [Range, number][],
  offers: readonly string[],
  name: RegExp,
  fits: Fit,
): string[] | string | undefined {
  if (offers.length === 0) {
    return ranges.filter(([{ quality }]) => quality > 0)
      .sort(([a], [b]) => b.quality - a.quality).map(([range]) => range.name);
  }
  const rated = offers.map((text) => {
    let best = { fit: 0, quality: 0, place: -1 };
    const offer = readRange(text, name);
    for (const [range, place] of offer === null ? [] : ranges) {
      const fit = fits(range, offer!);
      if (fit === null) continue;
      const { quality } = range;
      if (
        (fit - best.fit || quality - best.quality || place - best.place) > 0
      ) {
        best = { fit, quality, place };
      }
    }
    return { text, ...best };
  }).filter(({ quality }) => quality > 0);
  rated.sort((a, b) => b.quality - a.quality || b.fit - a.fit || a.place - b.place);
  return rated[0]?.text;
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function atSlash(name: string): [string, string] {
  const at = name.indexOf("/");
  return [name.slice(0, at), name.slice(at + 1)];
}

/** A range with parameters names only offers that have them too. */
const fitsMediaType: Fit = (range, offer) => {
  const [type, subtype] = atSlash(range.name);
  const [offeredType, offeredSubtype] = atSlash(offer.name);
  let fit = 0;
  if (isSame(type, offeredType)) fit += 4;
  else if (type !== "*") return null;
  if (isSame(subtype, offeredSubtype)) fit += 2;
  else if (subtype !== "*") return null;
  for (const [key, value] of range.parameters) {
    if (!isSame(value, offer.parameters.get(key) ?? "")) return null;
  }
  return range.parameters.size > 0 ? fit + 1 : fit;
};

const fitsEncoding: Fit = (range, offer) => {
  if (isSame(range.name, offer.name)) return 1;
  return range.name === "*" ? 0 : null;
};

const fitsLanguage: Fit = (range, offer) => {
  const [[prefix], [offeredPrefix]] = [
    range.name.split("-"),
    offer.name.split("-"),
  ];
  if (isSame(range.name, offer.name)) return 4;
  if (isSame(prefix, offeredPrefix)) return 2;
  return range.name === "*" ? 0 : null;
};

/** Media types that the client accepts, best first. */
export function accepts(request: Pick<Request, "headers">): string[];
/** The best of the offered media types, or `undefined` when none is accepted. */
export function accepts<T extends string = string>(
  request: Pick<Request, "headers">,
  ...types: T[]
): T | undefined;
export function accepts(
  request: Pick<Request, "headers">,
  ...types: string[]
): string | string[] | undefined {
  const header = request.headers.get("accept");
  if (!header) return types.length > 0 ? types[0] : ["*/*"];
  return choose(
    readHeader(header, MEDIA_TYPE),
    types,
    MEDIA_TYPE,
    fitsMediaType,
  );
}

/** Content codings that the client accepts, best first. */
export function acceptsEncodings(request: Pick<Request, "headers">): string[];
/** The best of the offered content codings, or `undefined` when none is accepted. */
export function acceptsEncodings<T extends string = string>(
  request: Pick<Request, "headers">,
  ...encodings: T[]
): T | undefined;
export function acceptsEncodings(
  request: Pick<Request, "headers">,
  ...encodings: string[]
): string | string[] | undefined {
  const header = request.headers.get("accept-encoding");
  if (!header) return encodings.length > 0 ? encodings[0] : ["*"];
  const ranges = readHeader(header, ENCODING);
  // Sending content as it is needs no permission, unless it is refused by name (RFC 9110 §12.5.3).
  if (!ranges.some(([{ name }]) => name === "*" || isSame(name, "identity"))) {
    const quality = Math.min(1, ...ranges.map(([{ quality }]) => quality || 1));
    ranges.push([
      { name: "identity", quality, parameters: new Map() },
      header.split(",").length - 1,
    ]);
  }
  return choose(ranges, encodings, ENCODING, fitsEncoding);
}

/** Languages that the client accepts, best first. */
export function acceptsLanguages(request: Pick<Request, "headers">): string[];
/** The best of the offered languages, or `undefined` when none is accepted. */
export function acceptsLanguages<T extends string = string>(
  request: Pick<Request, "headers">,
  ...langs: T[]
): T | undefined;
export function acceptsLanguages(
  request: Pick<Request, "headers">,
  ...langs: string[]
): string | string[] | undefined {
  const header = request.headers.get("accept-language");
  if (!header) return langs.length > 0 ? langs[0] : ["*"];
  return choose(readHeader(header, LANGUAGE), langs, LANGUAGE, fitsLanguage);
}
