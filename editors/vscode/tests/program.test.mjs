import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";

import { buildSync } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "seqdsl-"));
const built = join(folder, "program.mjs");
buildSync({ entryPoints: ["src/program.ts"], outfile: built, format: "esm", platform: "node" });
const { expand, find } = await import(built);

const program = join(folder, "bin", "seqdsl");
mkdirSync(join(folder, "bin", "folder"), { recursive: true });
writeFileSync(program, "#!/bin/sh\n");
chmodSync(program, 0o755);

test("a name is looked for on the PATH", () => {
  assert.equal(find("seqdsl", undefined, ["", "/nowhere", join(folder, "bin")].join(delimiter)), program);
  assert.equal(find("seqdsl", folder, "/nowhere"), undefined);
  assert.equal(find("", folder, join(folder, "bin")), undefined);
  assert.equal(find("folder", undefined, join(folder, "bin")), undefined);
});

test("a path is taken from the workspace's folder, or as it stands", () => {
  assert.equal(find("bin/seqdsl", folder, ""), program);
  assert.equal(find(program, undefined, ""), program);
  assert.equal(find("bin/other", folder, ""), undefined);
});

test("a setting's variables are filled in", () => {
  assert.equal(expand(" ${workspaceFolder}/bin/seqdsl", folder), program);
  assert.equal(expand("~/seqdsl", undefined), `${homedir()}/seqdsl`);
  process.env.SEQ_TEST = "$&";
  assert.equal(expand("${env:SEQ_TEST}/a", undefined), "$&/a");
  assert.equal(expand("~other", folder), "~other");
});
