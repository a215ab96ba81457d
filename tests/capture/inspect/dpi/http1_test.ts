import assert from "node:assert/strict";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { http1 } from "../../../../capture/inspect/dpi/http1.ts";
import { heldBrotliBytes } from "../../../../capture/inspect/dpi/http/brotli_text.ts";
import { openDecoderBytes } from "../../../../capture/inspect/dpi/http/inflater.ts";
import { httpLimits, MAX_URL_CHARS } from "../../../../capture/inspect/dpi/http/limits.ts";
import {
  converse,
  converseCut,
  FlowRecorder,
  hex,
  latin1,
  probeStream,
  seeded,
  torment,
  type Turn,
} from "./flow_recorder.ts";

const CARD = "4111111111111111"; // the schemes' published test number

/** Text lines with `\n` sent as CRLF. */
function lines(text: string): Uint8Array<ArrayBuffer> {
  return latin1(text.replaceAll("\n", "\r\n"));
}

function joined(...pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function events(flow: FlowRecorder): Record<string, unknown>[] {
  return flow.told.map(({ fields }) => fields.http as Record<string, unknown>);
}

/** "METHOD host url status" of each event. */
function summaries(flow: FlowRecorder): string[] {
  return events(flow).map(({ http_method, hostname, url, status }) =>
    [http_method, hostname, url, status].map((part) => part ?? "-").join(" ")
  );
}

const GET: Turn = [
  0,
  lines("GET /a?b=c HTTP/1.1\nHost: Example.org:8080\nUser-Agent: test/1\nReferer: http://r/\n\n"),
];
const OK: Turn = [
  1,
  lines("HTTP/1.1 200 OK\nContent-Type: text/plain; charset=utf-8\nContent-Length: 5\n\nhello"),
];

Deno.test("http1: a request and its answer, with Suricata's field names", () => {
  const flow = converse(http1, [GET, OK]);
  assert.deepEqual(flow.told, [{
    type: "http",
    direction: 0,
    fields: {
      http: {
        hostname: "Example.org",
        http_port: 8080,
        url: "/a?b=c",
        http_user_agent: "test/1",
        http_content_type: "text/plain",
        http_refer: "http://r/",
        http_method: "GET",
        protocol: "HTTP/1.1",
        status: 200,
        length: 5,
      },
      netpane: { http: { reason: "OK" } },
    },
  }]);
  assert.deepEqual(flow.serverNames, ["Example.org"]);
  assert.equal(flow.scanned["1/1"], "hello¶");
  assert.equal(flow.scanned["0/0"], String.fromCharCode(...GET[1]) + "¶");
});

const CONVERSATIONS: Record<string, { turns: Turn[]; told: string[]; text?: Record<string, string> }> = {
  "pipelined requests are answered in order": {
    turns: [
      [0, lines("GET /1 HTTP/1.1\nHost: a\n\nHEAD /2 HTTP/1.1\nHost: a\n\nGET /3 HTTP/1.1\nHost: b\n\n")],
      [
        1,
        lines(
          "HTTP/1.1 200 OK\nContent-Length: 2\n\nhiHTTP/1.1 200 OK\nContent-Length: 99\n\nHTTP/1.1 304 No\n\n",
        ),
      ],
    ],
    told: ["GET a /1 200", "HEAD a /2 200", "GET b /3 304"],
    text: { "1/1": "hi¶" },
  },
  "chunks with extensions and trailers; what is cut in two is one text": {
    turns: [
      [0, lines("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n")],
      [0, lines("7;x=y\n4111111\n009\n111111111\n0\nTrailer: x\n\nGET /2 HTTP/1.0\n\n")],
      [1, lines("HTTP/1.1 204 None\n\nHTTP/1.0 200 OK\n\nuntil the end")],
    ],
    told: ["POST a / 204", "GET - /2 200"],
    text: { "0/1": CARD + "¶", "1/1": "until the end¶" },
  },
  "100 Continue comes before the answer": {
    turns: [
      [0, lines("PUT /x HTTP/1.1\nHost: a\nExpect: 100-continue\nContent-Length: 3\n\n")],
      [1, lines("HTTP/1.1 100 Continue\n\n")],
      [0, latin1("abc")],
      [1, lines("HTTP/1.1 201 Created\nContent-Length: 0\n\n")],
    ],
    told: ["PUT a /x 201"],
    text: { "0/1": "abc¶" },
  },
  "bare line feeds, folded and odd fields, blank lines before": {
    turns: [
      [0, latin1("\r\n\nPROPFIND /d HTTP/1.1\nX:y\nHOST :  h.example \nno colon\nUser-Agent: a\n\tb\n\n")],
      [1, latin1("HTTP/1.1 207 Multi-Status\nContent-Length: 0\n\n")],
    ],
    told: ["PROPFIND h.example /d 207"],
  },
  "absolute targets and the asterisk": {
    turns: [
      [
        0,
        lines(
          "GET http://u:p@proxied.example:81/x HTTP/1.1\n\nOPTIONS * HTTP/1.1\nHost: [2001:db8::1]:80\n\n",
        ),
      ],
    ],
    told: ["GET proxied.example http://***@proxied.example:81/x -", "OPTIONS [2001:db8::1] * -"],
  },
  "requests from the server's side": {
    turns: [[1, GET[1]], [0, OK[1]]],
    told: ["GET Example.org /a?b=c 200"],
  },
  "an answer whose request was not captured": {
    turns: [[1, lines("HTTP/1.1 200 OK\nContent-Length: 1\n\nx")], GET, OK],
    told: ["- - - 200", "GET Example.org /a?b=c 200"],
  },
  "a version from elsewhere is no HTTP, a damaged one is": {
    turns: [[0, lines("GET /1 HTTP/x.1\n\nOPTIONS rtsp://a RTSP/1.0\n\nGET /3 HTTP/1.1\n\n")]],
    told: ["GET - /1 -", "GET - /3 -"],
  },
  "a request line cut off by the end of the capture": {
    turns: [[0, lines("POST /long/path")]],
    told: ["POST - /long/path -"],
  },
  "the line of a proxy before the first request": {
    turns: [[0, lines("PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\nGET /1 HTTP/1.1\nHost: a\n\n")]],
    told: ["GET a /1 -"],
  },
  "a request cut off by the end of the capture": {
    turns: [[0, lines("GET /1 HTTP/1.1\nHost: a\nUser-A")]],
    told: ["GET a /1 -"],
  },
  "multipart: each part is a text, the lines between are none": {
    turns: [
      [
        0,
        lines(
          'POST /u HTTP/1.1\nHost: a\nContent-Type: multipart/form-data; boundary="x4111"\nContent-Length: 150\n\n' +
            '--x4111\nContent-Disposition: form-data; name="cc"\n\n4111\n--x411\n--x4111\nContent-Disposition: form-data; name="b"\n\nlast\n--x4111--\n',
        ),
      ],
    ],
    told: ["POST a /u -"],
    text: {
      "0/1": 'Content-Disposition: form-data; name="cc"\r\n\r\n¶4111\r\n--x411\r\n¶' +
        'Content-Disposition: form-data; name="b"\r\n\r\n¶last\r\n¶',
    },
  },
};

for (const [name, { turns, told, text }] of Object.entries(CONVERSATIONS)) {
  Deno.test(`http1: ${name}`, () => {
    const whole = converse(http1, turns);
    assert.deepEqual(summaries(whole), told);
    for (const [lane, expected] of Object.entries(text ?? {})) assert.equal(whole.scanned[lane], expected);
    const random = seeded(7);
    for (const nextCut of [() => 1, () => 2, () => 1 + random(9), () => 1 + random(60)]) {
      const cut = converseCut(http1, turns, nextCut);
      assert.deepEqual(cut.told, whole.told);
      assert.deepEqual(cut.scanned, whole.scanned);
    }
  });
}

const CODINGS: [string, (text: Uint8Array) => Uint8Array, string][] = [
  ["gzip", gzipSync, "gzip"],
  ["x-gzip", gzipSync, "gzip"],
  ["deflate", deflateSync, "deflate"],
  ["deflate", deflateRawSync, "deflate"],
  ["br", brotliCompressSync, "br"],
  ["zstd", zstdCompressSync, "zstd"],
  ["deflate, gzip", (text) => gzipSync(deflateSync(text)), "gzip"],
  ["gzip", (text) => text, "plain"], // says so and is not
  ["utf-8", (text) => text, "plain"],
];

for (const [coding, pack, encoding] of CODINGS) {
  Deno.test(`http1: a body coded as ${coding} (${encoding}) is read in text, cut anywhere`, () => {
    const text = `{"card": "${CARD}", "filler": "${"lorem ipsum ".repeat(4000)}", "end": true}`;
    const coded = pack(latin1(text));
    const chunked = joined(
      latin1(`${coded.length.toString(16)}\r\n`),
      coded,
      latin1("\r\n0\r\n\r\n"),
    );
    const head = `HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Encoding: ${coding}\n`;
    for (
      const framed of [
        joined(lines(head + `Content-Length: ${coded.length}\n\n`), coded),
        joined(lines(head + "Transfer-Encoding: chunked\n\n"), chunked),
        joined(lines(head + "\n"), coded),
      ]
    ) {
      const random = seeded(3);
      for (const nextCut of [() => framed.length, () => 1, () => 1 + random(1460)]) {
        const flow = converseCut(http1, [GET, [1, framed]], nextCut);
        assert.equal(flow.scanned["1/1"], text + "¶");
        assert.ok(flow.encodings.has(encoding));
        assert.deepEqual(flow.contexts, ["application/json"]);
      }
    }
    assert.equal(openDecoderBytes(), 0);
  });
}

Deno.test("http1: a packed file is read, whatever it is called", () => {
  const packed = gzipSync(latin1("date;card\n1;" + CARD));
  const head = lines(
    `HTTP/1.1 200 OK\nContent-Type: application/octet-stream\nContent-Length: ${packed.length}\n\n`,
  );
  const flow = converse(http1, [GET, [1, joined(head, packed)]]);
  assert.equal(flow.scanned["1/1"], "date;card\n1;" + CARD + "¶");
});

Deno.test("http1: a bomb costs what was budgeted for it, and is counted", () => {
  const bomb = gzipSync(new Uint8Array(64 << 20));
  const before = httpLimits.bombs;
  let scanned = 0;
  const flow = new FlowRecorder();
  flow.scan = (_direction, _lane, _bytes, at, end) => scanned += end - at;
  converse(http1, [
    GET,
    [1, lines(`HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: ${bomb.length}\n\n`)],
    [1, bomb],
    [1, lines("HTTP/1.1 200 OK\nContent-Length: 0\n\n")],
  ], flow);
  assert.equal(httpLimits.bombs, before + 1);
  assert.ok(scanned < 64 * bomb.length + (1 << 19), `${scanned} of ${64 << 20}`);
  assert.deepEqual(summaries(flow), ["GET Example.org /a?b=c 200", "- - - 200"]);
  assert.equal(openDecoderBytes(), 0);
});

Deno.test("http1: a damaged body is given up, the next message is not", () => {
  const coded = gzipSync(latin1("text ".repeat(1000)));
  coded.fill(0xff, 20, 40);
  const flow = converse(http1, [
    GET,
    [
      1,
      joined(
        lines(`HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: ${coded.length}\n\n`),
        coded,
        OK[1],
      ),
    ],
  ]);
  assert.deepEqual(summaries(flow), ["GET Example.org /a?b=c 200", "- - - 200"]);
  assert.equal(openDecoderBytes(), 0);
});

Deno.test("http1: a damaged brotli body is given up, in silence, the next one is not", () => {
  const text = "text and more of it; ".repeat(40);
  const coded = brotliCompressSync(latin1(text));
  const answer = (body: Uint8Array) =>
    joined(lines(`HTTP/1.1 200 OK\nContent-Encoding: br\nContent-Length: ${body.length}\n\n`), body);
  const random = seeded(5);
  for (let round = 0; round < 300; round++) {
    const damaged = Uint8Array.from(coded);
    for (let flips = 0; flips < 4; flips++) damaged[random(damaged.length)] ^= 1 << random(8);
    const flow = converse(http1, [GET, [1, answer(damaged)], GET, [1, answer(coded)]]);
    assert.equal(flow.told.length, 2);
    assert.ok(flow.scanned["1/1"].endsWith(text + "¶"));
  }
  assert.equal(heldBrotliBytes(), 0);
});

Deno.test("http1: a brotli bomb and a brotli body that was cut are bounded, and counted", () => {
  const bomb = brotliCompressSync(new Uint8Array(16 << 20));
  const head = lines("HTTP/1.1 200 OK\nContent-Encoding: br\n\n");
  const before = { ...httpLimits };
  converse(http1, [GET, [1, joined(head, bomb)]]);
  assert.equal(httpLimits.bombs, before.bombs + 1);
  converse(http1, [GET, [1, joined(head, brotliCompressSync(latin1("text ".repeat(1000))).subarray(0, -3))]]);
  assert.equal(httpLimits.damagedBodies, before.damagedBodies + 1);
  assert.equal(heldBrotliBytes(), 0);
});

Deno.test("http1: after a gap the next start line is believed again", () => {
  const flow = new FlowRecorder();
  const parser = http1.create(flow);
  const feed = (direction: number, bytes: Uint8Array) => parser.data(direction, bytes, 0, bytes.length);
  feed(0, GET[1]);
  feed(1, lines("HTTP/1.1 200 OK\nContent-Length: 100000\n\nsome"));
  parser.gap(1);
  feed(1, lines("rest of a body\nNOT a line\nHTTP is fine\n"));
  feed(0, lines("GET /2 HTTP/1.1\nHost: two\nUser-"));
  parser.gap(0);
  feed(0, lines("bytes of something\nGET /3 HTTP/1.1\nHost: three\n\n"));
  feed(1, lines("HTTP/1.1 404 Not Found\nContent-Length: 0\n\n"));
  feed(1, lines("HTTP/1.1 500 Sorry\nContent-Le"));
  parser.gap(1);
  parser.close();
  assert.deepEqual(summaries(flow), ["GET Example.org /a?b=c 200", "GET two /2 404", "GET three /3 500"]);
});

Deno.test("http1: where requests are missing, a status line at a segment's start ends a doubtful body", () => {
  const head = lines("HTTP/1.1 200 OK\nContent-Length: 5000\n\n"); // answers to HEAD, which was not captured
  assert.equal(converse(http1, [[1, head], [1, head], [1, head]]).told.length, 3);
});

Deno.test("http1: a body that was announced and refused before it came", () => {
  const flow = converse(http1, [
    [0, lines("PUT /1 HTTP/1.1\nContent-Length: 5000\nExpect: 100-continue\n\n")],
    [1, lines("HTTP/1.1 417 No\nContent-Length: 0\n\n")],
    GET,
    OK,
  ]);
  assert.deepEqual(summaries(flow), ["PUT - /1 417", "GET Example.org /a?b=c 200"]);
});

Deno.test("http1: more requests than may wait are told without their answers", () => {
  const flow = converse(http1, [[0, lines("GET / HTTP/1.1\n\n".repeat(1000))]]);
  assert.equal(flow.told.length, 1000);
});

Deno.test("http1: a request unanswered for long is told when the next one comes", () => {
  const flow = new FlowRecorder();
  const parser = http1.create(flow);
  parser.data(0, GET[1], 0, GET[1].length);
  flow.timeUs += 120_000_000;
  parser.data(0, GET[1], 0, GET[1].length);
  assert.equal(flow.told.length, 1);
});

const SWITCHES: [string, string, string, string | null][] = [
  [
    "GET /ws HTTP/1.1\nUpgrade: websocket\nConnection: Upgrade",
    "101 Switching",
    "\nUpgrade: WebSocket",
    "websocket",
  ],
  ["POST /attach HTTP/1.1\nUpgrade: tcp", "101 UPGRADED", "\nUpgrade: tcp", null],
  ["CONNECT a.example:443 HTTP/1.1\nHost: a.example:443", "200 Connected", "", null],
];
for (const [asked, status, fields, protocol] of SWITCHES) {
  Deno.test(`http1: ${asked.split("\n")[0]} hands the flow on to ${protocol}`, () => {
    const turns: Turn[] = [
      [0, lines(asked + "\n\n")],
      [1, joined(lines(`HTTP/1.1 ${status}${fields}\n\n`), latin1("next"))],
      [0, latin1("client's")],
    ];
    const flow = converse(http1, turns);
    assert.equal(flow.told.length, 1);
    assert.deepEqual(flow.switched, [{ protocol, direction: 1, rest: latin1("next") }]);
    assert.equal(flow.scanned["0/0"].includes("client's"), false);
    assert.equal(converseCut(http1, turns, () => 3).switched.length, 1);
  });
}

Deno.test("http1: what asked for HTTP/2 is the request of its stream 1, told with both answers", () => {
  const asked =
    "GET /a HTTP/1.1\nHost: a.example\nAuthorization: Basic dXNlcjpzZWNyZXQ=\nUpgrade: h2c\nHTTP2-Settings: AA";
  // SETTINGS; HEADERS of stream 1, which end it: `:status 200`.
  const frames = hex("000000 04 00 00000000  000001 01 05 00000001 88");
  const turns: Turn[] = [
    [0, lines(asked + "\n\n")],
    [1, joined(lines("HTTP/1.1 101 Switching\nUpgrade: h2c\n\n"), frames)],
    [0, joined(latin1("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), hex("000000 04 00 00000000"))],
  ];
  const common = { hostname: "a.example", url: "/a", http_method: "GET" };
  for (const most of [1, 5, 1000]) {
    const flow = converseCut(http1, turns, () => most);
    assert.deepEqual(flow.told.map(({ direction, fields }) => [direction, fields.http]), [
      [0, { ...common, protocol: "HTTP/1.1", status: 101 }],
      [0, { ...common, version: "2", http2: { stream_id: 1, request: {}, response: {} }, status: 200 }],
    ]);
    assert.deepEqual([flow.names, flow.switched.length, flow.secrets.length], [["http2"], 0, 1]);
  }
});

Deno.test("http1: a refused CONNECT stays HTTP; a tunnel whose answer is missing is handed on", () => {
  const connect = lines("CONNECT a.example:443 HTTP/1.1\n\n");
  const refused = converse(http1, [[0, connect], [1, lines("HTTP/1.1 407 No\nContent-Length: 0\n\n")], [
    0,
    connect,
  ]]);
  assert.deepEqual(summaries(refused), [
    "CONNECT a.example a.example:443 407",
    "CONNECT a.example a.example:443 -",
  ]);
  const hello = Uint8Array.of(0x16, 3, 1, 0, 5, 1);
  const blind = converse(http1, [[0, connect], [0, hello]]);
  assert.deepEqual(blind.switched, [{ protocol: null, direction: 0, rest: hello }]);
  assert.deepEqual(summaries(blind), ["CONNECT a.example a.example:443 -"]);
});

const CREDENTIALS: [string, string, { kind: string; userLength: number }[]][] = [
  ["Authorization: Basic dXNlcjpzZWNyZXQ=", "", [{ kind: "basic", userLength: 4 }]],
  ["Authorization: Basic !!!", "", []],
  ['Proxy-Authorization: Digest realm="a", username="wilma", response="0"', "", [{
    kind: "digest",
    userLength: 5,
  }]],
  ["Authorization: Bearer abc", "", [{ kind: "bearer", userLength: 0 }]],
  ["Authorization: Negotiate abc", "", []],
  ["Content-Type: application/x-www-form-urlencoded", "login=fred&password=hunter2&x=1", [{
    kind: "form",
    userLength: 4,
  }]],
  ["Content-Type: application/x-www-form-urlencoded", "user%5Bemail%5D=a%40b&user%5Bpassword%5D=hunter2", [
    { kind: "form", userLength: 3 },
  ]],
  ["Content-Type: application/x-www-form-urlencoded", "forgot_password=1&user=fred", []],
  ["Content-Type: application/json", '{"username": "fred", "passwd": "hunter2"}', [{
    kind: "form",
    userLength: 4,
  }]],
  [
    "Content-Type: multipart/form-data; boundary=b",
    '--b\r\nContent-Disposition: form-data; name="user"\r\n\r\nfred\r\n' +
    '--b\r\nContent-Disposition: form-data; name="pwd"\r\n\r\nhunter2\r\n--b--\r\n',
    [{ kind: "form", userLength: 4 }],
  ],
  ["Cookie: password=x", "", []],
];
for (const [field, body, expected] of CREDENTIALS) {
  Deno.test(`http1: credentials in ${field} ${body.slice(0, 40)}`, () => {
    const request = joined(
      lines(`POST /login HTTP/1.1\n${field}\nContent-Length: ${body.length}\n\n`),
      latin1(body),
    );
    for (const length of [request.length, 1]) {
      const flow = converseCut(http1, [[0, request]], () => length);
      assert.deepEqual(flow.secrets.map(({ kind, userLength }) => ({ kind, userLength })), expected);
      assert.doesNotMatch(JSON.stringify([flow.told, flow.secrets]), /hunter2|dXNl|secret/);
    }
  });
}

Deno.test("http1: a body that was read and holds no password is told apart from one that could not be read", () => {
  const form = "Content-Type: application/x-www-form-urlencoded";
  const json = "Content-Type: application/json";
  const talks: [string, string, string | undefined][] = [
    [form, "grant_type=device_code&device_code=abc&client_id=tv", "none"],
    [json, '{"refresh_token":"abc"}', "none"],
    [`${json}\nTransfer-Encoding: chunked`, '11\r\n{"event":"start"}\r\n0\r\n\r\n', "none"],
    [
      "Content-Type: multipart/form-data; boundary=b",
      "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n",
      "none",
    ],
    ["Accept: */*", "", "none"],
    [form, "user=fred&password=", undefined], // there is a field for one
    [json, '{"user":"fred","pwd":12345}', undefined],
    [json, `{"filler":"${"x".repeat(20_000)}"}`, undefined], // longer than is read
    [`${json}\nContent-Encoding: gzip`, '{"event":"start"}', undefined],
    ["Content-Type: text/xml", "<methodCall/>", undefined],
    [form, "user=fred&password=hunter2", "form"],
  ];
  for (const [fields, body, expected] of talks) {
    const length = fields.includes("chunked") ? "" : `Content-Length: ${body.length}\n`;
    const request = joined(lines(`POST /login HTTP/1.1\n${fields}\n${length}\n`), latin1(body));
    const flow = converse(http1, [[0, request], [1, lines("HTTP/1.1 401 No\nContent-Length: 0\n\n")]]);
    const told = flow.told.find(({ type }) => type === "http")!.fields.netpane as
      | { http: { credentials?: string } }
      | undefined;
    assert.equal(told?.http.credentials, expected, body.slice(0, 60));
  }
  // Cut short: the rest may hold it.
  const torn = converse(http1, [
    [0, joined(lines(`POST /login HTTP/1.1\n${form}\nContent-Length: 40\n\n`), latin1("user=fred&"))],
    [1, lines("HTTP/1.1 401 No\nContent-Length: 0\n\n")],
  ]);
  assert.doesNotMatch(JSON.stringify(torn.told), /"none"/);
});

Deno.test("http1: another password for the same account is told, and a cookie in answer; not what they are", () => {
  const login = (user: string, password: string) => {
    const body = `{"username":"${user}","password":"${password}"}`;
    return joined(
      lines(`POST /login HTTP/1.1\nContent-Type: application/json\nContent-Length: ${body.length}\n\n`),
      latin1(body),
    );
  };
  const answer = lines("HTTP/1.1 200 OK\nContent-Length: 0\nSet-Cookie: sid=hunter4\n\n");
  const flow = converse(http1, [
    ...["hunter1", "hunter1", "hunter2"].flatMap((
      password,
    ): Turn[] => [[0, login("ann", password)], [1, answer]]),
    [0, login("bob", "hunter3")],
    [1, answer],
  ]);
  const told = flow.told.map(({ fields }) => (fields.netpane as { http: Record<string, unknown> }).http);
  assert.deepEqual(told.map((http) => http.credentials_changed), [undefined, undefined, true, undefined]);
  assert.deepEqual(told.map((http) => http.sets_cookie), [true, true, true, true]);
  assert.doesNotMatch(JSON.stringify([flow.told, flow.secrets]), /hunter/);
});

Deno.test("http1: a password in a query is a credential and is not told", () => {
  const flow = converse(http1, [[0, lines("GET /login?user=fred&password=hunter2 HTTP/1.1\n\n")]]);
  assert.deepEqual(flow.secrets, [{ direction: 0, kind: "form", userLength: 4 }]);
  assert.equal(events(flow)[0].url, "/login?user=fred&password=***");
});

Deno.test("http1: a value ends at a carriage return: what follows may be a field that holds a secret", () => {
  const flow = converse(http1, [[
    0,
    lines("GET / HTTP/1.1\nHost: a.example\rAuthorization: Basic YTpi\n\n"),
  ]]);
  assert.equal((flow.told[0].fields.http as { hostname: string }).hostname, "a.example");
});

Deno.test("http1: card numbers are in no field of an event", () => {
  const flow = converse(http1, [
    [
      0,
      lines(
        `GET /pay/${CARD}?n=4111-1111-1111-1111 HTTP/1.1\nHost: ${CARD}\nUser-Agent: ${CARD}\nReferer: /${CARD}\n\n`,
      ),
    ],
    [
      1,
      lines(
        `HTTP/1.1 302 ${CARD}\nLocation: /?c=4111%201111%201111%201111\nContent-Type: ${CARD}\nServer: ${CARD}\n\n`,
      ),
    ],
  ]);
  assert.doesNotMatch(JSON.stringify(flow.told).replaceAll(/%20|-/g, ""), /4111/);
});

Deno.test("http1: what is left of every request where the capture cut packets", () => {
  const flow = new FlowRecorder();
  const parser = http1.create(flow);
  const cut: [number, string][] = [
    [0, "GET /index.ht"],
    [1, "HTTP/1.0 200 O"],
    [0, "GET /2 HTTP/1.1\r\nHost: exam"],
    [0, "PUT /3 HT"],
  ];
  for (const [direction, text] of cut) {
    parser.data(direction, latin1(text), 0, text.length);
    parser.gap(direction);
  }
  parser.close();
  assert.deepEqual(summaries(flow), ["GET - /index.ht 200", "GET exam /2 -", "PUT - /3 -"]);
});

const PROBES: [string, string][] = [
  ["GET / HTTP/1.1\r\n", "yes"],
  ["\r\nGET / HTTP/1.1\r\n", "yes"],
  ["HTTP/1.1 200", "yes"],
  ["ICY 200 OK\r\n", "yes"],
  ["FOO /x HTTP/1.0\n", "yes"],
  ["GET /index.html\r\n", "yes"],
  ["GET", "more"],
  ["GET /", "yes"],
  ["CONNECT a:1", "more"],
  ["CONNECT a:1 HTTP/1.0\n", "yes"],
  ["PROPFIND http://", "yes"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\nGET /", "yes"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\n", "more"],
  ["PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\nEHLO a\r\n", "no"],
  ["OPTIONS ", "more"],
  ["FOO /x", "more"],
  ["", "more"],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "no"],
  ["OPTIONS rtsp://h/ RTSP/1.0\r\n", "no"],
  ["REGISTER sip:a SIP/2.0\r\n", "no"],
  ["SSH-2.0-x\r\n", "no"],
  ["220 mail ESMTP\r\n", "no"],
  ["USER fred\r\n", "no"],
  ["\x16\x03\x01", "no"],
  ["get / HTTP/1.1\r\n", "no"],
];
Deno.test("http1: probe", () => {
  for (const [text, verdict] of PROBES) {
    assert.equal(probeStream(http1, latin1(text)), verdict, text.slice(0, 40));
  }
});

Deno.test("http1: no damage makes it throw, and no decoder is left open", () => {
  const coded = gzipSync(latin1("{}".repeat(100)));
  torment(http1, [
    GET,
    OK,
    [
      0,
      lines(
        "POST / HTTP/1.1\nContent-Type: multipart/form-data; boundary=b\nTransfer-Encoding: chunked\n\n5\n--b\nC\n0\n\n",
      ),
    ],
    [1, joined(lines(`HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: ${coded.length}\n\n`), coded)],
  ]);
  assert.equal(openDecoderBytes(), 0);
});

Deno.test("http1: heads and lines beyond their ceilings are cut and counted, and end where they end", () => {
  const before = { ...httpLimits };
  const turns: Turn[] = [[
    0,
    lines(
      `GET /${"u".repeat(30_000)} HTTP/1.1\nHost: a\n\nGET /2 HTTP/1.1\nHost: b\n${
        "x: y\n".repeat(20_000)
      }\n` +
        "GET /3 HTTP/1.1\nHost: c\n\n",
    ),
  ]];
  for (const flow of [converse(http1, turns), converseCut(http1, turns, () => 1000)]) {
    assert.deepEqual(summaries(flow).map((text) => text.slice(0, 8)), ["GET a /u", "GET b /2", "GET c /3"]);
    assert.equal(events(flow)[0].url, "/" + "u".repeat(MAX_URL_CHARS - 1));
  }
  assert.ok(httpLimits.longLines > before.longLines && httpLimits.longHeads > before.longHeads);
});
