import assert from "node:assert/strict";
import { ConnectionTable } from "../../monitor/connections.ts";
import { parseConnectionQuery, QueryError, selectConnections } from "../../monitor/query.ts";
import { IpProtocol } from "../../model/flow.ts";
import { flowRows } from "./flow_rows.ts";

function rows() {
  const table = new ConnectionTable();
  const active = flowRows(
    { id: 1, client: "10.0.0.9", server: "198.51.100.7", ports: [50_000, 443], bytes: [10, 10] },
    { id: 2, client: "10.0.0.10", server: "198.51.100.7", ports: [50_001, 80], bytes: [500, 0], rttUs: 9000 },
    { id: 3, client: "2001:db8::1", server: "2001:db8::443", ports: [53, 5353], protocol: IpProtocol.udp },
  );
  table.applyFlows({ active, ended: flowRows(), flows: 3 }, 1, ["eth0"], () => {}, false);
  return table.all();
}

const select = (query: string) =>
  selectConnections(rows(), parseConnectionQuery(new URLSearchParams(query))).map((row) => row.id);

Deno.test("queries select and sort", () => {
  for (
    const [query, ids] of [
      ["", ["f2", "f3", "f1"]],
      ["sort=bytes&order=asc", ["f1", "f3", "f2"]],
      ["sort=src_ip&order=asc", ["f1", "f2", "f3"]],
      ["sort=rtt_ms&order=asc", ["f2", "f1", "f3"]], // unknown last
      ["sort=rtt_ms&order=desc", ["f2", "f1", "f3"]], // either way
      ["q=443", ["f3", "f1"]], // a whole port, or part of an address
      ["q=port:443", ["f1"]],
      ["q=proto:udp", ["f3"]],
      ["q=10.0.0.1", ["f2"]],
      ["q=2001:db8::1", ["f3"]],
      ["q=198.51 port:80", ["f2"]],
      ["q=EST 10.0", ["f2", "f1"]],
      ["q=nothing", []],
      ["q=process:unknown", ["f2", "f3", "f1"]],
    ] as const
  ) {
    assert.deepEqual(select(query), [...ids], query);
  }
});

Deno.test("ICMP of IPv6 is found by either of its names", () => {
  const table = new ConnectionTable();
  const active = flowRows({ id: 1, client: "2001:db8::1", protocol: IpProtocol.ipv6Icmp });
  table.applyFlows({ active, ended: flowRows(), flows: 1 }, 1, [], () => {}, false);
  for (const q of ["proto:icmpv6", "proto:ipv6-icmp", "icmpv6"]) {
    const query = parseConnectionQuery(new URLSearchParams({ q }));
    assert.equal(selectConnections(table.all(), query).length, 1, q);
  }
});

Deno.test("a wrong query names the parameter at fault", () => {
  for (
    const [query, field] of [
      ["sort=size", "sort"],
      ["order=up", "order"],
      ["limit=0", "limit"],
      ["limit=1e3", "limit"],
      ["offset=-1", "offset"],
      ["colour=red", "colour"],
      [`q=${"x".repeat(501)}`, "q"],
    ]
  ) {
    assert.throws(
      () => parseConnectionQuery(new URLSearchParams(query)),
      (error) => error instanceof QueryError && error.field === field,
      query,
    );
  }
});
