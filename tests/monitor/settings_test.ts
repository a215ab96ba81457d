import assert from "node:assert/strict";
import type { KindSpec } from "../../detect/kinds.ts";
import { parseSettings, SettingsError, type SettingsFormat } from "../../monitor/settings.ts";
import { withEntry, withoutEntry } from "../../monitor/settings_text.ts";

const WORDS = { category: "", severity: 2, attack: null, notices: "", why: "", fooled: "" } as const;
const SPECS: KindSpec[] = [
  {
    ...WORDS,
    kind: "port_scan",
    title: "Port scan",
    signatureId: 1,
    options: { failedPorts: { default: 5, range: [3, 100], unit: "ports", help: "" } },
  },
  { ...WORDS, kind: "cardholder_data", title: "Card", signatureId: 2, options: {} },
];

const parse = (text: string, format: SettingsFormat = "toml") =>
  parseSettings({ text, format, name: "netpane.toml", folder: "/etc/netpane", specs: SPECS });

function complaints(text: string, format?: SettingsFormat): string[] {
  try {
    parse(text, format);
  } catch (error) {
    assert(error instanceof SettingsError, String(error));
    return error.complaints;
  }
  return [];
}

const WHOLE = `
[rules.port_scan]
failed_ports = 12
[rules.cardholder_data]
enabled = false
[[expected]]
comment = "Backup"
source = "10.0.0.0/8"
destination = "*.Example.com"
port = "8000-8010"
until = 2027-01-31
[[expected]]
kind = "port_scan"
program = "/usr/bin/nmap"
comment = "Audit"
[[blocklists]]
name = "drop"
path = "lists/drop.txt"
[notify.ops]
type = "slack"
url = "https://hooks.slack.com/services/T/B/x"
min_severity = 1
kinds = ["port_scan"]
`;

Deno.test("a whole file, in TOML and in JSON", () => {
  const settings = parse(WHOLE);
  assert.deepEqual(settings.rules, {
    port_scan: { options: { failedPorts: 12 } },
    cardholder_data: { enabled: false },
  });
  assert.deepEqual(settings.expected.map(({ id: _, ...entry }) => entry), [
    {
      comment: "Backup",
      source: "10.0.0.0/8",
      destination: "example.com",
      port: "8000-8010",
      until: "2027-01-31",
    },
    { comment: "Audit", kind: "port_scan", program: "/usr/bin/nmap" },
  ]);
  assert.deepEqual(settings.blocklists, [{ name: "drop", path: "/etc/netpane/lists/drop.txt" }]);
  assert.deepEqual(settings.notify, [{
    name: "ops",
    type: "slack",
    url: "https://hooks.slack.com/services/T/B/x",
    secret: "",
    minSeverity: 1,
    kinds: ["port_scan"],
  }]);
  const json = JSON.stringify({
    expected: [{
      comment: "Backup",
      source: "10.0.0.0/8",
      destination: "example.com",
      port: "8000-8010",
      until: "2027-01-31",
    }],
  });
  assert.deepEqual(parse(json, "json").expected, settings.expected.slice(0, 1));
  assert.deepEqual(parse("").rules, {});
});

Deno.test("everything that is wrong is told at once, with its line and what is allowed", () => {
  assert.deepEqual(
    complaints(`
[rules.port_scan]
failed_ports = 0
failedports = 4
enabled = "yes"
[rules.port_scam]
[[expected]]
comment = "fine"
source = "10.0.0.1"
[[expected]]
comment = ""
port = 70000
until = "31.1.2027"
[rule]
`),
    [
      'netpane.toml:14: rule is not known here; did you mean "rules"?',
      "netpane.toml:3: rules.port_scan.failed_ports is 0, below what is allowed: from 3 to 100 ports",
      'netpane.toml:4: rules.port_scan.failedports is not known here; did you mean "failed_ports"?',
      'netpane.toml:5: rules.port_scan.enabled takes true or false, not "yes"',
      'netpane.toml:6: rules.port_scam is no rule; did you mean "port_scan"?',
      "netpane.toml:11: expected[1].comment takes a line of text, at most 300 characters: why it is expected",
      'netpane.toml:12: expected[1].port takes a port from 1 to 65535, or a range such as "8000-8010", not 70000',
      'netpane.toml:13: expected[1].until takes the last day it holds, as 2027-01-31, not "31.1.2027"',
    ],
  );
});

