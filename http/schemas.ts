/** JSON Schemas (2020-12) of answers and bodies, from the tables of `model/help.ts`. */
import { HELP, helpOf, isTypeName, type TypeName, wordsOf } from "../model/help.ts";
import type { FieldHelp } from "../model/help/fields.ts";
import type { JsonSchema } from "../monitor/parameters.ts";

const SCALARS: Record<string, JsonSchema> = {
  "string": { type: "string" },
  "number": { type: "number" },
  "integer": { type: "integer" },
  "time": { type: "number" },
  "boolean": { type: "boolean" },
  "any": {},
  "number|string": { type: ["number", "string"] },
  "string|true": { oneOf: [{ type: "string" }, { const: true }] },
  "number|string|true": { oneOf: [{ type: ["integer", "string"] }, { const: true }] },
};

/** `#/components/schemas/NAME`. */
export function refTo(type: TypeName): JsonSchema {
  return { $ref: `#/components/schemas/${type}` };
}

/** The schema of each type that has a table, by name. */
export function allSchemas(): Record<string, JsonSchema> {
  return Object.fromEntries((Object.keys(HELP) as TypeName[]).map((type) => [type, schemaOf(type)]));
}

/** An object with the fields of a type. */
export function schemaOf(type: TypeName): JsonSchema {
  const { help, fields } = helpOf(type);
  const entries = Object.entries(fields);
  return {
    type: "object",
    description: help,
    properties: Object.fromEntries(entries.map(([name, field]) => [name, fieldSchema(field)])),
    required: entries.filter(([, { optional }]) => optional !== true).map(([name]) => name),
  };
}

/** A list's rows: whole, or with the members that `fields` names. */
export function rowSchema(type: TypeName): JsonSchema {
  return {
    anyOf: [refTo(type), {
      type: "object",
      description: "With fields: these members only",
      propertyNames: { enum: Object.keys(helpOf(type).fields) },
    }],
  };
}

function fieldSchema(field: FieldHelp): JsonSchema {
  const { is, values, list, map, nullable, example } = field;
  let schema: JsonSchema = isTypeName(is) ? refTo(is) : { ...SCALARS[is] };
  if (values !== undefined) schema = { ...schema, enum: values };
  if (list) schema = { type: "array", items: schema };
  if (map) schema = { type: "object", additionalProperties: schema };
  if (nullable) schema = orNull(schema);
  return {
    ...schema,
    description: wordsOf(field),
    ...(example === undefined ? {} : { examples: [example] }),
  };
}

function orNull(schema: JsonSchema): JsonSchema {
  if (typeof schema.type !== "string") return { oneOf: [schema, { type: "null" }] };
  const { enum: values } = schema as { enum?: unknown[] };
  return {
    ...schema,
    type: [schema.type, "null"],
    ...(values === undefined ? {} : { enum: [...values, null] }),
  };
}
