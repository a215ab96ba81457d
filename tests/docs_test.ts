/** Documentation that is made from the rules, or must agree with them. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { KINDS } from "../detect/kinds.ts";
import { settingName } from "../detect/settings.ts";
import { feedMarkdown } from "../model/feed.ts";
import { parseSettings } from "../monitor/settings.ts";
import { ruleDocs } from "../tools/make_rule_docs.ts";

const DOCS = fileURLToPath(new URL("../docs/", import.meta.url));
const read = (name: string) => Deno.readTextFileSync(DOCS + name);
const parse = (text: string) => parseSettings({ text, format: "toml", name: "example", folder: "/" });

Deno.test("what the rules say of themselves is in the docs", () => {
  for (const [name, text] of Object.entries(ruleDocs())) {
    assert(
      read(name) === text,
      `docs/${name} is not what the rules say: deno run --allow-read --allow-write=docs tools/make_rule_docs.ts`,
    );
  }
});

Deno.test("kinds and signatures are unique, and defaults are within what is allowed", () => {
  for (const field of ["kind", "signatureId"] as const) {
    assert.equal(new Set(KINDS.map((spec) => spec[field])).size, KINDS.length, field);
  }
  for (const { kind, notices, why, fooled, options } of KINDS) {
    assert(notices !== "" && why !== "" && fooled !== "", kind);
    const names = Object.keys(options).map(settingName);
    assert(new Set([...names, "enabled"]).size === names.length + 1, kind);
    for (const [name, { default: value, range: [least, most] }] of Object.entries(options)) {
      assert(value >= least && value <= most, `${kind}.${name}`);
    }
  }
});

Deno.test("the example is a settings file, with every rule at its defaults", () => {
  const { rules, expected, blocklists, notify } = parse(read("netpane.example.toml"));
  const defaults = KINDS.map(({ kind, enabled = true, options }) => {
    const values = Object.entries(options).map(([name, { default: value }]) => [name, value]);
    return [kind, { enabled, ...(values.length === 0 ? {} : { options: Object.fromEntries(values) }) }];
  });
  assert.deepEqual(rules, Object.fromEntries(defaults));
  assert.deepEqual([expected.length, blocklists.length, notify.length], [2, 1, 6]);
});

Deno.test("every piece of a settings file in docs/SETTINGS.md is right", () => {
  const pieces = [...read("SETTINGS.md").matchAll(/```toml\n([\s\S]*?)```/g)].map(([, text]) => text);
  assert(pieces.length >= 4);
  for (const text of pieces) parse(text);
});

Deno.test("docs/FUNCTIONS.md names what there is", () => {
  const root = fileURLToPath(new URL("../", import.meta.url));
  const text = read("FUNCTIONS.md");
  let names = 0;
  for (const [, list, path] of text.matchAll(/((?:`\w+`(?:, )?)+) in\s+`([\w/.]+\.ts)`/g)) {
    const source = Deno.readTextFileSync(root + path);
    for (const [, name] of list.matchAll(/`(\w+)`/g)) {
      assert.match(source, new RegExp(`export [^\n]*\\b${name}\\b`), `${path} has no ${name}`);
      names++;
    }
  }
  assert(names >= 25, `only ${names} names were found in the page`);
  for (const [, path] of text.matchAll(/`([\w/]+\.ts)`/g)) assert(Deno.statSync(root + path).isFile, path);
});

Deno.test("the README's table of the feed is that of the program", () => {
  const readme = squeezed(Deno.readTextFileSync(`${DOCS}../README.md`));
  for (const line of feedMarkdown().split("\n")) {
    if (!line.startsWith("| ---")) assert(readme.includes(squeezed(line)), `README.md lacks: ${line}`);
  }
});

function squeezed(text: string): string {
  return text.replaceAll(/ +/g, " ");
}
