/**
 * What HTTP may cost: the ceilings of its parsers, and counters that say how often one was reached.
 *
 * One direction of an HTTP/1 flow holds at most a line (`MAX_LINE_BYTES`), the fields of one head (cut to
 * `MAX_VALUE_CHARS` and `MAX_URL_CHARS`), the beginning of one form and one decompressor; a flow holds at most
 * `MAX_PIPELINE` requests that wait for their answers.
 */

/** Bytes of one line of a head; what is longer is cut, its rest is skipped. Servers refuse above 8 to 16 KiB. */
export const MAX_LINE_BYTES = 16_384;
/** Bytes of a head whose fields are read; what comes after them up to the blank line is skipped. */
export const MAX_HEAD_BYTES = 65_536;
/** Header fields of a head that are read. */
export const MAX_FIELDS = 512;
/** Characters of a URL in an event. */
export const MAX_URL_CHARS = 8192;
/** Characters of any other value. */
export const MAX_VALUE_CHARS = 2048;
/** Requests that wait for an answer; beyond, the oldest is told without one. */
export const MAX_PIPELINE = 128;
/** Characters of them, and of all flows' together: then, too, the oldest is told without an answer. */
export const MAX_PIPELINE_CHARS = 16_384;
export const MAX_WAITING_CHARS = 67_108_864;
/** A request that waited this long when the next one comes is told without its answer, microseconds. */
export const UNANSWERED_AFTER_US = 60_000_000;
/** Bytes of a form (decoded) that are searched for a password. */
export const MAX_FORM_BYTES = 16_384;
/** Content codings laid over each other, RFC 9110 §8.4: more are not undone. */
export const MAX_CODINGS = 3;

/**
 * Text that a coded message may unfold to: a base, and so much per coded byte. Text packs 3 to 20 times; deflate
 * reaches 1032 times with a bomb, brotli and zstd far more.
 */
export const MESSAGE_TEXT_BASE = 65_536;
export const MESSAGE_TEXT_RATIO = 64;
/** The same over all messages of a flow. */
export const FLOW_TEXT_BASE = 16_777_216;
export const FLOW_TEXT_RATIO = 32;

/** Memory of all decompressors that are open at one time, bytes, by their windows. */
export const MAX_DECODER_BYTES = 67_108_864;

/** How often a ceiling was reached since the worker began. They only grow. */
export const httpLimits = {
  /** Lines cut at `MAX_LINE_BYTES`. */
  longLines: 0,
  /** Heads that went on beyond `MAX_HEAD_BYTES` or `MAX_FIELDS`. */
  longHeads: 0,
  /** Requests told without an answer because too many others waited, too. */
  pipelines: 0,
  /** Coded bodies given up because their text outgrew its budget. */
  bombs: 0,
  /** Coded bodies not read because all decompressors together were too large. */
  noDecoder: 0,
  /** Coded bodies that were not what they said, or damaged. */
  damagedBodies: 0,
  /** Streams of HTTP/2 whose text or fields found no room. */
  streams: 0,
};
