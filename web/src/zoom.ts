/** Zoom and pan of a drawing, by d3-zoom. */

import { select } from "d3-selection";
import { zoom, zoomIdentity, type ZoomTransform } from "d3-zoom";

/** Below this, text of a drawing can't be read: then the view starts at its first boxes. */
const READABLE = 0.6;
const MARGIN = 16;

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface View {
  by(factor: number): void;
  /** All of the drawing. */
  fit(): void;
  /** As much as can be read, from where the dataflow begins. */
  start(): void;
  pan(x: number, y: number): void;
  /** Brings an element into view, or the beginning of a larger one, if it is not there; from far
   * away, zooms until it can be read. */
  reveal(element: SVGGraphicsElement): void;
  /** Moves a point of the drawing into the middle. */
  center(x: number, y: number): void;
  /** Tells, now and at each change, which part of the drawing is in view. */
  watch(listener: (seen: Area) => void): void;
  /** Tells the size of a new drawing. */
  resize(width: number, height: number): void;
  destroy(): void;
}

export function viewOf(port: SVGSVGElement, content: SVGGElement): View {
  let drawing = { width: 1, height: 1 };
  let tell: (seen: Area) => void = () => {};
  let touched = false; // by the reader; until then the view follows the window's size
  const base = select(port);
  const behavior = zoom<SVGSVGElement, unknown>()
    .clickDistance(4)
    .on("zoom", (event: { transform: ZoomTransform; sourceEvent: unknown }) => {
      if (event.sourceEvent) touched = true;
      content.setAttribute("transform", event.transform.toString());
      tell(seen());
    });
  base.call(behavior).on("dblclick.zoom", null);

  const size = () => ({ width: port.clientWidth || 1, height: port.clientHeight || 1 });
  const seen = (): Area => {
    const { k, x, y } = transformOf(port);
    const { width, height } = size();
    return { x: -x / k, y: -y / k, width: width / k, height: height / k };
  };
  const whole = () => {
    const { width, height } = size();
    return Math.min(
      (width - 2 * MARGIN) / drawing.width, (height - 2 * MARGIN) / drawing.height,
    );
  };
  const put = (k: number, x: number, y: number) => {
    base.call(behavior.transform, zoomIdentity.translate(x, y).scale(k));
  };
  const bound = () => {
    const { width, height } = size();
    const least = Math.min(whole(), 1) * 0.5;
    const far = 0.7 / Math.max(least, 0.05);
    behavior.scaleExtent([Math.max(least, 0.02), 6]).translateExtent([
      [-width * far, -height * far],
      [drawing.width + width * far, drawing.height + height * far],
    ]);
  };
  const fit = () => {
    const { width, height } = size();
    const k = Math.min(whole(), 1.5);
    put(k, (width - drawing.width * k) / 2, (height - drawing.height * k) / 2);
  };
  const start = () => {
    touched = false;
    bound();
    if (whole() >= READABLE) return fit();
    const { width, height } = size();
    const [across, down] = [width - 2 * MARGIN, height - 2 * MARGIN];
    const k = Math.min(1, Math.max(across / drawing.width, down / drawing.height, READABLE));
    const at = (room: number, length: number) =>
      length * k <= room - 2 * MARGIN ? (room - length * k) / 2 : MARGIN;
    put(k, at(width, drawing.width), at(height, drawing.height));
  };

  let last = size();
  const observer = new ResizeObserver(() => {
    const now = size();
    if (touched) {
      bound();
      const { k, x, y } = transformOf(port); // what was in the middle stays there
      put(k, x + (now.width - last.width) / 2, y + (now.height - last.height) / 2);
    } else start();
    last = now;
  });
  observer.observe(port);

  return {
    by: (factor) => {
      touched = true;
      base.call(behavior.scaleBy, factor);
    },
    fit: () => {
      touched = true;
      fit();
    },
    start,
    pan: (x, y) => {
      touched = true;
      const { k } = transformOf(port);
      base.call(behavior.translateBy, x / k, y / k);
    },
    reveal: (element) => {
      const box = element.getBoundingClientRect();
      const around = port.getBoundingClientRect();
      const { k, x, y } = transformOf(port);
      const isSeen =
        isIn(box.left, box.right, around.left, around.right) &&
        isIn(box.top, box.bottom, around.top, around.bottom);
      if (k >= READABLE * 0.75 && isSeen) return;
      touched = true;
      const next = Math.max(k, Math.min(1, READABLE * 1.3));
      const shift = (from: number, length: number, room: number) =>
        offset(length * next / k, room) - from * next / k;
      put(
        next,
        shift(box.x - around.x - x, box.width, around.width),
        shift(box.y - around.y - y, box.height, around.height),
      );
    },
    center: (x, y) => {
      touched = true;
      const { k } = transformOf(port);
      const { width, height } = size();
      put(k, width / 2 - x * k, height / 2 - y * k);
    },
    watch: (listener) => {
      tell = listener;
      tell(seen());
    },
    resize: (width, height) => {
      drawing = { width, height };
      bound();
    },
    destroy: () => {
      observer.disconnect();
      base.on(".zoom", null);
    },
  };
}

function transformOf(port: SVGSVGElement): ZoomTransform {
  return (port as SVGSVGElement & { __zoom?: ZoomTransform }).__zoom ?? zoomIdentity;
}

/** Where a stretch begins in a room: in the middle, or at its start where it is longer. */
function offset(length: number, room: number): number {
  return length <= room ? (room - length) / 2 : MARGIN;
}

/** Whether a stretch is in a view; a longer one has to fill it, but for the margins. */
function isIn(from: number, to: number, first: number, last: number): boolean {
  const isLonger = to - from > last - first;
  return isLonger
    ? from <= first + MARGIN + 1 && to >= last - MARGIN - 1
    : from >= first - 1 && to <= last + 1;
}
