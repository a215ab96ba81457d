/** Turns of an SSH connection for `Traffic.tcp`: banners and key exchange that can be read, then lengths alone. */

/** A binary packet, RFC 4253 §6, as text of one character a byte. */
function packet(type: number, body: string): string {
  const padding = 4 + (8 - (10 + body.length) % 8) % 8;
  const length = 2 + body.length + padding;
  return `\0\0${String.fromCharCode(length >> 8, length & 255, padding, type)}${body}${"\0".repeat(padding)}`;
}

function kexinit(): string {
  const lists = [
    "curve25519-sha256",
    "ssh-ed25519",
    CHACHA,
    CHACHA,
    "hmac-sha2-256",
    "hmac-sha2-256",
    "none",
    "none",
  ];
  const names = [...lists, "", ""].map((list) => `\0\0\0${String.fromCharCode(list.length)}${list}`).join("");
  return packet(20, "\x07".repeat(16) + names + "\0".repeat(5));
}

/** Text of one character a byte as bytes. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const CHACHA = "chacha20-poly1305@openssh.com";
const NEWKEYS = packet(21, "");

/** Bytes of encrypted turns after SERVICE_ACCEPT, the client first; with chacha20-poly1305. */
export const SSH_LOGIN = {
  /** "Which methods?", a password, another; refused. */
  refused: [60, 52, 108, 52, 108, 52],
  /** "Which methods?", a key, its proof; let in, and a command with its output. */
  accepted: [60, 52, 148, 132, 284, 28, 92, 300, 76, 900],
};

/** @param login Bytes of turns, the client's first. */
export function sshTurns(login: readonly number[]): (string | number | Uint8Array)[] {
  return [
    "",
    "SSH-2.0-OpenSSH_9.6\r\n",
    "SSH-2.0-libssh_0.10\r\n",
    latin1(kexinit()),
    latin1(kexinit()),
    "",
    latin1(packet(30, "\0".repeat(36))),
    latin1(packet(31, "\0".repeat(200)) + NEWKEYS),
    latin1(NEWKEYS),
    "",
    44,
    44,
    ...login,
  ];
}
