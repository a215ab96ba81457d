/**
 * A program that talks to a country it never talked to.
 *
 * Most programs have servers in a few countries and stay there. Browsers and file sharing go everywhere: who has been
 * to many countries is not told any more. Places come from the GeoIP database, for connections the program began.
 */
import type { SystemFacts } from "../../model/system_facts.ts";
import type { Rule, RuleContext, RuleSpec, RuleState } from "../contract.ts";
import { Recent } from "../recent.ts";
import { usualPath } from "../usual_set.ts";

const OPTIONS = {
  learnHours: {
    default: 24,
    range: [0, 2_160],
    unit: "h",
    help: "Countries of a program's first so many hours (of watching) are usual",
  },
  countries: {
    default: 8,
    range: [1, 250],
    unit: "countries",
    help: "A program that has been to more than these goes everywhere, and is not told",
  },
} as const;

const MAX_PROGRAMS = 1_024;

/** @see RuleSpec */
export const newCountry: RuleSpec<typeof OPTIONS> = {
  kind: "new_country",
  title: "New country",
  category: "Change on this machine",
  severity: 3,
  signatureId: 1_900_166,
  attack: null,
  notices: "A program that connects to a country to which it did not in the days it was watched.",
  why:
    "A program with servers in two countries that calls a third one has moved, was replaced, or does something else.",
  fooled:
    "Data centres and content networks are everywhere, so most bad servers are in a usual country, and a good one may move to a new one. The place is as good as the database.",
  options: OPTIONS,
  create: (context) => new NewCountry(context),
};

class NewCountry implements Rule {
  readonly #context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>;
  /** Countries of each program, out of what is usual: entries there are "path" and "path<tab>country". */
  readonly #countries = new Recent<string, Set<string>>(MAX_PROGRAMS);

  constructor(context: RuleContext<{ [K in keyof typeof OPTIONS]: number }>) {
    this.#context = context;
    for (const entry of context.usual.texts()) {
      const [name, country] = entry.split("\t");
      if (country !== undefined) this.#of(name).add(country);
    }
  }

  system({ atUs, places, listeners }: SystemFacts): void {
    const { usual, options } = this.#context;
    if (places.length + listeners.length > 0) usual.watch(atUs);
    for (const place of places) {
      if (place.inbound || place.country === "") continue; // who calls here comes from anywhere
      const name = place.path === "" ? place.program : usualPath(place.path);
      if (name === "") continue;
      const entry = `${name}\t${place.country}`;
      if (usual.since(entry) !== undefined) continue;
      const since = usual.since(name);
      if (since === undefined) usual.add(name);
      const countries = this.#of(name);
      if (countries.size > options.countries) continue;
      usual.add(entry);
      const before = [...countries];
      countries.add(place.country);
      const watched = since === undefined ? 0 : usual.watchedSeconds - since;
      if (watched >= options.learnHours * 3_600 && before.length > 0 && countries.size <= options.countries) {
        this.#tell(place, before);
      }
    }
  }

  get state(): RuleState {
    const { size, evicted } = this.#context.usual;
    return {
      entries: size + this.#countries.size,
      capacity: 4_096 + MAX_PROGRAMS,
      evicted: evicted + this.#countries.evicted,
    };
  }

  #of(name: string): Set<string> {
    let countries = this.#countries.get(name);
    if (countries === undefined) {
      countries = new Set();
      this.#countries.set(name, countries);
    }
    return countries;
  }

  #tell({ flowId, program, path, address, country }: SystemFacts["places"][number], before: string[]): void {
    this.#context.desk.raise({
      key: `${path || program} ${country}`,
      source: "",
      target: address,
      flowId,
      program,
      message: `${
        program || path
      } connects to ${country} (${address}), where it never did before; it is known in ${
        before.sort().join(", ")
      }`,
      evidence: { program, path, country, countries_before: before, address },
      count: 1,
    });
  }
}
