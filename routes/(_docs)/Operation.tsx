/** One route of the OpenAPI document, for people: what it takes, what it answers, and an example to copy. */
import { EXAMPLE_ORIGIN } from "../../http/openapi.ts";
import type { JsonSchema } from "../../monitor/parameters.ts";
import { failuresOf, nameOf, type OperationDoc, parametersOf, typeWords } from "./words.ts";

export interface OperationProps {
  operation: OperationDoc;
  /** Address of this server, for the example. */
  origin: string;
}

export function Operation({ operation, origin }: OperationProps) {
  const { method, path, id, summary, description, example, body, answers } = operation;
  const parameters = parametersOf(operation);
  return (
    <section class="card docs-route" id={id} aria-labelledby={`${id}-title`}>
      <h3 class="docs-title" id={`${id}-title`}>
        <span class={`docs-method docs-${method}`}>{method.toUpperCase()}</span>{" "}
        <code class="docs-path">{path}</code>
      </h3>
      <p>
        <b>{summary}.</b> {description}
      </p>
      <pre
        class="docs-example"
        tabIndex={0}
        aria-label={`Example of ${path}`}
      >{example.replace(EXAMPLE_ORIGIN, origin)}</pre>
      {parameters.length > 0 && (
        <div class="list-box" tabIndex={0} role="region" aria-label={`Parameters of ${path}`}>
          <table class="list docs-table">
            <thead>
              <tr>
                <th scope="col">Parameter</th>
                <th scope="col">Takes</th>
                <th scope="col">What it does</th>
              </tr>
            </thead>
            <tbody>
              {parameters.map(({ name, where, schema, help }) => (
                <tr key={name}>
                  <th scope="row">
                    <code>{name}</code>
                    {where !== "query" && <span class="dim">in the {where}</span>}
                  </th>
                  <td class="docs-type">{typeWords(schema)}</td>
                  <td>{help}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {body !== null && (
        <p>
          Body: JSON, <SchemaLink schema={body} />
        </p>
      )}
      <ul class="docs-answers">
        {answers.map(({ status, media, schema, help }) => (
          <li key={`${status} ${media}`}>
            <b>{status}</b> {media === "" ? help : (
              <>
                {media} <SchemaLink schema={schema} />
              </>
            )}
          </li>
        ))}
        <li class="dim">{failuresOf(operation)}</li>
      </ul>
    </section>
  );
}

/** The type's name with a link to its table; in words what has no name. */
export function SchemaLink({ schema }: { schema: JsonSchema }) {
  const name = nameOf(schema);
  return name === null ? <>{typeWords(schema)}</> : <a href={`#type-${name}`}>{name}</a>;
}
