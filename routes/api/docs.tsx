/** `GET /api/docs`: the OpenAPI document as a page to read, with an example for each route. Nothing comes from elsewhere. */
import { asset, Head } from "fresh/runtime";
import { page } from "fresh";
import { type OpenApi, openApi } from "../../http/openapi.ts";
import type { JsonSchema } from "../../monitor/parameters.ts";
import { define } from "../../state.ts";
import { Operation, SchemaLink } from "../(_docs)/Operation.tsx";
import { failuresEverywhere, operationsOf } from "../(_docs)/words.ts";
import { aboutOf, Frame } from "../(_frame)/Frame.tsx";

const API: [string, string][] = [
  ["/api/openapi.json", "OpenAPI (JSON)"],
  ["/api/help", "Fields in words (JSON)"],
];

export const handler = define.handlers({
  GET(ctx) {
    const { monitor } = ctx.state;
    const about = aboutOf(monitor);
    return page({
      tick: monitor.tick(),
      about,
      document: openApi(about.version),
      origin: ctx.url.origin,
    }, { headers: { "cache-control": "no-store" } });
  },
});

export default define.page<typeof handler>(function Docs({ data }) {
  const { tick, about, document, origin } = data;
  const operations = operationsOf(document);
  const tags = document.tags as { name: string; description: string }[];
  return (
    <Frame path="/api/docs" tick={tick} about={about} api={API}>
      <Head>
        <link rel="stylesheet" href={asset("/css/docs.css")} />
      </Head>
      <div class="docs" id="docs">
        <section class="card" aria-labelledby="docs-title">
          <h1 class="card-title" id="docs-title">
            The API <span class="note">for programs: JSON, CSV and server-sent events</span>
          </h1>
          <p>{String(document.info.description)}</p>
          <p>
            Beyond this machine each request needs the token that was printed at the first start:{" "}
            <code>Authorization: Bearer …</code>. The whole of this page for programs is{" "}
            <a href="/api/openapi.json">/api/openapi.json</a>, an OpenAPI 3.1 document.
          </p>
          <nav class="docs-contents" aria-label="Routes">
            {tags.map(({ name, description }) => (
              <div key={name}>
                <h2>{description}</h2>
                <ul>
                  {operations.filter(({ tag }) => tag === name).map(({ id, method, path, summary }) => (
                    <li key={id}>
                      <a href={`#${id}`}>
                        <span class="docs-method">{method.toUpperCase()}</span> <code>{path}</code>
                      </a>{" "}
                      <span class="dim">{summary}</span>
                    </li>
                  ))}
                </ul>
              </div>
            ))}
          </nav>
        </section>
        {tags.map(({ name, description }) => (
          <div key={name} class="docs-group">
            <h2>{description}</h2>
            {operations.filter(({ tag }) => tag === name).map((operation) => (
              <Operation key={operation.id} operation={operation} origin={origin} />
            ))}
          </div>
        ))}
        <section class="card" aria-labelledby="docs-failures">
          <h2 id="docs-failures">
            Failures of every route <span class="note">application/problem+json</span>
          </h2>
          <ul class="docs-answers">
            {failuresEverywhere(document).map(({ status, help }) => (
              <li key={status}>
                <b>{status}</b> {help}
              </li>
            ))}
          </ul>
        </section>
        <section class="card" aria-labelledby="docs-types">
          <h2 id="docs-types">What answers hold</h2>
          <Types schemas={document.components.schemas} />
        </section>
      </div>
    </Frame>
  );
});

function Types({ schemas }: { schemas: OpenApi["components"]["schemas"] }) {
  return (
    <>
      {Object.entries(schemas).map(([name, schema]) => (
        <section key={name} class="docs-type-box" id={`type-${name}`}>
          <h3>{name}</h3>
          <p>{String(schema.description)}</p>
          <dl class="docs-fields">
            {Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>).map(([field, one]) => (
              <div key={field}>
                <dt>
                  <code>{field}</code>
                </dt>
                <dd>
                  {String(one.description ?? "")}{" "}
                  <span class="dim docs-type">
                    <FieldType schema={one} />
                  </span>
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </>
  );
}

/** A field's type, with a link where it is one of ours. */
function FieldType({ schema }: { schema: JsonSchema }) {
  const { items, oneOf, type, additionalProperties } = schema;
  if (type === "array") {
    return (
      <>
        list of <FieldType schema={items as JsonSchema} />
      </>
    );
  }
  if (type === "object" && typeof additionalProperties === "object") {
    return (
      <>
        object of <FieldType schema={additionalProperties as JsonSchema} />
      </>
    );
  }
  const parts = (oneOf ?? schema.anyOf) as JsonSchema[] | undefined;
  if (parts !== undefined && "$ref" in parts[0]) {
    return (
      <>
        <SchemaLink schema={parts[0]} />
        {oneOf !== undefined && " or null"}
      </>
    );
  }
  return <SchemaLink schema={schema} />;
}
