/** The form that a client prefers. */
import assert from "node:assert/strict";
import { prefers } from "../../http/prefers.ts";

Deno.test("types and qualities count, other parameters do not", () => {
  const of = (accept: string, ...offers: string[]) =>
    prefers({ headers: new Headers({ accept }) }, ...offers);
  const [json, csv] = ["application/json", "text/csv"];
  assert.equal(prefers({ headers: new Headers() }, json, csv), json);
  assert.equal(of("application/json; charset=utf-8", json, csv), json);
  assert.equal(of("text/csv;header=present", json, csv), csv);
  assert.equal(of("text/csv; charset=utf-8; q=0.1, application/json;Q=0.9", json, csv), json);
  assert.equal(of("text/csv;q=0, image/png", json, csv), undefined);
  const [plain, metrics] = ["text/plain", "application/openmetrics-text"];
  // Prometheus 3 and 2, as they ask.
  const three = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
  assert.equal(of(three, plain, metrics), metrics);
  assert.equal(of("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", plain, metrics), plain);
});
