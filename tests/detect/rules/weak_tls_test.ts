/** Weak TLS is told once an endpoint with all that is weak; what is usual on private addresses is not. */
import assert from "node:assert/strict";
import { weakTls } from "../../../detect/rules/weak_tls.ts";
import type { Turn } from "../../capture/inspect/dpi/flow_recorder.ts";
import { START_US } from "../../capture/inspect/helpers.ts";
import { noname, tls12, tls13 } from "../../capture/inspect/dpi/tls/handshakes.ts";
import { detect, Traffic } from "../../support/traffic.ts";

const PUBLIC = { client: "10.0.0.9", server: "203.0.113.7", port: 443 };
const PRIVATE = { client: "10.0.0.9", server: "10.0.0.7", port: 443 };
/** Seconds until the certificate of the recordings is valid: it is for thirty days. */
const VALID_S = Date.UTC(2026, 10, 23) / 1000 - START_US / 1e6;

/** Turns for `Traffic.tcp`, the client's first. */
function spoken(turns: readonly Turn[]): (string | Uint8Array)[] {
  const out: (string | Uint8Array)[] = [];
  for (const [direction, bytes] of turns) {
    if (out.length % 2 !== direction) out.push("");
    out.push(bytes);
  }
  return out;
}

/** The handshake with another version and cipher in the server's hello (at its fixed places, RFC 5246 §7.4.1.3). */
function chosen(turns: readonly Turn[], version: number, cipher?: number): Turn[] {
  return turns.map(([direction, bytes], i): Turn => {
    const isHello = direction === 1 && turns.findIndex(([of]) => of === 1) === i;
    if (!isHello) return [direction, bytes];
    const changed = bytes.slice();
    [changed[9], changed[10]] = [version >> 8, version & 255];
    const at = 43 + 1 + changed[43];
    if (cipher !== undefined) [changed[at], changed[at + 1]] = [cipher >> 8, cipher & 255];
    return [direction, changed];
  });
}

function findings(traffic: Traffic): unknown[] {
  return detect(traffic, [weakTls]).alerts.map(({ evidence }) => evidence.findings);
}

function at(seconds: number, ends: typeof PUBLIC, turns: readonly Turn[]): Traffic {
  return new Traffic().wait(seconds).tcp({ ...ends, turns: spoken(turns) });
}

Deno.test("old versions and broken ciphers that a server chooses", () => {
  assert.deepEqual(findings(at(VALID_S, PRIVATE, chosen(tls12, 0x0301))), [
    ["TLS 1.0", "certificate signed by itself"],
  ]);
  assert.deepEqual(findings(at(VALID_S, PRIVATE, chosen(tls12, 0x0300, 0x0003))), [
    ["SSL 3.0", "cipher TLS_RSA_EXPORT_WITH_RC4_40_MD5", "certificate signed by itself"],
  ]);
  assert.deepEqual(findings(at(VALID_S, PRIVATE, chosen(tls12, 0x0303, 0xc018))), [
    ["cipher TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "certificate signed by itself"],
  ]);
});

Deno.test("certificates: not valid yet, expired, signed by themselves; by the packets' time", () => {
  const [early, late] = [VALID_S - 30 * 86_400, VALID_S + 60 * 86_400];
  assert.deepEqual(findings(at(early, PRIVATE, tls12)), [
    ["certificate not valid before 2026-11-22", "certificate signed by itself"],
  ]);
  assert.deepEqual(findings(at(late, PRIVATE, tls12)), [
    ["certificate expired on 2026-12-22", "certificate signed by itself"],
  ]);
  assert.deepEqual(findings(at(VALID_S, PUBLIC, tls12)), [["certificate signed by itself"]]);
  const v6 = { client: "fd00::9", server: "2001:db8::7", port: 443 };
  assert.equal(findings(at(late, v6, tls12)).length, 1);
});

Deno.test("quiet: TLS 1.3; own certificates on private addresses, between mail servers, of peers without a name", () => {
  assert.deepEqual(findings(at(VALID_S, PUBLIC, tls13)), []);
  assert.deepEqual(findings(at(VALID_S, PRIVATE, tls12)), []);
  assert.deepEqual(findings(at(VALID_S, { ...PUBLIC, port: 25 }, tls12)), []);
  assert.deepEqual(findings(at(VALID_S, { ...PUBLIC, port: 22_000 }, noname)), []);
});

Deno.test("a thousand connections to one endpoint are one alert, told a few times", () => {
  const traffic = new Traffic().wait(VALID_S);
  for (let i = 0; i < 1000; i++) traffic.tcp({ ...PUBLIC, turns: spoken(tls12), stepS: 0.01 });
  const { alerts, told } = detect(traffic, [weakTls]);
  assert.equal(alerts.length, 1);
  assert(told.length <= 14, `${told.length} times`);
});

Deno.test("endpoints are forgotten beyond a ceiling", () => {
  const traffic = new Traffic().wait(VALID_S);
  for (let i = 0; i < 300; i++) {
    traffic.tcp({ ...PUBLIC, server: `203.0.113.${i % 250}`, turns: spoken(tls12) });
  }
  const { entries, capacity } = detect(traffic, [weakTls]).counters.rules.weak_tls;
  assert.deepEqual([entries, capacity], [250, 8192]);
});
