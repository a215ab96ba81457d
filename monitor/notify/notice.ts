/** What is told of an alert outside of Netpane: less than the page has, and in words that cannot do harm elsewhere. */
import type { Anomaly } from "../../model/api.ts";

/** Why somebody is told. */
export type Occasion = "new" | "worse" | "ended";

/** One thing to tell. */
export interface Notice {
  occasion: Occasion;
  /** As it was then; see `outbound()`. */
  alert: Anomaly;
}

/** Longest line about one alert. */
const MAX_LINE = 500;
const SEVERITIES: Record<number, string> = { 1: "HIGH", 2: "MEDIUM", 3: "LOW" };
const OCCASIONS: Record<Occasion, string> = { new: "", worse: "Worse: ", ended: "Over: " };

/** A copy of an alert that may leave this machine: of a card number no more than the last four digits. */
export function outbound(alert: Anomaly): Anomaly {
  const { fingerprint: _, ...details } = structuredClone(alert.details);
  if (typeof details.masked === "string") details.masked = lastFour(details.masked);
  return { ...alert, details };
}

/** An alert as one line of plain text. Nothing in it is trusted: each target escapes it in its own way. */
export function lineOf({ occasion, alert }: Notice): string {
  const { severity, signature, message, process, details } = alert;
  const what = message === "" ? `${signature}, ${endsOf(alert)}` : message;
  const card = typeof details.masked === "string" ? `, ending in ${details.masked.slice(-4)}` : "";
  const program = process === "" || what.includes(process) ? "" : `, program ${process}`;
  return oneLine(`${OCCASIONS[occasion]}${SEVERITIES[severity] ?? ""} ${what}${card}${program}`, MAX_LINE);
}

/** Text without what could begin a new line or turn its direction, and of bounded length. */
export function oneLine(text: string, most: number): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replaceAll(/\p{Cf}/gu, "").toWellFormed()
    .trim();
  return plain.length > most ? `${plain.slice(0, most - 1).toWellFormed()}…` : plain;
}

function endsOf({ src_ip, src_port, dest_ip, dest_port, server_name }: Anomaly): string {
  const to = server_name === "" ? dest_ip : `${server_name} (${dest_ip})`;
  return `${src_ip}${src_port === 0 ? "" : ` port ${src_port}`} to ${to}${
    dest_port === 0 ? "" : ` port ${dest_port}`
  }`;
}

function lastFour(masked: string): string {
  return "*".repeat(Math.max(0, masked.length - 4)) + masked.slice(-4).replaceAll(/\D/g, "*");
}
