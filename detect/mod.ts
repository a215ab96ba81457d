/**
 * Suspicion: facts of the inspector in, alerts out. One rule a file in `rules/`.
 *
 * @module
 */
export { Detector, type DetectorOptions } from "./detector.ts";
export { RULES } from "./registry.ts";
