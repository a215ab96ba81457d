/** Which rows of a long list are drawn: those in view, and some beyond, so that scrolling finds them there. */

/** Rows drawn above and below the view. */
export const OVERSCAN = 16;

/** Most rows ever drawn at once, however tall the window. */
export const MAX_DRAWN = 200;

/** First row (counted from 0) and the one after the last to draw. */
export function sliceWindow(first: number, rows: number, total: number): { start: number; end: number } {
  // A list that has shrunk leaves the view beyond its end until the browser scrolls back.
  const seen = Math.max(0, Math.min(first, total - rows));
  const start = Math.max(0, seen - OVERSCAN);
  return { start, end: Math.min(total, start + MAX_DRAWN, seen + rows + OVERSCAN) };
}
