/** Names come from other programs and the network: whatever they hold, they are shown as text. */
import assert from "node:assert/strict";
import { renderToString } from "preact-render-to-string";
import { Alert } from "../../components/Alert.tsx";
import { AlertBar } from "../../components/AlertBar.tsx";
import { FIRST_VIEW } from "../../components/alert_filter.ts";
import { ConnectionDetails } from "../../components/ConnectionDetails.tsx";
import { ConnectionRow } from "../../components/ConnectionRow.tsx";
import { DnsRow } from "../../components/DnsRow.tsx";
import { ExpectDialog } from "../../components/ExpectDialog.tsx";
import { markOf } from "../../components/marks.ts";
import { PacketRow } from "../../components/PacketRow.tsx";
import { Ring } from "../../components/Ring.tsx";
import type { Anomaly, Connection, DnsQuery, LoggedPacket } from "../../model/api.ts";

const HOSTILE = `"><img src=x onerror=alert(1)>\u202e'`;

const row: Connection = {
  id: "f1",
  source: "both",
  app_proto: "<b>http</b>",
  server_name: "<img src=x onerror=alert(1)>",
  country: "",
  reverse_name: "",
  proto: HOSTILE,
  src_ip: HOSTILE,
  src_port: 1,
  dest_ip: HOSTILE,
  dest_port: 2,
  direction: "out",
  state: HOSTILE,
  peer: null,
  process: {
    pid: 7,
    name: HOSTILE,
    path: HOSTILE,
    user: HOSTILE,
    container: HOSTILE,
    started: 1,
    end: "client",
    method: "inode",
    confidence: 1,
    others: 0,
  },
  bytes_toserver: 1,
  bytes_toclient: 1,
  pkts_toserver: 1,
  pkts_toclient: 1,
  bits_per_second: 0,
  start: 1,
  last: 1,
  rtt_ms: null,
  rtt_from: null,
  retransmissions: 0,
  resent_share: null,
  rtt_server: { min_ms: 1, median_ms: 2, p95_ms: 3, samples: 4 },
  rtt_client: null,
  answer_ms: 5,
  slow: "network",
  in_iface: HOSTILE,
  vlan: [1],
  tunnel: HOSTILE,
  netns: 0,
};

const packet: LoggedPacket = {
  number: 1,
  time: 1,
  in_iface: HOSTILE,
  src_ip: HOSTILE,
  dest_ip: HOSTILE,
  src_port: 1,
  dest_port: 2,
  proto: HOSTILE,
  length: 1,
  captured: 1,
  tcp_flags: HOSTILE,
  summary: HOSTILE,
  flow_id: 1,
  process: HOSTILE,
  payload: HOSTILE,
};

const query: DnsQuery = {
  id: 1,
  time: 1,
  kind: HOSTILE,
  rrname: HOSTILE,
  rrtype: HOSTILE,
  client_ip: HOSTILE,
  server_ip: HOSTILE,
  rcode: HOSTILE,
  answers: [HOSTILE, HOSTILE],
  latency_ms: 1,
  process: HOSTILE,
  count: 1,
};

const finding: Anomaly = {
  id: `1:${HOSTILE}`,
  kind: HOSTILE,
  severity: 1,
  signature: HOSTILE,
  message: HOSTILE,
  first: 1,
  last: 2,
  count: 2,
  open: true,
  proto: HOSTILE,
  src_ip: HOSTILE,
  src_port: 1,
  dest_ip: HOSTILE,
  dest_port: 2,
  app_proto: HOSTILE,
  server_name: HOSTILE,
  in_iface: HOSTILE,
  process: HOSTILE,
  details: {
    brand: HOSTILE,
    masked: HOSTILE,
    encoding: HOSTILE,
    reasons: [HOSTILE],
    protocol: HOSTILE,
    method: HOSTILE,
    [HOSTILE]: HOSTILE,
    evidence: {
      ports: [1, 2, 3],
      names: [HOSTILE, HOSTILE.repeat(1_000)],
      answers: { [HOSTILE]: 1, other: 2 },
      rows: [{ [HOSTILE]: HOSTILE, count: 1 }, { [HOSTILE]: HOSTILE, count: 2 }],
      [HOSTILE]: { [HOSTILE]: { [HOSTILE]: HOSTILE } },
    },
  },
  expected: {
    id: HOSTILE,
    comment: HOSTILE,
    source: HOSTILE,
    program: HOSTILE,
    kind: HOSTILE,
    port: HOSTILE,
  },
};

const rule = { why: HOSTILE, fooled: HOSTILE, attack: { id: HOSTILE, name: HOSTILE } };

Deno.test("hostile names are text in rows, details, lists, findings and rings", () => {
  const found = { severity: 1, marks: [markOf({ ...finding, expected: null })!] };
  const ring = (
    <Ring slices={[{ label: HOSTILE, share: 1, colour: 1 }]} title={HOSTILE} middle={[HOSTILE, "B"]} />
  );
  const pages = [
    renderToString(<ConnectionRow row={row} index={0} now={2} current programs found={found} />),
    renderToString(
      <ConnectionDetails row={row} now={2} gone={false} found={found} onClose={() => {}} />,
    ),
    renderToString(<PacketRow packet={packet} programs onFilter={() => {}} />),
    renderToString(<DnsRow query={query} now={2} programs />),
    renderToString(
      <Alert alert={finding} rule={rule} withFirst alike={1} onExpect={() => {}} onUndo={() => {}} />,
    ),
    renderToString(
      <AlertBar
        view={{ ...FIRST_VIEW, kind: HOSTILE, q: HOSTILE }}
        counts={{ kinds: { [HOSTILE]: 1 }, severities: {}, open: 1, closed: 0, expected: 0 }}
        typed={HOSTILE}
        onType={() => {}}
        onView={() => {}}
      />,
    ),
    renderToString(<ExpectDialog alert={finding} onClose={() => {}} />),
    renderToString(ring),
  ];
  for (const html of pages) {
    assert.ok(html.includes("&lt;img"));
    assert.doesNotMatch(html, /<img/);
    // A quote in a name must not end the attribute it stands in.
    const tags = html.replace(/"[^"]*"/g, "").match(/<[^>]*>/g)!.join();
    assert.doesNotMatch(tags, /onerror/);
  }
});
