/**
 * Numbers of TLS and their names, from IANA's "Transport Layer Security (TLS) Parameters" and "TLS ExtensionType
 * Values". Only what parsers look at or people meet often; the rest is shown as a number.
 */

/** TLS ContentType. */
export const ContentType = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  heartbeat: 24,
  /** DTLS 1.3: connection id (RFC 9146) and ack. */
  connectionId: 25,
  ack: 26,
} as const;

/** TLS HandshakeType. */
export const HandshakeType = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverHelloDone: 14,
  clientKeyExchange: 16,
} as const;

/** TLS ExtensionType. */
export const Extension = {
  serverName: 0,
  supportedGroups: 10,
  ecPointFormats: 11,
  signatureAlgorithms: 13,
  alpn: 16,
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  quicTransportParameters: 57,
  /** draft-ietf-quic-tls before 33. */
  quicTransportParametersDraft: 0xffa5,
  /** draft-ietf-tls-esni-02. */
  encryptedServerName: 0xffce,
  /** Encrypted Client Hello, draft-ietf-tls-esni-18 §5. */
  encryptedClientHello: 0xfe0d,
} as const;

/** HandshakeType values that occur, RFC 8446 §4, RFC 5246 §7.4, and what came later. */
export function isHandshakeType(type: number): boolean {
  return type <= 6 || type === 8 || (type >= 11 && type <= 16) || (type >= 20 && type <= 25) ||
    type === 67 || type === 203;
}

/** Values with no meaning that clients sprinkle in: 0x0a0a, 0x1a1a … 0xfafa (RFC 8701 §2). */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

const VERSIONS: Record<number, string> = {
  0x0002: "SSLv2",
  0x0300: "SSLv3",
  0x0301: "TLSv1",
  0x0302: "TLS 1.1",
  0x0303: "TLS 1.2",
  0x0304: "TLS 1.3",
  0x0101: "TLCP",
  0x0100: "DTLS 1.0 (OpenSSL)",
  0xfeff: "DTLS 1.0",
  0xfefd: "DTLS 1.2",
  0xfefc: "DTLS 1.3",
};

/** A version as Suricata writes it: `TLS 1.2`, `TLSv1`, `TLS 1.3 draft-28`; else `0x1234`. */
export function versionName(version: number): string {
  if (version >> 8 === 0x7f) return `TLS 1.3 draft-${version & 0xff}`;
  if (version >> 8 === 0xfb) return `TLS 1.3 draft-${version & 0xff} (fb)`;
  return VERSIONS[version] ?? hex16(version);
}

/** Whether the rest of the handshake after ServerHello is encrypted: TLS 1.3, its drafts, DTLS 1.3. */
export function hidesCertificate(version: number): boolean {
  return version === 0x0304 || version === 0xfefc || version >> 8 === 0x7f || version >> 8 === 0xfb;
}

/** Versions that must not be used any more: SSLv2 (RFC 6176), SSLv3 (RFC 7568), TLS and DTLS 1.0 and 1.1 (RFC 8996). */
export function isDeprecatedVersion(version: number): boolean {
  return (version <= 0x0302 && version !== 0x0101) || version === 0xfeff;
}

/** Cipher suites met often, `TLS_` left off. */
const CIPHERS: Record<number, string> = {
  0x000a: "RSA_WITH_3DES_EDE_CBC_SHA",
  0x002f: "RSA_WITH_AES_128_CBC_SHA",
  0x0033: "DHE_RSA_WITH_AES_128_CBC_SHA",
  0x0035: "RSA_WITH_AES_256_CBC_SHA",
  0x0039: "DHE_RSA_WITH_AES_256_CBC_SHA",
  0x003c: "RSA_WITH_AES_128_CBC_SHA256",
  0x003d: "RSA_WITH_AES_256_CBC_SHA256",
  0x0067: "DHE_RSA_WITH_AES_128_CBC_SHA256",
  0x006b: "DHE_RSA_WITH_AES_256_CBC_SHA256",
  0x0084: "RSA_WITH_CAMELLIA_256_CBC_SHA",
  0x009c: "RSA_WITH_AES_128_GCM_SHA256",
  0x009d: "RSA_WITH_AES_256_GCM_SHA384",
  0x009e: "DHE_RSA_WITH_AES_128_GCM_SHA256",
  0x009f: "DHE_RSA_WITH_AES_256_GCM_SHA384",
  0x1301: "AES_128_GCM_SHA256",
  0x1302: "AES_256_GCM_SHA384",
  0x1303: "CHACHA20_POLY1305_SHA256",
  0x1304: "AES_128_CCM_SHA256",
  0x1305: "AES_128_CCM_8_SHA256",
  0xc009: "ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
  0xc00a: "ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
  0xc012: "ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
  0xc013: "ECDHE_RSA_WITH_AES_128_CBC_SHA",
  0xc014: "ECDHE_RSA_WITH_AES_256_CBC_SHA",
  0xc023: "ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
  0xc024: "ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
  0xc027: "ECDHE_RSA_WITH_AES_128_CBC_SHA256",
  0xc028: "ECDHE_RSA_WITH_AES_256_CBC_SHA384",
  0xc02b: "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  0xc02c: "ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  0xc02f: "ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  0xc030: "ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  0xcca8: "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
  0xcca9: "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  0xccaa: "DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
};

