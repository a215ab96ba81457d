/** One host: everything known of it. */
import { page } from "fresh";
import HostView from "../../islands/HostView.tsx";
import { pathPart } from "../../http/answers.ts";
import { QueryError } from "../../monitor/query.ts";
import { AskError } from "../../monitor/who.ts";
import { define } from "../../state.ts";
import { aboutOf, Frame } from "../(_frame)/Frame.tsx";
import { Unknown } from "../(_frame)/Unknown.tsx";

export const handler = define.handlers({
  async GET(ctx) {
    const { monitor } = ctx.state;
    const rest = { tick: monitor.tick(), about: aboutOf(monitor) };
    const headers = { "cache-control": "no-store" };
    try {
      const host = await monitor.inventory.host(pathPart(ctx, "ip"), false);
      return page({ ...rest, host, why: "" }, { headers });
    } catch (error) {
      if (!(error instanceof QueryError) && !(error instanceof AskError)) throw error;
      return page({ ...rest, host: null, why: error.message }, { headers, status: 404 });
    }
  },
});

export default define.page<typeof handler>(function Host({ data }) {
  const { host, why, tick, about } = data;
  const api: [string, string][] = host === null
    ? [["/api/hosts", "Hosts (JSON)"]]
    : [[`/api/hosts/${host.ip}`, "This host (JSON)"], ["/api/hosts", "All hosts (JSON)"]];
  return (
    <Frame path="/hosts" tick={tick} about={about} api={api}>
      {host === null
        ? <Unknown id="hosts" title="This host is not known" why={why} back={["/hosts", "All hosts"]} />
        : <HostView tick={tick} host={host} />}
    </Frame>
  );
});
