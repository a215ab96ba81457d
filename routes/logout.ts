/** `POST /logout`: ends the session, here and in the browser. */
import { currentAccess, visitorOf } from "../http/access.ts";
import { withMethod } from "../http/answers.ts";
import { clearSession } from "../http/session_cookie.ts";
import { define } from "../state.ts";

export const handler = define.handlers(withMethod("POST", (ctx) => {
  const { session } = visitorOf(ctx.req);
  if (session !== null) currentAccess()?.signOut(session);
  const answer = new Response(null, { status: 303, headers: { Location: "/login" } });
  clearSession(answer.headers);
  return answer;
}, ["text/html"]));
