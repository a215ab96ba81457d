/**
 * Alerts to a syslog server: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587, counted octets) or TLS (RFC 5425), with a line
 * for people or CEF for what collects security events.
 *
 * Words in them come from the network: each is escaped by the format's own rules, and a message is one line.
 */
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { NotifySetting } from "../../model/settings.ts";
import { lineOf, type Notice, type Occasion, oneLine } from "./notice.ts";
import type { Message } from "./shapes.ts";

/** RFC 5424 §6.2.1: local use 0. */
const FACILITY = 16;
/** Severity of syslog by that of the alert: critical, warning, notice; informational when it is over. */
const SEVERITIES: Record<number, number> = { 1: 2, 2: 4, 3: 5 };
const OVER = 6;
/** CEF's from 0 to 10. */
const CEF_SEVERITIES: Record<number, number> = { 1: 9, 2: 6, 3: 3 };
const OCCASIONS: Record<Occasion, string> = { new: "new", worse: "worse", ended: "ended" };
/** Ports where the address has none: RFC 5426 §3.3, what TCP listens on in practice, RFC 5425 §4.1. */
const PORTS: Record<string, number> = { "udp:": 514, "tcp:": 514, "tls:": 6514 };
/** Longest field of CEF. */
const MAX_FIELD = 1000;

const encoder = new TextEncoder();

/** Sends each notice as a message of its own. @throws When the server cannot be reached. */
export async function sendSyslog(
  setting: NotifySetting,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  const { protocol, hostname, port } = new URL(setting.url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const to = { hostname: host, port: port === "" ? PORTS[protocol] : Number(port) };
  const lines = message.notices.map((notice) =>
    encoder.encode(syslogLine(notice, { ...message, cef: setting.format === "cef" }, Date.now()))
  );
  if (protocol === "udp:") return await sendDatagrams(to, lines);
  const connecting: Promise<Deno.Conn> = protocol === "tls:" ? Deno.connectTls(to) : Deno.connect(to);
  using connection = await unlessAborted(connecting, signal);
  const bytes = lines.flatMap((line) => [encoder.encode(`${line.length} `), line]);
  const writer = connection.writable.getWriter();
  for (const part of bytes) await unlessAborted(writer.write(part), signal);
  await unlessAborted(writer.close(), signal);
}

/** One message of RFC 5424 without frame. @param nowMs Wall clock. */
export function syslogLine(
  notice: Notice,
  { from, version, cef }: { from: string; version: string; cef: boolean },
  nowMs: number,
): string {
  const { alert, occasion } = notice;
  const severity = occasion === "ended" ? OVER : SEVERITIES[alert.severity] ?? SEVERITIES[3];
  const head = [
    `<${8 * FACILITY + severity}>1`,
    new Date(nowMs).toISOString(),
    word(from, 255),
    "netpane",
    "-",
    word(alert.kind, 32),
    "-",
  ].join(" ");
  return `${head} ${cef ? cefText(notice, from, version) : lineOf(notice)}`;
}

/** ArcSight's Common Event Format, revision 25. */
function cefText({ occasion, alert }: Notice, from: string, version: string): string {
  const head = ["Netpane", "Netpane", version, alert.kind, alert.signature]
    .map((part) => oneLine(part, MAX_FIELD).replaceAll(/[\\|]/g, "\\$&"));
  const severity = occasion === "ended" ? 1 : CEF_SEVERITIES[alert.severity] ?? 3;
  const fields: [string, string | number][] = [
    ["externalId", alert.id],
    ["act", OCCASIONS[occasion]],
    ["start", Math.floor(alert.first)],
    ["end", Math.floor(alert.last)],
    ["cnt", alert.count],
    ...address(alert.src_ip, "src", "c6a2", "Source IPv6 Address"),
    ["spt", alert.src_port || ""],
    ...address(alert.dest_ip, "dst", "c6a3", "Destination IPv6 Address"),
    ["dpt", alert.dest_port || ""],
    ["dhost", alert.server_name],
    ["proto", alert.proto.toUpperCase()],
    ["app", alert.app_proto],
    ["sproc", alert.process],
    ["deviceInboundInterface", alert.in_iface],
    ["dvchost", from],
    ["msg", lineOf({ occasion, alert })],
  ];
  const extension = fields.filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}=${oneLine(String(value), MAX_FIELD).replaceAll(/[\\=]/g, "\\$&")}`);
  return `CEF:0|${head.join("|")}|${severity}|${extension.join(" ")}`;
}

/** Fields of CEF's revision 0 hold IPv4 only. */
function address(ip: string, v4: string, v6: string, label: string): [string, string][] {
  return ip.includes(":") ? [[v6, ip], [`${v6}Label`, label]] : [[v4, ip]];
}

/** A field of the head: printable ASCII without blanks. */
function word(text: string, most: number): string {
  return text.replaceAll(/[^\x21-\x7e]/g, "_").slice(0, most) || "-";
}

async function sendDatagrams(to: { hostname: string; port: number }, lines: Uint8Array[]): Promise<void> {
  const { address, family } = await lookup(to.hostname);
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  try {
    for (const line of lines) {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.send(line, to.port, address, (error) => error ? reject(error) : resolve());
      });
    }
  } finally {
    socket.close();
  }
}

/** What is still under way when it is aborted is closed as soon as it is there. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      work.then((late) => (late as Partial<Disposable> | undefined)?.[Symbol.dispose]?.(), () => {});
      reject(signal.reason);
    };
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
