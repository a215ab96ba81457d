/** Heads of columns: their names and what they mean, from the tables of `model/help/`. */
import type { FieldHelp } from "../model/help/fields.ts";

export interface ColumnHelp {
  label: string;
  /** Shown when the pointer rests on the head. */
  hint: string;
}

/** @param fields Of a type's table. */
export function columnHelp(field: FieldHelp): ColumnHelp {
  const { title, help, unit } = field;
  return { label: title ?? "", hint: unit === undefined ? help : `${help} (${unit})` };
}
