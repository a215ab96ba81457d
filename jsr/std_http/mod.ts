/**
 * A small local stand-in for the HTTP helpers of Deno's standard library: cookies, entity tags, status
 * codes, content negotiation, server-sent events. jsr/README.md says what is left out.
 *
 * @module
 */
export * from "./cookie.ts";
export * from "./etag.ts";
export * from "./left_out.ts";
export * from "./negotiation.ts";
export * from "./server_sent_event_stream.ts";
export * from "./status.ts";
