/** `analyze --where`: events asked in the filter language, flows and observations alike. */
import assert from "node:assert/strict";
import { Inspector } from "../../capture/inspect/mod.ts";
import { EventFilter } from "../../monitor/event_subject.ts";
import { QueryError } from "../../monitor/query_error.ts";
import { batchOf } from "../capture/inspect/helpers.ts";
import { FINGERPRINT_KEY } from "../support/inspected.ts";
import { Traffic } from "../support/traffic.ts";

const TRAFFIC = new Traffic()
  .dns({ client: "10.0.0.9", name: "www.example.org", rdata: [192, 0, 2, 7] })
  .dns({ client: "10.0.0.9", name: "none.example.org" })
  .tcp({
    client: "10.0.0.9",
    server: "192.0.2.7",
    port: 80,
    turns: ["GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"],
  });

Deno.test("events are found by what they are about", () => {
  const cases: [string, string[]][] = [
    ["type:flow proto:tcp", ["flow"]],
    ["type:dns", ["dns", "dns", "dns", "dns"]],
    ["rcode:nxdomain", ["dns"]],
    ["name:none", ["dns", "dns"]],
    ["host:192.0.2.0/24", ["http", "flow"]],
    ["dport:53 and not type:dns", ["flow", "flow"]],
    ["type:http or bytes>1M", ["http"]],
    ["severity<=2", []],
  ];
  for (const [text, types] of cases) assert.deepEqual(select(text).toSorted(), types.toSorted(), text);
});

Deno.test("what is wrong names the option", () => {
  for (const text of ["port:", "country:nl", "x:1"]) {
    assert.throws(
      () => new EventFilter(text, "where"),
      (error) => error instanceof QueryError && error.field === "where",
    );
  }
});

function select(text: string): string[] {
  const filter = new EventFilter(text, "where");
  const types: string[] = [];
  const inspector = new Inspector({
    maxFlows: 64,
    onFlowEnd: (flows, row) => void (filter.flow(flows, row) && types.push("flow")),
    payload: {
      fingerprintKey: FINGERPRINT_KEY,
      tell: (observation) => void (filter.observation(observation) && types.push(observation.type)),
    },
  });
  inspector.inspect(batchOf(TRAFFIC.frames));
  inspector.finish();
  return types;
}
