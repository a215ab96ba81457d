/**
 * Traffic for tests of rules: whole conversations by what happens in them, with times, as frames that go through the
 * real inspector into the real detector.
 *
 * ```ts
 * const traffic = new Traffic();
 * for (let port = 1; port <= 20; port++) traffic.tcp({ client: "10.0.0.9", server: "10.0.0.1", port, outcome: "refused" });
 * const { alerts } = detect(traffic, [portScan]);
 * ```
 */
import { Inspector } from "../../capture/inspect/mod.ts";
import type { RuleSpec } from "../../detect/contract.ts";
import { Detector } from "../../detect/mod.ts";
import type { Blocklist } from "../../model/blocklist.ts";
import type { DetectCounters, RuleSettings } from "../../model/detection.ts";
import type { Observation } from "../../model/observation.ts";
import type { Usual } from "../../model/usual.ts";
import { batchOf, type Frame, START_US } from "../capture/inspect/helpers.ts";
import { message, question, record } from "../capture/inspect/dpi/dns/dns_bytes.ts";
import { FINGERPRINT_KEY } from "./inspected.ts";
import { concat, ethernet, hex, ipv4, ipv6, PROTOCOL, TCP, tcp, text, udp } from "./packets.ts";

export interface TcpTalk {
  client: string;
  server: string;
  port: number;
  /** @default counted up from 40000 */
  clientPort?: number;
  /** `open`: handshake, `turns`, FINs. `refused`: RST. `silent`: no answer. `half`: SYN-ACK, then RST by the client. */
  outcome?: "open" | "refused" | "silent" | "half";
  /** What is said, by turns, the client first; text, bytes or a number of bytes. "": nothing. */
  turns?: (string | number | Uint8Array)[];
  /** Seconds between packets of the conversation. @default {0.001} */
  stepS?: number;
  /** Leave it open at the end. */
  keepOpen?: boolean;
  /** How the client ends it. @default FIN */
  end?: "reset";
  /** First packet's flags. @default SYN */
  flags?: number;
}

const MAX_SEGMENT = 1400;
const NXDOMAIN = 0x8183;
const DNS_TYPES: Record<string, number> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  NULL: 10,
};

export class Traffic {
  readonly frames: Frame[] = [];
  /** Seconds since the start; each call goes on from here and moves it. */
  now = 0;
  #port = 40_000;
  #id = 1;

  /** Lets time go by. */
  wait(seconds: number): this {
    this.now += seconds;
    return this;
  }

  /** One TCP conversation; afterwards `now` is where its last packet was. */
  tcp(talk: TcpTalk): this {
    const { client, server, port, outcome = "open", turns = [], stepS = 0.001 } = talk;
    const clientPort = talk.clientPort ?? this.#port++;
    let [fromClient, fromServer] = [1000, 5000];
    const say = (toServer: boolean, flags: number, payload?: Uint8Array) => {
      const [src, dst] = toServer ? [client, server] : [server, client];
      const segment = tcp({
        src,
        dst,
        srcPort: toServer ? clientPort : port,
        dstPort: toServer ? port : clientPort,
        seq: toServer ? fromClient : fromServer,
        ack: (flags & TCP.ack) !== 0 ? (toServer ? fromServer : fromClient) : 0,
        flags,
      }, payload);
      this.ip(src, dst, PROTOCOL.tcp, segment);
      const length = (payload?.length ?? 0) + ((flags & (TCP.syn | TCP.fin)) !== 0 ? 1 : 0);
      if (toServer) fromClient += length;
      else fromServer += length;
      this.wait(stepS);
    };
    say(true, talk.flags ?? TCP.syn);
    if (outcome === "silent") return this;
    if (outcome === "refused") {
      say(false, TCP.rst | TCP.ack);
      return this;
    }
    say(false, TCP.syn | TCP.ack);
    if (outcome === "half") {
      say(true, TCP.rst);
      return this;
    }
    say(true, TCP.ack);
    turns.forEach((turn, i) => {
      const whole = typeof turn === "number"
        ? new Uint8Array(turn).fill(0x78)
        : typeof turn === "string"
        ? text(turn)
        : turn;
      for (let at = 0; at < whole.length; at += MAX_SEGMENT) {
        say(i % 2 === 0, TCP.psh | TCP.ack, whole.subarray(at, at + MAX_SEGMENT));
      }
    });
    if (talk.keepOpen) return this;
    if (talk.end === "reset") {
      say(true, TCP.rst | TCP.ack);
      return this;
    }
    say(true, TCP.fin | TCP.ack);
    say(false, TCP.fin | TCP.ack);
    say(true, TCP.ack);
    return this;
  }

  /** A datagram and, if given, its answer 1 ms later. `"unreachable"` is ICMP's. */
  udp(
    talk: {
      client: string;
      server: string;
      port: number;
      clientPort?: number;
      ask?: Uint8Array;
      answer?: Uint8Array | "unreachable";
    },
  ): this {
    const { client, server, port, ask = hex("00"), answer } = talk;
    const clientPort = talk.clientPort ?? this.#port++;
    const question = udp({ src: client, dst: server, srcPort: clientPort, dstPort: port }, ask);
    const packet = this.ip(client, server, PROTOCOL.udp, question);
    this.wait(0.001);
    if (answer === undefined) return this;
    if (answer === "unreachable") {
      const v6 = client.includes(":");
      this.ip(
        server,
        client,
        v6 ? PROTOCOL.icmpv6 : PROTOCOL.icmp,
        concat(hex(v6 ? "0104000000000000" : "0303000000000000"), packet.subarray(0, v6 ? 48 : 28)),
      );
    } else {
      this.ip(
        server,
        client,
        PROTOCOL.udp,
        udp({ src: server, dst: client, srcPort: port, dstPort: clientPort }, answer),
      );
    }
    return this.wait(0.001);
  }

