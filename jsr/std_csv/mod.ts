/**
 * A small local stand-in for the CSV helpers of Deno's standard library. jsr/README.md says what is left
 * out.
 *
 * @module
 */
export * from "./left_out.ts";
export * from "./parse.ts";
export * from "./stringify.ts";
export * from "./stringify_stream.ts";
