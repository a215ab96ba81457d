/**
 * POP3 (RFC 1939, RFC 2595, RFC 5034): logins, and the mails fetched for the card search.
 *
 * One event a login. STLS goes over to TLS when the server agrees or the client begins. State: the line readers, commands that wait for an
 * answer, and what `MailText` keeps.
 */
import type { Cursor } from "../../../model/cursor.ts";
import { type FlowHandle, Probe, type StreamProtocol } from "./contract.ts";
import { LineDialogue, Pending } from "./dialogue.ts";
import { firstLine, UNFINISHED } from "./first_line.ts";
import type { LineReader } from "./line_reader.ts";
import { MailText } from "./mail/mime.ts";
import { SaslLogin } from "./mail/sasl.ts";

const PORTS = [110, 995];
const MAIL_LANE = 1;

/** The protocol for the registry. */
export const pop3: StreamProtocol = { name: "pop3", probe, create: (flow) => new Pop3Parser(flow) };

function probe(c: Cursor, _direction: number, serverPort: number): number {
  const line = firstLine(c);
  if (line === null) return Probe.no;
  const isPort = PORTS.includes(serverPort);
  if ("+OK".startsWith(line) || line === "+OK\r") return Probe.more;
  // Redis answers "+OK" and nothing more.
  if (/^\+OK\r?\n$/.test(line)) return isPort ? Probe.yes : Probe.more;
  if (/^\+OK /.test(line) || (isPort && /^-ERR /.test(line))) return Probe.yes;
  if (!line.endsWith("\n")) return isPort && UNFINISHED.test(line) ? Probe.more : Probe.no;
  if (/^(?:APOP \S+ [0-9a-f]{32}|STLS)\r?\n$/i.test(line)) return Probe.yes;
  return isPort && /^(?:CAPA|USER|AUTH|STAT|QUIT)\b/i.test(line) ? Probe.yes : Probe.no;
}

interface Command {
  name: string;
  /** Whether its answer, if good, has several lines up to one with a full stop. */
  isLong: boolean;
}

class Pop3Parser extends LineDialogue {
  readonly #pending = new Pending<Command>();
  readonly #mail: MailText;
  #isGreeted = false;
  #userLength = 0;
  #login: SaslLogin | null = null;
  /** Which answer of several lines goes on. */
  #long: "" | "mail" | "list" = "";

  constructor(flow: FlowHandle) {
    super(flow, "pop3", PORTS);
    this.#mail = new MailText(flow, 1 - this.clientSide, MAIL_LANE);
  }

  protected override command(line: LineReader): void {
    if (!line.begins) return this.scanLine(this.clientSide, line);
    const text = line.text();
    if (this.#login !== null && !this.#login.sent) {
      if (text === "*") this.#login = null;
      else this.#answer(this.#login, text);
      return;
    }
    const [, verb, words = ""] = /^([A-Za-z]{3,8})(?:[ \t]+(.*))?$/s.exec(text) ?? ["", ""];
    const name = verb.toUpperCase();
    const [first = "", second = ""] = words.split(/[ \t]+/, 2);
    if (name === "PASS" || name === "APOP" || name === "AUTH" || name === "USER") {
      this.flow.scanEnd(this.clientSide, 0);
    } else this.scanLine(this.clientSide, line);
    if (name === "") return;
    const isList = (name === "LIST" || name === "UIDL" || name === "AUTH") && words.trim() === "";
    this.#pending.push({
      name: name === "AUTH" && isList ? "" : name,
      isLong: isList || name === "CAPA" || name === "RETR" || name === "TOP",
    });
    if (name === "STLS") this.isTlsAsked = true;
    else if (name === "USER") this.#userLength = words.length;
    else if (name === "PASS") this.flow.credentials(this.clientSide, "user_pass", this.#userLength);
    else if (name === "APOP") this.flow.credentials(this.clientSide, "apop", first.length);
    else if (name === "AUTH" && !isList) {
      this.#login = new SaslLogin(first);
      if (second !== "") this.#answer(this.#login, second === "=" ? "" : second);
    }
  }

  protected override reply(line: LineReader): void {
    if (this.#long !== "") {
      this.#longLine(line);
      return;
    }
    this.scanLine(1 - this.clientSide, line);
    if (!line.begins) return;
    const text = line.text(8);
    if (text === "+" || text.startsWith("+ ")) return; // SASL: go on.
    const isGood = text.startsWith("+OK");
    if (!isGood && !text.startsWith("-ERR")) return;
    if (!this.#isGreeted) {
      this.#isGreeted = true;
      return;
    }
    const asked = this.#pending.shift();
    if (asked === undefined) return;
    switch (asked.name) {
      case "USER":
        if (!isGood) this.tellLogin(false);
        break;
      case "PASS":
      case "APOP":
      case "AUTH":
        this.#login = null;
        this.tellLogin(isGood);
        break;
      case "STLS":
        if (isGood) this.leaveTo("tls", 1 - this.clientSide);
    }
    if (isGood && asked.isLong) this.#long = asked.name === "RETR" || asked.name === "TOP" ? "mail" : "list";
  }

  protected override lost(_direction: number): void {
    this.#pending.clear();
    this.#isGreeted = true;
    this.#login = null;
  }

  protected override ended(): void {
    this.#mail.end();
  }

  #answer(login: SaslLogin, coded: string): void {
    login.answer(coded);
    if (login.sent && login.kind !== "") this.flow.credentials(this.clientSide, login.kind, login.userLength);
  }

  #longLine(line: LineReader): void {
    const { bytes, to, begins, ends } = line;
    let from = line.from;
    const isDotted = begins && bytes[from] === DOT;
    if (isDotted && line.textEnd - from === 1) {
      if (this.#long === "mail") this.#mail.end();
      this.#long = "";
      return;
    }
    if (isDotted) from++; // RFC 1939 §3
    if (this.#long === "mail") this.#mail.line(bytes, from, to, begins, ends);
    else this.scanLine(1 - this.clientSide, line);
  }
}

const DOT = 0x2e;
