/** Where the cost goes: a treemap of one measure, and bars of all three by stage. */

import { useMemo } from "preact/hooks";
import { bars } from "./charts/bars";
import { Chart } from "./charts/chart";
import { treemap } from "./charts/treemap";
import { useShared } from "./context";
import { MEASURE_NAMES, MEASURES } from "./format";

export function Costs() {
  const { page, measure, selection, theme, select } = useShared();
  const network = page.networks[selection.net];
  const tree = useMemo(
    () => (colors: CSSStyleDeclaration) => network && treemap(network, measure, selection.path, colors),
    [network, measure, selection.path, theme],
  );
  const byStage = useMemo(
    () => (colors: CSSStyleDeclaration) => bars(page.networks, measure, colors),
    [page, measure, theme],
  );
  if (!network) return null;
  const [first, second] = page.networks;
  return (
    <div class="cost-charts">
      <figure>
        <figcaption>
          <h3>{MEASURE_NAMES[measure]} by part{second && ` of ${network.name}`}</h3>
          <MeasureSwitch />
        </figcaption>
        <Chart
          option={tree} label={`${MEASURE_NAMES[measure]} of each part of ${network.name}, as areas; the tab Layers has the numbers`}
          onPick={(path) => select(selection.net, path)}
        />
      </figure>
      <figure>
        <figcaption>
          <h3>{second ? `${MEASURE_NAMES[measure]} by stage` : "Share of each stage"}</h3>
        </figcaption>
        <Chart
          option={byStage} label={`Costs by stage of ${[first, second].flatMap((each) => each?.name ?? []).join(" and ")}`}
          onPick={(path) => select(selection.net, path)}
        />
      </figure>
    </div>
  );
}

function MeasureSwitch() {
  const { measure, setMeasure } = useShared();
  return (
    <fieldset class="switch">
      <legend class="hidden">Measure</legend>
      {MEASURES.map((each) => (
        <label key={each}>
          <input
            type="radio" name="measure" value={each} checked={each === measure}
            onChange={() => setMeasure(each)}
          />
          <span>{MEASURE_NAMES[each]}</span>
        </label>
      ))}
    </fieldset>
  );
}
