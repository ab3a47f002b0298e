/** The big numbers; of two networks, side by side with what changes. */

import { useShared } from "./context";
import type { Network } from "./data";
import { amount, exact, MEASURES, percent, signed, type Measure } from "./format";

const LABELS: Record<Measure, string> = { params: "params", macs: "MACs", memory: "activations" };
const UNITS: Record<Measure, string> = {
  params: "trained parameters: weights and biases",
  macs: "multiply-accumulates of convolutions and linear layers, for one sample",
  memory: "bytes of float32 that convolutions and linear layers put out, for one sample",
};

export function Figures({ networks }: { networks: Network[] }) {
  const [first, second] = networks;
  if (!first) return null;
  return (
    <dl class="figures">
      {MEASURES.map((measure) => (
        <Figure
          key={measure} label={LABELS[measure]} about={UNITS[measure]}
          values={networks.map((network) => amount(measure, network.cost[measure]))}
          exacts={networks.map((network) => exact(network.cost[measure]))}
          change={second && change(measure, first.cost[measure], second.cost[measure])}
        />
      ))}
      {first.flops.map(({ convention, heading, about }) => (
        <Figure
          key={convention} label={heading} about={about}
          values={networks.map((network) => flopsBy(network, convention))}
        />
      ))}
      <ClaimFigure networks={networks} />
    </dl>
  );
}

function flopsBy(network: Network, convention: string): string {
  return network.flops.find((each) => each.convention === convention)?.value ?? "–";
}

function change(measure: Measure, before: number, after: number): string {
  if (before === after) return "same";
  const sign = after > before ? "+" : "−";
  return `${signed(measure, after - before)} (${sign}${percent(Math.abs(after - before), before)})`;
}

interface FigureProps {
  label: string;
  about: string;
  values: string[];
  exacts?: string[];
  change?: string | undefined;
}

function Figure({ label, about, values, exacts, change }: FigureProps) {
  const title = [about, exacts?.join(" → ")].filter(Boolean).join("\n");
  return (
    <div class="figure" title={title}>
      <dt>
        {label}
        <span class="hidden">: {about}</span>
      </dt>
      <dd>
        {values.join(" → ")}
        {change && <span class="change">{change}</span>}
      </dd>
    </div>
  );
}

function ClaimFigure({ networks }: { networks: Network[] }) {
  const { setTab } = useShared();
  const claims = networks.flatMap((network) => network.claims);
  const met = claims.filter((claim) => claim.holds).length;
  const failed = claims.length - met;
  return (
    <div class="figure">
      <dt>claims</dt>
      <dd>
        {claims.length === 0 ? "none" : (
          <button type="button" class="plain" onClick={() => setTab("claims")}>
            <span class="good">✓ {met} met</span>
            {failed > 0 && <span class="wrong"> ✗ {failed} not met</span>}
          </button>
        )}
      </dd>
    </div>
  );
}
