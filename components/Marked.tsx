/** A sign beside a connection, host or program that alerts are about; the words are in its title and for screen readers. */
import { gradeOf } from "./finding_words.ts";
import { Icon } from "./Icon.tsx";
import type { Marks } from "./marks.ts";

export function Marked({ found }: { found: Marks | undefined }) {
  if (found === undefined) return null;
  const { word, tone } = gradeOf(found.severity);
  const more = found.marks.length > 1 ? ` and ${found.marks.length - 1} more` : "";
  const text = `${word}: ${found.marks[0].text}${more}`;
  return (
    <span class={`found-mark tone-${tone}`} title={text}>
      <Icon name={tone} />
      <span class="visually-hidden foreign">{text}.</span>
    </span>
  );
}