/** Cipher suites without encryption, without a key of the server's, or broken by design; `TLS_` left off. */
const WEAK_CIPHERS: Record<number, string> = {
  0x0000: "NULL_WITH_NULL_NULL",
  0x0001: "RSA_WITH_NULL_MD5",
  0x0002: "RSA_WITH_NULL_SHA",
  0x0003: "RSA_EXPORT_WITH_RC4_40_MD5",
  0x0004: "RSA_WITH_RC4_128_MD5",
  0x0005: "RSA_WITH_RC4_128_SHA",
  0x0006: "RSA_EXPORT_WITH_RC2_CBC_40_MD5",
  0x0008: "RSA_EXPORT_WITH_DES40_CBC_SHA",
  0x0009: "RSA_WITH_DES_CBC_SHA",
  0x000b: "DH_DSS_EXPORT_WITH_DES40_CBC_SHA",
  0x000c: "DH_DSS_WITH_DES_CBC_SHA",
  0x000e: "DH_RSA_EXPORT_WITH_DES40_CBC_SHA",
  0x000f: "DH_RSA_WITH_DES_CBC_SHA",
  0x0011: "DHE_DSS_EXPORT_WITH_DES40_CBC_SHA",
  0x0012: "DHE_DSS_WITH_DES_CBC_SHA",
  0x0014: "DHE_RSA_EXPORT_WITH_DES40_CBC_SHA",
  0x0015: "DHE_RSA_WITH_DES_CBC_SHA",
  0x0017: "DH_anon_EXPORT_WITH_RC4_40_MD5",
  0x0018: "DH_anon_WITH_RC4_128_MD5",
  0x0019: "DH_anon_EXPORT_WITH_DES40_CBC_SHA",
  0x001a: "DH_anon_WITH_DES_CBC_SHA",
  0x001b: "DH_anon_WITH_3DES_EDE_CBC_SHA",
  0x0034: "DH_anon_WITH_AES_128_CBC_SHA",
  0x003a: "DH_anon_WITH_AES_256_CBC_SHA",
  0x003b: "RSA_WITH_NULL_SHA256",
  0x0062: "RSA_EXPORT1024_WITH_DES_CBC_SHA",
  0x0064: "RSA_EXPORT1024_WITH_RC4_56_SHA",
  0x0066: "DHE_DSS_WITH_RC4_128_SHA",
  0x006c: "DH_anon_WITH_AES_128_CBC_SHA256",
  0x006d: "DH_anon_WITH_AES_256_CBC_SHA256",
  0x00a6: "DH_anon_WITH_AES_128_GCM_SHA256",
  0x00a7: "DH_anon_WITH_AES_256_GCM_SHA384",
  0xc001: "ECDH_ECDSA_WITH_NULL_SHA",
  0xc002: "ECDH_ECDSA_WITH_RC4_128_SHA",
  0xc006: "ECDHE_ECDSA_WITH_NULL_SHA",
  0xc007: "ECDHE_ECDSA_WITH_RC4_128_SHA",
  0xc00b: "ECDH_RSA_WITH_NULL_SHA",
  0xc00c: "ECDH_RSA_WITH_RC4_128_SHA",
  0xc010: "ECDHE_RSA_WITH_NULL_SHA",
  0xc011: "ECDHE_RSA_WITH_RC4_128_SHA",
  0xc015: "ECDH_anon_WITH_NULL_SHA",
  0xc016: "ECDH_anon_WITH_RC4_128_SHA",
  0xc017: "ECDH_anon_WITH_3DES_EDE_CBC_SHA",
  0xc018: "ECDH_anon_WITH_AES_128_CBC_SHA",
  0xc019: "ECDH_anon_WITH_AES_256_CBC_SHA",
};

/** `TLS_AES_128_GCM_SHA256`; `0x1234` where it is not one of the common ones. */
export function cipherName(cipher: number): string {
  const name = CIPHERS[cipher] ?? WEAK_CIPHERS[cipher];
  return name === undefined ? hex16(cipher) : `TLS_${name}`;
}

/** Whether what it protects can be read or changed by others: RFC 7465, RFC 8996, RFC 9325 §4.1. */
export function isWeakCipher(cipher: number): boolean {
  return cipher in WEAK_CIPHERS;
}

const ALERTS: Record<number, string> = {
  0: "close_notify",
  10: "unexpected_message",
  20: "bad_record_mac",
  22: "record_overflow",
  40: "handshake_failure",
  42: "bad_certificate",
  43: "unsupported_certificate",
  44: "certificate_revoked",
  45: "certificate_expired",
  46: "certificate_unknown",
  47: "illegal_parameter",
  48: "unknown_ca",
  49: "access_denied",
  50: "decode_error",
  51: "decrypt_error",
  70: "protocol_version",
  71: "insufficient_security",
  80: "internal_error",
  86: "inappropriate_fallback",
  90: "user_canceled",
  100: "no_renegotiation",
  109: "missing_extension",
  110: "unsupported_extension",
  112: "unrecognized_name",
  113: "bad_certificate_status_response",
  115: "unknown_psk_identity",
  116: "certificate_required",
  120: "no_application_protocol",
  121: "ech_required",
};

/** An alert's description, RFC 8446 §6; its number where it has no name. */
export function alertName(description: number): string {
  return ALERTS[description] ?? String(description);
}

function hex16(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`;
}
