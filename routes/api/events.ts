/** `GET /api/events`: the feed under its other name. */
export { handler } from "./stream.ts";
