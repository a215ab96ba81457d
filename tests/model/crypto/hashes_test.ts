/** Plain JavaScript against node:crypto, over every length around the edges of blocks. */
import assert from "node:assert/strict";
import { createCipheriv, createHash, createHmac } from "node:crypto";
import { encryptBlock } from "../../../model/crypto/aes128.ts";
import { hexOf } from "../../../model/crypto/block_hash.ts";
import { md5, md5OfText } from "../../../model/crypto/md5.ts";
import { sha1 } from "../../../model/crypto/sha1.ts";
import { HmacSha256, sha256, sha256OfText } from "../../../model/crypto/sha256.ts";

const bytes = Uint8Array.from({ length: 1024 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24);

Deno.test("md5(), sha1() and sha256() equal node:crypto's at every length", () => {
  for (let length = 0; length <= 300; length++) {
    for (const [name, hash] of [["md5", md5], ["sha1", sha1], ["sha256", sha256]] as const) {
      const expected = createHash(name).update(bytes.subarray(7, 7 + length)).digest("hex");
      assert.equal(hexOf(hash(bytes, 7, 7 + length)), expected, `${name} of ${length} bytes`);
    }
  }
});

Deno.test("md5OfText() and sha256OfText() equal node:crypto's, long texts and other letters too", () => {
  for (const text of ["", "a", "771,4865-4866", "x".repeat(512), "x".repeat(513), "naïve", "日本"]) {
    assert.equal(md5OfText(text), createHash("md5").update(text).digest("hex"));
    assert.equal(sha256OfText(text), createHash("sha256").update(text).digest("hex"));
  }
});

Deno.test("HmacSha256 equals node:crypto's for keys of up to a block", () => {
  for (let length = 0; length <= 64; length++) {
    const key = bytes.subarray(0, length);
    const hmac = new HmacSha256(key);
    for (const size of [0, 1, 55, 56, 64, 200]) {
      const message = bytes.subarray(100, 100 + size);
      assert.equal(hexOf(hmac.sign(message)), createHmac("sha256", key).update(message).digest("hex"));
    }
  }
  assert.throws(() => new HmacSha256(new Uint8Array(65)), RangeError);
});

Deno.test("encryptBlock() equals node:crypto's AES-128", () => {
  for (let i = 0; i < 500; i++) {
    const key = bytes.subarray(i, i + 16);
    const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
    const expected = cipher.update(bytes.subarray(i + 16, i + 32), undefined, "hex");
    assert.equal(hexOf(encryptBlock(key, bytes, i + 16)), expected);
  }
});
