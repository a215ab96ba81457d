import assert from "node:assert/strict";
import { sipDatagrams, sipStream } from "../../../../capture/inspect/dpi/sip.ts";
import { ssdpDatagrams } from "../../../../capture/inspect/dpi/ssdp.ts";
import { syslogDatagrams, syslogStream } from "../../../../capture/inspect/dpi/syslog.ts";
import { tftpDatagrams } from "../../../../capture/inspect/dpi/tftp.ts";
import {
  converseCut,
  exchange,
  FlowRecorder,
  latin1,
  probeDatagram,
  probeStream,
  torment,
  tormentDatagrams,
  type Turn,
} from "./flow_recorder.ts";

const NOTIFY = latin1(
  "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nLOCATION: http://u:p@192.0.2.5/d.xml?access_token=abcdefghijklmnop1234\r\n" +
    "NT: upnp:rootdevice\r\nNTS: ssdp:alive\r\nSERVER: Linux UPnP/1.1 Printer/2\r\nUSN: uuid:1::upnp:rootdevice\r\n\r\n",
);
const SEARCH = latin1('M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\n\r\n');

Deno.test("SSDP: devices announced, each announcement once, without secrets in addresses", () => {
  const flow = exchange(ssdpDatagrams, [[0, NOTIFY], [0, NOTIFY], [0, SEARCH]]);
  assert.deepEqual(flow.told.map(({ fields }) => fields.ssdp), [
    {
      method: "NOTIFY",
      location: "http://***@192.0.2.5/d.xml?access_token=***",
      nt: "upnp:rootdevice",
      nts: "ssdp:alive",
      server: "Linux UPnP/1.1 Printer/2",
      usn: "uuid:1::upnp:rootdevice",
    },
    { method: "M-SEARCH", man: '"ssdp:discover"', st: "ssdp:all" },
  ]);
});

Deno.test("SSDP: announcements told of a flow are bounded", () => {
  const turns = Array.from(
    { length: 1000 },
    (_, i): Turn => [0, latin1(`NOTIFY * HTTP/1.1\r\nUSN: ${i}\r\n\r\n`)],
  );
  assert.equal(exchange(ssdpDatagrams, turns).told.length, 64);
});

const REGISTER = latin1(
  "REGISTER sip:alice:secret@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n" +
    'Authorization: Digest username="alice", realm="x", response="0123"\r\n\r\n',
);
const RINGING = latin1("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n\r\n");

Deno.test("SIP: requests and answers; passwords and digests stay behind", () => {
  const flow = exchange(sipDatagrams, [[0, REGISTER], [1, RINGING], [0, REGISTER]]);
  assert.deepEqual(flow.told[0].fields.sip, {
    method: "REGISTER",
    uri: "sip:alice:***@example.org",
    version: "SIP/2.0",
    request_line: "REGISTER sip:alice:***@example.org SIP/2.0",
  });
  assert.deepEqual(flow.told[1].fields.sip, {
    version: "SIP/2.0",
    code: "180",
    reason: "Ringing",
    response_line: "SIP/2.0 180 Ringing",
  });
  assert.deepEqual(flow.secrets, [{ direction: 0, kind: "digest", userLength: 5 }]);
});

Deno.test("SIP over TCP is recognised by its first line, and HTTP is not taken for it", () => {
  const line = "OPTIONS sip:a@b SIP/2.0\r\n";
  for (let length = 0; length < line.length; length++) {
    assert.equal(probeStream(sipStream, latin1(line.slice(0, length))), "more", line.slice(0, length));
  }
  assert.equal(probeStream(sipStream, latin1(line)), "yes");
  assert.equal(probeStream(sipStream, RINGING, 1), "yes");
  for (
    const other of ["OPTIONS * HTTP/1.1\r\n", "GET / HTTP/1.1\r\n", "SIPPING\r\n", "HTTP/1.1 200 OK\r\n"]
  ) {
    assert.equal(probeStream(sipStream, latin1(other)), "no", other);
  }
});

