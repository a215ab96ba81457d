/** `GET /api/help`, and what its own fields mean. */
import { describe } from "./fields.ts";

export interface HelpPage {
  /** By name. */
  types: Record<string, HelpType>;
  filter: FilterFieldHelp[];
}

export interface HelpType {
  help: string;
  /** By name. */
  fields: Record<string, HelpField>;
}

export interface HelpField {
  type: string;
  help: string;
  title: string;
  unit: string;
  example: unknown;
  values: string[];
  list: boolean;
  map: boolean;
  nullable: boolean;
  optional: boolean;
}

export interface FilterFieldHelp {
  name: string;
  kind: string;
  help: string;
  example: string;
  lists: string[];
  json_only: boolean;
}

export const HELP_PARTS = {
  HelpPage: describe<HelpPage>("What every field means, and the filter language", {
    types: { is: "HelpType", help: "Types of answers by name", map: true },
    filter: { is: "FilterFieldHelp", help: "Fields of the filter language", list: true },
  }),
  HelpType: describe<HelpType>("A type of answer", {
    help: { is: "string", help: "What it is" },
    fields: { is: "HelpField", help: "Its fields by name", map: true },
  }),
  HelpField: describe<HelpField>("A field", {
    type: {
      is: "string",
      help: "string, number, integer, time (ms since 1970), boolean, any, or another type",
      example: "integer",
    },
    help: { is: "string", help: "What it says" },
    title: { is: "string", help: "Head of its column on the page; empty where no column shows it" },
    unit: { is: "string", help: "What its numbers count in; empty without", example: "bit/s" },
    example: { is: "any", help: "A plausible value; null without" },
    values: { is: "string", help: "All it can be; empty where that is open", list: true },
    list: { is: "boolean", help: "A list of them" },
    map: { is: "boolean", help: "An object with any names, one of them each" },
    nullable: { is: "boolean", help: "Null where it is not known" },
    optional: { is: "boolean", help: "May be absent" },
  }),
  FilterFieldHelp: describe<FilterFieldHelp>("A field of the filter language", {
    name: { is: "string", help: "Before the colon, or the name of the member in JSON", example: "port" },
    kind: { is: "string", help: "How its values are read", example: "port" },
    help: { is: "string", help: "What it looks at" },
    example: { is: "string", help: "A term", example: "port:80,8000-8100" },
    lists: { is: "string", help: "Lists that know it", list: true, example: ["connections", "packets"] },
    json_only: { is: "boolean", help: "A plainer name, in filters given as JSON" },
  }),
};
