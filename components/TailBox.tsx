/** The window over a list that grows at its head: it says how many rows wait above while one reads further down. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { counted } from "./format.ts";
import { Icon } from "./Icon.tsx";

/** Scrolled further than this is away from the newest row. */
const TOP_PX = 24;

export interface TailBoxProps {
  label: string;
  away: Signal<boolean>;
  /** Rows that came meanwhile, and what one is called. */
  waiting: number;
  one: string;
  many: string;
  children: ComponentChildren;
}

export function TailBox({ label, away, waiting, one, many, children }: TailBoxProps) {
  const box = useRef<HTMLDivElement>(null);
  return (
    <div class="tail">
      {away.value && (
        <button
          type="button"
          class="button tail-top"
          onClick={() => {
            box.current!.scrollTop = 0;
            box.current!.focus({ preventScroll: true });
          }}
        >
          <Icon name="up" />
          {waiting > 0 ? `${counted(waiting, `newer ${one}`, `newer ${many}`)}` : "Back to the newest"}
        </button>
      )}
      <div
        class="table-box tail-box"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label={label}
        onScroll={(event) => away.value = event.currentTarget.scrollTop > TOP_PX}
      >
        {children}
      </div>
    </div>
  );
}
