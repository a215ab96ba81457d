/**
 * The brotli decoder, loaded with this module: for workers without any permission, which cannot read it when the first
 * body asks for it, and for the compiled program, which holds what imports lead to.
 */
import decoder from "brotli/dec/decode.js";
import { useBrotli } from "./brotli_text.ts";

/** Bodies coded with brotli are undone without reading a file. */
export function provideBrotli(): void {
  useBrotli(decoder);
}
