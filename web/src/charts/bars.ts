/** Bars by stage: the shares of all measures of one network, or one measure of two. */

import type { Network } from "../data";
import { amount, MEASURE_NAMES, MEASURES, percent, type Measure } from "../format";
import type { EChartsOption } from "./echarts";
import { textTooltip, tooltipColors } from "./treemap";

export function bars(
  networks: readonly Network[], measure: Measure, colors: CSSStyleDeclaration,
): EChartsOption {
  const color = (name: string) => colors.getPropertyValue(name).trim();
  const stages = [...new Set(networks.flatMap((network) => network.stages))];
  const [first, second] = networks;
  if (!first) return {};
  const text = { color: color("--ink"), fontSize: 11, fontFamily: colors.fontFamily };
  const cost = (network: Network, stage: string, of: Measure) => network.parts[stage]?.cost[of] ?? 0;
  const series = second
    ? networks.map((network, at) => ({
        type: "bar" as const,
        name: network.name,
        color: color(at ? `--${measure}` : `--${measure}-tint2`),
        itemStyle: { borderColor: color(`--${measure}`), borderWidth: 1 },
        data: stages.map((path) => ({ path, value: cost(network, path, measure) })),
      }))
    : MEASURES.map((each) => ({
        type: "bar" as const,
        name: MEASURE_NAMES[each],
        color: color(`--${each}`),
        data: stages.map((path) => ({
          path, value: (100 * cost(first, path, each)) / (first.cost[each] || 1),
        })),
      }));
  const tell = (path: string) =>
    second
      ? networks.map((network) => `${network.name}: ${amount(measure, cost(network, path, measure))}`)
      : MEASURES.map((each) => {
          const value = cost(first, path, each);
          return `${MEASURE_NAMES[each]}: ${percent(value, first.cost[each])} (${amount(each, value)})`;
        });
  return {
    animation: false,
    textStyle: { fontFamily: colors.fontFamily },
    aria: { enabled: true, label: { enabled: false }, decal: { show: !second } },
    grid: { left: 4, right: 16, top: 26, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 10, textStyle: text },
    tooltip: {
      ...tooltipColors(color),
      trigger: "axis",
      axisPointer: { type: "shadow" },
      formatter: (of) => {
        const path = stages[(Array.isArray(of) ? of[0] : of)?.dataIndex ?? 0] ?? "";
        return textTooltip([path, ...tell(path)]);
      },
    },
    yAxis: {
      type: "category", data: stages, inverse: true,
      axisLabel: text, axisTick: { show: false }, axisLine: { lineStyle: { color: color("--line") } },
    },
    xAxis: {
      type: "value", splitNumber: 4,
      axisLabel: {
        ...text, color: color("--muted"), hideOverlap: true,
        formatter: (value: number) => second ? amount(measure, value).replace(/\.0+(?=\D)/, "") : `${value} %`,
      },
      splitLine: { lineStyle: { color: color("--line") } },
    },
    series,
  };
}
