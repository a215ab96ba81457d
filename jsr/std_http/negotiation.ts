/**
 * What a client prefers: media types, languages, encodings (RFC 9110 §12.5).
 *
 * @module
 */

interface Preference {
  name: string;
  quality: number;
}

function preferences(header: string): Preference[] {
  return header.split(",").map((part) => {
    const [name, ...parameters] = part.trim().toLowerCase().split(/\s*;\s*/);
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    return { name, quality: Number(quality) || 0 };
  }).filter(({ name }) => name !== "");
}

/**
 * The best of `offers` for a header; without offers, all that the header allows, best first.
 *
 * @param fits How closely a preference names an offer; 0 when it does not.
 */
function choose(
  header: string | null,
  offers: string[],
  fits: (preference: string, offer: string) => number,
) {
  const wanted = preferences(header ?? "*");
  if (offers.length === 0) {
    return wanted.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality).map(({ name }) =>
      name
    );
  }
  const rated = offers.map((offer, order) => {
    const closest = wanted.map((p) => ({ ...p, fit: fits(p.name, offer.toLowerCase()) }))
      .filter(({ fit }) => fit > 0).sort((a, b) => b.fit - a.fit)[0];
    return { offer, order, fit: closest?.fit ?? 0, quality: closest?.quality ?? 0 };
  }).filter(({ quality }) => quality > 0);
  rated.sort((a, b) => b.quality - a.quality || b.fit - a.fit || a.order - b.order);
  return rated[0]?.offer;
}

/** Media types that the client accepts, best first. */
export function accepts(request: { headers: Headers }): string[];
/** The best of the offered media types, or `undefined` when none is accepted. */
export function accepts(request: { headers: Headers }, ...types: string[]): string | undefined;
export function accepts(request: { headers: Headers }, ...types: string[]): string | string[] | undefined {
  const header = request.headers.get("accept");
  if (header === null && types.length === 0) return ["*/*"];
  return choose(header ?? "*/*", types, (preference, offer) => {
    if (preference === offer) return 3;
    return preference === `${offer.split("/")[0]}/*` ? 2 : preference === "*/*" ? 1 : 0;
  });
}

/** Content codings that the client accepts, best first. */
export function acceptsEncodings(request: { headers: Headers }): string[];
/** The best of the offered content codings, or `undefined` when none is accepted. */
export function acceptsEncodings(request: { headers: Headers }, ...encodings: string[]): string | undefined;
export function acceptsEncodings(
  request: { headers: Headers },
  ...encodings: string[]
): string | string[] | undefined {
  // Sending content as it is needs no permission, unless it is refused by name (RFC 9110 §12.5.3).
  const header = request.headers.get("accept-encoding");
  const isNamed = header === null || /(^|,)\s*(identity|\*)\s*(;|,|$)/i.test(header);
  return choose(isNamed ? header : `${header}, identity;q=0.001`, encodings, (preference, offer) => {
    return preference === offer ? 2 : preference === "*" ? 1 : 0;
  });
}

/** Languages that the client accepts, best first. */
export function acceptsLanguages(request: { headers: Headers }): string[];
/** The best of the offered languages, or `undefined` when none is accepted. */
export function acceptsLanguages(request: { headers: Headers }, ...langs: string[]): string | undefined;
export function acceptsLanguages(
  request: { headers: Headers },
  ...langs: string[]
): string | string[] | undefined {
  return choose(request.headers.get("accept-language"), langs, (preference, offer) => {
    if (preference === offer) return 4;
    if (offer.startsWith(`${preference}-`)) return 3;
    return preference.startsWith(`${offer}-`) ? 2 : preference === "*" ? 1 : 0;
  });
}
