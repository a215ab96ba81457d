/** Where an address is and whose: country as its code with the name beside, and who runs the network. */
import type { Place } from "../model/who.ts";
import { legible } from "./legible.ts";

/** Words for addresses that are no place. */
export const KIND_WORDS: Record<string, string> = {
  "unspecified": "no address",
  "this-network": "this network",
  "private": "private network",
  "shared": "carrier’s private network",
  "loopback": "this machine itself",
  "link-local": "this link only",
  "documentation": "documentation",
  "benchmarking": "benchmarks",
  "multicast": "multicast group",
  "broadcast": "broadcast",
  "reserved": "reserved",
  "protocol": "protocol’s own",
  "anycast": "anycast",
  "translation": "translation",
  "tunnel": "tunnel",
  "identifier": "identifier",
  "discard": "discard",
};

/** A country; its name is in the title and for screen readers where it is not written out. */
export function Country({ code, name, long = false }: { code: string; name: string; long?: boolean }) {
  if (code === "") return null;
  return (
    <span class="country" title={name || code}>
      <span class="country-code" aria-hidden={name === "" ? undefined : "true"}>{code.slice(0, 2)}</span>
      {name !== "" && <span class={long ? "country-name" : "visually-hidden"}>{legible(name, 60)}</span>}
    </span>
  );
}

interface WhereProps {
  country: string;
  countryName: string;
  organisation: string;
  kind: string;
  own: boolean;
}

/** In one line of a list. */
export function Where({ country, countryName, organisation, kind, own }: WhereProps) {
  if (own) return <span class="dim">this machine</span>;
  if (country === "" && organisation === "") return <span class="dim">{KIND_WORDS[kind] ?? ""}</span>;
  return (
    <span class="where">
      <Country code={country} name={countryName} />
      <span class="where-org foreign" title={legible(organisation)}>{legible(organisation, 80)}</span>
    </span>
  );
}

/** Region and city, as far as known. */
export function placeText({ city, region }: Place): string {
  return [city, region].filter((part) => part !== "").map((part) => legible(part, 80)).join(", ");
}

/** Whom the licences of the data on places want to be named; at the foot of every page. */
export function Credits({ credits }: { credits: readonly string[] }) {
  if (credits.length === 0) return null;
  return <p class="credits">Places: {credits.map((credit) => <Credit key={credit} text={credit} />)}</p>;
}

/** A credit with its addresses as links; they are followed only when clicked. */
function Credit({ text }: { text: string }) {
  const parts = text.split(/(https:\/\/[\w./-]+[\w/])/);
  return (
    <span class="credit">
      {parts.map((part, i) =>
        i % 2 === 1
          ? <a key={i} href={part} rel="noreferrer">{part.replace("https://", "")}</a>
          : <span key={i}>{part}</span>
      )}
    </span>
  );
}
