/**
 * Makes `capture/inspect/card/card_sieve_bytes.ts`: WebAssembly from `card_sieve.as` beside it, as text of a module, so
 * that a worker without permissions and the compiled program have it.
 *
 *   deno task sieve [--check]
 *
 * With `--check` nothing is written: exit code 1 where the module is not what the source gives.
 */

/**
 * Fetched by whoever makes the sieve alone. Named in deno.json it would be fetched by all who start Netpane, with the 94
 * MB of its compiler.
 */
const COMPILER: string = "npm:assemblyscript@0.28.20/asc";

/** What is used of it. */
interface Compiler {
  main(args: string[], io: {
    readFile(name: string): string | null;
    writeFile(name: string, contents: string | Uint8Array): void;
    listFiles(): string[];
    stderr: { write(text: string | Uint8Array): void };
  }): Promise<{ error: Error | null }>;
}

const FOLDER = new URL("../capture/inspect/card/", import.meta.url);
/** Where it is kept. */
const TARGET = new URL("card_sieve_bytes.ts", FOLDER);

/** 64 KiB each; the memory the source lays out for itself, and no more. */
const PAGES = "6";
const LINE = 100;

/** The module's text. */
async function makeSieve(): Promise<string> {
  const files: Record<string, string> = {
    "card_sieve.ts": Deno.readTextFileSync(new URL("card_sieve.as", FOLDER)),
  };
  let binary = new Uint8Array();
  let said = "";
  const { default: compiler }: { default: Compiler } = await import(COMPILER);
  const { error } = await compiler.main([
    ...["card_sieve.ts", "--outFile", "card_sieve.wasm", "-O3", "--converge", "--noAssert"],
    ...["--enable", "simd", "--runtime", "stub", "--initialMemory", PAGES, "--maximumMemory", PAGES],
  ], {
    readFile: (name: string) => files[name] ?? null,
    writeFile: (_: string, contents: string | Uint8Array) => {
      if (typeof contents !== "string") binary = contents.slice();
    },
    listFiles: () => [],
    stderr: { write: (text: string | Uint8Array) => void (said += text) },
  });
  if (error !== null || binary.length === 0) {
    throw new Error(`Cannot compile card_sieve.as: ${error}\n${said}`);
  }
  let characters = "";
  for (const byte of binary) characters += String.fromCharCode(byte);
  const lines = btoa(characters).match(new RegExp(`.{1,${LINE}}`, "g"))!;
  return `/** Made by \`deno task sieve\` from card_sieve.as: ${binary.length} bytes of WebAssembly in base64. */\n` +
    `const BASE64 = [\n${lines.map((line) => `  "${line}",\n`).join("")}];\n\n` +
    `/** The sieve's WebAssembly. */\n` +
    `export function sieveBytes(): Uint8Array<ArrayBuffer> {\n` +
    `  return Uint8Array.fromBase64(BASE64.join(""));\n}\n`;
}

if (Deno.args.includes("--check")) {
  if (await makeSieve() !== Deno.readTextFileSync(TARGET)) {
    console.error("card_sieve_bytes.ts is not what card_sieve.as gives: run deno task sieve");
    Deno.exit(1);
  }
} else Deno.writeTextFileSync(TARGET, await makeSieve());
