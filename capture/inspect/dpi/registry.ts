/** Every protocol that is told by its bytes, in the order in which they are asked: the surest signs first. */
import type { DatagramProtocol, StreamProtocol } from "./contract.ts";
import { dnsDatagrams, dnsStream } from "./dns.ts";
import { ftp } from "./ftp.ts";
import { http1 } from "./http1.ts";
import { http2 } from "./http2.ts";
import { imap } from "./imap.ts";
import { pop3 } from "./pop3.ts";
import { quic } from "./quic.ts";
import { smtp } from "./smtp.ts";
import { ssh } from "./ssh.ts";
import { telnet } from "./telnet.ts";
import { tls } from "./tls.ts";
import { websocket } from "./websocket.ts";

export const STREAM_PROTOCOLS: readonly StreamProtocol[] = [
  tls,
  http1,
  http2,
  ssh,
  imap,
  pop3,
  smtp,
  ftp,
  telnet,
  dnsStream,
  websocket,
];

export const DATAGRAM_PROTOCOLS: readonly DatagramProtocol[] = [
  dnsDatagrams,
  quic,
];
