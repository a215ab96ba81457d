/** The JSON Schema of a filter given as JSON: members are the fields that connections know, and the words around them. */
import { FIELDS, MAX_DEPTH } from "../model/filter/filter.ts";
import { JSON_NAMES, MAX_VALUE } from "../model/filter/json.ts";
import { LIST_FIELDS } from "../model/filter/lists.ts";
import type { JsonSchema } from "../monitor/parameters.ts";

const SELF = { $ref: "#/components/schemas/ConnectionFilter" };
const ONE = {
  oneOf: [{ type: "string", minLength: 1, maxLength: MAX_VALUE }, { type: "number", minimum: 0 }],
};
const VALUE = { oneOf: [...ONE.oneOf, { type: "array", minItems: 1, items: ONE }] };

export const FILTER_SCHEMA: JsonSchema = {
  type: "object",
  description:
    `Members side by side must all hold; a list as value means any of them. Nested at most ${MAX_DEPTH} deep.`,
  additionalProperties: false,
  properties: {
    and: { type: "array", minItems: 1, items: SELF, description: "All of them must hold" },
    or: { type: "array", minItems: 1, items: SELF, description: "One of them must hold" },
    not: { ...SELF, description: "It must not hold" },
    ...Object.fromEntries([
      ...Object.entries(JSON_NAMES).map(([name, { help }]) => [name, { ...VALUE, description: help }]),
      ...LIST_FIELDS.connections.map((
        name,
      ) => [name, { ...VALUE, description: `${FIELDS[name].help}; in text: ${FIELDS[name].example}` }]),
    ]),
  },
};