  /** A DNS query and its answer; `rdata` absent: NXDOMAIN. */
  dns(
    talk: { client: string; server?: string; name: string; type?: string; rdata?: Uint8Array | number[] },
  ): this {
    const { client, server = "10.0.0.53", name, type = "A", rdata } = talk;
    const code = DNS_TYPES[type];
    const id = this.#id++ & 0xffff;
    return this.udp({
      client,
      server,
      port: 53,
      ask: message({ id, flags: 0x0100, questions: [question(name, code)] }),
      answer: message({
        id,
        flags: rdata === undefined ? NXDOMAIN : 0x8180,
        questions: [question(name, code)],
        answers: rdata === undefined ? [] : [record(name, code, [...rdata])],
      }),
    });
  }

  /** ICMP echo, answered or not. */
  ping(client: string, server: string, answered = true): this {
    const id = this.#id++ & 0xffff;
    const rest = concat(hex("0000"), Uint8Array.of(id >> 8, id & 255), hex("0001"));
    this.ip(client, server, PROTOCOL.icmp, concat(hex("0800"), rest));
    this.wait(0.001);
    if (answered) this.ip(server, client, PROTOCOL.icmp, concat(hex("0000"), rest));
    return this.wait(0.001);
  }

  /** ARP over Ethernet; MACs as twelve hexadecimal digits. `targetMac` absent: a request. */
  arp(packet: { sender: string; senderMac: string; target: string; targetMac?: string }): this {
    const { sender, senderMac, target, targetMac } = packet;
    const ip = (address: string) => Uint8Array.from(address.split("."), Number);
    const body = concat(
      hex(`0001 0800 06 04 ${targetMac === undefined ? "0001" : "0002"}`),
      hex(senderMac),
      ip(sender),
      hex(targetMac ?? "000000000000"),
      ip(target),
    );
    const dst = (targetMac ?? "ffffffffffff").replaceAll(/..(?!$)/g, "$&:");
    return this.frame(ethernet({ src: senderMac.replaceAll(/..(?!$)/g, "$&:"), dst, type: 0x0806 }, body));
  }

  /** One IP packet. @returns It, without the link header. */
  ip(src: string, dst: string, protocol: number, payload: Uint8Array): Uint8Array {
    const packet = src.includes(":")
      ? ipv6({ src, dst, next: protocol }, payload)
      : ipv4({ src, dst, protocol }, payload);
    this.frame(ethernet({}, packet));
    return packet;
  }

  frame(bytes: Uint8Array): this {
    this.frames.push({ bytes, atUs: START_US + Math.round(this.now * 1e6) });
    return this;
  }

  /** Both in the order of their times. */
  with(other: Traffic): this {
    this.frames.push(...other.frames);
    this.frames.sort((a, b) => a.atUs! - b.atUs!);
    return this;
  }
}

export interface Alert {
  kind: string;
  phase: string;
  /** Seconds since the start of the traffic. */
  first: number;
  /** Packets inspected when it was told. */
  packets: number;
  source: string;
  target: string;
  targetPort: number;
  severity: number;
  message: string;
  count: number;
  evidence: Record<string, unknown>;
}

/** What rules say of traffic. */
export interface Verdict {
  /** The last word on each alert. */
  alerts: Alert[];
  /** All that was told, in order. */
  told: Alert[];
  counters: DetectCounters;
  /** What would be kept for the next run. */
  usual: Usual;
}

/** @param specs Rules that run. @param options As the settings file has them. @throws What a rule throws. */
export function detect(
  traffic: Traffic,
  // deno-lint-ignore no-explicit-any -- each has options of its own
  specs: readonly RuleSpec<any>[],
  options: {
    rules?: RuleSettings;
    localAddresses?: string[];
    framesABatch?: number;
    blocklists?: Blocklist[];
    remembered?: Usual;
  } = {},
): Verdict {
  const told: Alert[] = [];
  const detector = new Detector({
    specs,
    rules: options.rules,
    localAddresses: options.localAddresses,
    blocklists: options.blocklists,
    remembered: options.remembered,
    tell: (alert) => told.push(alertOf(alert, inspector.counters().packets)),
    failed: (kind, error) => {
      throw new Error(`${kind} failed`, { cause: error });
    },
  });
  const inspector = new Inspector({
    maxFlows: 65_536,
    localAddresses: options.localAddresses,
    payload: { fingerprintKey: FINGERPRINT_KEY, tell: () => {} },
    facts: (batch) => detector.take(batch),
  });
  const size = options.framesABatch ?? 50;
  for (let at = 0; at < traffic.frames.length; at += size) {
    inspector.inspect(batchOf(traffic.frames.slice(at, at + size)));
    inspector.flushFacts();
  }
  inspector.finish();
  detector.close();
  return {
    alerts: told.filter(({ phase }) => phase === "final"),
    told,
    counters: detector.counters(),
    usual: detector.usual(),
  };
}

function alertOf(observation: Observation, packets: number): Alert {
  const details = observation.fields.netpane as Record<string, unknown>;
  return {
    kind: String(details.kind),
    phase: observation.alert!.phase,
    first: (observation.timeUs - START_US) / 1e6,
    packets,
    source: observation.flow.clientAddress,
    target: observation.flow.serverAddress,
    targetPort: observation.flow.serverPort,
    severity: (observation.fields.alert as { severity: number }).severity,
    message: String(details.message),
    count: Number(details.count),
    evidence: details.evidence as Record<string, unknown>,
  };
}
