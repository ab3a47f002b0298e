/** A source with the lines of the selected part; a click on a line selects what it is of. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useShared } from "./context";
import type { Line, Network, Part } from "./data";
import { innermost } from "./model";

export function SourceView({ network, part }: { network: Network; part: Part }) {
  const { place: wished, selection, select, reveal } = useShared();
  const place = wished ?? part.place;
  const [shown, setShown] = useState(place.source);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => setShown(place.source), [place.source, place.first, part.path]);
  const at = network.sources[shown] ? shown : 0;
  const source = network.sources[at];
  const isHit = (line: number) =>
    place.source === at && place.first <= line && line <= place.last;

  useLayoutEffect(() => {
    const hit = list.current?.querySelector<HTMLElement>(".hit");
    const box = list.current;
    if (!hit || !box) return;
    const above = hit.offsetTop; // within the list, which is positioned
    const isIn = above >= box.scrollTop && above + 3 * hit.offsetHeight < box.scrollTop + box.clientHeight;
    if (!isIn) box.scrollTop = above - box.clientHeight / 3; // the page itself stays where it is
  }, [at, place.first, place.last, reveal, source]);

  const choose = (line: number) => {
    const found = innermost(network, at, line, selection.path);
    if (found) select(selection.net, found.path, { from: "source" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = (event.target as HTMLElement).closest("li");
    if (!step || !row) return;
    event.preventDefault();
    const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
    next?.querySelector("button")?.focus();
  };
  const stop = place.source === at ? place.first : 1;
  const rows = useMemo(() => source?.lines.map((line) => <code>{spans(line)}</code>), [source]);
  return (
    <section class="source" aria-labelledby="source-title">
      <div class="toolbar">
        <h3 id="source-title">Source</h3>
        {network.sources.length > 1 ? (
          <select
            aria-label="Source file" value={String(at)}
            onChange={(event) => setShown(Number(event.currentTarget.value))}
          >
            {network.sources.map((each, index) => (
              <option key={index} value={String(index)}>{each.name}</option>
            ))}
          </select>
        ) : <span class="file">{source?.name}</span>}
      </div>
      <ol ref={list} class="code" onKeyDown={onKeyDown}>
        {rows?.map((row, index) => {
          const line = index + 1;
          return (
            <li key={line} class={isHit(line) ? "hit" : ""} onClick={() => choose(line)}>
              <button
                type="button" tabIndex={line === stop ? 0 : -1}
                aria-label={`Line ${line}${isHit(line) ? ", of what is selected" : ""}`}
              >
                {line}
              </button>
              {row}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function spans(line: Line) {
  return line.map(([name, text], index) =>
    name ? <span key={index} class={`t-${name}`}>{text}</span> : text,
  );
}
