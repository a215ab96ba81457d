/** Light, dark, or as the system has it; remembered in this browser and set before the first paint by static/theme.js. */
import { useEffect, useState } from "preact/hooks";
import { Icon } from "./Icon.tsx";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = typeof THEMES[number];

const WORDS: Record<Theme, string> = { auto: "as the system", light: "light", dark: "dark" };
const ICONS = { auto: "auto", light: "sun", dark: "moon" } as const;

/** Told to whoever must draw with colours by hand. */
export const THEME_EVENT = "netpane-theme";

export function ThemeToggle() {
  const [theme, setTheme] = useState<Theme>("auto");
  useEffect(() => {
    const set = document.documentElement.dataset.theme;
    if (set === "light" || set === "dark") setTheme(set);
  }, []);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  return (
    <button
      type="button"
      class="button button-icon needs-script"
      aria-label={`Theme: ${WORDS[theme]}. Change to ${WORDS[next]}`}
      title={`Theme: ${WORDS[theme]}`}
      onClick={() => {
        choose(next);
        setTheme(next);
      }}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}

function choose(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "auto") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // Storage may be forbidden: then the choice holds for this page.
  }
  globalThis.dispatchEvent(new Event(THEME_EVENT));
}
