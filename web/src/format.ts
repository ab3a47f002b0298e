/** Numbers as people read them. */

import type { Cost } from "./data";

export type Measure = keyof Cost;

export const MEASURES: readonly Measure[] = ["params", "macs", "memory"];

export const MEASURE_NAMES: Record<Measure, string> = {
  params: "Parameters",
  macs: "MACs",
  memory: "Activations",
};

/** Three digits and a power of a thousand: `25.6M`. */
export function short(count: number, digits = 3): string {
  const size = Math.abs(count);
  for (const [scale, suffix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "K"]] as const) {
    if (size >= scale) return rounded(count / scale, digits) + suffix;
  }
  return String(count);
}

/** `67.4 MB`: powers of a thousand, as disks and papers count. */
export function bytes(count: number): string {
  const text = short(count);
  return /[KMGT]$/.test(text) ? `${text.slice(0, -1)} ${text.slice(-1)}B` : `${text} B`;
}

export function amount(measure: Measure, count: number): string {
  return measure === "memory" ? bytes(count) : short(count);
}

/** With a sign, for differences. */
export function signed(measure: Measure, count: number): string {
  if (count === 0) return "±0";
  return (count > 0 ? "+" : "−") + amount(measure, Math.abs(count));
}

/** All digits, a comma at each thousand. */
export function exact(count: number): string {
  return count.toLocaleString("en-US");
}

export function percent(part: number, whole: number): string {
  if (whole === 0) return "–";
  const share = (100 * part) / whole;
  if (share > 0 && share < 0.05) return "<0.1 %";
  return `${share.toFixed(1)} %`;
}

/** `4 × 32`, or `784 + 32 × 12` where widths differ. */
export function groups(widths: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const width of widths) {
    const last = runs.at(-1);
    if (last?.[1] === width) last[0] += 1;
    else runs.push([1, width]);
  }
  return runs.map(([count, width]) => (count > 1 ? `${count} × ${width}` : width)).join(" + ");
}

/** `32x112x112` with the sign for times, which is easier to read. */
export function shape(text: string): string {
  return text.replace(/(\d)x(?=\d)/g, "$1×");
}

function rounded(value: number, digits: number): string {
  const whole = String(Math.trunc(Math.abs(value))).length;
  return value.toFixed(Math.max(digits - whole, 0));
}
