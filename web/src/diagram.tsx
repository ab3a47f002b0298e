/** One network's drawing at the present depth, which zooms, moves, and selects. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { BOXES, boxesIn, boxOf, makeStop, outlineOf, prepare, select as mark, towards, type Box } from "./boxes";
import { useShared } from "./context";
import type { Network } from "./data";
import { Minimap, type Outline } from "./minimap";
import { drawingAt, shownAs, type Depth } from "./model";
import { viewOf, type View } from "./zoom";

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};
const DEPTHS: Record<string, Depth> = { 1: "network", 2: "block", 3: "layer", 4: "group" };
const STEP = 60; // pixels

export function Diagram({ network, net }: { network: Network; net: number }) {
  const { page, depth, selection, reveal, select, setDepth } = useShared();
  const port = useRef<SVGSVGElement>(null);
  const content = useRef<SVGGElement>(null);
  const view = useRef<View | null>(null);
  const [outline, setOutline] = useState<Outline | null>(null);
  const drawing = drawingAt(network, depth);
  const svg = drawing?.svg ?? "";
  const marks = JSON.stringify(drawing?.mark); // an update brings new objects, equal or not
  // Of two networks, the other's part of the same path is shown, too.
  const shown = drawing && (selection.net === net || network.parts[selection.path])
    ? shownAs(drawing, network, selection.path)
    : null;

  useLayoutEffect(() => {
    if (!port.current || !content.current) return;
    view.current = viewOf(port.current, content.current);
    return () => view.current?.destroy();
  }, []);

  useLayoutEffect(() => {
    if (!content.current || !drawing) return;
    const focused = content.current.contains(document.activeElement)
      ? document.activeElement?.getAttribute("data-path") ?? null
      : null;
    content.current.innerHTML = svg.slice(Math.max(svg.indexOf("<svg"), 0)); // the compiler's own
    const inner = content.current.querySelector("svg");
    if (!inner) return setOutline(null);
    // Alone it is an image; here its boxes are buttons, which nothing may hide.
    inner.removeAttribute("role");
    inner.removeAttribute("aria-label");
    const { width, height } = inner.viewBox.baseVal;
    inner.setAttribute("width", String(width));
    inner.setAttribute("height", String(height));
    setOutline(outlineOf(inner));
    prepare(content.current, drawing);
    makeStop(content.current, boxesIn(content.current)[0]);
    view.current?.resize(width, height);
    if (focused) boxOf(content.current, focused)?.focus({ preventScroll: true });
  }, [svg, marks]);

  // At another depth the old place means nothing; after an update it does.
  useLayoutEffect(() => view.current?.start(), [depth, svg === ""]);

  useLayoutEffect(() => {
    if (!content.current) return;
    const chosen = mark(content.current, shown);
    if (chosen?.matches(BOXES)) makeStop(content.current, chosen);
  }, [shown, svg, marks]);

  useEffect(() => {
    const box = content.current && boxOf(content.current, shown);
    if (reveal.except === net) return; // the reader sees what was clicked
    if (box && selection.path !== "") view.current?.reveal(box);
  }, [reveal, depth]);

  const move = (to: Box | null | undefined) => {
    if (!to || !content.current) return;
    makeStop(content.current, to);
    to.focus({ preventScroll: true });
    view.current?.reveal(to);
  };
  const pathUnder = (event: Event) =>
    (event.target as Element).closest<SVGElement>("[data-path]")?.dataset.path;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const boxes = content.current ? boxesIn(content.current) : [];
    const focused = (event.target as Element).closest<Box>(BOXES) ?? boxes[0];
    const arrow = ARROWS[event.key];
    const at = focused ? boxes.indexOf(focused) : -1;
    if (arrow && event.shiftKey) view.current?.pan(-arrow[0] * STEP, -arrow[1] * STEP);
    else if (arrow) move(focused && towards(focused, boxes, ...arrow));
    else if (event.key === "n") move(boxes[at + 1]);
    else if (event.key === "p") move(boxes[at - 1]);
    else if (event.key === "Home") move(boxes[0]);
    else if (event.key === "End") move(boxes.at(-1));
    else if (event.key === "+" || event.key === "=") view.current?.by(1.25);
    else if (event.key === "-") view.current?.by(0.8);
    else if (event.key === "0") view.current?.fit();
    else if (DEPTHS[event.key]) setDepth(DEPTHS[event.key] as Depth);
    else if (event.key === "Escape") select(net, "", { from: "diagram" });
    else if (event.key === "Enter" || event.key === " ") {
      if (focused) select(net, focused.dataset.path, { from: "diagram" });
    } else return;
    event.preventDefault();
  };
  const count = drawing ? boxCount(svg) : 0;
  return (
    <div class="canvas" onKeyDown={onKeyDown}>
      {page.networks.length > 1 && <h3>{network.name}</h3>}
      <svg
        ref={port} class="port" role="group"
        aria-label={`${network.name}, ${depth} depth, ${count} boxes`}
        onClick={(event) => {
          const path = pathUnder(event);
          if (path !== undefined) select(net, path, { from: "diagram" });
        }}
      >
        <g ref={content} />
      </svg>
      {svg === "" && <p class="note">{drawing?.note || "Nothing is drawn at this depth."}</p>}
      {outline && <Minimap outline={outline} shown={shown} view={view} />}
      {svg !== "" && (
        <div class="zoom" role="group" aria-label={`Zoom of ${network.name}`}>
          <button type="button" title="Zoom in (+)" aria-label="Zoom in" onClick={() => view.current?.by(1.25)}>+</button>
          <button type="button" title="Zoom out (−)" aria-label="Zoom out" onClick={() => view.current?.by(0.8)}>−</button>
          <button type="button" title="Fit the whole drawing (0)" onClick={() => view.current?.fit()}>fit</button>
        </div>
      )}
    </div>
  );
}

function boxCount(svg: string): number {
  return svg.split('class="box').length - 1;
}
