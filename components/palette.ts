/**
 * Colours for slices that come, go and change places each second: a label keeps its colour for as long as it is
 * shown, so that the eye can follow it. Colours are numbers of CSS classes (`slice-1` …); 0 is for the rest.
 */

/** Colours there are beside the one for the rest; as in static/css/charts.css. */
export const SLICE_COLOURS = 8;

/** Labels that name no one, and the greys they always wear. */
const NAMELESS: Record<string, number> = { other: 0, unattributed: SLICE_COLOURS + 1 };

/** Hands out colours. Holds at most `SLICE_COLOURS` labels. */
export class Palette {
  #taken = new Map<string, number>();

  /**
   * A colour for each label, in the order given. Colours of labels that are gone are free again; labels beyond
   * the last colour get 0.
   */
  assign(labels: string[]): number[] {
    for (const label of this.#taken.keys()) if (!labels.includes(label)) this.#taken.delete(label);
    const free: number[] = [];
    const used = new Set(this.#taken.values());
    for (let colour = 1; colour <= SLICE_COLOURS; colour++) if (!used.has(colour)) free.push(colour);
    return labels.map((label) => {
      if (Object.hasOwn(NAMELESS, label)) return NAMELESS[label];
      const colour = this.#taken.get(label) ?? free.shift() ?? 0;
      if (colour > 0) this.#taken.set(label, colour);
      return colour;
    });
  }
}
