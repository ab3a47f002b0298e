/** The tabs under the diagram. What a tab shows is made when it is first opened. */

import { useRef, useState } from "preact/hooks";
import { Claims } from "./claims";
import { useShared, type Tab } from "./context";
import { Costs } from "./costs";
import { DifferenceTable } from "./difference";
import { Groups } from "./groups";
import { Layers } from "./layers";

const TABS: [Tab, string, () => preact.JSX.Element | null][] = [
  ["difference", "Difference", DifferenceTable],
  ["costs", "Costs", Costs],
  ["layers", "Layers", Layers],
  ["groups", "Groups", Groups],
  ["claims", "Claims", Claims],
];

/** Tabs that show one of two networks: that of what is selected. */
const OF_ONE: ReadonlySet<Tab> = new Set(["costs", "layers", "groups"]);

export function Dock() {
  const { page, tab: wished, setTab } = useShared();
  const [isTall, setTall] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const tabs = TABS.filter(([name]) => name !== "difference" || page.difference);
  const tab = tabs.some(([name]) => name === wished) ? wished : "costs";
  const Shown = tabs.find(([name]) => name === tab)?.[2];

  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex(([name]) => name === tab);
    const last = tabs.length - 1;
    const to = {
      ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last,
    }[event.key];
    const next = to === undefined ? undefined : tabs[to];
    if (!next) return;
    event.preventDefault();
    setTab(next[0]);
    list.current?.querySelector<HTMLElement>(`#tab-${next[0]}`)?.focus();
  };
  return (
    <section class={`dock${isTall ? " tall" : ""}`} aria-labelledby="dock-title">
      <h2 id="dock-title" class="hidden">Costs, layers, groups and claims</h2>
      <div class="toolbar">
        <div role="tablist" aria-label="What to show" ref={list} onKeyDown={onKeyDown}>
          {tabs.map(([name, title]) => (
            <button
              key={name} type="button" role="tab" id={`tab-${name}`} aria-controls="tab-panel"
              aria-selected={name === tab} tabIndex={name === tab ? 0 : -1}
              onClick={() => setTab(name)}
            >
              {title}
            </button>
          ))}
        </div>
        {page.networks.length > 1 && OF_ONE.has(tab) && <NetworkSwitch />}
        <button
          type="button" class="size" aria-pressed={isTall} onClick={() => setTall(!isTall)}
          title="More room for this, less for the diagram"
        >
          {isTall ? "smaller" : "larger"}
        </button>
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {Shown && <Shown />}
      </div>
    </section>
  );
}

function NetworkSwitch() {
  const { page, selection, select } = useShared();
  return (
    <fieldset class="switch">
      <legend class="hidden">Network</legend>
      {page.networks.map((network, net) => (
        <label key={net}>
          <input
            type="radio" name="network" checked={net === selection.net}
            onChange={() => select(net, network.parts[selection.path] ? selection.path : "")}
          />
          <span>{network.name}</span>
        </label>
      ))}
    </fieldset>
  );
}
