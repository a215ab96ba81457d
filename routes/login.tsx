/**
 * `/login`: the token for a session. It works without scripts; the token is taken from a form's body only, so that it
 * is in no history, log or referrer. The link that is printed at the start carries a key for one opening instead.
 */
import { page } from "fresh";
import { currentAccess, knownVisitor, type Role, type Verdict } from "../http/access.ts";
import { problem } from "../http/answers.ts";
import { clientKey } from "../model/client_address.ts";
import { safeNext } from "../http/next_page.ts";
import { isSecure, setSession } from "../http/session_cookie.ts";
import { Logo } from "../components/Logo.tsx";
import { define } from "../state.ts";

/** Longer ones are nobody's; a digest is not made of them. */
const MAX_TOKEN = 256;

interface LoginData {
  next: string;
  /** What was wrong; "" at first. */
  trouble: string;
}

export const handler = define.handlers({
  GET(ctx) {
    const { searchParams } = ctx.url;
    const access = currentAccess();
    const next = safeNext(searchParams.get("next"));
    const key = searchParams.get("key");
    if (access === null || knownVisitor(ctx.req) !== null) return seeOther(next);
    if (key === null) return page({ next, trouble: "" });
    const verdict = access.takeLink(key.slice(0, MAX_TOKEN), clientOf(ctx.info));
    if (isRole(verdict)) return signedIn(ctx.req, access.signIn(verdict), next);
    return refused(next, verdict, "This link has been used or is too old. The token still opens the door.");
  },
  async POST(ctx) {
    const access = currentAccess();
    const type = (ctx.req.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
    if (type !== "application/x-www-form-urlencoded") {
      return problem(415, "The form takes application/x-www-form-urlencoded");
    }
    const form = new URLSearchParams(await ctx.req.text());
    const next = safeNext(form.get("next"));
    if (access === null) return seeOther(next);
    const token = (form.get("token") ?? "").trim().slice(0, MAX_TOKEN);
    if (token === "") return page({ next, trouble: "Enter the token." }, { status: 400 });
    const verdict = access.judge(token, clientOf(ctx.info));
    if (!isRole(verdict)) {
      return refused(next, verdict, "This is not the token. It is 48 letters and digits.");
    }
    return signedIn(ctx.req, access.signIn(verdict), next);
  },
});

export default define.page<typeof handler>(function Login({ data }) {
  const { next, trouble } = data as LoginData;
  return (
    <main class="notice login">
      <p class="brand">
        <Logo />
        <span class="brand-name">Netpane</span>
      </p>
      <h1>Sign in</h1>
      <form class="login-form" method="post" action="/login">
        <input type="hidden" name="next" value={next} />
        <label for="token">Token</label>
        <input
          class="input"
          id="token"
          name="token"
          type="password"
          autocomplete="current-password"
          autocapitalize="none"
          maxLength={MAX_TOKEN}
          required
          autofocus
          aria-describedby={trouble === "" ? "token-where" : "token-trouble token-where"}
          aria-invalid={trouble === "" ? "false" : "true"}
        />
        {trouble !== "" && <p class="banner banner-error" id="token-trouble" role="alert">{trouble}</p>}
        <button class="button button-main" type="submit">Sign in</button>
      </form>
      <p class="label" id="token-where">
        On the machine itself: the file <code>token</code> in Netpane’s data folder, or{" "}
        <code>token.read</code> to look only.
      </p>
    </main>
  );
});

function isRole(verdict: Verdict): verdict is Role {
  return typeof verdict === "string";
}

function refused(next: string, verdict: Exclude<Verdict, Role>, trouble: string) {
  if (verdict === null) {
    return page({ next, trouble }, {
      status: 401,
      headers: { "www-authenticate": 'Bearer realm="Netpane"' },
    });
  }
  const { waitSeconds } = verdict;
  return page(
    {
      next,
      trouble: `Too many wrong tokens: try again in ${waitSeconds} ${
        waitSeconds === 1 ? "second" : "seconds"
      }.`,
    },
    { status: 429, headers: { "retry-after": String(waitSeconds) } },
  );
}

function signedIn(request: Request, session: string, next: string): Response {
  const answer = seeOther(next);
  setSession(answer.headers, session, isSecure(request));
  return answer;
}

function seeOther(path: string): Response {
  return new Response(null, { status: 303, headers: { Location: path } });
}

function clientOf({ remoteAddr }: Deno.ServeHandlerInfo): string {
  return clientKey("hostname" in remoteAddr ? remoteAddr.hostname : "");
}
