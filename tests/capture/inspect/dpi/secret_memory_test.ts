/** Another password for the same account is noticed; the same one, a digest, or another account is not. */
import assert from "node:assert/strict";
import { SecretMemory } from "../../../../capture/inspect/dpi/secret_memory.ts";

Deno.test("SecretMemory tells another password for the same account from the same one again", () => {
  const memory = new SecretMemory();
  const talk: [string, string, boolean][] = [
    ["ann", "one", false],
    ["ann", "one", false],
    ["ann", "two", true],
    ["ann", "one", true],
    ["bob", "three", false],
    ["bob", "three", false],
    ["ann", "x".repeat(32), false], // a digest
    ["ann", "one", false],
  ];
  for (const [account, secret, isOther] of talk) assert.equal(memory.isOther(account, secret), isOther);
});

Deno.test("SecretMemory is of fixed size: what was pushed out is not known, and never taken for another", () => {
  const memory = new SecretMemory();
  for (let i = 0; i < 20_000; i++) assert.equal(memory.isOther(`account ${i}`, `secret ${i}`), false);
});
