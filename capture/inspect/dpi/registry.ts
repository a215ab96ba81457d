/** Every protocol that is told by its bytes, in the order in which they are asked: the surest signs first. */
import { bittorrent, bittorrentDatagrams, bittorrentDht } from "./bittorrent.ts";
import type { DatagramProtocol, StreamProtocol } from "./contract.ts";
import { dhcpDatagrams } from "./dhcp.ts";
import { dhcpv6Datagrams } from "./dhcpv6.ts";
import { dnsDatagrams, dnsStream } from "./dns.ts";
import { dtls } from "./dtls.ts";
import { ftp } from "./ftp.ts";
import { http1 } from "./http1.ts";
import { http2 } from "./http2.ts";
import { imap } from "./imap.ts";
import { nbnsDatagrams } from "./nbns.ts";
import { ntpDatagrams } from "./ntp.ts";
import { mqtt } from "./mqtt.ts";
import { mysql } from "./mysql.ts";
import { pop3 } from "./pop3.ts";
import { postgresql } from "./postgresql.ts";
import { quic } from "./quic.ts";
import { sipDatagrams, sipStream } from "./sip.ts";
import { radiusDatagrams } from "./radius.ts";
import { rdp } from "./rdp.ts";
import { RECOGNISED } from "./recognised.ts";
import { RECOGNISED_DATAGRAMS } from "./recognised_datagrams.ts";
import { redis } from "./redis.ts";
import { smb } from "./smb.ts";
import { smtp } from "./smtp.ts";
import { snmpDatagrams } from "./snmp.ts";
import { socks } from "./socks.ts";
import { ssdpDatagrams } from "./ssdp.ts";
import { ssh } from "./ssh.ts";
import { stunDatagrams } from "./stun.ts";
import { syslogDatagrams, syslogStream } from "./syslog.ts";
import { telnet } from "./telnet.ts";
import { tftpDatagrams } from "./tftp.ts";
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
  postgresql,
  mysql,
  redis,
  rdp,
  smb,
  bittorrent,
  socks,
  dnsStream,
  sipStream,
  syslogStream,
  websocket,
  mqtt,
  ...RECOGNISED,
];

export const DATAGRAM_PROTOCOLS: readonly DatagramProtocol[] = [
  nbnsDatagrams, // before DNS, whose form it borrows; it leaves port 53 to it
  dnsDatagrams,
  quic,
  dtls,
  dhcpDatagrams,
  dhcpv6Datagrams,
  snmpDatagrams,
  ssdpDatagrams,
  sipDatagrams,
  ntpDatagrams,
  syslogDatagrams,
  tftpDatagrams,
  stunDatagrams,
  radiusDatagrams,
  bittorrentDht,
  bittorrentDatagrams,
  ...RECOGNISED_DATAGRAMS,
];
