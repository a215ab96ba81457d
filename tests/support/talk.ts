/** Conversations in every protocol that tells text, with a given text at every place where they tell any. */
import {
  bytes,
  message,
  name,
  question,
  record,
  string,
  u16,
  u32,
} from "../capture/inspect/dpi/dns/dns_bytes.ts";
import { crypto, initial } from "../capture/inspect/dpi/quic/seal.ts";
import { turns as dialogue } from "../capture/inspect/dpi/dialogues.ts";
import { latin1, type Turn } from "../capture/inspect/dpi/flow_recorder.ts";
import { tls12 } from "../capture/inspect/dpi/tls/handshakes.ts";
import { concat, hex } from "./packets.ts";

export interface Talk {
  name: string;
  port: number;
  turns: Turn[];
  /** Over UDP. */
  datagrams?: boolean;
}

/**
 * @param text Up to 60 characters of letters, digits and some signs, neither blank nor line end among them.
 * @param domain Whether `text` can be a label of a domain name.
 */
export function talkOf(text: string, domain: string = text): Talk[] {
  return [
    {
      name: "HTTP",
      port: 80,
      turns: dialogue(`C: GET /a/${text}?x=${text}&y=1#${text} HTTP/1.1
Host: ${domain}.example
User-Agent: Browser/${text} (${text})
Referer: http://${domain}.example/${text}?q=${text}
Content-Type: text/${text}
Cookie: id=${text}
X-Forwarded-For: ${text}
Range: ${text}

S: HTTP/1.1 302 Found ${text}
Location: http://${domain}.example/${text}
Server: ${text}
Content-Type: text/${text}; charset=${text}
Content-Length: 0

C: CONNECT ${domain}.example:443 HTTP/1.1
Host: ${domain}.example

S: HTTP/1.1 407 ${text}
Proxy-Authenticate: Basic realm="${text}"
Content-Length: 0

C: ${text} /x HTTP/1.1
Host: a

`),
    },
    {
      name: "HTTP/2",
      port: 80,
      turns: [
        [
          0,
          concat(
            latin1("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            http2Frame(4, 0, 0),
            http2Frame(
              1,
              5,
              1,
              Uint8Array.of(0x82, 0x86),
              literal(":path", `/${text}?x=${text}`),
              literal(":authority", `${domain}.example`),
              literal("user-agent", text),
              literal("referer", text),
            ),
          ),
        ],
        [
          1,
          concat(
            http2Frame(4, 0, 0),
            http2Frame(1, 5, 1, Uint8Array.of(0x88), literal("server", text), literal("content-type", text)),
          ),
        ],
      ],
    },
    {
      name: "SMTP",
      port: 25,
      turns: dialogue(`S: 220 ${domain}.example ESMTP ${text}
C: EHLO ${domain}.example
S: 250 ${text}
C: MAIL FROM:<${text}@x.example> ${text}
S: 250 ${text}
C: RCPT TO:<${text}@x.example>
S: 250 ${text}
C: VRFY ${text}
S: 252 ${text}
C: DATA
S: 354 ${text}
C: From: ${text} <${text}@x.example>
Subject: ${text}
Message-ID: <${text}@x.example>
X-Mailer: ${text}

${text}
.
S: 250 ${text}
C: QUIT ${text}
S: 221 ${text}`),
    },
    {
      name: "IMAP",
      port: 143,
      turns: dialogue(`S: * OK IMAP4rev1 ${text}
C: ${text} SELECT ${text}
S: ${text} OK ${text}
C: a2 SEARCH ${text}
S: * SEARCH ${text}
a2 OK ${text}
C: a3 LOGIN x y
S: a3 OK ${text}`),
    },
    {
      name: "POP3",
      port: 110,
      turns: dialogue(`S: +OK ${text}
C: USER x
S: +OK ${text}
C: PASS y
S: +OK ${text}
C: RETR ${text}
S: -ERR ${text}
C: QUIT ${text}
S: +OK ${text}`),
    },
    {
      name: "FTP",
      port: 21,
      turns: dialogue(`S: 220 FTP ${text}
C: USER ftp
S: 331 ${text}
C: PASS ${text}
S: 230-${text}
${text}
230 ${text}
C: CWD ${text}
S: 250 ${text}
C: RETR /${text}.csv
S: 150 ${text}
226 ${text}
C: SITE ${text}
S: 200 ${text}
C: HELP ${text}
S: 214 ${text}
C: QUIT ${text}
S: 221 ${text}`),
    },
    {
      name: "Telnet",
      port: 23,
      turns: [
        [1, concat(hex("fffd18 fffb01"), latin1(`${text} login: `))],
        [0, concat(hex("fffb18 fffd01"), latin1(`x\r\n`))],
        [1, latin1(`Password: `)],
        [0, latin1("y\r\n")],
        [1, latin1(`Welcome ${text}\r\n$ `)],
      ],
    },
    {
      name: "SSH",
      port: 22,
      turns: [
        [1, latin1(`SSH-2.0-OpenSSH_${text} ${text}\r\n`)],
        [0, latin1(`SSH-2.0-${text}_1 ${text}\r\n`)],
        [0, kexinit(text)],
        [1, kexinit(text)],
      ],
    },
    { name: "TLS", port: 443, turns: [[0, tlsHello(`${domain}.example`, text)], tls12[1]] },
    {
      name: "TLS certificate",
      port: 443,
      // The organisation has 13 letters.
      turns: tls12.map(([side, turn]) => [side, replaced(turn, "Netpane tests", text.slice(0, 13))]),
    },
    {
      name: "QUIC",
      port: 443,
      datagrams: true,
      turns: [[
        0,
        initial({
          destination: [1, 2, 3, 4, 5, 6, 7, 8],
          frames: crypto(0, tlsHello(`${domain}.example`, text).subarray(5)),
        }),
      ]],
    },
    { name: "DNS", port: 53, datagrams: true, turns: dnsTurns(domain, text) },
    { name: "mDNS", port: 5353, datagrams: true, turns: dnsTurns(domain, text) },
    {
      name: "DNS over TCP",
      port: 53,
      turns: dnsTurns(domain, text).map(([side, turn]) => [side, bytes(u16(turn.length), turn)]),
    },
    {
      name: "NetBIOS names",
      port: 137,
      datagrams: true,
      turns: [[
        0,
        message({
          flags: 0x0110,
          questions: [
            question([
              32,
              ...[...text.slice(0, 15).padEnd(15), " "]
                .flatMap((c) => [0x41 + (c.charCodeAt(0) >> 4), 0x41 + (c.charCodeAt(0) & 15)]),
              0,
            ], 32),
          ],
        }),
      ]],
    },
    {
      name: "DHCP",
      port: 67,
      datagrams: true,
      turns: [[
        0,
        bytes(
          [1, 1, 6, 0],
          u32(7),
          Array(20).fill(0),
          [2, 0, 0, 0, 0, 1],
          Array(10).fill(0),
          padded(text, 64),
          padded(text, 128),
          u32(0x63825363),
          ...[12, 15, 56, 60, 66, 67].map((code) => [code, ...string(text)]),
          [61, text.length + 1, 0, ...latin1(text)],
          [81, domain.length + 5, 1, 255, 255, ...string(domain), 0],
          [53, 1, 1, 255],
        ),
      ]],
    },
    {
      name: "DHCPv6",
      port: 547,
      datagrams: true,
      turns: [[
        0,
        bytes(
          [1, 1, 2, 3],
          dhcpv6Option(1, u16(2), u32(9), latin1(text)),
          dhcpv6Option(16, u32(311), u16(text.length), latin1(text)),
          dhcpv6Option(39, [0], name(`${domain}.example`)),
          dhcpv6Option(24, name(`${domain}.example`)),
        ),
      ]],
    },
    {
      name: "SNMP",
      port: 161,
      datagrams: true,
      turns: [[
        0,
        ber(
          0x30,
          ber(2, [0]),
          ber(4, latin1(text)),
          ber(0xa0, ber(2, [1]), ber(2, [0]), ber(2, [0]), ber(0x30)),
        ),
      ]],
    },
    {
      name: "SSDP",
      port: 1900,
      datagrams: true,
      turns: [[
        0,
        lines(`NOTIFY * HTTP/1.1
HOST: 239.255.255.250:1900
LOCATION: http://192.0.2.1/${text}?p=${text}
NT: ${text}
NTS: ssdp:alive
SERVER: ${text}
USN: uuid:${text}

`),
      ]],
    },
    {
      name: "SIP",
      port: 5060,
      datagrams: true,
      turns: [
        [0, lines(`INVITE sip:${text}@example.org SIP/2.0\nFrom: <sip:${text}@x>\nUser-Agent: ${text}\n\n`)],
        [1, lines(`SIP/2.0 486 Busy ${text}\nServer: ${text}\n\n`)],
      ],
    },
    {
      name: "syslog",
      port: 514,
      datagrams: true,
      turns: [[0, latin1(`<34>Oct 11 22:14:15 ${domain} app: ${text}`)]],
    },
    { name: "TFTP", port: 69, datagrams: true, turns: [[0, latin1(`\0\x01${text}.bin\0octet\0`)]] },
    {
      name: "Redis",
      port: 6379,
      turns: [
        [0, latin1(`*2\r\n$3\r\nGET\r\n$${text.length}\r\n${text}\r\n`)],
        [1, latin1(`-ERR ${text}\r\n`)],
        [0, latin1(`PING ${text}\r\n`)],
        [1, latin1(`+${text}\r\n`)],
      ],
    },
    {
      name: "PostgreSQL",
      port: 5432,
      turns: [
        [0, pg("", u32(196_608), `user\0${text}\0database\0${text}\0application_name\0${text}\0\0`)],
        [1, pg("R", u32(10), `${text}\0\0`)],
        [1, pg("E", `SFATAL\0C28P01\0M${text}\0\0`)],
      ],
    },
    {
      name: "MySQL",
      port: 3306,
      turns: [
        [
          1,
          mysqlPacket(
            0,
            [10],
            latin1(`${text}\0`),
            u32(1),
            Array(8).fill(65),
            [0, 255, 255, 33, 2, 0, 255, 255, 21],
            Array(10).fill(0),
            Array(13).fill(66),
            latin1(`${text}\0`),
          ),
        ],
        [
          0,
          mysqlPacket(
            1,
            hex("85a60f00 00000001 21"),
            Array(23).fill(0),
            latin1(`${text}\0`),
            [0],
            latin1(`${text}\0`),
          ),
        ],
        [1, mysqlPacket(2, [0xff, 0x15, 4], latin1(`#28000${text}`))],
      ],
    },
    {
      name: "RDP",
      port: 3389,
      turns: [[0, rdpRequest(text)], [1, hex("030000130ed000001234000209080002000000")]],
    },
    {
      name: "SOCKS",
      port: 1080,
      turns: [
        [0, hex("05010 0".replaceAll(" ", ""))],
        [1, hex("0500")],
        [0, bytes([5, 1, 0, 3], string(`${domain}.example`), u16(443))],
        [1, hex("05000001000000000000")],
      ],
    },
  ];
}

function lines(text: string): Uint8Array {
  return latin1(text.replaceAll("\n", "\r\n"));
}

function padded(text: string, length: number): number[] {
  return [...latin1(text.padEnd(length, "\0").slice(0, length))];
}

function replaced(turn: Uint8Array, from: string, to: string): Uint8Array {
  const text = String.fromCharCode(...turn);
  return to.length === from.length ? latin1(text.replaceAll(from, to)) : turn;
}

function http2Frame(type: number, flags: number, stream: number, ...parts: Uint8Array[]): Uint8Array {
  const payload = concat(...parts);
  return bytes([0, ...u16(payload.length), type, flags], u32(stream), payload);
}

function literal(key: string, value: string): Uint8Array {
  return bytes([0], string(key), string(value));
}

function dnsTurns(domain: string, text: string): Turn[] {
  const asked = `${domain}.example`;
  const address = [...hex("cb007107")];
  return [
    [0, message({ id: 9, questions: [question(asked, 16)] })],
    [
      1,
      message({
        id: 9,
        flags: 0x8180,
        questions: [question(asked, 16)],
        answers: [
          record(name(asked), 16, [...string(text), ...string(text)]),
          record(name(asked), 5, name(`${domain}.alias.example`)),
          record(name(asked), 1, address),
          record(name(asked), 13, [...string(text), ...string(text)]),
          record(name(asked), 15, [0, 1, ...name(asked)]),
          record(name(asked), 33, [0, 1, 0, 1, 0, 80, ...name(asked)]),
          record(name(asked), 35, [
            0,
            1,
            0,
            1,
            ...string("u"),
            ...string(text),
            ...string(text),
            ...name(asked),
          ]),
          record(name(asked), 257, [0, ...string("issue"), ...latin1(text)]),
          record(name(asked), 10, [...latin1(text)]),
          record(name(asked), 65, [0, 1, ...name(asked), 0, 1, ...u16(text.length + 1), ...string(text)]),
          record(name(asked), 256, [0, 1, 0, 1, ...latin1(text)]),
        ],
        authorities: [record(name(asked), 6, [...name(asked), ...name(asked), ...Array(20).fill(0)])],
      }),
    ],
  ];
}

function dhcpv6Option(code: number, ...parts: (number[] | Uint8Array)[]): Uint8Array {
  const data = bytes(...parts);
  return bytes(u16(code), u16(data.length), data);
}

function ber(tag: number, ...parts: (number[] | Uint8Array)[]): Uint8Array {
  const body = bytes(...parts);
  return bytes([tag, body.length], body);
}

function pg(type: string, ...parts: (number[] | string)[]): Uint8Array {
  const body = bytes(...parts.map((part) => typeof part === "string" ? latin1(part) : part));
  return bytes(latin1(type), u32(body.length + 4), body);
}

function mysqlPacket(number: number, ...parts: (number[] | Uint8Array)[]): Uint8Array {
  const body = bytes(...parts);
  return bytes([body.length, body.length >> 8, 0, number], body);
}

function rdpRequest(user: string): Uint8Array {
  const cookie = latin1(`Cookie: mstshash=${user}\r\n`);
  const negotiation = hex("0100080003000000");
  const length = 6 + cookie.length + negotiation.length;
  return bytes([3, 0], u16(length + 5), [length, 0xe0, 0, 0, 0, 0, 0], cookie, negotiation);
}

function kexinit(word: string): Uint8Array {
  const list = (text: string) => [...u32(text.length), ...latin1(text)];
  const lists = ["curve25519-sha256", "ssh-ed25519", "aes", "aes", "mac", "mac", "none", "none"];
  const body = bytes(
    [20],
    Array(16).fill(7),
    ...lists.map((known) => list(`${known},${word}`)),
    list(word),
    list(word),
    [0, 0, 0, 0, 0],
  );
  const padding = 4 + (8 - (9 + body.length) % 8) % 8;
  return bytes(u32(1 + body.length + padding), [padding], body, Array(padding).fill(0));
}

/** A ClientHello in one record: RFC 8446 §4.1.2, with SNI and ALPN. */
function tlsHello(host: string, protocol: string): Uint8Array {
  const extension = (type: number, data: number[]) => [...u16(type), ...u16(data.length), ...data];
  const block = (data: number[]) => [...u16(data.length), ...data];
  const extensions = [
    ...extension(0, block([0, ...block([...latin1(host)])])),
    ...extension(16, block([...string(protocol), ...string("h2")])),
    ...extension(43, [2, 3, 4]),
    ...extension(10, block([0, 29])),
    ...extension(13, block([4, 3])),
  ];
  const body = bytes(
    [3, 3],
    Array(32).fill(9),
    [0],
    block([0x13, 1, 0x13, 2]),
    [1, 0],
    block(extensions),
  );
  return bytes([22, 3, 1], u16(body.length + 4), [1, 0], u16(body.length), body);
}
