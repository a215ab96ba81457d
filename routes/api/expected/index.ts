/** `GET /api/expected`: what the user expects, and the alerts that each entry covers. */
import { LISTS } from "../../../http/api.ts";
import { listRoute } from "../../../http/lists.ts";
import { define } from "../../../state.ts";

export const handler = define.handlers(listRoute(LISTS.expected, (monitor) => monitor.expected()));
