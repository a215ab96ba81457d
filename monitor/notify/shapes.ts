/**
 * The request that each kind of target wants. Words in it come from the network, so each escapes them by the rules of
 * its own markup, or asks for none.
 */
import { createHmac } from "node:crypto";
import type { NotifySetting } from "../../model/settings.ts";
import { lineOf, type Notice, oneLine } from "./notice.ts";

/** Alerts told one by one in a message; the others are counted. */
const MAX_LINES = 8;

export interface Message {
  /** At least one. */
  notices: Notice[];
  /** Name of this machine. */
  from: string;
  /** Notices lost before it for want of room. */
  dropped: number;
  /** The same for all attempts. */
  id: string;
  /** Of Netpane. */
  version: string;
}

export interface Shape {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Whether many notices go at once: people read those as one message, syslog takes them over one connection. */
export function merges(type: NotifySetting["type"]): boolean {
  return type !== "webhook";
}

/** A target that takes requests of HTTP. */
type HttpSetting = NotifySetting & { type: Exclude<NotifySetting["type"], "syslog"> };

export function isHttp(setting: NotifySetting): setting is HttpSetting {
  return setting.type !== "syslog";
}

/** @param nowMs Wall clock, which the signature covers. */
export function shapeOf(setting: HttpSetting, message: Message, nowMs: number): Shape {
  const { url } = setting;
  switch (setting.type) {
    case "webhook":
      return webhook(setting, message, nowMs);
    case "slack":
      return jsonTo(url, {
        text: textOf(message, slackText),
        mrkdwn: false,
        unfurl_links: false,
        unfurl_media: false,
      });
    case "discord": {
      const SUPPRESS_EMBEDS = 4;
      return jsonTo(url, {
        content: cut(textOf(message, discordText), 2000),
        allowed_mentions: { parse: [] },
        flags: SUPPRESS_EMBEDS,
      });
    }
    case "telegram": {
      const address = new URL(url);
      const chat_id = address.searchParams.get("chat_id");
      address.search = "";
      return jsonTo(address.href, {
        chat_id,
        text: cut(textOf(message, (text) => text), 4096), // without parse_mode it is plain text
        link_preview_options: { is_disabled: true },
      });
    }
    case "ntfy":
      return ntfy(setting, message);
    default:
      throw new Error(`${setting.type satisfies never}`);
  }
}

/** `sha256=` and the HMAC of time, a dot and body, in hexadecimal. Whoever checks it refuses old times too. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}

function webhook({ url, secret }: NotifySetting, message: Message, nowMs: number): Shape {
  const { notices: [{ occasion, alert }], from, dropped, id } = message;
  const shape = jsonTo(url, { event: `alert.${occasion}`, sent: nowMs, from, dropped, ...alert });
  const timestamp = String(Math.floor(nowMs / 1000));
  shape.headers["X-Netpane-Delivery"] = id;
  shape.headers["X-Netpane-Timestamp"] = timestamp;
  if (secret !== "") shape.headers["X-Netpane-Signature"] = signatureOf(secret, timestamp, shape.body);
  return shape;
}

/** As JSON to the server itself, since headers could not hold every title. */
function ntfy({ url, secret }: NotifySetting, message: Message): Shape {
  const address = new URL(url);
  const steps = address.pathname.split("/").filter((step) => step !== "");
  const topic = decodeURIComponent(steps.pop()!);
  address.pathname = `/${steps.join("/")}`;
  address.search = "";
  const severity = Math.min(...message.notices.map(({ alert }) => alert.severity));
  const over = message.notices.every(({ occasion }) => occasion === "ended");
  const PRIORITIES: Record<number, number> = { 1: 5, 2: 4, 3: 3 };
  const shape = jsonTo(address.href, {
    topic,
    title: oneLine(`Netpane on ${message.from}`, 100),
    message: cut(linesOf(message, (text) => text).join("\n"), 4000),
    priority: over ? 2 : PRIORITIES[severity] ?? 3,
    tags: [over ? "white_check_mark" : "rotating_light"],
  });
  if (secret !== "") shape.headers.Authorization = `Bearer ${secret}`;
  return shape;
}

function jsonTo(url: string, value: unknown): Shape {
  return {
    url,
    headers: { "Content-Type": "application/json", "User-Agent": "netpane" },
    body: JSON.stringify(value),
  };
}

function textOf(message: Message, escape: (text: string) => string): string {
  return [escape(oneLine(`Netpane on ${message.from}`, 100)), ...linesOf(message, escape)].join("\n");
}

/** The most severe first, and how many more there are. */
function linesOf({ notices, dropped }: Message, escape: (text: string) => string): string[] {
  const sorted = notices.toSorted((a, b) => a.alert.severity - b.alert.severity);
  const lines = sorted.slice(0, MAX_LINES).map((notice) => escape(lineOf(notice)));
  const more = notices.length - lines.length + dropped;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

/** Slack reads only these three as more than text; an at sign would call people where others speak its language. */
function slackText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll("@", "@\u200b");
}

/** All that Markdown could mean something by. */
function discordText(text: string): string {
  return text.replaceAll(/[\\*_~`|<>#[\]()@:-]/g, "\\$&");
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1).toWellFormed()}…` : text;
}
