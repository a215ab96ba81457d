/** What is off or degraded, and the step that mends it. Nothing is shown while all is well. */
import type { Problem, Tick } from "../model/api.ts";
import { CopyButton } from "../components/CopyButton.tsx";
import { splitHint } from "../components/hint.ts";
import { Icon } from "../components/Icon.tsx";
import { useLive } from "../components/use_live.ts";

const WORDS = { error: "Off", warning: "Degraded", info: "Note" } as const;
const ORDER = { error: 0, warning: 1, info: 2 } as const;

export default function Problems(props: { tick: Tick }) {
  const { problems } = useLive(props.tick);
  const sorted = [...problems].sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  return (
    <ul class="problems" aria-live="polite" aria-label="What is off or degraded">
      {sorted.map((problem) => <Row key={problem.id} problem={problem} />)}
    </ul>
  );
}

function Row({ problem }: { problem: Problem }) {
  return (
    <li class={`problem problem-${problem.severity}`}>
      <span class="problem-word">
        <Icon name={problem.severity} />
        {WORDS[problem.severity]}
      </span>
      <div class="problem-text">
        <p class="problem-message foreign">{problem.message}</p>
        {problem.hint !== "" && (
          <p class="problem-hint">
            {splitHint(problem.hint).map((part) =>
              part.command
                ? (
                  <span class="command" key={part.text}>
                    <code>{part.text}</code>
                    <CopyButton text={part.text} />
                  </span>
                )
                : part.text
            )}
          </p>
        )}
      </div>
    </li>
  );
}
