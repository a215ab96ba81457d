/**
 * A flow whose handle writes down what a parser tells, and ways to feed it: whole, cut anywhere, with gaps.
 *
 * Card text is kept per lane, so that a test can say which bytes a parser gave to the card scanner.
 */
import type {
  DatagramParser,
  DatagramProtocol,
  FlowHandle,
  StreamParser,
  StreamProtocol,
} from "../../../../capture/inspect/dpi/contract.ts";
import { Probe } from "../../../../capture/inspect/dpi/contract.ts";
import { SecretMemory } from "../../../../capture/inspect/dpi/secret_memory.ts";
import { Cursor } from "../../../../model/cursor.ts";

export interface Told {
  type: string;
  direction: number;
  fields: Record<string, unknown>;
}

export class FlowRecorder implements FlowHandle {
  readonly id = 1;
  readonly clientAddress = "192.0.2.1";
  readonly serverAddress = "198.51.100.2";
  timeUs = 1_700_000_000_000_000;
  told: Told[] = [];
  names: string[] = [];
  serverNames: string[] = [];
  learnt: [string, string, number][] = [];
  /** Text by `direction/lane`; `¶` where a text ended. */
  scanned: Record<string, string> = {};
  encodings = new Set<string>();
  contexts: string[] = [];
  secrets: { direction: number; kind: string; userLength: number }[] = [];
  switched: { protocol: string | null; direction: number; rest: Uint8Array }[] = [];
  expected: [string, number, string][] = [];
  isDone = false;
  readonly memory = new SecretMemory();

  constructor(readonly clientPort = 40_000, readonly serverPort = 80) {}

  tell(type: string, direction: number, fields: Record<string, unknown>): void {
    this.told.push({ type, direction, fields });
  }
  name(protocol: string): void {
    this.names.push(protocol);
  }
  serverName(host: string): void {
    this.serverNames.push(host);
  }
  learnName(address: string, name: string, ttlSeconds: number): void {
    this.learnt.push([address, name, ttlSeconds]);
  }
  scan(direction: number, lane: number, bytes: Uint8Array, at: number, end: number, encoding: string): void {
    const key = `${direction}/${lane}`;
    let text = "";
    for (let i = at; i < end; i++) text += String.fromCharCode(bytes[i]);
    this.scanned[key] = (this.scanned[key] ?? "") + text;
    this.encodings.add(encoding);
  }
  scanEnd(direction: number, lane: number): void {
    const key = `${direction}/${lane}`;
    if (this.scanned[key] !== undefined && !this.scanned[key].endsWith("¶")) this.scanned[key] += "¶";
  }
  scanContext(_direction: number, _lane: number, context: string): void {
    this.contexts.push(context);
  }
  credentials(direction: number, kind: string, userLength: number): void {
    this.secrets.push({ direction, kind, userLength });
  }
  isOtherSecret(account: string, secret: string): boolean {
    return this.memory.isOther(account, secret);
  }
  switchTo(protocol: string | null, direction: number, bytes: Uint8Array, at: number, end: number): void {
    this.switched.push({ protocol, direction, rest: bytes.slice(at, end) });
  }
  expect(address: string, port: number, protocol: string): void {
    this.expected.push([address, port, protocol]);
  }
  done(): void {
    this.isDone = true;
  }
}

