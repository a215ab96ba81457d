/** What findings of payload inspection are called, and how grave they are. */
import assert from "node:assert/strict";
import { credentialsFinding } from "../../../capture/inspect/dpi/findings.ts";

Deno.test("a password that can be read is grave; one that could only be guessed from its digest is not", () => {
  const talks: [string, string, string, number, boolean][] = [
    ["http", "basic", "Credentials in clear text over HTTP", 1, false],
    ["ftp", "user_pass", "Credentials in clear text over FTP", 1, false],
    ["http", "digest", "Digest of a password in clear text over HTTP", 3, false],
    ["imap", "cram_md5", "Digest of a password in clear text over IMAP", 3, false],
    ["sip", "digest", "Digest of a password in clear text over SIP", 3, true],
  ];
  for (const [protocol, kind, signature, severity, note] of talks) {
    const finding = credentialsFinding(protocol, kind, 4);
    assert.deepEqual([finding.signature, finding.severity, finding.note], [signature, severity, note]);
    assert.deepEqual(finding.details, {
      kind: "cleartext_credentials",
      protocol,
      method: kind,
      user_length: 4,
    });
  }
});
