/** Rows say where the other end is; questions that have no answer have the status that fits. */
import assert from "node:assert/strict";
import { PlaceDatabase } from "../../enrich/geoip/database.ts";
import { GeoIp } from "../../enrich/geoip/geoip.ts";
import { LookUpError, Names } from "../../enrich/names/names.ts";
import { ConnectionTable } from "../../monitor/connections.ts";
import { DEFAULT_QUERY, QueryError, selectConnections } from "../../monitor/query.ts";
import { AskError, Who } from "../../monitor/who.ts";
import { LocalEnd } from "../../model/flow.ts";
import { mmdb } from "../support/mmdb.ts";
import { flowRows, type FlowRowSpec } from "./flow_rows.ts";

function apply(table: ConnectionTable, rows: FlowRowSpec[]): void {
  table.applyFlows(
    { active: flowRows(...rows), ended: flowRows(), flows: rows.length },
    1,
    ["eth0"],
    () => {},
    false,
  );
}

Deno.test("rows have the country of the end that is not ours, also when it becomes known later", () => {
  const geoip = new GeoIp();
  const table = new ConnectionTable(new Who({ geoip }));
  const [ours, dutch, german] = ["192.168.1.2", "20.0.0.1", "21.0.0.1"];
  const rows: FlowRowSpec[] = [
    { id: 1, client: ours, server: dutch, localEnd: LocalEnd.client },
    { id: 2, client: german, server: ours, localEnd: LocalEnd.server },
    { id: 3, client: german, server: dutch, localEnd: LocalEnd.neither },
    { id: 4, client: ours, server: "192.168.1.3", localEnd: LocalEnd.client },
  ];
  apply(table, rows);
  assert.deepEqual(table.all().map(({ country }) => country), ["", "", "", ""]);
  const countries = mmdb({ "20.0.0.0/8": { country_code: "NL" }, "21.0.0.0/8": { country_code: "DE" } });
  geoip.use([PlaceDatabase.parse(countries, "test.mmdb")]);
  apply(table, rows);
  assert.deepEqual(table.all().map(({ country }) => country), ["NL", "DE", "NL", ""]);
  const found = selectConnections(table.all(), { ...DEFAULT_QUERY, q: "country:nl" });
  assert.deepEqual(found.map(({ id }) => id).sort(), ["f1", "f3"]);
});

Deno.test("rows have names only where they are asked for, and are found by them", () => {
  const names = new Names({ reverseDns: false });
  names.nameOf = () => "host.example.org";
  const off = new ConnectionTable(new Who({ names }));
  apply(off, [{ id: 1 }]);
  assert.equal(off.all()[0].reverse_name, "");
  const asked = new Names({ reverseDns: true });
  asked.nameOf = () => "host.example.org";
  const on = new ConnectionTable(new Who({ names: asked }));
  apply(on, [{ id: 1 }]);
  assert.equal(on.all()[0].reverse_name, "host.example.org");
  for (const q of ["example", "host:host.example"]) {
    assert.equal(selectConnections(on.all(), { ...DEFAULT_QUERY, q }).length, 1, q);
  }
});

Deno.test("questions without an answer have a status and the parameter at fault", async () => {
  const names = new Names({ servers: [] });
  const who = new Who({ names });
  const query = (text: string) => new URLSearchParams(text);
  await assert.rejects(
    who.ping(query("ip=10.0.0.1")),
    (error) => error instanceof AskError && error.status === 503,
  );
  await assert.rejects(
    who.ping(query("ip=224.0.0.1")),
    (error) => error instanceof AskError && error.status === 400,
  );
  await assert.rejects(
    who.resolve(query("domain=example.org")),
    (error) => error instanceof AskError && error.status === 503 && error.field === "domain",
  );
  for (
    const [code, status] of [["busy", 429], ["failed", 502], ["timeout", 504], ["no-server", 503]] as const
  ) {
    names.resolve = () => Promise.reject(new LookUpError(code, "x"));
    await assert.rejects(
      who.resolve(query("domain=example.org")),
      (error) => error instanceof AskError && error.status === status,
    );
  }
  for (
    const [ask, text, field] of [
      ["geoip", "ip=", "ip"],
      ["geoip", "ip=1.1.1.1&ip2=", "ip2"],
      ["resolve", `domain=${"a".repeat(301)}`, "domain"],
      ["ping", "ip=1.1.1.1&count=1.5", "count"],
    ] as const
  ) {
    await assert.rejects(
      who[ask](query(text)),
      (error) => error instanceof QueryError && error.field === field,
      text,
    );
  }
  const known = await who.geoip(query("ip=::ffff:10.0.0.1"));
  assert.deepEqual([known.ip, known.kind, known.special?.prefix], ["10.0.0.1", "private", "10.0.0.0/8"]);
});
