/** The OpenAPI document cut into what the page at `/api/docs` shows, and its schemas in words. */
import { FAILURES_EVERYWHERE } from "../../http/api.ts";
import type { OpenApi } from "../../http/openapi.ts";
import type { JsonSchema } from "../../monitor/parameters.ts";

export interface OperationDoc {
  method: string;
  path: string;
  id: string;
  tag: string;
  summary: string;
  description: string;
  /** A line for a shell, with `EXAMPLE_ORIGIN`. */
  example: string;
  parameters: JsonSchema[];
  body: JsonSchema | null;
  answers: { status: string; media: string; schema: JsonSchema; help: string }[];
  /** Of this route alone; see `failuresEverywhere()`. */
  failures: string[];
}

export interface ParameterDoc {
  name: string;
  where: "path" | "query" | "body";
  schema: JsonSchema;
  help: string;
}

interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  "x-codeSamples": { source: string }[];
  parameters: JsonSchema[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, {
    $ref?: string;
    description?: string;
    content?: Record<string, { schema: JsonSchema }>;
  }>;
}

/** All operations, in the order of the document. */
export function operationsOf({ paths }: OpenApi): OperationDoc[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => {
      const operation = raw as unknown as Operation;
      const responses = Object.entries(operation.responses);
      return {
        method,
        path,
        id: operation.operationId,
        tag: operation.tags[0],
        summary: operation.summary,
        description: operation.description ?? "",
        example: operation["x-codeSamples"][0].source,
        parameters: operation.parameters,
        body: operation.requestBody?.content["application/json"].schema ?? null,
        answers: responses.filter(([, { $ref }]) => $ref === undefined).flatMap((
          [status, { description = "", content = {} }],
        ) => {
          const media = Object.entries(content);
          if (media.length === 0) return [{ status, media: "", schema: {}, help: description }];
          return media.map(([media, { schema }]) => ({ status, media, schema, help: description }));
        }),
        failures: responses.filter(([status, { $ref }]) => $ref !== undefined && !isEverywhere(status))
          .map(([status]) => status),
      };
    })
  );
}

/** Parameters, and the members of a body that has no name of its own. */
export function parametersOf({ parameters, body }: OperationDoc): ParameterDoc[] {
  const members = Object.entries((body?.properties ?? {}) as Record<string, JsonSchema>);
  return [
    ...parameters.map(({ name, in: where, schema, description }) => ({
      name: String(name),
      where: where as "path" | "query",
      schema: schema as JsonSchema,
      help: String(description),
    })),
    ...members.map(([name, schema]) => ({
      name,
      where: "body" as const,
      schema,
      help: String(schema.description ?? "The filter, as JSON"),
    })),
  ];
}

export function failuresOf({ failures }: OperationDoc): string {
  return failures.length === 0
    ? "Failures: those of every route"
    : `Failures: ${failures.join(", ")}, and those of every route`;
}

/** Failures that every route may answer with, in words. */
export function failuresEverywhere({ components }: OpenApi): { status: string; help: string }[] {
  const responses = components.responses as Record<string, { description: string }>;
  return FAILURES_EVERYWHERE.map((status) => ({
    status: String(status),
    help: responses[`Failure${status}`].description,
  }));
}

function isEverywhere(status: string): boolean {
  return FAILURES_EVERYWHERE.includes(Number(status));
}

/** Name of the schema that is referred to; null for others. */
export function nameOf({ $ref }: JsonSchema): string | null {
  return typeof $ref === "string" ? $ref.slice($ref.lastIndexOf("/") + 1) : null;
}

/** What a schema takes, in a few words. */
export function typeWords(schema: JsonSchema): string {
  const name = nameOf(schema);
  if (name !== null) return name;
  const { type, enum: values, items, oneOf, anyOf, additionalProperties, minimum, maximum, maxLength } =
    schema;
  const words: string[] = [];
  if (Array.isArray(values)) {
    words.push(values.map((value) => value === "" ? "“”" : String(value)).join(", "));
  } else if (type === "array") words.push(`list of ${typeWords(items as JsonSchema)}`);
  else if (Array.isArray(oneOf ?? anyOf)) {
    words.push(((oneOf ?? anyOf) as JsonSchema[]).map((one) => typeWords(one)).join(", or "));
  } else if (type === "object" && typeof additionalProperties === "object") {
    words.push(`object of ${typeWords(additionalProperties as JsonSchema)}`);
  } else if (Array.isArray(type)) words.push(type.join(" or "));
  else words.push(schema.const === undefined ? String(type ?? "anything") : String(schema.const));
  if (typeof minimum === "number" && typeof maximum === "number" && maximum < Number.MAX_SAFE_INTEGER) {
    words.push(`${minimum} to ${maximum}`);
  } else if (typeof minimum === "number" && minimum !== 0) words.push(`from ${minimum}`);
  if (typeof maxLength === "number") words.push(`at most ${maxLength} characters`);
  if (schema.default !== undefined) words.push(`default ${schema.default}`);
  return words.join("; ");
}
