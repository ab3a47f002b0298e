/** What is known of the selected part, and the source that it comes from. */

import { useShared } from "./context";
import type { Network, Part } from "./data";
import { amount, exact, groups, MEASURE_NAMES, MEASURES, percent, shape, signed } from "./format";
import { MatrixTable } from "./matrix";
import { ancestry, partAt } from "./model";
import { PartsTable } from "./parts";
import { SourceView } from "./source";

export function Details({ network }: { network: Network }) {
  const { page, selection } = useShared();
  const part = partAt(network, selection.path);
  if (!part) return null;
  const isGroup = part.kind === "group";
  const layer = isGroup ? part.within : part.path;
  const matrix = network.matrices.find((each) => each.path === layer);
  const isCompared = page.networks.length > 1;
  return (
    <aside class="details" aria-labelledby="details-title">
      <div class="facts">
        {isCompared && part.path !== "" && <p class="of">in <strong>{network.name}</strong></p>}
        {part.path !== "" && <Breadcrumb network={network} part={part} />}
        <h2 id="details-title">
          {part.name} <small>{part.kind}{part.times > 1 && `, ${part.times} copies`}</small>
        </h2>
        <Facts network={network} part={part} />
        {matrix && (
          <section>
            <h3>Who sees whom</h3>
            <MatrixTable matrix={matrix} room={10} reader={isGroup ? part.name : undefined} />
          </section>
        )}
        <PartsTable network={network} part={part} />
        <p class="hidden" role="status">
          {`${part.path || part.name} is selected: ${part.detail || part.kind}, ${shape(part.output)}`}
        </p>
      </div>
      <SourceView network={network} part={part} />
    </aside>
  );
}

function Breadcrumb({ network, part }: { network: Network; part: Part }) {
  const { selection, select } = useShared();
  const around = ancestry(network, part);
  return (
    <nav aria-label="Parts around it" class="breadcrumb">
      <ol>
        {around.map((each) => (
          <li key={each.path}>
            <button
              type="button" class="plain"
              aria-current={each === part ? "true" : undefined}
              onClick={() => select(selection.net, each.path)}
            >
              {each.name}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Facts({ network, part }: { network: Network; part: Part }) {
  const field = (sizes: number[]) => sizes.join(" × ");
  return (
    <>
      {part.detail && part.kind !== "network" && <p class="detail">{part.detail}</p>}
      <dl class="pairs">
        <dt>shape</dt>
        <dd>{shape(part.input)} → <strong>{shape(part.output)}</strong></dd>
        {part.groups.length > 1 && (
          <>
            <dt>groups</dt>
            <dd>{groups(part.groups)}</dd>
          </>
        )}
        <dt title="pixels of the input that one element sees">receptive field</dt>
        <dd>
          {part.receptiveField ? field(part.receptiveField) : "the whole input"}
          {part.receptiveStride && `, stride ${field(part.receptiveStride)}`}
        </dd>
      </dl>
      <CostTable network={network} part={part} />
    </>
  );
}

function CostTable({ network, part }: { network: Network; part: Part }) {
  const { page, selection } = useShared();
  const other = page.networks[1 - selection.net];
  const twin = page.networks.length > 1 ? other?.parts[part.path] : undefined;
  return (
    <table class="costs">
      <thead>
        <tr>
          <td />
          <th scope="col">{part.times > 1 ? `all ${part.times}` : "cost"}</th>
          <th scope="col">share</th>
          {twin && <th scope="col">to {other?.name}</th>}
        </tr>
      </thead>
      <tbody>
        {MEASURES.map((measure) => {
          const share = network.cost[measure] ? part.cost[measure] / network.cost[measure] : 0;
          return (
            <tr key={measure} class={measure}>
              <th scope="row">{MEASURE_NAMES[measure]}</th>
              <td title={exact(part.cost[measure])}>{amount(measure, part.cost[measure])}</td>
              <td class="bar" style={{ "--share": String(share) }}>
                {percent(part.cost[measure], network.cost[measure])}
              </td>
              {twin && <td>{signed(measure, twin.cost[measure] - part.cost[measure])}</td>}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
