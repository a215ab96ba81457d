/** Names come from other programs and the network: whatever they hold, they are shown as text. */
import assert from "node:assert/strict";
import { renderToString } from "preact-render-to-string";
import { ConnectionDetails } from "../../components/ConnectionDetails.tsx";
import { ConnectionRow } from "../../components/ConnectionRow.tsx";
import { Ring } from "../../components/Ring.tsx";
import type { Connection } from "../../model/api.ts";

const HOSTILE = `"><img src=x onerror=alert(1)>\u202e'`;

const row: Connection = {
  id: "f1",
  source: "both",
  app_proto: "<b>http</b>",
  server_name: "<img src=x onerror=alert(1)>",
  proto: HOSTILE,
  src_ip: HOSTILE,
  src_port: 1,
  dest_ip: HOSTILE,
  dest_port: 2,
  direction: "out",
  state: HOSTILE,
  process: {
    pid: 7,
    name: HOSTILE,
    path: HOSTILE,
    user: HOSTILE,
    container: HOSTILE,
    method: "inode",
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
  in_iface: HOSTILE,
  vlan: [1],
  tunnel: HOSTILE,
  netns: 0,
};

Deno.test("hostile names are text in rows, details and rings", () => {
  const ring = (
    <Ring slices={[{ label: HOSTILE, share: 1, colour: 1 }]} title={HOSTILE} middle={[HOSTILE, "B"]} />
  );
  const pages = [
    renderToString(<ConnectionRow row={row} index={0} now={2} current programs />),
    renderToString(<ConnectionDetails row={row} now={2} gone={false} onClose={() => {}} />),
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
