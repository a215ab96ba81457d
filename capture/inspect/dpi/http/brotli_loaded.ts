/**
 * The dictionary of brotli, loaded with this module: for workers without any permission, which cannot read it when the
 * first body asks for it, and for the compiled program, which holds what imports lead to.
 */
import context from "brotli/dec/context.js";
import dictionary from "brotli/dec/dictionary.js";
import transform from "brotli/dec/transform.js";
import { useBrotli } from "./brotli_text.ts";

/** Bodies coded with brotli are undone without reading a file. */
export function provideBrotli(): void {
  useBrotli({ dictionary, transform, context });
}