Deno.test("TFTP: the file that is read or written", () => {
  const read = latin1("\0\x01pxelinux.0\0octet\0blksize\x001432\0");
  const write = latin1("\0\x02config\0NETASCII\0");
  const flow = exchange(tftpDatagrams, [[0, read], [0, write], [1, latin1("\0\x03\0\x01data")]]);
  assert.deepEqual(flow.told.map(({ fields }) => fields.tftp), [
    { packet: "read", file: "pxelinux.0", mode: "octet" },
    { packet: "write", file: "config", mode: "netascii" },
  ]);
  for (
    const other of ["\0\x01file\0binary\0", "\0\x01\0octet\0", "\0\x01fi\x02le\0octet\0", "\0\x03\0\x01data"]
  ) {
    assert.equal(probeDatagram(tftpDatagrams, latin1(other)), "no");
  }
});

const OLD_LOG = "<34>Oct 11 22:14:15 host su: failed for lonvick\n";
const NEW_LOG = "<165>1 2026-10-11T22:14:15Z host app - ID47 - text\n";

Deno.test("syslog is recognised and scanned, and never told on", () => {
  for (const text of [OLD_LOG, NEW_LOG]) {
    assert.equal(probeDatagram(syslogDatagrams, latin1(text)), "yes");
    assert.equal(probeStream(syslogStream, latin1(text)), "yes");
    assert.equal(probeStream(syslogStream, latin1(`${text.length} ${text}`)), "yes");
  }
  for (let length = 0; length < 20; length++) {
    assert.equal(probeStream(syslogStream, latin1(`48 ${OLD_LOG}`.slice(0, length))), "more");
  }
  for (
    const text of [
      "<192>text text text text",
      "<a>text",
      "<html><body></body></html>",
      "34 text",
      "0 <34>x",
      "<>",
    ]
  ) {
    assert.equal(probeStream(syslogStream, latin1(text)), "no", text);
    assert.equal(probeDatagram(syslogDatagrams, latin1(text)), "no", text);
  }
  const flow = exchange(syslogDatagrams, [[0, latin1(OLD_LOG)], [0, latin1(NEW_LOG)]]);
  assert.deepEqual([flow.told, flow.scanned], [[], { "0/0": `${OLD_LOG}¶${NEW_LOG}¶` }]);
  const stream = converseCut(syslogStream, [[0, latin1(OLD_LOG + NEW_LOG)]], () => 5);
  assert.deepEqual(stream.scanned, { "0/0": OLD_LOG + NEW_LOG });
});

Deno.test("syslog over TCP with lengths: each message a text of its own, however cut, and found again", () => {
  const pan = "<134>1 2026-10-11T22:14:15Z host app - - - pan=4111111111111111";
  const counted = (text: string) => `${text.length} ${text}`;
  const log = counted(pan) + counted(`${pan}\n`) + "\n" + counted(NEW_LOG);
  for (const most of [1, 2, 7, 1000]) {
    const flow = converseCut(syslogStream, [[0, latin1(log)]], () => most);
    assert.deepEqual(flow.scanned, { "0/0": `${pan}¶${pan}\n¶${NEW_LOG}¶` });
  }
  const flow = new FlowRecorder();
  const parser = syslogStream.create(flow);
  const feed = (text: string) => parser.data(0, latin1(text), 0, text.length);
  feed(counted(pan).slice(0, 30));
  parser.gap(0);
  feed("app - some text");
  feed(counted(pan));
  feed("3 <13>a length that is none");
  feed(counted(pan));
  assert.deepEqual(flow.scanned, {
    "0/0": `${pan.slice(0, 27)}¶app - some text¶${pan}¶<13¶>a length that is none¶${pan}¶`,
  });
});

Deno.test("damaged text protocols never throw", () => {
  tormentDatagrams(ssdpDatagrams, [[0, NOTIFY], [0, SEARCH]], 500);
  tormentDatagrams(sipDatagrams, [[0, REGISTER], [1, RINGING]], 500);
  tormentDatagrams(tftpDatagrams, [[0, latin1("\0\x01pxelinux.0\0octet\0")]], 500);
  tormentDatagrams(syslogDatagrams, [[0, latin1(OLD_LOG)]], 500);
  torment(sipStream, [[0, REGISTER]], 100);
  torment(syslogStream, [[0, latin1(NEW_LOG)]], 100);
  torment(syslogStream, [[0, latin1(`${NEW_LOG.length} ${NEW_LOG}`.repeat(3))]], 300);
});
