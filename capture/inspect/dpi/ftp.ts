/**
 * FTP's control connection (RFC 959, RFC 2428, RFC 4217): commands with their answers, logins, and where data will go.
 *
 * One event a command that is answered, `MAX_EVENTS` a flow; names of users, passwords and what the server says to
 * them are left out. Data connections are announced, so that they get their name. State: the line readers and
 * commands that wait for an answer.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamProtocol } from "./contract.ts";
import { LineDialogue, Pending } from "./dialogue.ts";
import { firstLine, UNFINISHED } from "./first_line.ts";
import { maskCards } from "./http/mask.ts";
import { latin1 } from "../../../model/latin1.ts";
import { type LineReader } from "./line_reader.ts";

const PORTS = [21, 2121];
/** Ports of other protocols with a USER command. */
const OTHERS = [110, 995, 6667, 6697];
/** Commands of one flow that are told. */
const MAX_EVENTS = 1000;
const MAX_SHOWN_CHARS = 1024;
/** Commands that wait for answers are kept; where more than a few do, not so much of each. */
const FEW_PENDING = 8;
const MAX_PENDING_CHARS = 80;
/** Lines of one answer that are told. */
const MAX_REPLY_LINES = 16;

/** Commands whose words are secret, or near to it. */
const SECRET = new Set(["PASS", "ACCT", "ADAT", "USER"]);
/** Commands whose words are told: those of another may be a password, if only its command was damaged or mistyped. */
const KNOWN = new Set(
  (
    "ABOR ALLO APPE AUTH AVBL CCC CDUP CLNT CONF COMB CSID CWD DELE EPRT EPSV FEAT HASH HELP HOST LANG LIST LPRT LPSV " +
    "MDTM MFCT MFF MFMT MIC MKD MLSD MLST MODE NLST NOOP OPTS PASV PBSZ PORT PROT PWD QUIT RANG REIN REST RETR RMD " +
    "RNFR RNTO SITE SIZE SMNT STAT STOR STOU STRU SYST TYPE XCRC XCUP XCWD XMD5 XMKD XPWD XRMD XSHA XSHA1 XSHA256"
  ).split(" "),
);
/** Mechanisms of AUTH that are TLS, RFC 4217 §4. */
const TLS_NAMES = /^(?:TLS|SSL|TLS-C|TLS-P)$/i;
/** Users that stand for nobody, RFC 1635. */
const ANYBODY = /^(?:anonymous|ftp)$/i;

/** The protocol for the registry: EVE's `ftp`. */
export const ftp: StreamProtocol = { name: "ftp", probe, create: (flow) => new FtpParser(flow) };

function probe(c: Cursor, _direction: number, serverPort: number): number {
  const line = firstLine(c);
  if (line === null) return Probe.no;
  if (/^(?:220|120)[ -]/.test(line)) {
    // Words of a greeting may come in its later lines.
    const all = latin1(c.bytes, c.at, c.end);
    if (/\bE?SMTP\b|Postfix/i.test(all)) return Probe.no;
    if (/FTP|FileZilla/i.test(all)) return Probe.yes;
    if (!/^\d{3} [^\n]*\n/m.test(all)) return Probe.more;
    return PORTS.includes(serverPort) ? Probe.yes : Probe.more;
  }
  if (!line.endsWith("\n")) return UNFINISHED.test(line) ? Probe.more : Probe.no;
  if (OTHERS.includes(serverPort)) return Probe.no;
  // IRC has a USER command too, with four words.
  return /^(?:USER \S+|AUTH (?:TLS|SSL|TLS-C)|FEAT|SYST|PASV|EPSV|TYPE [AI]|PORT (?:\d{1,3},){5}\d{1,3})\r?\n$/i
      .test(line)
    ? Probe.yes
    : Probe.no;
}

