/** `GET /api/rules`: every kind of alert: what it means, its thresholds, what it has done. */
import { LISTS } from "../../http/api.ts";
import { listRoute } from "../../http/lists.ts";
import { define } from "../../state.ts";

export const handler = define.handlers(
  listRoute(LISTS.rules, (monitor) => ({ ts: Date.now(), rules: monitor.rules() })),
);