Deno.test("a bare date that no calendar has is refused, beside what else is wrong", () => {
  assert.deepEqual(
    complaints('[[expected]]\ncomment = "x"\nsource = "10.0.0.1"\nuntil = 2027-02-29\nports = 1\n'),
    [
      'netpane.toml:5: expected[0].ports is not known here; did you mean "port"?',
      "netpane.toml:4: there is no day 2027-02-29",
    ],
  );
});

Deno.test("each complaint says what to do", () => {
  for (
    const [text, expected] of [
      ['[[expected]]\ncomment = "x"', /would cover everything: it needs at least one of kind, source/],
      ['[[expected]]\nsource = "10.0.0.1"', /comment takes a line of text/],
      ['[[expected]]\ncomment="x"\nsource = "10.0.0.1/8"', /bits beyond its prefix/],
      [
        '[[expected]]\ncomment="x"\nsource = "10.0.0"',
        /takes an address, a network such as 10.0.0.0\/8, or a host name/,
      ],
      ['[[expected]]\ncomment="x"\nsource = "10.0.0.256"', /takes an address/],
      ['[[expected]]\ncomment="x"\nprogram = "bin/nmap"', /name of a program, or its whole path/],
      ['[[expected]]\ncomment="x"\nkind = "portscan"', /did you mean "port_scan"/],
      ['[[expected]]\ncomment="x"\nport = "90-80"', /a range such as/],
      ['[[expected]]\ncomment="x"\nport = 1\nuntil = 2027-01-31T10:00:00Z', /takes the last day/],
      ["expected = 3", /takes a list, written \[\[expected\]\], not 3/],
      ['[[blocklists]]\nname = "a"', /path takes the path of a file/],
      ['[[blocklists]]\nname="a"\npath="x"\n[[blocklists]]\nname="a"\npath="y"', /"a" is taken already/],
      ['[notify.a]\ntype = "webhok"\nurl = "https://x.example"', /did you mean "webhook"/],
      ['[notify.a]\ntype = "webhook"\nurl = "http://x.example/"', /would be readable on its way/],
      ['[notify.a]\ntype = "webhook"\nurl = "ftp://x.example/"', /takes https/],
      ['[notify.a]\ntype = "webhook"\nurl = "udp://x.example:514"', /takes https/],
      ['[notify.a]\ntype = "syslog"\nurl = "https://x.example/"', /takes udp:\/\/HOST/],
      ['[notify.a]\ntype = "syslog"\nurl = "udp://x.example:514"', /take tls/],
      ['[notify.a]\ntype = "syslog"\nurl = "tls://x.example:6514/a"', /and nothing else/],
      ['[notify.a]\ntype = "syslog"\nurl = "tls://x.example"\nformat = "leef"', /one of text, cef/],
      ['[notify.a]\ntype = "ntfy"\nurl = "https://ntfy.sh/x"\nformat = "cef"', /is of no use to ntfy/],
      ['[notify.a]\ntype = "syslog"\nurl = "tls://x.example"\nsecret = "s"', /is of no use to syslog/],
      ['[notify.a]\ntype = "webhook"\nurl = "https://u:p@x.example/"', /no user name and password/],
      [
        '[notify.a]\ntype = "telegram"\nurl = "https://api.telegram.org/bot1:x/sendMessage"',
        /chat_id=<CHAT>/,
      ],
      ['[notify.a]\ntype = "ntfy"\nurl = "https://ntfy.sh/"', /the topic/],
      ['[notify.a]\ntype = "slack"\nurl = "https://x.example/"\nsecret = "s"', /is of no use to slack/],
      ['[notify.a]\ntype = "webhook"\nurl = "https://x.example/"\nmin_severity = 4', /takes 1 \(only high\)/],
      [
        '[notify.a]\ntype = "webhook"\nurl = "https://x.example/"\nkinds = ["x_y_z"]',
        /there are port_scan, cardholder_data/,
      ],
      ["[rules.cardholder_data]\nlevel = 1", /known are enabled/],
      ["rules = 3", /takes a table/],
      ["a = ", /netpane.toml:1:\d+: this is not TOML/],
    ] as const
  ) {
    const told = complaints(text);
    assert.equal(told.length, 1, `${text}: ${told.join(" | ")}`);
    assert.match(told[0], expected);
  }
  assert.match(complaints('{"rules": ', "json")[0], /^netpane.toml:1:\d+: this is not JSON/);
  for (
    const url of [
      "http://127.0.0.1:8/x",
      "http://[::1]/",
      "http://ntfy.lan/t",
      "http://ntfy/t",
      "http://192.168.1.9/",
    ]
  ) {
    assert.deepEqual(complaints(`[notify.a]\ntype = "webhook"\nurl = "${url}"`), [], url);
  }
  for (
    const url of ["udp://192.168.1.9:514", "tcp://[::1]:601", "udp://loghost", "tls://siem.example.com:6514"]
  ) {
    assert.deepEqual(complaints(`[notify.a]\ntype = "syslog"\nurl = "${url}"\nformat = "cef"`), [], url);
  }
});

