/** The parts right inside of a part, with what each gives and costs. */

import { useShared } from "./context";
import type { Network, Part } from "./data";
import { amount, MEASURE_NAMES, shape } from "./format";

export function PartsTable({ network, part }: { network: Network; part: Part }) {
  const { measure, selection, select } = useShared();
  // A copy that another stands for is counted there.
  const folded = new Set(network.drawings.flatMap((each) => Object.keys(each.stands)));
  const inside = Object.values(network.parts).filter(
    (each) => each.within === part.path && !folded.has(each.path),
  );
  if (inside.length === 0) return null;
  const most = Math.max(...inside.map((each) => each.cost[measure]), 1);
  return (
    <section>
      <table class="inside">
        <caption><h3>Inside</h3> <span class="muted">{MEASURE_NAMES[measure]}</span></caption>
        <thead class="hidden">
          <tr>
            <th scope="col">part</th>
            <th scope="col">output</th>
            <th scope="col">{MEASURE_NAMES[measure]}</th>
          </tr>
        </thead>
        <tbody>
          {inside.map((each) => (
            <tr key={each.path} title={each.detail}>
              <th scope="row">
                <button
                  type="button" class="plain"
                  onClick={() => select(selection.net, each.path)}
                >
                  {each.name}
                </button>
              </th>
              <td>{shape(each.output)}</td>
              <td class={`bar ${measure}`} style={{ "--share": String(each.cost[measure] / most) }}>
                {each.cost[measure] > 0 && amount(measure, each.cost[measure])}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
