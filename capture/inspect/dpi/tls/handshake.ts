/**
 * One TLS or DTLS handshake as far as it goes by in clear, and the event it makes.
 *
 * Collects the messages of both sides; whoever feeds it decides when enough is known.
 */
import { Cursor } from "../../../../model/cursor.ts";
import { type FlowHandle, TO_CLIENT, TO_SERVER } from "../contract.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { type ClientHello, highestOffered, parseClientHello } from "./client_hello.ts";
import { ja3, ja3s, ja4, type Ja4Transport } from "./fingerprints.ts";
import {
  alertName,
  cipherName,
  Extension,
  HandshakeType,
  hidesCertificate,
  isDeprecatedVersion,
  isGrease,
  isWeakCipher,
  versionName,
} from "./registry.ts";
import { dnsOverTls } from "./resolvers.ts";
import { parseServerHello, type ServerHello } from "./server_hello.ts";

/** Alerts that are told of one handshake. */
const MAX_ALERTS = 4;
/** AlertLevel, RFC 8446 §6. */
const FATAL = 2;
/** SSL 2 has cipher kinds of its own. */
const SSL2 = 0x0002;

interface Alert {
  from: "client" | "server";
  level: "warning" | "fatal";
  description: string;
}

export class Handshake {
  client: ClientHello | null = null;
  server: ServerHello | null = null;
  certificate: Certificate | null = null;
  /** Direction of the client's bytes; it is `TO_CLIENT` where the flow was turned round. */
  clientDirection = TO_SERVER;
  retried = false;
  /** The server went on with an earlier session. */
  resumed = false;
  fatal = false;
  /** Some of the ClientHello was never seen. */
  #clientCut = false;
  #alerts: Alert[] = [];

  readonly #transport: Ja4Transport;

  constructor(transport: Ja4Transport) {
    this.#transport = transport;
  }

  /** A hello of either side was understood. */
  get begun(): boolean {
    return this.client !== null || this.server !== null;
  }

  /** The server has chosen a version whose handshake is encrypted from there on. */
  get hidden(): boolean {
    return this.server !== null && hidesCertificate(this.server.version);
  }

  /**
   * A handshake message in clear.
   *
   * @param body Over the message's body.
   * @returns False where a ClientHello names another server than the one before: it belongs to another handshake.
   */
  message(direction: number, type: number, body: Cursor, whole: boolean): boolean {
    switch (type) {
      case HandshakeType.clientHello:
        return this.#clientHello(direction, body, whole);
      case HandshakeType.serverHello:
        this.#serverHello(direction, body);
        return true;
      case HandshakeType.certificate:
        if (this.certificate === null && direction !== this.clientDirection) this.#certificate(body);
        return true;
      default:
        return true;
    }
  }

  #clientHello(direction: number, body: Cursor, whole: boolean): boolean {
    const hello = parseClientHello(body, this.#transport === "d");
    if (hello === null) return true;
    if (this.client !== null) return hello.sni === this.client.sni || hello.sni === null;
    if (!whole) hello.complete = false;
    this.#clientCut = !whole;
    this.client = hello;
    this.clientDirection = direction;
    return true;
  }

