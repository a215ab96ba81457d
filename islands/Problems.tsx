/** What is off or degraded, and the step that mends it; mere notes are folded. Nothing is shown while all is well. */
import type { Problem, Tick } from "../model/api.ts";
import { CopyButton } from "../components/CopyButton.tsx";
import { splitHint } from "../components/hint.ts";
import { Icon } from "../components/Icon.tsx";
import { useLive } from "../components/use_live.ts";

const WORDS = { error: "Off", warning: "Degraded", info: "Note" } as const;

export default function Problems(props: { tick: Tick }) {
  const { problems } = useLive(props.tick);
  const grave = [
    ...problems.filter((problem) => problem.severity === "error"),
    ...problems.filter((problem) => problem.severity === "warning"),
  ];
  const notes = problems.filter((problem) => problem.severity === "info");
  return (
    <>
      <ul class="problems" aria-live="polite" aria-label="What is off or degraded">
        {grave.map((problem) => <Row key={problem.id} problem={problem} />)}
      </ul>
      {notes.length > 0 && (
        <details class="notes">
          <summary>
            <Icon name="info" />
            {notes.length === 1 ? "1 note" : `${notes.length} notes`} on what is seen less exactly
          </summary>
          <ul class="problems">{notes.map((problem) => <Row key={problem.id} problem={problem} />)}</ul>
        </details>
      )}
    </>
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
