/** The licence texts of what is in the bundle, as one file. */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Dependency } from "rollup-plugin-license";

const RULE = `\n${"-".repeat(79)}\n\n`;

export function licenceTexts(dependencies: Dependency[]): string {
  const texts = dependencies
    .map((each) => ({ name: each.name ?? "", text: licenceText(each) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ text }) => text);
  return `report.js has code of these libraries.\n${RULE}${texts.join(RULE)}`;
}

function licenceText({ name, version, license, licenseText, noticeText }: Dependency): string {
  if (!licenseText) throw new Error(`${name} ${version} has no licence text`);
  const more = [noticeText, ...embedded(name ?? "")].filter(Boolean).map((text) => text?.trim());
  return `${[`${name} ${version} (${license})`, licenseText.trim(), ...more].join("\n\n")}\n`;
}

/** Licences of code that a library has taken in: ECharts keeps them in a folder. */
function embedded(name: string): string[] {
  const folder = resolve(import.meta.dirname, "node_modules", name, "licenses");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).sort().map((file) => readFileSync(join(folder, file), "utf8"));
}
