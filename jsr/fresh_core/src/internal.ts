/**
 * What generated files import; not for apps.
 *
 * @module
 */
export { useSnapshot } from "./app.ts";
export { setBuildId } from "./build_id.ts";
export { createSnapshot } from "./snapshot.ts";
