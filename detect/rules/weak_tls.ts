/**
 * Servers whose TLS protects little: old versions and broken ciphers that they choose, certificates that are expired,
 * not valid yet, signed by nobody or weakly. One alert an endpoint and name, with all that was found.
 *
 * From TLS 1.3 on certificates are hidden, and what is left to be seen there is not weak.
 */
import { isPrivateText } from "../../model/address.ts";
import { IpProtocol } from "../../model/flow.ts";
import type { Observation } from "../../model/observation.ts";
import type { AlertDesk } from "../alert_desk.ts";
import type { Rule, RuleContext, RuleOption, RuleSpec, RuleState, World } from "../contract.ts";
import { Recent } from "../recent.ts";
import { placeText } from "../words.ts";

/** Endpoints with something weak that are remembered, so that each is told once. */
const MAX_ENDPOINTS = 8_192;
const MAX_NAME_CHARS = 255;
/** Told once, an endpoint is told again after this, if it is still so. */
const AGAIN_US = 86_400e6;

/** Where programs check certificates by design; elsewhere (peers, appliances) own ones are common. */
const CHECKED_PORTS = new Set([443, 465, 636, 853, 990, 992, 993, 994, 995, 5061, 5223, 8443]);
/** Mail servers among each other take any certificate (RFC 7435), Remote Desktop makes its own ([MS-RDPBCGR] §5.4.5). */
const OWN_CERTIFICATE_PORTS = new Set([25, 3389]);

/** SSLv2: RFC 6176; SSLv3: RFC 7568; TLS 1.0 and 1.1: RFC 8996. */
const OLD_VERSIONS: Record<string, string> = {
  SSLv2: "SSL 2.0",
  SSLv3: "SSL 3.0",
  TLSv1: "TLS 1.0",
  "TLS 1.1": "TLS 1.1",
};

const OPTIONS = {} satisfies Record<string, RuleOption>;

/** @see RuleSpec */
export const weakTls: RuleSpec<typeof OPTIONS> = {
  kind: "weak_tls",
  title: "Weak or odd TLS",
  category: "Weak encryption",
  severity: 3,
  signatureId: 1_900_123,
  attack: { id: "T1557", name: "Adversary-in-the-Middle" },
  notices:
    "A server that chooses SSL 3.0, TLS 1.0 or 1.1 or a cipher without encryption or key, or shows a certificate that is expired, not valid yet, weakly signed, too short, or signed by itself where it should be checked.",
  why: "Who is in between can read or change what such a connection carries, or be taken for the server.",
  fooled:
    "By TLS 1.3, which hides certificates, and by resumed sessions, which show none. Nothing is verified: a certificate of an unknown issuer looks fine. Own certificates on private addresses are usual, and told only beside something else.",
  options: OPTIONS,
  observes: ["tls"],
  create: (context) => new WeakTls(context),
};

interface Endpoint {
  findings: Set<string>;
  connections: number;
  tellAt: number;
  firstUs: number;
  toldUs: number;
}

interface TlsFacts {
  cipher?: string;
  weak_cipher?: boolean;
  deprecated_version?: boolean;
  self_signed?: boolean;
  certificate_expired?: boolean;
  certificate_not_yet_valid?: boolean;
  certificate_weak?: string[];
}

interface TlsFields {
  version?: string;
  sni?: string;
  subject?: string;
  issuerdn?: string;
  notbefore?: string;
  notafter?: string;
}

class WeakTls implements Rule {
  readonly #desk: AlertDesk;
  readonly #world: World;
  readonly #endpoints = new Recent<string, Endpoint>(MAX_ENDPOINTS);

  constructor({ desk, world }: RuleContext) {
    this.#desk = desk;
    this.#world = world;
  }