interface Command {
  name: string;
  /** Its words; masked where secret. */
  data: string;
  codes: string[];
  replies: string[];
  /** Address and port of a data connection. */
  port: number;
  mode: "" | "active" | "passive";
}

class FtpParser extends LineDialogue {
  readonly #pending = new Pending<Command>();
  #isGreeted = false;
  /** Code of an answer of several lines that goes on. */
  #openCode = "";
  #userLength = 0;
  #isAnybody = false;
  #events = 0;

  constructor(flow: FlowHandle) {
    super(flow, "ftp", PORTS);
  }

  protected override command(line: LineReader): void {
    if (!line.begins) return this.scanLine(this.clientSide, line);
    // Telnet's interrupt goes before ABOR and STAT, RFC 959 §4.1.3.
    const most = this.#pending.length < FEW_PENDING ? MAX_SHOWN_CHARS : MAX_PENDING_CHARS;
    const text = line.text(most).replace(/^[\xf0-\xff]+/, "");
    const [, verb, words] = /^([A-Za-z]{3,5})(?:[ \t]+(.*))?$/s.exec(text) ?? ["", "", ""];
    const name = verb.toUpperCase();
    if (SECRET.has(name)) this.flow.scanEnd(this.clientSide, 0);
    else this.scanLine(this.clientSide, line);
    if (name === "") return;
    const data = words ?? "";
    const known = KNOWN.has(name) ? shown(data) : MASK;
    const command: Command = {
      name,
      data: data === "" ? "" : known,
      codes: [],
      replies: [],
      port: 0,
      mode: "",
    };
    this.#pending.push(command);
    switch (name) {
      case "USER":
        this.#userLength = data.length;
        this.#isAnybody = ANYBODY.test(data.trim());
        command.data = this.#isAnybody ? data : MASK;
        break;
      case "PASS":
        command.data = MASK;
        if (!this.#isAnybody) this.flow.credentials(this.clientSide, "user_pass", this.#userLength);
        break;
      case "ACCT":
      case "ADAT":
        command.data = MASK;
        break;
      case "AUTH":
        this.isTlsAsked = TLS_NAMES.test(data);
        break;
      case "SITE":
        if (/PASS|PSWD|PWD/i.test(data)) command.data = MASK;
        break;
      case "PORT":
      case "EPRT":
        this.#active(command, data);
    }
  }

  protected override reply(line: LineReader): void {
    this.scanLine(1 - this.clientSide, line);
    if (!line.begins) return;
    const text = line.text(MAX_SHOWN_CHARS);
    const [, code, sign, words] = /^(\d{3})([ -]|$)(.*)$/s.exec(text) ?? ["", "", "", ""];
    const asked = this.#isGreeted ? this.#pending.first() : undefined;
    if (this.#openCode !== "" && (code !== this.#openCode || sign === "-")) {
      note(asked, text); // Within an answer of several lines.
      return;
    }
    if (code === "") return;
    note(asked, words);
    if (sign === "-") {
      this.#openCode = code;
      return;
    }
    this.#openCode = "";
    if (!this.#isGreeted) {
      this.#isGreeted = true;
      // 120, 220 and 421 greet; anything else answers in a connection seen from its middle.
      if (code === "220" || code === "421" || this.#pending.length === 0) return;
      if (code === "120") {
        this.#isGreeted = false;
        return;
      }
      note(this.#pending.first(), words);
    }
    const command = this.#pending.first();
    if (command === undefined) return;
    command.codes.push(code);
    if (code.startsWith("1") && command.codes.length < 8) return; // The answer proper comes after the transfer.
    this.#pending.shift();
    this.#answered(command, code, words);
  }

  protected override lost(_direction: number): void {
    this.#pending.clear();
    this.#openCode = "";
    this.#isGreeted = true;
  }

  protected override ended(): void {
    for (let command = this.#pending.shift(); command !== undefined; command = this.#pending.shift()) {
      this.#tellCommand(command);
    }
  }

  #answered(command: Command, code: string, words: string): void {
    const { name } = command;
    if (name === "PASV" && code === "227") this.#passive(command, words);
    else if (name === "EPSV" && code === "229") {
      const port = Number(/\(([!-~])\1\1(\d{1,5})\1\)/.exec(words)?.[2] ?? 0);
      this.#expect(command, "passive", this.#serverAddress, port);
    }
    this.#tellCommand(command);
    if (name === "USER" || name === "PASS") {
      if (code.startsWith("23")) this.tellLogin(true);
      else if (code.startsWith("5") || code.startsWith("4")) this.tellLogin(false);
    } else if (name === "AUTH" && (code === "234" || code === "334")) {
      if (TLS_NAMES.test(command.data)) this.leaveTo("tls", 1 - this.clientSide);
    }
  }

  // ------------------------------------------------------------ data connections

  get #clientAddress(): string {
    return this.clientSide === 0 ? this.flow.clientAddress : this.flow.serverAddress;
  }
  get #serverAddress(): string {
    return this.clientSide === 0 ? this.flow.serverAddress : this.flow.clientAddress;
  }

