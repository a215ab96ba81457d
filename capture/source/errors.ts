/** What a caller is told when packets cannot come in: what was attempted, on what, and the next step. */
import type { CaptureProblem } from "../../model/protocol.ts";

/** Live capture or the list of devices failed. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
  /** For programs; what each means for trying again stands at `CaptureProblem`. */
  readonly code: CaptureProblem["code"];
  /** The exact next step, for people. */
  readonly hint: string;

  constructor(code: CaptureProblem["code"], message: string, options: { hint: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  /** The same as plain data, for a message to another thread. */
  toProblem(): CaptureProblem {
    return { code: this.code, message: this.message, hint: this.hint };
  }
}

/** Why a file could not be opened as a capture. */
export type CaptureFileErrorCode =
  /** Not there, not permitted, a folder, or the first read failed. */
  | "unreadable"
  /** The first bytes are not those of a capture, or there are none. */
  | "not-a-capture"
  /** A capture, but in a format or packing that is not read here. */
  | "unsupported";

/** A file (or stream) that could not be opened as a capture. Damage further in is not an error, see `CaptureFile`. */
export class CaptureFileError extends Error {
  override readonly name = "CaptureFileError";
  readonly code: CaptureFileErrorCode;
  /** The exact next step, for people. */
  readonly hint: string;

  constructor(code: CaptureFileErrorCode, message: string, options: { hint: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
