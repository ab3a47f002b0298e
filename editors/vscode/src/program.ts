// Where the program is that `seqdsl.path` names.

import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join, resolve } from "node:path";

/** The setting with `~`, `${workspaceFolder}` and `${env:NAME}` filled in. */
export function expand(setting: string, folder: string | undefined): string {
  return setting
    .trim()
    .replace(/^~(?=[/\\]|$)/, () => homedir())
    .replace(/\$\{workspaceFolder\}/g, () => folder ?? "")
    .replace(/\$\{env:(\w+)\}/g, (_, name: string) => process.env[name] ?? "");
}

/** The program's path: as it stands, from the folder, or on the PATH; nothing where there is none. */
export function find(
  program: string,
  folder: string | undefined,
  path = process.env["PATH"] ?? "",
): string | undefined {
  if (program === "") return undefined;
  if (/[/\\]/.test(program)) {
    const place = isAbsolute(program) ? program : resolve(folder ?? "", program);
    return runnable(place);
  }
  for (const place of path.split(delimiter)) {
    const found = place === "" ? undefined : runnable(join(place, program));
    if (found !== undefined) return found;
  }
  return undefined;
}

function runnable(place: string): string | undefined {
  const endings = process.platform === "win32" ? ["", ".exe", ".cmd", ".bat"] : [""];
  return endings.map((ending) => place + ending).find(isProgram);
}

function isProgram(place: string): boolean {
  try {
    accessSync(place, constants.X_OK);
    return statSync(place).isFile();
  } catch {
    return false;
  }
}
