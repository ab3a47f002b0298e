/** The whole drawing, small, with what of it is in view. Keys and buttons do all that it does. */

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Area, View } from "./zoom";

export interface Outline {
  width: number;
  height: number;
  boxes: (Area & { path: string; isBox: boolean })[];
}

const ROOM = { width: 200, height: 260 }; // pixels

interface Props {
  outline: Outline;
  shown: string | null;
  view: RefObject<View | null>;
}

export function Minimap({ outline, shown, view }: Props) {
  const port = useRef<SVGSVGElement>(null);
  const frame = useRef<SVGPathElement>(null);
  const { width, height } = outline;
  const scale = Math.min(ROOM.width / width, ROOM.height / height);

  useLayoutEffect(() => {
    view.current?.watch((seen) => {
      const isAll =
        seen.x <= 0 && seen.y <= 0 && seen.x + seen.width >= width && seen.y + seen.height >= height;
      port.current?.classList.toggle("needless", isAll);
      const from = { x: Math.max(seen.x, 0), y: Math.max(seen.y, 0) };
      const to = {
        x: Math.min(seen.x + seen.width, width), y: Math.min(seen.y + seen.height, height),
      };
      // What is out of view is shaded: the drawing, but for a hole.
      const hole = to.x > from.x && to.y > from.y ? `M${from.x} ${from.y}V${to.y}H${to.x}V${from.y}z` : "";
      frame.current?.setAttribute("d", `M0 0H${width}V${height}H0z${hole}`);
    });
  }, [outline]);

  const move = (event: PointerEvent) => {
    const area = port.current?.getBoundingClientRect();
    if (!area || event.buttons !== 1) return;
    port.current?.setPointerCapture(event.pointerId);
    view.current?.center((event.clientX - area.x) / scale, (event.clientY - area.y) / scale);
  };
  return (
    <svg
      ref={port} class="minimap" aria-hidden="true" viewBox={`0 0 ${width} ${height}`}
      width={width * scale} height={height * scale} onPointerDown={move} onPointerMove={move}
    >
      {outline.boxes.map(({ path, isBox, ...area }) => (
        <rect key={path} {...area} class={`${isBox ? "box" : "frame"}${path === shown ? " chosen" : ""}`} />
      ))}
      <path ref={frame} class="unseen" fill-rule="evenodd" />
    </svg>
  );
}
