/**
 * DNS inside of encryption: which connections are to a resolver.
 *
 * DNS over TLS is told by its port or ALPN (RFC 7858 §3.1), over QUIC by ALPN (RFC 9250 §4.1.1). DNS over HTTPS
 * looks like any web site: only the host's name tells. The list names well-known public resolvers, those that browsers
 * and systems offer among them; it was written down from general knowledge (2026) and not checked against each
 * operator's pages. A private or unlisted resolver is not seen.
 */
const DOH_HOSTS = new Set([
  "chromium.dns.nextdns.io",
  "cloudflare-dns.com",
  "common.dot.dns.yandex.net",
  "dns.adguard.com",
  "dns.adguard-dns.com",
  "dns.alidns.com",
  "dns.controld.com",
  "dns.google",
  "dns.google.com",
  "dns.mullvad.net",
  "dns.nextdns.io",
  "dns.quad9.net",
  "dns.sb",
  "dns.switch.ch",
  "dns.umbrella.com",
  "dns0.eu",
  "dns10.quad9.net",
  "dns11.quad9.net",
  "dns12.quad9.net",
  "dns64.dns.google",
  "dns9.quad9.net",
  "dnsforge.de",
  "doh-02.spectrum.com",
  "doh.cleanbrowsing.org",
  "doh.cox.net",
  "doh.dns.apple.com",
  "doh.dns.sb",
  "doh.familyshield.opendns.com",
  "doh.libredns.gr",
  "doh.opendns.com",
  "doh.pub",
  "doh.quickline.ch",
  "doh.sandbox.opendns.com",
  "doh.xfinity.com",
  "family.adguard-dns.com",
  "freedns.controld.com",
  "one.one.one.one",
  "private.canadianshield.cira.ca",
  "unfiltered.adguard-dns.com",
  "wikimedia-dns.org",
]);

/** Domains below which every host is a resolver: one per filter, profile or customer. */
const DOH_DOMAINS = [".cloudflare-dns.com", ".dns.nextdns.io", ".dns.controld.com", ".d.adguard-dns.com"];

/** Port of DNS over TLS, RFC 7858 §3.1. */
const DOT_PORT = 853;

/**
 * `dot` or `doh` where a TLS connection is to a resolver; null where nothing says so.
 *
 * @param alpns Offered by the client, or chosen.
 * @param sni In lower case.
 */
export function dnsOverTls(sni: string | null, alpns: readonly string[], serverPort: number): string | null {
  if (alpns.includes("dot")) return "dot";
  const web = alpns.length === 0 || alpns.some((name) => name === "h2" || name === "http/1.1");
  // Port 853 speaks DNS whatever the ALPN, unless it is the web's.
  if (serverPort === DOT_PORT && (alpns.length === 0 || !web)) return "dot";
  return web && isDohHost(sni) ? "doh" : null;
}

/** `doq` or `doh` (over HTTP/3) where a QUIC connection is to a resolver. */
export function dnsOverQuic(sni: string | null, alpns: readonly string[]): string | null {
  if (alpns.some((name) => name === "doq" || name.startsWith("doq-"))) return "doq";
  return alpns.some((name) => name === "h3" || name.startsWith("h3-")) && isDohHost(sni) ? "doh" : null;
}

function isDohHost(sni: string | null): boolean {
  return sni !== null && (DOH_HOSTS.has(sni) || DOH_DOMAINS.some((domain) => sni.endsWith(domain)));
}