  #passive(command: Command, words: string): void {
    const { address, port } = sixNumbers(words);
    this.#expect(command, "passive", this.#serverAddress, port);
    // Behind address translation a server may tell another address than the one seen here.
    if (port > 0 && address !== this.#serverAddress) this.flow.expect(address, port, "ftp-data");
  }

  #active(command: Command, words: string): void {
    if (command.name === "PORT") {
      const { address, port } = sixNumbers(words);
      this.#expect(command, "active", this.#clientAddress, port);
      if (port > 0 && address !== this.#clientAddress) this.flow.expect(address, port, "ftp-data");
      return;
    }
    const port = Number(/^([!-~])[12]\1[^|]{2,45}\1(\d{1,5})\1/.exec(words)?.[2] ?? 0);
    this.#expect(command, "active", this.#clientAddress, port);
  }

  #expect(command: Command, mode: "active" | "passive", address: string, port: number): void {
    if (port <= 0 || port > 65_535) return;
    command.mode = mode;
    command.port = port;
    this.flow.expect(address, port, "ftp-data");
  }

  // ------------------------------------------------------------ telling

  #tellCommand(command: Command): void {
    if (this.#events++ >= MAX_EVENTS) return;
    const { name, data, codes, replies, port, mode } = command;
    const event: Record<string, unknown> = { command: name };
    if (data !== "") event.command_data = data;
    if (mode !== "") {
      event.mode = mode;
      event.dynamic_port = port;
    }
    if (codes.length > 0) event.completion_code = codes;
    // Servers repeat the user's name: "331 Password required for ann".
    if (replies.length > 0 && !SECRET.has(name)) event.reply = replies;
    event.reply_received = codes.length > 0 ? "yes" : "no";
    this.tell({ ftp: event });
  }
}

function note(command: Command | undefined, words: string): void {
  if (command !== undefined && words !== "" && command.replies.length < MAX_REPLY_LINES) {
    command.replies.push(shown(words).slice(0, 255));
  }
}

/** `h1,h2,h3,h4,p1,p2` anywhere in a text, RFC 959 §4.1.2; port 0 where there is none. */
function sixNumbers(text: string): { address: string; port: number } {
  const found = /(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})/.exec(text);
  const [a, b, c, d, high, low] = (found ?? []).slice(1).map(Number);
  if (found === null || [a, b, c, d, high, low].some((n) => n > 255)) return { address: "", port: 0 };
  return { address: `${a}.${b}.${c}.${d}`, port: high << 8 | low };
}

/** Up to the first control character: what comes after is another line to somebody. */
function shown(text: string): string {
  // deno-lint-ignore no-control-regex
  return maskCards(/^[^\0-\x08\x0a-\x1f]*/.exec(text.trim())![0]);
}

const MASK = "***";
