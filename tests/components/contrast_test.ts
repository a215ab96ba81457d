/** Colours are promises about legibility: here they are kept, in both themes (WCAG 2.2, 1.4.3 and 1.4.11). */
import assert from "node:assert/strict";

const css = await Deno.readTextFile(new URL("../../static/css/tokens.css", import.meta.url));
const THEMES = ["light", "dark"] as const;

/** Each pair: text of at least 4.5:1, or lines and shapes of at least 3:1. */
const TEXT: [string, string[]][] = [
  ["ink", ["ground", "surface", "raised", "hover", "accent-wash", "error-wash", "warning-wash", "info-wash"]],
  ["ink-2", ["ground", "surface", "raised", "hover", "error-wash", "warning-wash", "info-wash"]],
  ["ink-3", ["ground", "surface", "raised", "hover", "accent-wash"]],
  ["accent", ["ground", "surface", "hover", "raised", "info-wash"]],
  ["in", ["surface", "hover", "accent-wash"]],
  ["out", ["surface", "hover", "accent-wash"]],
  ["ok", ["surface", "ok-wash"]],
  ["info", ["surface", "info-wash"]],
  ["warning", ["surface", "warning-wash"]],
  ["error", ["surface", "error-wash", "hover"]],
  ["surface", ["error"]], // the count of findings in the navigation
];
const SHAPES: [string, string[]][] = [
  ["local", ["surface"]],
  ["other", ["surface"]],
  ...Array.from({ length: 10 }, (_, i): [string, string[]] => [`slice-${i}`, ["surface"]]),
];

Deno.test("text has a contrast of 4.5:1, shapes of 3:1, in both themes", () => {
  for (const [pairs, least] of [[TEXT, 4.5], [SHAPES, 3]] as const) {
    for (const [front, grounds] of pairs) {
      for (const ground of grounds) {
        THEMES.forEach((theme, i) => {
          const ratio = contrast(colour(front)[i], colour(ground)[i]);
          assert.ok(
            ratio >= least,
            `${theme}: --${front} on --${ground} has ${ratio.toFixed(2)}:1, needs ${least}`,
          );
        });
      }
    }
  }
});

function colour(name: string): [string, string] {
  const match = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css);
  assert.ok(match, `--${name} has a colour for each theme`);
  return [match[1], match[2]];
}

/** WCAG 2.2, "contrast ratio". */
function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** WCAG 2.2, "relative luminance". */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
