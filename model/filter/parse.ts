/** A filter's text, read: terms, brackets and words between them, with the place of everything that is wrong. */
import { nearest } from "../nearest.ts";
import {
  type Comparison,
  EVERYTHING,
  FIELD_NAMES,
  type FieldName,
  FIELDS,
  type Filter,
  FilterError,
  MAX_DEPTH,
  MAX_FILTER_LENGTH,
} from "./filter.ts";

interface Token {
  text: string;
  at: number;
  /** In quotation marks: never an operator, never a field. */
  quoted: boolean;
}

/** Brackets, quoted texts, and runs of anything else (with quoted parts, as in `name:"a b"`). */
const TOKEN = /[()]|(?:[^\s()"]*"[^"]*")+[^\s()"]*|[^\s()"]+|"/g;
const TERM = /^([a-z_]+)(:|<=|>=|<|>|=)(.*)$/is;

/**
 * @returns What the text asks for; `EVERYTHING` for an empty one.
 * @throws {FilterError} With the place at fault.
 */
export function parseFilter(text: string): Filter {
  if (text.length > MAX_FILTER_LENGTH) {
    throw new FilterError(`A filter takes at most ${MAX_FILTER_LENGTH} characters`, MAX_FILTER_LENGTH);
  }
  const parser = new Parser(text);
  return parser.whole();
}

class Parser {
  readonly #tokens: Token[];
  readonly #length: number;
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#length = text.length;
    this.#tokens = Array.from(text.matchAll(TOKEN), ([found], i) => ({ found, i })).map(({ found }) => ({
      text: found,
      at: 0,
      quoted: found.startsWith('"') && found.length > 1,
    }));
    let from = 0;
    for (const token of this.#tokens) {
      token.at = text.indexOf(token.text, from);
      from = token.at + token.text.length;
      if (token.text === '"') throw new FilterError('A quotation mark (") has no partner', token.at);
    }
  }

  whole(): Filter {
    if (this.#tokens.length === 0) return EVERYTHING;
    const filter = this.#either();
    const rest = this.#peek();
    if (rest !== undefined) throw new FilterError('This ")" closes no bracket', rest.at);
    return filter;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #isWord(token: Token | undefined, word: string): boolean {
    return token !== undefined && !token.quoted && token.text.toLowerCase() === word;
  }

  #either(): Filter {
    const parts = [this.#all()];
    while (this.#isWord(this.#peek(), "or")) {
      this.#next++;
      parts.push(this.#all());
    }
    return parts.length === 1 ? parts[0] : { or: parts };
  }

  #all(): Filter {
    const parts = [this.#one()];
    for (;;) {
      const token = this.#peek();
      if (token === undefined || token.text === ")" || this.#isWord(token, "or")) break;
      if (this.#isWord(token, "and")) this.#next++;
      parts.push(this.#one());
    }
    return parts.length === 1 ? parts[0] : { and: parts };
  }

  #one(): Filter {
    const token = this.#peek();
    if (token === undefined) {
      throw new FilterError("Something is missing here: a word, or field:value", this.#length);
    }
    if (this.#isWord(token, "and") || this.#isWord(token, "or")) {
      throw new FilterError(`"${token.text}" stands between two terms; one is missing before it`, token.at);
    }
    this.#next++;
    if (this.#isWord(token, "not") || token.text === "!") {
      return { not: this.#deeper(() => this.#one(), token) };
    }
    if (token.text === ")") throw new FilterError('This ")" closes no bracket', token.at);
    if (token.text === "(") {
      const inner = this.#deeper(() => this.#either(), token);
      if (this.#peek()?.text !== ")") throw new FilterError('This "(" is never closed', token.at);
      this.#next++;
      return inner;
    }
    if (!token.quoted && token.text.startsWith("!")) {
      return { not: termOf({ ...token, text: token.text.slice(1), at: token.at + 1 }) };
    }
    return termOf(token);
  }

  #deeper<T>(read: () => T, token: Token): T {
    if (++this.#depth > MAX_DEPTH) throw new FilterError(`Nested deeper than ${MAX_DEPTH}`, token.at);
    const result = read();
    this.#depth--;
    return result;
  }
}

function termOf({ text, at, quoted }: Token): Filter {
  const bare = text.replaceAll('"', "");
  const parts = quoted || looksLikeAddress(bare) ? null : TERM.exec(bare);
  if (parts === null) return { word: bare, at };
  const [, name, compare, value] = parts;
  const field = name.toLowerCase();
  if (!isField(field)) {
    const hint = nearest(field, FIELD_NAMES) || `; known are ${FIELD_NAMES.join(", ")}`;
    throw new FilterError(`There is no field "${name}"${hint}`, at);
  }
  if (value === "") {
    throw new FilterError(
      `"${name}${compare}" needs a value, as in ${FIELDS[field].example}`,
      at + text.length,
    );
  }
  return { field, compare: compare as Comparison, value, at };
}

/** Only fields of our own: not what every object has. */
export function isField(name: string): name is FieldName {
  return Object.hasOwn(FIELDS, name);
}

/** IPv6 and MAC addresses, and pieces of them, have colons, and `fe80::1` begins like a field; no field is all hex. */
function looksLikeAddress(text: string): boolean {
  return /^[0-9a-f]*:[0-9a-f:.]*(%\w+)?(\/\d+)?$/i.test(text) &&
    (/^[0-9a-f]{0,4}:[0-9a-f]{0,4}(:|$)/i.test(text));
}
