/** One process: everything known of it. */
import { page } from "fresh";
import ProgramView from "../../islands/ProgramView.tsx";
import { pathPart } from "../../http/answers.ts";
import { QueryError } from "../../monitor/query.ts";
import { AskError } from "../../monitor/who.ts";
import { define } from "../../state.ts";
import { aboutOf, Frame } from "../(_frame)/Frame.tsx";
import { Unknown } from "../(_frame)/Unknown.tsx";

export const handler = define.handlers({
  GET(ctx) {
    const { monitor } = ctx.state;
    const rest = { tick: monitor.tick(), about: aboutOf(monitor) };
    const headers = { "cache-control": "no-store" };
    try {
      return page({ ...rest, program: monitor.inventory.process(pathPart(ctx, "pid")), why: "" }, {
        headers,
      });
    } catch (error) {
      if (!(error instanceof QueryError) && !(error instanceof AskError)) throw error;
      return page({ ...rest, program: null, why: error.message }, { headers, status: 404 });
    }
  },
});

export default define.page<typeof handler>(function Program({ data }) {
  const { program, why, tick, about } = data;
  const api: [string, string][] = program === null
    ? [["/api/processes", "Programs (JSON)"]]
    : [[`/api/processes/${program.pid}`, "This process (JSON)"], ["/api/processes", "All programs (JSON)"]];
  return (
    <Frame path="/processes" tick={tick} about={about} api={api}>
      {program === null
        ? (
          <Unknown
            id="programs"
            title="This process is not known"
            why={why}
            back={["/processes", "All programs"]}
          />
        )
        : <ProgramView tick={tick} program={program} />}
    </Frame>
  );
});
