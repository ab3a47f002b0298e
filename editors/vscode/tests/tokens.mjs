// Prints the tokens of .seq files as vscode-textmate reads them, one JSON array a file:
// [line, start, end, scope, scope, ...], lines and UTF-16 columns from 0.
// node tests/tokens.mjs FILE...
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";

const require = createRequire(import.meta.url);
const GRAMMAR = fileURLToPath(new URL("../syntaxes/seq.tmLanguage.json", import.meta.url));

export async function loadGrammar() {
  await oniguruma.loadWASM(readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm")));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(readFileSync(GRAMMAR, "utf8"), GRAMMAR),
  });
  const grammar = await registry.loadGrammar("source.seq");
  if (grammar === null) throw new Error(`no grammar in ${GRAMMAR}`);
  return grammar;
}

export function tokensOf(grammar, text) {
  const found = [];
  let state = textmate.INITIAL;
  text.split(/\r?\n/).forEach((line, number) => {
    const result = grammar.tokenizeLine(line, state);
    state = result.ruleStack;
    for (const token of result.tokens) {
      const end = Math.min(token.endIndex, line.length);
      if (token.startIndex < end) found.push([number, token.startIndex, end, ...token.scopes]);
    }
  });
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const grammar = await loadGrammar();
  for (const path of process.argv.slice(2)) {
    console.log(JSON.stringify(tokensOf(grammar, readFileSync(path, "utf8"))));
  }
}
