import type { Signal } from "@preact/signals";
import { greeting } from "../define.ts";

export default function Counter({ name, count }: { name: string; count: Signal<number> }) {
  return <button type="button" onClick={() => count.value++}>{greeting(name)} {count}</button>;
}
