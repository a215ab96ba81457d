/** Conversations of many protocols with card numbers and passwords in them, as bytes in turns. */
import { gzipSync } from "node:zlib";
import { latin1, type Turn } from "../capture/inspect/dpi/flow_recorder.ts";
import { tls12, tls13 } from "../capture/inspect/dpi/tls/handshakes.ts";
import { message, name, prefixed, question, record } from "../capture/inspect/dpi/dns/dns_bytes.ts";
import { turns as dialogue } from "../capture/inspect/dpi/dialogues.ts";
import { concat, hex } from "./packets.ts";

/** Published test numbers, all valid. */
export const CARDS = ["4111111111111111", "5555555555554444", "378282246310005", "6011000990139424"] as const;
export const PASSWORD = "tr0ub4dor-and-three";

export interface Conversation {
  name: string;
  serverPort: number;
  turns: Turn[];
  /** EVE types of the events told, alerts apart, sorted. */
  types: string[];
  /** Last four digits of the cards alerted, sorted. */
  cards: string[];
  /** Methods of the credentials alerted. */
  credentials: string[];
  /** Whether a capture that begins after the handshake sees the same. */
  midStream?: boolean;
}

const [VISA, MASTERCARD, AMEX, DISCOVER] = CARDS;
const lastFour = (...cards: string[]) => cards.map((card) => card.slice(-4)).toSorted();
const u32 = (n: number) => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);

function chunked(body: Uint8Array, size: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    parts.push(latin1(`${piece.length.toString(16)}\r\n`), piece, latin1("\r\n"));
  }
  return concat(...parts, latin1("0\r\n\r\n"));
}

function base64Lines(text: string): string {
  return btoa(text).match(/.{1,76}/g)!.join("\n");
}

/** A frame, RFC 6455 §5.2. */
function webSocketFrame(text: string, masked: boolean): Uint8Array {
  const mask = [0x37, 0xfa, 0x21, 0x3d];
  if (!masked) return concat(Uint8Array.of(0x81, text.length), latin1(text));
  const payload = latin1(text).map((byte, i) => byte ^ mask[i & 3]);
  return concat(Uint8Array.of(0x81, 0x80 | text.length), Uint8Array.from(mask), payload);
}

/** RFC 9113 §4.1. */
function http2Frame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  return concat(Uint8Array.of(0, length >> 8, length, type, flags), u32(stream), payload);
}

/** A header field that is not indexed and has a new name, RFC 7541 §6.2.2. */
function hpackLiteral(key: string, value: string): Uint8Array {
  return concat(Uint8Array.of(0, key.length), latin1(key), Uint8Array.of(value.length), latin1(value));
}

/** A message of PostgreSQL; without a type where it is "". */
function pg(type: string, ...parts: (string | Uint8Array)[]): Uint8Array {
  const body = concat(...parts.map((part) => typeof part === "string" ? latin1(part) : part));
  return concat(latin1(type), u32(body.length + 4), body);
}

/** A binary packet of SSH with a KEXINIT, RFC 4253 §6 and §7.1. */
function kexinit(...lists: string[]): Uint8Array {
  const body = concat(
    Uint8Array.of(20),
    new Uint8Array(16).fill(7),
    ...[...lists, "", ""].map((list) => concat(u32(list.length), latin1(list))),
    new Uint8Array(5),
  );
  const padding = 4 + (8 - (9 + body.length) % 8) % 8;
  return concat(u32(1 + body.length + padding), Uint8Array.of(padding), body, new Uint8Array(padding));
}

const KEX = [
  "curve25519-sha256,ext-info-c",
  "ssh-ed25519",
  "aes128-ctr",
  "aes256-ctr",
  "hmac-sha2-256",
  "hmac-sha1",
  "none",
  "none",
];

const ORDERS = JSON.stringify({
  customers: Array.from({ length: 40 }, (_, i) => ({ name: `Customer ${i}`, city: "Cork", items: i % 7 })),
  payment: { card_number: VISA, expiry: "12/29", holder: "A. Person" },
  refund: { card: "3782 822463 10005" },
});

