/**
 * Writes what the rules say of themselves into docs: `docs/RULES.md`, one section a rule, and
 * `docs/netpane.example.toml`, a settings file with everything that can be in one. A test holds both to the rules.
 *
 *     deno run --allow-read --allow-write=docs tools/make_rule_docs.ts
 */
import type { RuleOption } from "../detect/contract.ts";
import { INSPECTED_KINDS, KINDS, type KindSpec } from "../detect/kinds.ts";
import { settingName } from "../detect/settings.ts";

const LINE = 110;
const SEVERITIES = { 1: "high", 2: "medium", 3: "low" } as const;
const DEFAULT_QUIET_S = 300;

/** The files by name, as they should be. */
export function ruleDocs(): Record<string, string> {
  return { "RULES.md": rulesPage(), "netpane.example.toml": exampleFile() };
}

function rulesPage(): string {
  const index = KINDS.map(({ kind, title, severity, attack }) =>
    `| [${title}](#${kind}) | \`${kind}\` | ${SEVERITIES[severity]} | ${
      attack === null ? "" : technique(attack.id)
    } |`
  );
  return [
    "<!-- deno-fmt-ignore-file -->",
    "<!-- Made by tools/make_rule_docs.ts from the rules themselves: change those, then run it. -->",
    "# What Netpane suspects, and why",
    "",
    ...wrapped(
      "Every kind of alert: what it notices, why that matters, how it can be fooled, and what can be set. All are on " +
        "unless it says otherwise; `[rules.KIND]` of the [settings file](SETTINGS.md) switches one off or moves its " +
        "thresholds, and `GET /api/rules` tells how they stand and what they have found. Times are those of the " +
        "packets, so a capture file gives the same alerts each time. Techniques are those of MITRE ATT&CK " +
        "Enterprise, release 15.",
    ),
    "",
    "| alert | kind | severity | ATT&CK |",
    "| --- | --- | --- | --- |",
    ...index,
    "",
    ...KINDS.flatMap(section),
  ].join("\n");
}

function section(spec: KindSpec): string[] {
  const { kind, title, severity, signatureId, category, attack, notices, why, fooled, enabled, options } =
    spec;
  const isInspected = INSPECTED_KINDS.includes(spec);
  const facts = [
    `severity ${severity} (${SEVERITIES[severity]})`,
    `signature ${signatureId}`,
    `category “${category}”`,
    ...(attack === null ? [] : [`${technique(attack.id)} ${attack.name}`]),
    isInspected
      ? "over with its flow"
      : `over after ${spec.quietSeconds ?? DEFAULT_QUIET_S} s without anything new`,
    ...(enabled === false ? ["**off** unless switched on"] : []),
  ];
  const rows = Object.entries(options).map(([name, { default: value, range: [least, most], unit, help }]) =>
    `| \`${settingName(name)}\` | ${value} | ${least} to ${most} | ${unit} | ${cell(help)} |`
  );
  return [
    `## ${kind}`,
    "",
    ...wrapped(`**${title}**: ${facts.join("; ")}.`),
    "",
    ...wrapped(`**Notices.** ${notices}`),
    "",
    ...wrapped(`**Why.** ${why}`),
    "",
    ...wrapped(`**How it is fooled.** ${fooled}`),
    "",
    ...(rows.length === 0 ? [] : [
      "| threshold | default | allowed | unit | meaning |",
      "| --- | --- | --- | --- | --- |",
      ...rows,
      "",
    ]),
  ];
}

function exampleFile(): string {
  return [
    "# Everything that a settings file of Netpane can hold, with the defaults of all rules.",
    "# Made by tools/make_rule_docs.ts. Explained in docs/SETTINGS.md. Take what you need: what is absent stays as it is.",
    "",
    "# ---- Rules: on or off, and thresholds (docs/RULES.md) ----",
    "",
    ...KINDS.flatMap(({ kind, title, enabled = true, options }) => [
      `[rules.${kind}] # ${title}`,
      `enabled = ${enabled}`,
      ...Object.entries(options).flatMap(([name, option]) => [
        ...wrapped(optionText(option), "# "),
        `${settingName(name)} = ${option.default}`,
      ]),
      "",
    ]),
    "# ---- What is expected: every field of an entry must match; then the alert is kept, but is no alarm ----",
    "",
    "[[expected]]",
    'comment = "Nightly backup, agreed with the storage team" # needed: why',
    `kind = "${KINDS[0].kind}"`,
    'source = "192.168.1.20" # an address, a network, or a host name, which its subdomains match too',
    'destination = "backup.example.com"',
    'port = 8000 # of the server; or a range: "8000-8010"',
    'program = "restic" # its name, or its whole path: "/usr/bin/restic"',
    "until = 2030-12-31 # the last day it holds, UTC",
    "",
    "[[expected]]",
    'comment = "Test numbers of the payment sandbox"',
    'kind = "cardholder_data"',
    'source = "10.20.0.0/16"',
    "",
    "# ---- Lists of addresses, networks and names that nothing here should talk to ----",
    "",
    "[[blocklists]]",
    'name = "spamhaus-drop"',
    'path = "lists/drop.txt" # from the folder of this file',
    "",
    "# ---- Who is told of alerts (nobody, unless named here) ----",
    "",
    "[notify.siem]",
    'type = "webhook"',
    'url = "https://siem.example.com/hooks/netpane"',
    'secret = "a-long-random-text" # key of the signature',
    "min_severity = 3 # 1: only high; 2: without notes, the default; 3: all",
    "",
    "[notify.team]",
    'type = "slack" # also Mattermost and others that take the same',
    'url = "https://hooks.slack.com/services/T000/B000/XXXX"',
    'kinds = ["cardholder_data", "cleartext_credentials"] # only these; all if absent',
    "",
    "[notify.games]",
    'type = "discord"',
    'url = "https://discord.com/api/webhooks/000/XXXX"',
    "min_severity = 1",
    "",
    "[notify.me]",
    'type = "telegram"',
    'url = "https://api.telegram.org/bot000:XXXX/sendMessage?chat_id=000"',
    "",
    "[notify.phone]",
    'type = "ntfy"',
    'url = "https://ntfy.sh/a-topic-nobody-guesses"',
    'secret = "tk_xxxx" # access token, where the server asks for one',
    "",
    "[notify.loghost]",
    'type = "syslog"',
    'url = "tls://loghost.example.com:6514" # udp:// and tcp:// within your own network',
    'format = "cef" # or text, the default',
    "",
  ].join("\n");
}

function optionText({ range: [least, most], unit, help }: RuleOption): string {
  return `${help} (${least} to ${most}${unit === "" ? "" : ` ${unit}`})`;
}

function technique(id: string): string {
  return `[${id}](https://attack.mitre.org/techniques/${id.replace(".", "/")}/)`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}

/** A paragraph as lines, each beginning with `prefix`. */
function wrapped(text: string, prefix = ""): string[] {
  const lines = [prefix.trimEnd()];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`.trimStart();
    if (longer.length <= LINE || lines.at(-1) === prefix.trimEnd()) lines[lines.length - 1] = longer;
    else lines.push(prefix + word);
  }
  return lines;
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(ruleDocs())) {
    Deno.writeTextFileSync(new URL(`../docs/${name}`, import.meta.url), text);
  }
}
