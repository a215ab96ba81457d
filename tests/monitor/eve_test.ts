import assert from "node:assert/strict";
import { eveTime, flowEvent } from "../../monitor/eve.ts";
import { FlowEnd, FlowState, IpProtocol, Tunnel } from "../../model/flow.ts";
import { flowRows } from "./flow_rows.ts";

Deno.test("flowEvent() writes a TCP flow as Suricata does", () => {
  const rows = flowRows({ id: 9, end: FlowEnd.timeout, state: FlowState.closed, rttUs: 1500, vlan: 0x1064 });
  assert.deepEqual(flowEvent(rows, 0, { communityId: "1:x", interfaceName: "eth0" }), {
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
    community_id: "1:x",
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
  });
});

Deno.test("flowEvent() gives ICMP its type and code, and tunnels their name", () => {
  const rows = flowRows({ id: 1, protocol: IpProtocol.icmp, ports: [3, 1], tunnel: Tunnel.gtpU });
  const event = flowEvent(rows, 0, { communityId: "1:x", interfaceName: "" });
  assert.deepEqual([event.icmp_type, event.icmp_code, event.src_port, event.tcp], [
    3,
    1,
    undefined,
    undefined,
  ]);
  assert.deepEqual(event.netpane, { tunnel: "gtp-u" });
  const echo = flowEvent(flowRows({ id: 1, protocol: IpProtocol.icmp, ports: [8, 0] }), 0, {
    communityId: "1:x",
    interfaceName: "",
  });
  assert.deepEqual([echo.icmp_type, echo.icmp_code], [8, 0]);
});

Deno.test("eveTime() keeps microseconds and survives a damaged clock", () => {
  assert.equal(eveTime(0), "1970-01-01T00:00:00.000000+0000");
  assert.equal(eveTime(1_500_000.25), "1970-01-01T00:00:01.500000+0000");
  assert.equal(eveTime(4294967295 * 1e6 + 999_999), "2106-02-07T06:28:15.999999+0000");
  assert.match(eveTime(1e30), /^\+275760/);
});
