/** `GET /api/help`: what every field means, and the filter language, in words. */
import { FIELDS } from "../model/filter/filter.ts";
import { JSON_NAMES } from "../model/filter/json.ts";
import { LIST_FIELDS } from "../model/filter/lists.ts";
import type { FilterFieldHelp, HelpPage, HelpType } from "../model/help/page.ts";
import { helpOf, TYPE_NAMES, type TypeName } from "../model/help.ts";

let made: HelpPage | null = null;

/** It never changes while the server runs. */
export function helpPage(): HelpPage {
  return made ??= {
    types: Object.fromEntries(TYPE_NAMES.map((name) => [name, typeOf(name)])),
    filter: [
      ...Object.entries(FIELDS).map(([name, { kind, help, example }]): FilterFieldHelp => ({
        name,
        kind,
        help,
        example,
        lists: Object.entries(LIST_FIELDS).filter(([, fields]) =>
          fields.includes(name as keyof typeof FIELDS)
        )
          .map(([list]) => list),
        json_only: false,
      })),
      ...Object.entries(JSON_NAMES).map(([name, { field, help }]): FilterFieldHelp => ({
        name,
        kind: FIELDS[field].kind,
        help,
        example: `the same as ${field}`,
        lists: ["connections"],
        json_only: true,
      })),
    ],
  };
}

function typeOf(name: TypeName): HelpType {
  const { help, fields } = helpOf(name);
  return {
    help,
    fields: Object.fromEntries(
      Object.entries(fields).map((
        [field, { is, help, title, unit, example, values, list, map, nullable, optional }],
      ) => [
        field,
        {
          type: is,
          help,
          title: title ?? "",
          unit: unit ?? (is === "time" ? "ms since 1970" : ""),
          example: example ?? null,
          values: values === undefined ? [] : [...values],
          list: list ?? false,
          map: map ?? false,
          nullable: nullable ?? false,
          optional: optional ?? false,
        },
      ]),
    ),
  };
}