  get state(): RuleState {
    return { entries: this.#endpoints.size, capacity: MAX_ENDPOINTS, evicted: this.#endpoints.evicted };
  }

  observation({ fields, flow, direction }: Observation): void {
    const facts = fields.netpane as TlsFacts | undefined;
    if (facts === undefined || !isWeak(facts)) return;
    const tls = fields.tls as TlsFields;
    const turned = direction === 1;
    const server = turned ? flow.clientAddress : flow.serverAddress;
    const client = turned ? flow.serverAddress : flow.clientAddress;
    const port = turned ? flow.clientPort : flow.serverPort;
    const sni = (tls.sni ?? "").slice(0, MAX_NAME_CHARS).toLowerCase();
    const found = findingsOf(tls, facts, port);
    if (facts.self_signed && (found.length > 0 || isOdd(server, port, sni))) {
      found.push("certificate signed by itself");
    }
    if (found.length === 0) return;
    const key = `${server}:${port} ${sni}`;
    const endpoint = this.#endpoints.get(key) ?? this.#admit(key);
    endpoint.connections++;
    const before = endpoint.findings.size;
    for (const finding of found) endpoint.findings.add(finding);
    // News, or twice as many as when it was told: once for each connection would be noise.
    const isNews = endpoint.findings.size > before || endpoint.connections >= endpoint.tellAt;
    const now = this.#world.clockUs;
    if (this.#desk.has(key) ? !isNews : endpoint.toldUs > 0 && now - endpoint.toldUs < AGAIN_US) return;
    endpoint.tellAt = 2 * endpoint.connections;
    endpoint.toldUs = now;
    const findings = [...endpoint.findings];
    const name = sni === "" ? this.#world.nameOf(server) : sni;
    const where = name === "" ? placeText(server, port) : `${placeText(name, port)} (${server})`;
    this.#desk.raise({
      key,
      source: client,
      target: server,
      targetPort: port,
      protocol: IpProtocol.tcp,
      flowId: flow.id,
      firstUs: endpoint.firstUs,
      count: endpoint.connections,
      message: `${where} protects its TLS connections badly: ${findings.join(", ")}`,
      evidence: {
        findings,
        connections: endpoint.connections,
        version: tls.version ?? "",
        cipher: facts.cipher ?? "",
        ...(name === "" ? {} : { name }),
        ...(tls.subject === undefined ? {} : { subject: tls.subject, issuer: tls.issuerdn ?? "" }),
        ...(tls.notafter === undefined ? {} : { not_before: tls.notbefore ?? "", not_after: tls.notafter }),
      },
    });
  }

  #admit(key: string): Endpoint {
    const endpoint = {
      findings: new Set<string>(),
      connections: 0,
      tellAt: 0,
      firstUs: this.#world.timeUs,
      toldUs: 0,
    };
    this.#endpoints.set(key, endpoint);
    return endpoint;
  }
}

function isWeak(facts: TlsFacts): boolean {
  return facts.deprecated_version === true || facts.weak_cipher === true || facts.self_signed === true ||
    facts.certificate_expired === true || facts.certificate_not_yet_valid === true ||
    facts.certificate_weak !== undefined;
}

function findingsOf(tls: TlsFields, facts: TlsFacts, port: number): string[] {
  const found: string[] = [];
  if (facts.deprecated_version) {
    found.push(OLD_VERSIONS[tls.version ?? ""] ?? tls.version ?? "an old version");
  }
  if (facts.weak_cipher) found.push(`cipher ${facts.cipher}`);
  if (OWN_CERTIFICATE_PORTS.has(port)) return found;
  if (facts.certificate_expired) found.push(`certificate expired on ${(tls.notafter ?? "").slice(0, 10)}`);
  if (facts.certificate_not_yet_valid) {
    found.push(`certificate not valid before ${(tls.notbefore ?? "").slice(0, 10)}`);
  }
  found.push(...facts.certificate_weak ?? []);
  return found;
}

/** Whether a certificate signed by itself is out of place: on a public address, where a name or the port asks for one. */
function isOdd(server: string, port: number, sni: string): boolean {
  if (OWN_CERTIFICATE_PORTS.has(port) || isPrivateText(server)) return false;
  return CHECKED_PORTS.has(port) || sni.includes(".");
}