  #serverHello(direction: number, body: Cursor): void {
    const hello = parseServerHello(body);
    if (hello === null) return;
    if (hello.retry) {
      this.retried = true;
      return;
    }
    if (this.server !== null) return;
    this.server = hello;
    this.clientDirection = 1 - direction;
    if (hello.preSharedKey) this.resumed = true;
  }

  /** The first certificate of the list is the server's own, RFC 5246 §7.4.2. */
  #certificate(body: Cursor): void {
    body.u24(); // length of the list
    const length = body.u24();
    if (body.failed || length === 0) return;
    const whole = body.has(length);
    body.limit(length);
    this.certificate = parseCertificate(body, whole);
  }

  alert(direction: number, level: number, description: number): void {
    const from = direction === this.clientDirection ? "client" : "server";
    if (level === FATAL) this.fatal = true;
    if (this.#alerts.length === MAX_ALERTS) return;
    this.#alerts.push({
      from,
      level: level === FATAL ? "fatal" : "warning",
      description: alertName(description),
    });
  }

  /** Tells the event of what is known: `tls` or, over UDP, `dtls`, with the same fields. */
  tell(flow: FlowHandle): void {
    const name = this.#transport === "d" ? "dtls" : "tls";
    const turned = this.clientDirection === TO_CLIENT;
    const sni = this.client?.sni ?? null;
    // A name belongs to the side that was called; where the flow was turned round, that is not its server.
    if (sni !== null && !turned && /^[\x21-\x7e]+$/.test(sni)) flow.serverName(sni);
    const fields: Record<string, unknown> = { [name]: this.#fields() };
    const facts = this.#netpane(turned ? flow.clientPort : flow.serverPort, flow.timeUs);
    if (Object.keys(facts).length > 0) fields.netpane = facts;
    flow.tell(name, this.clientDirection, fields);
  }

  /** As Suricata writes them; `client_alpns` and `server_alpns` as its version 8. */
  #fields(): Record<string, unknown> {
    const { client, server, certificate } = this;
    const fields: Record<string, unknown> = {};
    if (certificate !== null) addCertificate(fields, certificate);
    if (this.resumed) fields.session_resumed = true;
    if (client?.sni && !this.#clientCut) fields.sni = client.sni;
    fields.version = server === null ? "UNDETERMINED" : versionName(server.version);
    if (client !== null && client.complete) {
      fields.ja3 = ja3(client);
      fields.ja4 = ja4(client, this.#transport);
    }
    if (server !== null && server.complete) fields.ja3s = ja3s(server);
    if (client !== null && client.alpns.length > 0 && !this.#clientCut) fields.client_alpns = client.alpns;
    if (server?.alpn) fields.server_alpns = [server.alpn];
    return fields;
  }

  #netpane(serverPort: number, timeUs: number): Record<string, unknown> {
    const { client, server, certificate } = this;
    const facts: Record<string, unknown> = {};
    if (server !== null) {
      facts.cipher = cipherName(server.cipher);
      if (isDeprecatedVersion(server.version)) facts.deprecated_version = true;
      if (isWeakCipher(server.cipher) && server.version > SSL2) facts.weak_cipher = true;
    }
    if (client !== null) {
      facts.offered_version = versionName(highestOffered(client));
      // EVE's fields come from whole hellos, as Suricata's do; what part of one says is told apart from that.
      if (client.sni !== null && this.#clientCut) facts.partial_sni = client.sni;
      if (client.extensions.includes(Extension.encryptedClientHello)) facts.ech = true;
      if (client.extensions.includes(Extension.encryptedServerName)) facts.esni = true;
      if (client.extensions.includes(Extension.earlyData)) facts.early_data = true;
      if (client.ciphers.some(isGrease)) facts.grease = true;
      const alpns = server?.alpn ? [server.alpn] : client.alpns;
      const dns = dnsOverTls(client.sni, alpns, serverPort);
      if (dns !== null) facts.dns = dns;
    }
    if (this.retried) facts.hello_retry = true;
    if (certificate !== null) {
      if (certificate.selfSigned) facts.self_signed = true;
      if (certificate.notAfter * 1000 < timeUs) facts.certificate_expired = true;
      if (certificate.notBefore * 1000 > timeUs) facts.certificate_not_yet_valid = true;
      if (certificate.weaknesses.length > 0) facts.certificate_weak = [...certificate.weaknesses];
    }
    if (this.#alerts.length > 0) facts.alerts = this.#alerts;
    return facts;
  }
}

function addCertificate(fields: Record<string, unknown>, certificate: Certificate): void {
  fields.subject = certificate.subject;
  fields.issuerdn = certificate.issuer;
  fields.serial = certificate.serial;
  if (certificate.fingerprint !== "") fields.fingerprint = certificate.fingerprint;
  if (!Number.isNaN(certificate.notBefore)) fields.notbefore = isoSeconds(certificate.notBefore);
  if (!Number.isNaN(certificate.notAfter)) fields.notafter = isoSeconds(certificate.notAfter);
  if (certificate.alternativeNames.length > 0) fields.subjectaltname = certificate.alternativeNames.slice();
}

/** As EVE has it: `2015-12-14T00:00:00`, in UTC without saying so. */
function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "");
}
