/** DNS messages made by hand, for tests and benchmarks: no outside encoder whose mistakes both sides could share. */

/** Bytes of parts one after the other. */
export function bytes(...parts: (Uint8Array | number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function u16(value: number): number[] {
  return [value >> 8 & 255, value & 255];
}

export function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value)];
}

/** A string with its length before it, as in TXT. */
export function string(text: string): number[] {
  return [text.length, ...Array.from(text, (character) => character.charCodeAt(0))];
}

/** A name in labels, without compression; characters are Latin-1. */
export function name(text: string): number[] {
  return text === "" ? [0] : [...text.split(".").flatMap(string), 0];
}

export function pointer(offset: number): number[] {
  return u16(0xc000 | offset);
}

export function question(of: string | number[], type: number, dnsClass = 1): number[] {
  return [...(typeof of === "string" ? name(of) : of), ...u16(type), ...u16(dnsClass)];
}

export function record(
  of: string | number[],
  type: number,
  data: number[],
  ttlSeconds = 300,
  dnsClass = 1,
): number[] {
  return [...question(of, type, dnsClass), ...u32(ttlSeconds), ...u16(data.length), ...data];
}

export interface Parts {
  id?: number;
  flags?: number;
  questions?: number[][];
  answers?: number[][];
  authorities?: number[][];
  additionals?: number[][];
}

export function message(parts: Parts): Uint8Array<ArrayBuffer> {
  const sections = [
    parts.questions ?? [],
    parts.answers ?? [],
    parts.authorities ?? [],
    parts.additionals ?? [],
  ];
  return bytes(
    u16(parts.id ?? 0x1234),
    u16(parts.flags ?? 0x0100),
    ...sections.map((section) => u16(section.length)),
    ...sections.flat(),
  );
}

/** As over TCP: its length before it. */
export function prefixed(whole: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes(u16(whole.length), whole);
}
