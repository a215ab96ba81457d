/**
 * Hashes and one block of AES in plain JavaScript against node:crypto: `deno run -A bench/hashes.ts`.
 *
 * What the project hashes is short (a Community ID 14 or 38 bytes, a JA3 some 200), so what counts is the price of the
 * first block. Prints µs each way, and so where node:crypto starts to win.
 */
import { createCipheriv, createHash } from "node:crypto";
import { encryptBlock } from "../model/crypto/aes128.ts";
import { hexOf } from "../model/crypto/block_hash.ts";
import { md5 } from "../model/crypto/md5.ts";
import { sha1 } from "../model/crypto/sha1.ts";
import { HmacSha256, sha256 } from "../model/crypto/sha256.ts";

const ROUNDS = 10_000;
const bytes = Uint8Array.from({ length: 4096 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
let kept: unknown;

/** The best of several rounds: other work on the machine only ever adds. */
function time(run: () => unknown): number {
  let best = Infinity;
  for (let round = 0; round < 7; round++) {
    const begin = performance.now();
    for (let i = 0; i < ROUNDS; i++) kept = run();
    best = Math.min(best, (performance.now() - begin) * 1000 / ROUNDS);
  }
  return best;
}

function compare(what: string, ours: () => unknown, theirs: () => unknown): void {
  const [a, b] = [time(ours), time(theirs)];
  console.log(
    `${what.padEnd(24)} ${a.toFixed(2).padStart(7)} µs, node:crypto ${b.toFixed(2).padStart(7)} µs`,
  );
}

for (const [name, hash] of [["md5", md5], ["sha1", sha1], ["sha256", sha256]] as const) {
  for (const size of [14, 200, 1000, 4000]) {
    const message = bytes.subarray(0, size);
    compare(
      `${name}, ${size} bytes, hex`,
      () => hexOf(hash(message)),
      () => createHash(name).update(message).digest("hex"),
    );
  }
}
const key = bytes.subarray(0, 16);
compare("HMAC-SHA-256 key + 20", () => new HmacSha256(key).sign(bytes.subarray(0, 20)), () => {
  const inner = createHash("sha256").update(bytes.subarray(0, 84)).digest();
  return createHash("sha256").update(inner).digest();
});
compare("AES-128, key + block", () => encryptBlock(key, bytes, 16), () => {
  return createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(bytes.subarray(16, 32));
});
if (kept === undefined) throw new Error("Nothing was computed");
