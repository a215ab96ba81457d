/** What the server has against a question: words for people, and the place in the filter. */
import type { ProblemDetails } from "../model/api.ts";

export interface Trouble {
  /** A sentence. */
  text: string;
  /** Where in the filter, counted from 0; null where it is not the filter, or all of it. */
  at: number | null;
}

/** What an answer that is not `ok` says. */
export async function troubleOf(answer: Response): Promise<Trouble> {
  const why = await answer.json().catch(() => null) as Partial<ProblemDetails> | null;
  return {
    text: why?.detail ?? `The list could not be read (${answer.status})`,
    at: why?.field === "q" && typeof why.at === "number" ? why.at : null,
  };
}

/** A filter cut where it is wrong: what stands before, the word at fault (empty at the end), and the rest. */
export function cutAt(filter: string, at: number): [string, string, string] {
  const rest = filter.slice(at);
  const [word] = /^(?:[()"]|[^\s()]*)/.exec(rest)!;
  return [filter.slice(0, at), word, rest.slice(word.length)];
}
