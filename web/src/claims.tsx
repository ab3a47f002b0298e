/** What the file claims, and whether it is so. */

import { useShared } from "./context";
import { nameOf } from "./model";

export function Claims() {
  const { page, place, selection, showPlace } = useShared();
  const rows = page.networks.flatMap((network, net) =>
    network.claims.map((claim) => ({ network, net, claim })),
  );
  if (rows.length === 0) {
    return <p class="nothing">The file claims nothing of this network: <code>expect params 1.2M</code> would.</p>;
  }
  return (
    <table class="claims">
      <caption class="hidden">Claims of the file beside what the compiler computes</caption>
      <thead>
        <tr>
          <th scope="col">Verdict</th>
          <th scope="col">Of</th>
          <th scope="col">Metric</th>
          <th scope="col" class="number">Printed</th>
          <th scope="col" class="number">Computed</th>
          <th scope="col" class="number">Difference</th>
          <th scope="col">Source</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ network, net, claim }, index) => (
          <tr
            key={index} onClick={() => showPlace(net, claim.place)}
            class={place === claim.place && selection.net === net ? "chosen" : ""}
          >
            <td class={claim.holds ? "good" : "wrong"}>{claim.holds ? "✓ met" : "✗ not met"}</td>
            <td>
              {page.networks.length > 1 && claim.part !== "" && `${network.name} `}
              {nameOf(network, claim.part)}
            </td>
            <td>{claim.metric}</td>
            <td class="number">{claim.printed}</td>
            <td class="number">{claim.computed}</td>
            <td class="number">{claim.difference}</td>
            <td>
              <button type="button" class="plain">
                {network.sources[claim.place.source]?.name}:{claim.place.first}
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
