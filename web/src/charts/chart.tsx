/** Holds an ECharts chart: made when it is first in view, and as large as its room. */

import { useEffect, useRef } from "preact/hooks";
import { init, type EChartsOption, type EChartsType } from "./echarts";

interface Props {
  /** Makes the chart's option with the colours of the present theme. */
  option(colors: CSSStyleDeclaration): EChartsOption | undefined;
  label: string;
  onPick(path: string): void;
}

export function Chart({ option, label, onPick }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const latest = useRef({ option, onPick });
  latest.current = { option, onPick };

  const draw = () => {
    const made = room.current && latest.current.option(getComputedStyle(room.current));
    if (!made || !chart.current) return;
    chart.current.clear(); // a treemap that is told of new data keeps areas of the old ones
    chart.current.setOption(made);
  };
  useEffect(() => {
    const element = room.current;
    if (!element) return;
    const resized = new ResizeObserver(() => {
      if (element.clientWidth && element.clientHeight) chart.current?.resize();
    });
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting) || chart.current) return;
      seen.disconnect();
      chart.current = init(element, null, { renderer: "svg" });
      chart.current.on("click", (event) => {
        const { path } = (event.data ?? {}) as { path?: string };
        if (path !== undefined) latest.current.onPick(path);
      });
      draw();
      resized.observe(element);
    });
    seen.observe(element);
    return () => {
      seen.disconnect();
      resized.disconnect();
      chart.current?.dispose();
    };
  }, []);
  useEffect(draw, [option]);
  return <div ref={room} class="chart" role="img" aria-label={label} />;
}
