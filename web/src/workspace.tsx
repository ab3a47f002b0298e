/** The diagram, or two of them, and the depth that they are drawn at. */

import { useShared } from "./context";
import { Diagram } from "./diagram";
import { Legend } from "./legend";
import type { Depth } from "./model";

const DEPTHS: [Depth, string][] = [
  ["network", "one box a stage"],
  ["block", "one box a layer, framed by its block; copies are folded"],
  ["layer", "one box a layer; nothing is folded"],
  ["group", "in each layer of groups, a row a group and the window that it sees"],
];

export function Workspace() {
  const { page, depth, setDepth } = useShared();
  const there = new Set(page.networks.flatMap((net) => net.drawings.map((each) => each.depth)));
  return (
    <section class="workspace" aria-labelledby="diagram-title">
      <div class="toolbar">
        <h2 id="diagram-title">Diagram</h2>
        <fieldset class="switch">
          <legend class="hidden">Depth of the diagram</legend>
          {DEPTHS.filter(([name]) => there.has(name)).map(([name, about]) => (
            <label key={name} title={about}>
              <input
                type="radio" name="depth" value={name} checked={name === depth}
                onChange={() => setDepth(name)}
              />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
        {page.networks.length > 1 && <Legend />}
      </div>
      <div class="canvases">
        {page.networks.map((network, net) => <Diagram key={net} network={network} net={net} />)}
      </div>
    </section>
  );
}
