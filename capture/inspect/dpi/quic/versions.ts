/**
 * Versions of QUIC: which bytes stand for which, and how each protects its Initial packets.
 *
 * "Protects" is meant against damage, not eyes: the keys follow from the packet itself (RFC 9001 §5.2). Unknown
 * versions are tried with the keys of known ones: the seal tells whether they fit.
 */

/** How the first packets of a version look. */
export const Family = {
  /** IETF QUIC, and Google's versions with sealed Initials (Q050, T05x). */
  sealed: 0,
  /** Google's, with the public header of Q043 and before: hellos in clear. */
  publicHeader: 1,
  /** Google's Q044 to Q049: long headers, hellos in clear. */
  clear: 2,
} as const;

/** How Initial packets are sealed. */
export interface Scheme {
  /** HKDF-Extract salt, 20 bytes. */
  salt: Uint8Array;
  /** HKDF labels begin so: `quic ` or `quicv2 `. */
  label: string;
  /** The two bits that make a long header an Initial. */
  initialType: number;
  /** Google's frame types instead of the IETF's. */
  googleFrames: boolean;
}

function scheme(salt: string, label = "quic ", initialType = 0, googleFrames = false): Scheme {
  const bytes = Uint8Array.from(salt.match(/../g)!, (pair) => parseInt(pair, 16));
  return { salt: bytes, label, initialType, googleFrames };
}

