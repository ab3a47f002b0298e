/** The parts of ECharts that the page uses; nothing else goes into the bundle. */

import { BarChart, TreemapChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([
  AriaComponent, BarChart, GridComponent, LegendComponent, SVGRenderer, TooltipComponent,
  TreemapChart,
]);

export { init };
export type { EChartsType } from "echarts/core";
export type { EChartsOption, TreemapSeriesOption } from "echarts";
