import assert from "node:assert/strict";
import { eveTime, flowLine, observationLine } from "../../monitor/eve.ts";
import { FlowEnd, FlowState, IpProtocol, Tunnel } from "../../model/flow.ts";
import { flowRows } from "./flow_rows.ts";

const NO_FLOW = {
  id: 0,
  ipVersion: 0,
  protocol: 0,
  clientAddress: "",
  clientPort: 0,
  serverAddress: "",
  serverPort: 0,
  vlan: 0,
  tunnel: 0,
  interfaceIndex: 0,
  communityId: "",
};
const FILE = { interfaceName: "", extra: "" };

Deno.test("flowLine() writes a TCP flow as Suricata does", () => {
  const rows = flowRows({ id: 9, end: FlowEnd.timeout, state: FlowState.closed, rttUs: 1500, vlan: 0x1064 });
  assert.deepEqual(JSON.parse(flowLine(rows, 0, { interfaceName: "eth0", extra: `"pcap_filename":"a"` })), {
    timestamp: "2023-11-14T22:13:22.500000+0000",
    flow_id: 9,
    event_type: "flow",
    src_ip: "192.0.2.1",
    dest_ip: "198.51.100.7",
    ip_v: 4,
    proto: "TCP",
    in_iface: "eth0",
    vlan: [100],
    src_port: 40_000,
    dest_port: 443,
    community_id: "1:lWOTJwBjzASkHgo+w0kukpG9z0M=",
    flow: {
      pkts_toserver: 1,
      pkts_toclient: 2,
      bytes_toserver: 100,
      bytes_toclient: 200,
      start: "2023-11-14T22:13:20.000000+0000",
      end: "2023-11-14T22:13:22.500000+0000",
      age: 2,
      state: "closed",
      reason: "timeout",
      alerted: false,
    },
    tcp: {
      tcp_flags: "1b",
      tcp_flags_ts: "1b",
      tcp_flags_tc: "1a",
      fin: true,
      syn: true,
      psh: true,
      ack: true,
      state: "closed",
    },
    netpane: { rtt_us: 1500 },
    pcap_filename: "a",
  });
});

Deno.test("flowLine() gives ICMP its type and code, and tunnels their name", () => {
  const rows = flowRows({ id: 1, protocol: IpProtocol.icmp, ports: [3, 1], tunnel: Tunnel.gtpU });
  const event = JSON.parse(flowLine(rows, 0, FILE));
  assert.deepEqual([event.icmp_type, event.icmp_code, event.src_port, event.tcp], [
    3,
    1,
    undefined,
    undefined,
  ]);
  assert.deepEqual(event.netpane, { tunnel: "gtp-u" });
  const echo = JSON.parse(flowLine(flowRows({ id: 1, protocol: IpProtocol.icmp, ports: [8, 0] }), 0, FILE));
  assert.deepEqual([echo.icmp_type, echo.icmp_code], [8, 0]);
});

Deno.test("flowLine() escapes what came from the network", () => {
  const rows = flowRows({ id: 1 });
  rows.serverName[0] = 'a"\\\n\u2028';
  assert.equal(JSON.parse(flowLine(rows, 0, FILE)).netpane.server_name, rows.serverName[0]);
});

Deno.test("observationLine() turns the ends round for what the server sent", () => {
  const flow = {
    id: 3,
    ipVersion: 4,
    protocol: IpProtocol.udp,
    clientAddress: "192.0.2.1",
    clientPort: 5000,
    serverAddress: "192.0.2.53",
    serverPort: 53,
    vlan: 0,
    tunnel: 0,
    interfaceIndex: 0,
    communityId: "1:x",
  };
  const observation = {
    type: "dns",
    timeUs: 1e6,
    flow,
    direction: 1,
    fields: { dns: { id: 7, rrname: 'a"b' } },
  };
  const common = { timestamp: "1970-01-01T00:00:01.000000+0000", event_type: "dns", ip_v: 4, proto: "UDP" };
  assert.deepEqual(JSON.parse(observationLine(observation, { interfaceName: "eth0", extra: `"k":1` })), {
    ...common,
    flow_id: 3,
    src_ip: "192.0.2.53",
    src_port: 53,
    dest_ip: "192.0.2.1",
    dest_port: 5000,
    in_iface: "eth0",
    community_id: "1:x",
    dns: { id: 7, rrname: 'a"b' },
    k: 1,
  });
  // Outside of any flow, and nothing to tell.
  const nowhere = { ...flow, id: 0, clientPort: 0, serverPort: 0 };
  const packet = { ...observation, direction: 0, flow: nowhere, fields: {} };
  assert.deepEqual(JSON.parse(observationLine(packet, FILE)), {
    ...common,
    src_ip: "192.0.2.1",
    dest_ip: "192.0.2.53",
  });
});

Deno.test("observationLine() writes an alert's last sighting as EVE writes time", () => {
  const flow = { ...NO_FLOW };
  const fields = { alert: { severity: 1 }, netpane: { kind: "x", last_seen: 1500 } };
  const alert = { id: "1", phase: "final" } as const;
  const line = observationLine({ type: "note", timeUs: 0, flow, direction: 0, fields, alert }, FILE);
  assert.equal(JSON.parse(line).netpane.last_seen, "1970-01-01T00:00:01.500000+0000");
  assert.equal(fields.netpane.last_seen, 1500);
});

Deno.test("eveTime() equals what Date says at every kind of time", () => {
  for (let i = 0; i < 2000; i++) {
    const us = Math.floor(i * i * i * 1_000_003.123);
    const rest = String(us % 1000).padStart(3, "0");
    assert.equal(eveTime(us), `${new Date(Math.floor(us / 1000)).toISOString().slice(0, -1)}${rest}+0000`);
  }
});

Deno.test("eveTime() keeps microseconds and survives a damaged clock", () => {
  assert.equal(eveTime(0), "1970-01-01T00:00:00.000000+0000");
  assert.equal(eveTime(1_500_000.25), "1970-01-01T00:00:01.500000+0000");
  assert.equal(eveTime(4294967295 * 1e6 + 999_999), "2106-02-07T06:28:15.999999+0000");
  assert.match(eveTime(1e30), /^\+275760/);
});
