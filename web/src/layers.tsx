/** Every layer with its exact numbers, in a table that sorts. */

import { useMemo, useState } from "preact/hooks";
import { useShared } from "./context";
import type { Network, Part } from "./data";
import { exact, groups, MEASURES, percent, shape, type Measure } from "./format";

type Key = "order" | "path" | Measure | "field";

const COLUMNS: [Key, string][] = [
  ["order", "#"],
  ["path", "Layer"],
  ["params", "Parameters"],
  ["macs", "MACs"],
  ["memory", "Activations (B)"],
  ["field", "Receptive field"],
];

export function Layers() {
  const { page, selection } = useShared();
  const network = page.networks[selection.net];
  return network ? <LayerTable key={network.name} network={network} net={selection.net} /> : null;
}

function LayerTable({ network, net }: { network: Network; net: number }) {
  const { selection, select } = useShared();
  const [sort, setSort] = useState<{ key: Key; down: boolean }>({ key: "order", down: false });
  const rows = useMemo(() => sorted(network, sort.key, sort.down), [network, sort]);
  const most = Object.fromEntries(
    MEASURES.map((measure) => [measure, Math.max(...rows.map(([, part]) => part.cost[measure]), 1)]),
  ) as Record<Measure, number>;
  const toggle = (key: Key) =>
    setSort((now) =>
      now.key === key ? { key, down: !now.down } : { key, down: key !== "order" && key !== "path" },
    );
  const heading = ([key, title]: [Key, string]) => (
    <th
      key={key} scope="col" class={key === "path" ? "" : "number"}
      aria-sort={sort.key !== key ? undefined : sort.down ? "descending" : "ascending"}
    >
      <button type="button" class="plain" onClick={() => toggle(key)}>
        {title}
        <span aria-hidden="true" class="sort">{sort.key === key ? (sort.down ? "▼" : "▲") : ""}</span>
      </button>
    </th>
  );
  return (
    <table class="layers">
      <caption class="hidden">Layers of {network.name}, in dataflow order unless sorted</caption>
      <thead>
        <tr>
          {COLUMNS.slice(0, 2).map(heading)}
          <th scope="col">What it does</th>
          <th scope="col">Output</th>
          <th scope="col">Groups</th>
          {COLUMNS.slice(2).map(heading)}
        </tr>
      </thead>
      <tbody>
        {rows.map(([index, part]) => {
          const isChosen = part.path === selection.path;
          return (
            <tr
              key={part.path} class={isChosen ? "chosen" : ""}
              onClick={() => select(net, part.path)}
            >
              <td class="number muted">{index + 1}</td>
              <th scope="row">
                <button type="button" class="plain" aria-pressed={isChosen}>{part.path}</button>
                {part.times > 1 && <span class="muted"> × {part.times}</span>}
              </th>
              <td>{part.detail}</td>
              <td>{shape(part.output)}</td>
              <td>{part.groups.length > 1 ? groups(part.groups) : "–"}</td>
              {MEASURES.map((measure) => (
                <td
                  key={measure} class={`number bar ${measure}`}
                  title={percent(part.cost[measure], network.cost[measure])}
                  style={{ "--share": String(part.cost[measure] / most[measure]) }}
                >
                  {exact(part.cost[measure])}
                </td>
              ))}
              <td class="number">{part.receptiveField?.join(" × ") ?? "all"}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function sorted(network: Network, key: Key, down: boolean): [number, Part][] {
  const rows = network.layers.flatMap((path, index): [number, Part][] => {
    const part = network.parts[path];
    return part ? [[index, part]] : [];
  });
  const value = ([index, part]: [number, Part]): number | string => {
    if (key === "order") return index;
    if (key === "path") return part.path;
    if (key === "field") return part.receptiveField?.reduce((a, b) => a * b, 1) ?? Infinity;
    return part.cost[key];
  };
  const sign = down ? -1 : 1;
  return rows.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return x < y ? -sign : x > y ? sign : 0; // equals stay in dataflow order
  });
}
