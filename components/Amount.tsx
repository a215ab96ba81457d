/** A number with its unit set smaller beside it; read aloud as one. */
import type { Quantity } from "./format.ts";

export function Amount({ q }: { q: Quantity }) {
  return (
    <span class="amount">
      {q.value}
      {q.unit !== "" && <span class="unit">{"\u00a0" + q.unit}</span>}
    </span>
  );
}
