/** Copies a command; says so in words for two seconds. */
import { useState } from "preact/hooks";
import { Icon } from "./Icon.tsx";

const SAID_MS = 2_000;

export function CopyButton({ text }: { text: string }) {
  const [said, setSaid] = useState("");
  return (
    <button
      type="button"
      class="button button-small needs-script"
      aria-label={said === "" ? `Copy the command: ${text}` : said}
      onClick={async () => {
        setSaid(await copy(text) ? "Copied" : "Not allowed");
        setTimeout(() => setSaid(""), SAID_MS);
      }}
    >
      <Icon name={said === "Copied" ? "check" : "copy"} />
      {said || "Copy"}
    </button>
  );
}

/** The clipboard of browsers is closed on plain http beyond this machine; there the old way still works. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
