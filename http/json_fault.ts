/** Where a text stops being JSON (RFC 8259): `JSON.parse` says so only sometimes, and in words that change. */

const SPACE = /[ \t\r\n]*/y;
// deno-lint-ignore no-control-regex -- which a string may not hold
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** What may come next. */
type Wants = "value" | "value or end" | "name" | "name or end" | "comma or end" | "end";

/** @returns Place of the first character that cannot be there, from 0; the length where something is missing; -1: JSON. */
export function jsonFaultAt(text: string): number {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return false;
    at += found[0].length;
    return true;
  };
  /** Closing brackets that are owed. */
  const open: string[] = [];
  let wants: Wants = "value";
  const closed = (): Wants => open.length === 0 ? "end" : "comma or end";
  for (;;) {
    take(SPACE);
    if (at >= text.length) return wants === "end" ? -1 : text.length;
    const next = text[at];
    if (wants === "end") return at;
    if (wants.endsWith("or end") && next === open.at(-1)) {
      at++;
      open.pop();
      wants = closed();
    } else if (wants === "comma or end") {
      if (next !== ",") return at;
      at++;
      wants = open.at(-1) === "}" ? "name" : "value";
    } else if (wants.startsWith("name")) {
      if (!take(STRING)) return at;
      take(SPACE);
      if (text[at] !== ":") return at;
      at++;
      wants = "value";
    } else if (next === "{" || next === "[") {
      at++;
      open.push(next === "{" ? "}" : "]");
      wants = next === "{" ? "name or end" : "value or end";
    } else if (take(STRING) || take(SCALAR)) wants = closed();
    else return at;
  }
}