export const CONVERSATIONS: Conversation[] = [
  {
    name: "HTTP: form in, gzip in chunks out, pipelined",
    serverPort: 80,
    midStream: true,
    turns: [
      [
        0,
        latin1(
          "POST /pay?step=2 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: curl/8.5\r\n" +
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 57\r\n\r\n" +
            "name=A.+Person&card_number=5555+5555+5555+4444&cvv=123+++" +
            `GET /orders HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Basic ${
              btoa(`alice:${PASSWORD}`)
            }\r\n\r\n`,
        ),
      ],
      [
        1,
        concat(
          latin1("HTTP/1.1 302 Found\r\nLocation: /orders\r\nContent-Length: 0\r\n\r\n"),
          latin1(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n" +
              "Transfer-Encoding: chunked\r\n\r\n",
          ),
          chunked(new Uint8Array(gzipSync(ORDERS)), 61),
        ),
      ],
    ],
    types: ["http", "http"],
    cards: lastFour(MASTERCARD, VISA, AMEX),
    credentials: ["basic"],
  },
  {
    name: "SMTP: login, attachment in base64, body in quoted-printable",
    serverPort: 25,
    turns: dialogue(`S: 220 mx.example ESMTP
C: EHLO client.example
S: 250-mx.example
250 AUTH PLAIN LOGIN
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: ${btoa("alice")}
S: 334 UGFzc3dvcmQ6
C: ${btoa(PASSWORD)}
S: 235 2.7.0 Authentication successful
C: MAIL FROM:<alice@client.example>
S: 250 2.1.0 Ok
C: RCPT TO:<bob@mx.example>
S: 250 2.1.5 Ok
C: DATA
S: 354 End data with <CR><LF>.<CR><LF>
C: From: alice@client.example
To: bob@mx.example
Subject: card
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="edge"

--edge
Content-Type: text/plain
Content-Transfer-Encoding: quoted-printable

My credit card: 6011=20=
0009 9013 9424

--edge
Content-Type: text/csv
Content-Transfer-Encoding: base64

${base64Lines(`name,card_number,expiry\nA. Person,${VISA},12/29\nB. Person,3782-822463-10005,11/28\n`)}
--edge--
.
S: 250 2.0.0 Ok
C: QUIT
S: 221 2.0.0 Bye`),
    types: ["smtp", "smtp"],
    cards: lastFour(DISCOVER, VISA, AMEX),
    credentials: ["login"],
  },
  {
    name: "IMAP: login, a mail fetched",
    serverPort: 143,
    turns: dialogue(`S: * OK [CAPABILITY IMAP4rev1] ready
C: a1 LOGIN alice ${PASSWORD}
S: a1 OK logged in
C: a2 FETCH 1 BODY[TEXT]
S: * 1 FETCH (BODY[TEXT] {42}
Visa card number: 4111 1111 1111 1111 ok
)
a2 OK done
C: a3 LOGOUT
S: * BYE
a3 OK done`),
    types: ["imap"],
    cards: lastFour(VISA),
    credentials: ["user_pass"],
  },
  {
    name: "POP3: login, a mail read",
    serverPort: 110,
    turns: dialogue(`S: +OK ready
C: USER alice
S: +OK
C: PASS ${PASSWORD}
S: +OK 1 message
C: RETR 1
S: +OK 90 octets
Subject: payment

Card number ${MASTERCARD}, expires 12/29
.
C: QUIT
S: +OK bye`),
    types: ["pop3"],
    cards: lastFour(MASTERCARD),
    credentials: ["user_pass"],
  },
  {
    name: "FTP: login and commands",
    serverPort: 21,
    turns: dialogue(`S: 220 ftp.example ready
C: USER alice
S: 331 Password please
C: PASS ${PASSWORD}
S: 230 In
C: SYST
S: 215 UNIX Type: L8
C: PASV
S: 227 Entering Passive Mode (198,51,100,20,195,80)
C: RETR cards.csv
S: 150 Here it comes
226 Done
C: QUIT
S: 221 Bye`),
    types: Array(7).fill("ftp"),
    cards: [],
    credentials: ["user_pass"],
  },
  { name: "TLS 1.2", serverPort: 443, turns: tls12, types: ["tls"], cards: [], credentials: [] },
  { name: "TLS 1.3", serverPort: 8443, turns: tls13, types: ["tls"], cards: [], credentials: [] },
  {
    name: "SSH",
    serverPort: 22,
    turns: [
      [1, latin1("SSH-2.0-OpenSSH_9.6p1 Ubuntu-3\r\n")],
      [0, latin1("SSH-2.0-PuTTY_Release_0.80\r\n")],
      [0, kexinit(...KEX)],
      [1, kexinit(...KEX)],
    ],
    types: ["ssh"],
    cards: [],
    credentials: [],
  },
  {
    name: "DNS over TCP",
    serverPort: 53,
    turns: [
      [0, prefixed(message({ id: 7, flags: 0x0100, questions: [question("www.example.org", 1)] }))],
      [
        1,
        prefixed(message({
          id: 7,
          flags: 0x8180,
          questions: [question("www.example.org", 1)],
          answers: [record(name("www.example.org"), 1, [203, 0, 113, 7], 60)],
        })),
      ],
    ],
    types: ["dns", "dns"],
    cards: [],
    credentials: [],
  },
  {
    name: "WebSocket",
    serverPort: 8080,
    turns: [
      [
        0,
        latin1(
          "GET /chat HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        ),
      ],
      [
        1,
        latin1(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        ),
      ],
      [0, concat(webSocketFrame("hello", true), webSocketFrame(`{"card":"${VISA}"}`, true))],
      [1, webSocketFrame(`{"card":"${MASTERCARD}"}`, false)],
    ],
    types: ["http"],
    cards: lastFour(VISA, MASTERCARD),
    credentials: [],
  },
  {
    name: "Redis",
    serverPort: 6379,
    turns: [
      [0, latin1(`*2\r\n$4\r\nAUTH\r\n$${PASSWORD.length}\r\n${PASSWORD}\r\n`)],
      [1, latin1("+OK\r\n")],
      [0, latin1(`*3\r\n$3\r\nSET\r\n$9\r\nuser:card\r\n$16\r\n${VISA}\r\n`)],
      [1, latin1("+OK\r\n")],
      [0, latin1("*2\r\n$3\r\nGET\r\n$9\r\nuser:next\r\n")],
      [1, latin1(`$31\r\n{"card_number":"${AMEX}"}\r\n`)],
    ],
    types: ["redis"],
    cards: lastFour(VISA, AMEX),
    credentials: ["auth"],
  },
  {
    name: "PostgreSQL",
    serverPort: 5432,
    turns: [
      [0, pg("", u32(196_608), "user\0alice\0database\0shop\0\0")],
      [1, pg("R", u32(3))],
      [0, pg("p", `${PASSWORD}\0`)],
      [1, concat(pg("R", u32(0)), pg("Z", "I"))],
      [0, pg("Q", "select card_number from customers\0")],
      [
        1,
        concat(
          pg("T", hex("0001"), "card_number\0", new Uint8Array(18)),
          pg("D", hex("0001"), u32(16), VISA),
          pg("D", hex("0001"), u32(16), MASTERCARD),
          pg("C", "SELECT 2\0"),
          pg("Z", "I"),
        ),
      ],
    ],
    types: ["pgsql"],
    cards: lastFour(VISA, MASTERCARD),
    credentials: ["password"],
  },
  {
    name: "HTTP/2 in clear text",
    serverPort: 8080,
    turns: [
      [
        0,
        concat(
          latin1("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
          http2Frame(4, 0, 0, new Uint8Array(0)),
          http2Frame(
            1,
            4,
            1,
            concat(
              Uint8Array.of(0x83, 0x86), // :method POST, :scheme http
              hpackLiteral(":path", "/pay"),
              hpackLiteral(":authority", "shop.example"),
              hpackLiteral("content-type", "application/json"),
            ),
          ),
          http2Frame(0, 0, 1, latin1('{"card":"41111111')),
          http2Frame(0, 1, 1, latin1('11111111"}')),
        ),
      ],
      [
        1,
        concat(
          http2Frame(4, 0, 0, new Uint8Array(0)),
          http2Frame(1, 4, 1, Uint8Array.of(0x88)), // :status 200
          http2Frame(0, 1, 1, latin1(`card number ${DISCOVER} accepted`)),
        ),
      ],
    ],
    types: ["http"],
    cards: lastFour(VISA, DISCOVER),
    credentials: [],
  },
  {
    name: "Telnet: login at prompts",
    serverPort: 23,
    turns: [
      [1, concat(hex("fffd18 fffd20 fffb01"), latin1("\r\nhost login: "))],
      [0, concat(hex("fffb18 fffc20 fffd01"), latin1("alice\r\n"))],
      [1, latin1("Password: ")],
      [0, latin1(`${PASSWORD}\r\n`)],
      [1, latin1(`\r\nWelcome. Credit card ${VISA} on file\r\n$ `)],
    ],
    types: ["telnet"],
    cards: lastFour(VISA),
    credentials: ["user_pass"],
  },
  {
    name: "text of no protocol",
    serverPort: 9999,
    midStream: true,
    turns: [
      [0, latin1(`~~ card number: 4111 1111 1111 1111 and amex ${AMEX} exp 12/29\n`)],
      [1, latin1(`~~ thanks, card ${MASTERCARD} as well\n`)],
      [0, Uint8Array.from([...`card ${DISCOVER} in UTF-16\n`].flatMap((c) => [c.charCodeAt(0), 0]))],
    ],
    types: [],
    cards: lastFour(VISA, AMEX, MASTERCARD, DISCOVER),
    credentials: [],
  },
];