Deno.test("no complaint repeats an address or a secret of a target", () => {
  const SECRET = "xoxb-very-secret";
  for (
    const text of [
      `[notify.a]\ntype = "slack"\nurl = "http://hooks.example/${SECRET}"`,
      `[notify.a]\ntype = "slack"\nurl = "${SECRET}"`,
      `[notify.a]\ntype = "webhook"\nurl = "https://x.example/"\nsecret = "${SECRET} "`,
      `[notify.a]\ntype = "webhook"\nsecret = "${SECRET}"`,
      `[notify.a]\nsecret = "${SECRET}`,
      `[notify.a]\nsecret = ${SECRET}`,
      `[notify.a]\ntype = "telegram"\nurl = "https://api.telegram.org/bot${SECRET}/x"`,
    ]
  ) {
    const told = complaints(text);
    assert(told.length > 0);
    assert(!told.join().includes("secret-") && !told.join().includes(SECRET), told.join());
  }
  const json = complaints(`{"notify": {"a": {"secret": "${SECRET}", oops}}}`, "json");
  assert(json.length === 1 && !json[0].includes("very-secret"), json.join());
});

Deno.test("entries come and go in the text without touching anything else", () => {
  const before =
    `# mine\n[rules.port_scan] # why\nfailed_ports = 12\n\n[[expected]] # first\ncomment = "a"\nport = 1\n\n# about the second\n[[expected]]\ncomment = "b"\nport = 2\n\n# the end\n[[blocklists]]\nname = "x"\npath = "y"\n`;
  const entry = { id: "", comment: 'say "hi" \\ ü', source: "10.0.0.1", port: "1-2" };
  const more = withEntry(before, entry);
  assert(more.startsWith(before));
  assert.deepEqual(parse(more).expected.map(({ comment }) => comment), ["a", "b", entry.comment]);
  assert.equal(withoutEntry(more, 2).trimEnd(), before.trimEnd());
  const less = withoutEntry(before, 0);
  assert.deepEqual(parse(less).expected.map(({ comment }) => comment), ["b"]);
  for (const words of ["# mine", "# why", "# about the second", "# the end"]) {
    assert(less.includes(words), words);
  }
  assert.equal(withoutEntry(before, 5), before);
  const windows = withEntry("[rules.port_scan]\r\nfailed_ports = 12", entry);
  assert(!/[^\r]\n/.test(windows));
  assert.equal(parse(windows).expected.length, 1);
});