/** RFC 9001 §5.2; drafts 33 and 34. */
const V1 = scheme("38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
/** RFC 9369 §3.2 and §3.3. */
const V2 = scheme("0dede3def700a6db819381be6e269dcbf9bd2ed9", "quicv2 ", 1);
/** draft-ietf-quic-v2-01. */
const V2_DRAFT = scheme("a707c203a59b47184a1d62ca570406ea7ae3e5d3", "quicv2 ", 1);
/** draft-ietf-quic-v2-00: version 1 but for salt and labels. */
const V2_DRAFT_00 = scheme("a707c203a59b47184a1d62ca570406ea7ae3e5d3", "quicv2 ", 0);
/** draft-ietf-quic-tls-29 §5.2, to 32. */
const DRAFT_29 = scheme("afbfec289993d24c9e9786f19c6111e04390a899");
/** draft-ietf-quic-tls-23 §5.2, to 28. */
const DRAFT_23 = scheme("c3eef712c72ebb5a11a7d2432bb46365bef9f502");
/** draft-ietf-quic-tls-21 §5.2, and 22. */
const DRAFT_22 = scheme("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a");
/** Chromium, net/third_party/quiche crypto_utils: Google's versions with sealed Initials. */
const Q050 = scheme("504574efd066fe2f9d945cfcdbd3a7f0d3b56b45", "quic ", 0, true);
const T050 = scheme("7ff579e5acd072915580304c43a2367c60488310", "quic ", 0, true);
const T051 = scheme("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d", "quic ", 0, true);

/** Tried in turn on versions that are not known. */
const LIKELY = [V1, V2, DRAFT_29, DRAFT_23];

/** A version as sent. */
export interface Version {
  /** As shown: `1`, `2`, `draft-29`, `Q043`, `mvfst-2`. */
  name: string;
  family: number;
  /** In the order to try. */
  schemes: readonly Scheme[];
  /** Whether bytes with this version are taken for QUIC. */
  known: boolean;
}

const EXACT = new Map<number, Version>([
  [0x00000001, sealed("1", V1)],
  [0x6b3343cf, sealed("2", V2)],
  [0x709a50c4, sealed("2-draft", V2_DRAFT, V2)],
  [0xff020000, sealed("2-draft-00", V2_DRAFT_00, V2_DRAFT)],
  [0x51303530, sealed("Q050", Q050)],
  [0x54303530, sealed("T050", T050)],
  [0x54303531, sealed("T051", T051)],
  // Facebook's mvfst: drafts 22 and 27 under names of its own; later ones follow the RFC.
  [0xfaceb001, sealed("mvfst-1", DRAFT_22)],
  [0xfaceb002, sealed("mvfst-2", DRAFT_23)],
  [0xfaceb00e, sealed("mvfst-e", DRAFT_23, V1)],
]);

/**
 * Versions that implementations took for their experiments, from the QUIC working group's list (wiki of
 * quicwg/base-drafts): value, mask, name. Their seals are those of some standard version.
 */
const EXPERIMENTS: readonly [number, number, string][] = [
  [0x50435130, 0xfffffff0, "picoquic"],
  [0xabcd0000, 0xfffffff0, "msquic"],
  [0xf123f0c0, 0xfffffff0, "mozquic"],
  [0x51474f00, 0xffffff00, "quic-go"],
  [0x91c17000, 0xffffff00, "quicly"],
  [0x45474700, 0xffffff00, "quant"],
  [0xf0f0f0f0, 0xfffffff0, "ethz"],
  [0x07007000, 0xfffffff0, "tencent"],
];

const drafts = new Map<number, Version>();
const googleVersions = new Map<number, Version>();

/**
 * Whether a version is one that `versionOf` knows, or a reserved one. Asked of whatever has the highest bit of its first
 * byte set, so it makes nothing.
 */
export function isKnownVersion(number: number): boolean {
  if (EXACT.has(number) || (number & 0x0f0f0f0f) === 0x0a0a0a0a || number >>> 12 === 0xfaceb) return true;
  const high = number >>> 24;
  if (high === 0xff || high === 0x51 || high === 0x54) return versionOf(number).known;
  for (let i = 0; i < EXPERIMENTS.length; i++) {
    if (((number & EXPERIMENTS[i][1]) >>> 0) === EXPERIMENTS[i][0]) return true;
  }
  return false;
}

/** What is known of a version; of an unknown one, what may be tried. */
export function versionOf(number: number): Version {
  const exact = EXACT.get(number);
  if (exact !== undefined) return exact;
  const high = number >>> 8;
  const low = number & 0xff;
  if (high === 0xff0000 && low >= 21 && low <= 34) {
    let draft = drafts.get(low);
    if (draft === undefined) {
      draft = sealed(`draft-${low}`, low < 23 ? DRAFT_22 : low < 29 ? DRAFT_23 : low < 33 ? DRAFT_29 : V1);
      drafts.set(low, draft);
    }
    return draft;
  }
  if (number >>> 24 === 0x51 || number >>> 24 === 0x54) {
    const google = googleVersions.get(number) ?? googleVersion(number);
    if (google !== null) {
      googleVersions.set(number, google); // there are two hundred
      return google;
    }
  }
  if (number >>> 12 === 0xfaceb) {
    return {
      name: `mvfst-${(number & 0xfff).toString(16)}`,
      family: Family.sealed,
      schemes: LIKELY,
      known: true,
    };
  }
  for (const [value, mask, owner] of EXPERIMENTS) {
    if (((number & mask) >>> 0) !== value) continue;
    const name = `${owner}-${number.toString(16)}`;
    return { name, family: Family.sealed, schemes: LIKELY, known: true };
  }
  // RFC 9000 §15: ?a?a?a?a forces a negotiation, and what is sealed under it is sealed as some other version.
  const reserved = (number & 0x0f0f0f0f) === 0x0a0a0a0a;
  return { name: number.toString(16), family: Family.sealed, schemes: LIKELY, known: reserved };
}

function sealed(name: string, ...schemes: Scheme[]): Version {
  return { name, family: Family.sealed, schemes, known: true };
}

/** `Q` and three digits; `T` and three digits for those with TLS. */
function googleVersion(number: number): Version | null {
  const name = String.fromCharCode(number >>> 24, number >>> 16 & 0xff, number >>> 8 & 0xff, number & 0xff);
  if (!/^[QT]0[0-9]{2}$/.test(name)) return null;
  const serial = Number(name.slice(1));
  if (name[0] === "T" || serial >= 50) {
    return { name, family: Family.sealed, schemes: [Q050, T051, T050], known: true };
  }
  return { name, family: serial <= 43 ? Family.publicHeader : Family.clear, schemes: [], known: true };
}
