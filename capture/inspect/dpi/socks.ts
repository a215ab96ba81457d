/**
 * SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): logins, and then whatever the proxy carries, found out anew.
 *
 * State: `MAX_MESSAGE_BYTES` a direction.
 */
import { Cursor } from "../../../model/cursor.ts";
import {
  type FlowHandle,
  Probe,
  type StreamParser,
  type StreamProtocol,
  TO_CLIENT,
  TO_SERVER,
} from "./contract.ts";

const SOCKS_PORT = 1080;
/** The longest message: user and password of 255 characters each. */
const MAX_MESSAGE_BYTES = 520;

const CONNECT = 1;
const NO_LOGIN = 0; // RFC 1928 §3
const USER_PASSWORD = 2;
const GRANTED_4 = 0x5a;

/** The protocol for the registry. */
export const socks: StreamProtocol = { name: "socks", probe, create: (flow) => new SocksParser(flow) };

function probe(c: Cursor, direction: number, serverPort: number): number {
  if (direction !== TO_SERVER || c.remaining < 2) return Probe.no;
  if (c.peek8() === 5) {
    const count = c.peek8(1);
    if (count === 0 || count > 8 || c.remaining !== 2 + count) return Probe.no;
    // Assigned methods, or private ones.
    for (let i = 0; i < count; i++) if (c.peek8(2 + i) > 9 && c.peek8(2 + i) < 0x80) return Probe.no;
    const first = c.peek8(2);
    return serverPort === SOCKS_PORT || first === NO_LOGIN || first === USER_PASSWORD ? Probe.yes : Probe.no;
  }
  // Version 4 is sure only with its NUL at the end.
  if (c.peek8() !== 4 || c.peek8(1) < 1 || c.peek8(1) > 2 || c.remaining < 9 || c.remaining > 300) {
    return Probe.no;
  }
  return c.peek16(2) !== 0 && c.peek8(4) !== 0x7f && c.peek8(c.remaining - 1) === 0 ? Probe.yes : Probe.no;
}

/** What a direction says next. */
const Step = { methods: 0, login: 1, request: 2, over: 3 } as const;

class SocksParser implements StreamParser {
  readonly #flow: FlowHandle;
  readonly #kept: [Uint8Array, Uint8Array] = [NOTHING, NOTHING];
  readonly #step: [number, number] = [Step.methods, Step.methods];
  #version = 0;
  #command = 0;
  #over = false;

  constructor(flow: FlowHandle) {
    this.#flow = flow;
  }

  data(direction: number, bytes: Uint8Array, at: number, end: number): void {
    while (at < end && !this.#over) {
      if (this.#step[direction] === Step.over) {
        this.#flow.scan(direction, 0, bytes, at, end, "plain");
        return;
      }
      const kept = this.#kept[direction];
      const taken = Math.min(end - at, MAX_MESSAGE_BYTES - kept.length);
      const whole = new Uint8Array(kept.length + taken);
      whole.set(kept);
      whole.set(bytes.subarray(at, at + taken), kept.length);
      const c = new Cursor(whole);
      const isRead = direction === TO_SERVER ? this.#fromClient(c) : this.#fromServer(c);
      if (!isRead || c.failed) {
        this.#kept[direction] = whole;
        if (whole.length === MAX_MESSAGE_BYTES) this.#step[direction] = Step.over;
        return;
      }
      this.#kept[direction] = NOTHING;
      at += Math.max(0, c.at - kept.length);
      if (direction === TO_CLIENT && this.#isGranted) {
        this.#over = true;
        this.#flow.switchTo(null, direction, bytes, at, end);
      }
    }
  }

  gap(direction: number): void {
    this.#step[direction] = Step.over;
    this.#flow.scanEnd(direction, 0);
  }

  close(): void {}

  #isGranted = false;

  /** @returns Whether a message was read; its cursor stands behind it. */
  #fromClient(c: Cursor): boolean {
    const step = this.#step[TO_SERVER];
    if (step === Step.login) return this.#login(c);
    const version = c.u8();
    if (step === Step.methods && version === 4) {
      this.#command = c.u8();
      c.skip(2);
      const address = c.u32();
      const texts = address > 0 && address < 256 ? 2 : 1; // 4a: a name follows the user.
      for (let i = 0; i < texts; i++) {
        const length = c.find(0);
        if (length < 0) return false;
        c.skip(length + 1);
      }
      if (c.failed) return false;
      this.#version = 4;
      this.#step[TO_SERVER] = Step.over;
      return true;
    }
    if (step === Step.methods) {
      c.skip(c.u8());
      if (c.failed) return false;
      this.#version = 5;
      // What comes next, the server tells; without its answer, the first byte does.
      this.#step[TO_SERVER] = this.#step[TO_CLIENT] === Step.login ? Step.login : Step.request;
      return true;
    }
    if (version === 1) { // A login after all: the server's answer was not seen yet.
      c.at = 0;
      return this.#login(c);
    }
    const command = c.u8();
    c.skip(1);
    if (!skipAddress(c)) return false;
    this.#command = command;
    this.#step[TO_SERVER] = Step.over;
    return true;
  }

  #login(c: Cursor): boolean {
    c.skip(1);
    const userLength = c.u8();
    c.skip(userLength);
    c.skip(c.u8());
    if (c.failed) return false;
    this.#step[TO_SERVER] = Step.request;
    this.#flow.credentials(TO_SERVER, "user_pass", userLength);
    return true;
  }

  #fromServer(c: Cursor): boolean {
    const step = this.#step[TO_CLIENT];
    c.skip(1);
    const answer = c.u8();
    if (this.#version === 4) {
      c.skip(6);
      if (c.failed) return false;
      this.#isGranted = answer === GRANTED_4 && this.#command === CONNECT;
      this.#step[TO_CLIENT] = Step.over;
      return true;
    }
    if (step === Step.request) {
      c.skip(1);
      if (!skipAddress(c)) return false;
      this.#isGranted = answer === 0 && this.#command === CONNECT;
      this.#step[TO_CLIENT] = Step.over;
      return true;
    }
    if (c.failed) return false;
    if (step === Step.login) {
      this.#flow.tell("socks", TO_SERVER, { netpane: { login: answer === 0 ? "succeeded" : "failed" } });
      this.#step[TO_CLIENT] = answer === 0 ? Step.request : Step.over;
    } else {
      this.#step[TO_CLIENT] = answer === USER_PASSWORD
        ? Step.login
        : answer === NO_LOGIN
        ? Step.request
        : Step.over;
    }
    return true;
  }
}

/** Address and port, RFC 1928 §5. @returns Whether they are there and of a known kind. */
function skipAddress(c: Cursor): boolean {
  const type = c.u8();
  c.skip(type === 1 ? 4 : type === 4 ? 16 : type === 3 ? c.u8() : MAX_MESSAGE_BYTES);
  c.skip(2);
  return !c.failed;
}

const NOTHING = new Uint8Array(0);
