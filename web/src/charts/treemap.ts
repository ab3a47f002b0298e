/** The parts of a network as areas, nested as they stand in one another. */

import type { Network } from "../data";
import { amount, exact, MEASURE_NAMES, percent, type Measure } from "../format";
import { ancestry } from "../model";
import type { EChartsOption, TreemapSeriesOption } from "./echarts";

type Item = NonNullable<TreemapSeriesOption["data"]>[number] & {
  path: string;
  name: string;
  value: number;
  children?: Item[];
};

export function treemap(
  network: Network, measure: Measure, selected: string, colors: CSSStyleDeclaration,
): EChartsOption {
  const color = (name: string) => colors.getPropertyValue(name).trim();
  const whole = network.cost[measure];
  const label = { color: color("--ink"), fontFamily: colors.fontFamily, fontSize: 11 };
  const border = color("--paper");
  return {
    animation: false,
    textStyle: { fontFamily: colors.fontFamily },
    tooltip: {
      ...tooltipColors(color),
      formatter: (of) => {
        const { path, value } = (Array.isArray(of) ? of[0] : of)?.data as Item;
        const detail = network.parts[path]?.detail;
        return textTooltip([
          path, detail ?? "", `${amount(measure, value)} (${exact(value)}), ${percent(value, whole)}`,
        ]);
      },
    },
    series: {
      type: "treemap",
      name: MEASURE_NAMES[measure],
      roam: false,
      nodeClick: false,
      breadcrumb: { show: false },
      left: 0, right: 0, top: 0, bottom: 0,
      data: nest(network, measure, selected, color),
      visibleMin: 4,
      childrenVisibleMin: 60,
      label: { ...label, show: true, formatter: "{b}", overflow: "truncate", padding: 2 },
      upperLabel: { ...label, show: true, height: 16, overflow: "truncate", padding: [0, 3] },
      itemStyle: { borderColor: border, borderWidth: 1, gapWidth: 1 },
      emphasis: {
        label: { color: color("--ink") },
        upperLabel: { ...label, show: true, height: 16 },
        itemStyle: { borderColor: color("--accent") },
      },
      levels: [
        { itemStyle: { borderWidth: 0, gapWidth: 2 }, upperLabel: { show: false } },
        { itemStyle: { borderWidth: 2, gapWidth: 1 } },
        { itemStyle: { borderWidth: 1, gapWidth: 1 } },
      ],
    },
  };
}

/** The layers, in the parts that they stand in; a part with one part alone is that part. */
function nest(
  network: Network, measure: Measure, selected: string, color: (name: string) => string,
): Item[] {
  const top: Item[] = [];
  const known = new Map<string, Item[]>([["", top]]);
  for (const path of network.layers) {
    const layer = network.parts[path];
    if (!layer || layer.cost[measure] <= 0) continue;
    let into = top;
    for (const part of ancestry(network, layer)) {
      if (part.path === "" || part === layer) continue;
      let inside = known.get(part.path);
      if (!inside) {
        inside = [];
        known.set(part.path, inside);
        into.push({ path: part.path, name: part.name, value: 0, children: inside });
      }
      into = inside;
    }
    into.push({ path, name: layer.name, value: layer.cost[measure] });
  }
  const finish = (items: Item[], depth: number, tint: number): number => {
    let sum = 0;
    items.forEach((item, at) => {
      const shade = depth === 0 ? at % 2 : tint;
      if (item.children) item.value = finish(item.children, depth + 1, shade);
      sum += item.value;
      const chosen = item.path === selected;
      item.itemStyle = {
        color: color(`--${measure}-tint${shade ? "2" : ""}`),
        borderColor: chosen ? color("--accent") : item.children ? color("--panel") : color("--paper"),
        ...(chosen ? { borderWidth: 3 } : {}),
      };
    });
    return sum;
  };
  finish(top, 0, 0);
  return top;
}

export function tooltipColors(color: (name: string) => string) {
  return {
    confine: true,
    backgroundColor: color("--paper"),
    borderColor: color("--line-strong"),
    textStyle: { color: color("--ink"), fontSize: 12, fontFamily: "inherit" },
  };
}

/** Lines as an element: text stays text, whatever stands in it. */
export function textTooltip(lines: string[]): HTMLElement {
  const box = document.createElement("div");
  for (const line of lines.filter(Boolean)) {
    const row = document.createElement("div");
    row.textContent = line;
    box.append(row);
  }
  return box;
}
