/**
 * Finds out whether a UDP payload is a tunnel, and steps into it.
 *
 * A port is only a hint: on the well-known port the header must make sense and an inner header must look likely;
 * on any other port VXLAN and Teredo are believed when every byte that can be checked is right. What fails is
 * ordinary UDP, not an error.
 */
import { Tunnel } from "../../../model/flow.ts";
import { CAPWAP_DATA_PORT, layerOfCapwap, sizeOfCapwap } from "./capwap.ts";
import { carriesFrame, GENEVE_PORT, geneveNetwork, sizeOfGeneve } from "./geneve.ts";
import { GTP_U_PORT, sizeOfGtpU } from "./gtp_u.ts";
import { L2TP_PORT, sizeOfL2tp } from "./l2tp.ts";
import { Layer, MAX_TUNNEL_DEPTH } from "./layer.ts";
import { type PacketView, Reason } from "./packet_view.ts";
import { sizeOfTeredo, TEREDO_PORT } from "./teredo.ts";
import { isVxlan, VXLAN_HEADER, VXLAN_OLD_PORT, VXLAN_PORT, vxlanNetwork } from "./vxlan.ts";

/** No tunnel here has a shorter header. */
const SHORTEST = 8;

/** The layer inside, or `Layer.done` where the payload is no tunnel. */
export function followUdpPayload(v: PacketView): number {
  const c = v.cursor;
  if (c.end - c.at < SHORTEST) return Layer.done;
  const hinted = followPort(v, v.destinationPort);
  if (hinted >= 0) return hinted;
  const replied = followPort(v, v.sourcePort);
  if (replied >= 0) return replied;
  // By content, the first byte first: most datagrams end here.
  const first = c.peek8();
  if (first === 0x08 && isVxlan(v, true)) {
    return enter(v, Tunnel.vxlan, VXLAN_HEADER, Layer.ethernet, vxlanNetwork(v));
  }
  if (first === 0 || first >> 4 === 6) return enter(v, Tunnel.teredo, sizeOfTeredo(v, false), Layer.ip, 0);
  return Layer.done;
}

/** The layer inside of the tunnel that `port` hints at and the bytes confirm; -1 otherwise. */
function followPort(v: PacketView, port: number): number {
  switch (port) {
    case VXLAN_PORT:
    case VXLAN_OLD_PORT:
      return isVxlan(v, false) ? enter(v, Tunnel.vxlan, VXLAN_HEADER, Layer.ethernet, vxlanNetwork(v)) : -1;
    case GENEVE_PORT: {
      const size = sizeOfGeneve(v);
      if (size < 0) return -1;
      return enter(v, Tunnel.geneve, size, carriesFrame(v) ? Layer.ethernet : Layer.ip, geneveNetwork(v));
    }
    case GTP_U_PORT: {
      const size = sizeOfGtpU(v);
      return size < 0 ? -1 : enter(v, Tunnel.gtpU, size, Layer.ip, 0);
    }
    case TEREDO_PORT: {
      const size = sizeOfTeredo(v, true);
      return size < 0 ? -1 : enter(v, Tunnel.teredo, size, Layer.ip, 0);
    }
    case CAPWAP_DATA_PORT: {
      const size = sizeOfCapwap(v);
      return size < 0 ? -1 : enter(v, Tunnel.capwap, size, layerOfCapwap(v), 0);
    }
    case L2TP_PORT: {
      const size = sizeOfL2tp(v);
      return size < 0 ? -1 : enter(v, Tunnel.l2tp, size, Layer.ip, 0);
    }
    default:
      return -1;
  }
}

function enter(v: PacketView, tunnel: number, size: number, layer: number, id: number): number {
  if (size < 0) return Layer.done;
  if (v.tunnelDepth >= MAX_TUNNEL_DEPTH) return v.stop(Reason.tunnel_depth);
  v.cursor.skip(size);
  v.enterTunnel(tunnel, id);
  return layer;
}
