// The built extension, beside a `vscode` that only keeps what it is told.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const require = createRequire(import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "seqdsl-"));

/** A window, and a configuration whose seqdsl.path is `path`; the rest is any class or function. */
function editor(path) {
  const told = { errors: [], commands: {}, changed: undefined };
  const anything = new Proxy(class {}, {
    get: (target, key) => (key in target || typeof key === "symbol" ? target[key] : anything),
    apply: () => anything,
  });
  const channel = { info() {}, warn() {}, error() {}, show() {}, dispose() {} };
  const own = {
    window: {
      createOutputChannel: () => channel,
      showErrorMessage: async (message) => void told.errors.push(message),
    },
    workspace: {
      getConfiguration: () => ({ get: (_, otherwise) => path ?? otherwise }),
      workspaceFolders: [{ uri: { fsPath: folder } }],
      onDidChangeConfiguration: (listener) => void (told.changed = listener),
    },
    commands: { registerCommand: (name, run) => void (told.commands[name] = run) },
  };
  const vscode = new Proxy(own, { get: (target, key) => target[key] ?? anything });
  return { told, vscode };
}

async function activated(path) {
  const { told, vscode } = editor(path);
  const load = Module._load;
  Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));
  const place = require.resolve("../dist/extension.js");
  delete require.cache[place];
  try {
    const extension = require(place);
    await extension.activate({ subscriptions: [] });
    return { told, extension };
  } finally {
    Module._load = load;
  }
}

test("a program that is missing is named, with the way on", async () => {
  const { told, extension } = await activated("no-such-seqdsl");
  assert.equal(told.errors.length, 1);
  assert.match(told.errors[0], /no program "no-such-seqdsl"\. Install it .*or set seqdsl\.path/);
  await extension.deactivate();
});

test("the program that is missing is looked for again", async () => {
  const { told } = await activated("no-such-seqdsl");
  await told.commands["seqdsl.restart"]();
  assert.equal(told.errors.length, 2);
  await told.changed({ affectsConfiguration: (name) => name === "seqdsl.path" });
  assert.equal(told.errors.length, 3);
  await told.changed({ affectsConfiguration: () => false });
  assert.equal(told.errors.length, 3);
});

test("a file that is no program is none", async () => {
  writeFileSync(join(folder, "plain"), "");
  chmodSync(join(folder, "plain"), 0o644);
  const { told } = await activated(join(folder, "plain"));
  assert.equal(told.errors.length, 1);
});