/** Text as bytes, one a character (Latin-1). */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes from hex; blanks are ignored. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.replaceAll(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** One side of a conversation after the other: `[direction, bytes]`. */
export type Turn = [number, Uint8Array];

/** What a parser tells of a conversation, each turn whole. */
export function converse(protocol: StreamProtocol, turns: Turn[], flow = new FlowRecorder()): FlowRecorder {
  const parser = protocol.create(flow);
  for (const [direction, bytes] of turns) parser.data(direction, bytes, 0, bytes.length);
  parser.close();
  return flow;
}

/**
 * What a parser tells of a conversation whose turns are cut into pieces. Each piece lies at an odd place of a
 * buffer that is overwritten right after, as the real one is.
 *
 * @param nextCut Length of the next piece, at least 1.
 */
export function converseCut(
  protocol: StreamProtocol,
  turns: Turn[],
  nextCut: () => number,
  flow = new FlowRecorder(),
): FlowRecorder {
  const parser = protocol.create(flow);
  for (const [direction, bytes] of turns) feedCut(parser, direction, bytes, nextCut);
  parser.close();
  return flow;
}

function feedCut(parser: StreamParser, direction: number, bytes: Uint8Array, nextCut: () => number): void {
  const slot = new Uint8Array(bytes.length + 7);
  for (let at = 0; at < bytes.length;) {
    const length = Math.max(1, Math.min(bytes.length - at, nextCut()));
    slot.set(bytes.subarray(at, at + length), 5);
    parser.data(direction, slot, 5, 5 + length);
    slot.fill(0xee);
    at += length;
  }
}

/** What a parser tells of datagrams. */
export function exchange(protocol: DatagramProtocol, turns: Turn[], flow = new FlowRecorder()): FlowRecorder {
  const parser: DatagramParser = protocol.create(flow);
  for (const [direction, bytes] of turns) parser.datagram(direction, bytes, 0, bytes.length, true);
  parser.close();
  return flow;
}

/** A protocol's verdict on first bytes, by name. */
export function probeStream(
  protocol: StreamProtocol,
  bytes: Uint8Array,
  direction = 0,
  serverPort = 0,
): string {
  return verdictName(protocol.probe(new Cursor(bytes), direction, serverPort));
}

export function probeDatagram(
  protocol: DatagramProtocol,
  bytes: Uint8Array,
  direction = 0,
  clientPort = 40_000,
  serverPort = 0,
): string {
  return verdictName(protocol.probe(new Cursor(bytes), direction, clientPort, serverPort));
}

function verdictName(verdict: number): string {
  return Object.entries(Probe).find(([, value]) => value === verdict)![0];
}

/** Numbers that are the same each time: a linear congruential generator, `next(n)` is in [0, n). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
}

/**
 * Feeds a conversation damaged in every way: cut short at each byte, with seeded bit flips, with gaps. A parser
 * must not throw, nor keep on telling for ever.
 */
export function torment(protocol: StreamProtocol, turns: Turn[], rounds = 2000, seed = 1): void {
  const total = turns.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  for (let cut = 0; cut <= total; cut++) {
    let left = cut;
    converse(
      protocol,
      turns.map(([direction, bytes]) => {
        const piece = bytes.subarray(0, left);
        left -= piece.length;
        return [direction, piece];
      }),
    );
  }
  const random = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    const parser = protocol.create(new FlowRecorder());
    for (const [direction, bytes] of turns) {
      const damaged = bytes.slice();
      for (let flips = random(8); flips >= 0 && damaged.length > 0; flips--) {
        damaged[random(damaged.length)] ^= 1 << random(8);
      }
      if (random(4) === 0) parser.gap(random(2));
      feedCut(parser, direction, damaged, () => 1 + random(200));
    }
    parser.close();
  }
}

/** As `torment`, for datagrams. */
export function tormentDatagrams(protocol: DatagramProtocol, turns: Turn[], rounds = 2000, seed = 1): void {
  for (const [direction, bytes] of turns) {
    for (let length = 0; length <= bytes.length; length++) {
      exchange(protocol, [[direction, bytes.subarray(0, length)]]);
      protocol.probe(new Cursor(bytes, 0, length), direction, 40_000, 53);
    }
  }
  const random = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    const parser = protocol.create(new FlowRecorder());
    for (const [direction, bytes] of turns) {
      const damaged = bytes.slice();
      for (let flips = random(8); flips >= 0 && damaged.length > 0; flips--) {
        damaged[random(damaged.length)] ^= 1 << random(8);
      }
      protocol.probe(new Cursor(damaged), direction, 40_000, 53);
      parser.datagram(direction, damaged, 0, damaged.length, random(2) === 0);
    }
    parser.close();
  }
}
