/**
 * Entity tags (RFC 9110 §8.8.3) and the two conditions that compare them.
 *
 * @module
 */

/** What is known of a file, as `Deno.stat()` gives it. */
export interface FileInfo {
  /** When it last changed, or `null`. */
  mtime: Date | null;
  /** Bytes. */
  size: number;
}

/** Options of {@linkcode eTag}. */
export interface ETagOptions {
  /** Digest algorithm. @default {"SHA-256"} */
  algorithm?: AlgorithmIdentifier;
  /** Make a weak tag. @default {false} for content, `true` for a file */
  weak?: boolean;
}

/** A tag for content: size and digest. For a file: size and time, `undefined` when the time is unknown. */
export async function eTag(
  entity: string | ReturnType<TextEncoder["encode"]>,
  options?: ETagOptions,
): Promise<string>;
export async function eTag(entity: FileInfo, options?: ETagOptions): Promise<string | undefined>;
export async function eTag(
  entity: string | ReturnType<TextEncoder["encode"]> | FileInfo,
  options: ETagOptions = {},
): Promise<string | undefined> {
  const isFile = typeof entity === "object" && "mtime" in entity;
  if (isFile && !entity.mtime) return undefined;
  const source = isFile ? entity.mtime!.toJSON() : entity;
  const bytes = typeof source === "string" ? new TextEncoder().encode(source) : source;
  const size = isFile ? entity.size : bytes.length;
  const digest = new Uint8Array(await crypto.subtle.digest(options.algorithm ?? "SHA-256", bytes));
  const tag = `"${size.toString(16)}-${btoa(String.fromCharCode(...digest)).slice(0, 27)}"`;
  return options.weak ?? isFile ? `W/${tag}` : tag;
}

const ANY = /^\s*\*\s*$/; // alone: in a list it is no wildcard

function split(value: string): string[] {
  return value.split(/\s*,\s*/);
}

const strongPart = (tag: string) => tag.replace(/^W\//, "");

/**
 * Whether an `If-Match` header is met; weak tags never meet it.
 *
 * @param value Value of the header, or `null`.
 */
export function ifMatch(value: string | null, etag: string | undefined): boolean {
  if (!value || !etag || etag.startsWith("W/")) return false;
  return ANY.test(value) || split(value).includes(etag);
}

/**
 * Whether an `If-None-Match` header is met, so that the content must be sent; weak and strong tags of the
 * same content are the same here. A header that is absent is met.
 *
 * @param value Value of the header, or `null`.
 */
export function ifNoneMatch(value: string | null, etag: string | undefined): boolean {
  if (!value || !etag) return true;
  return !ANY.test(value) && !split(value).map(strongPart).includes(strongPart(etag));
}
