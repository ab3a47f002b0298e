/** Makes the boxes of a drawing reachable: by name, by keyboard, and by marks that CSS shows. */

import type { Drawing } from "./data";
import type { Outline } from "./minimap";

const SVG = "http://www.w3.org/2000/svg";
const SIGNS = { added: "+", removed: "−", changed: "~" } as const;

export type Box = SVGGElement & { dataset: { path: string } };

/** What is a stop for keys: a box, or a group drawn within one. */
export const BOXES = ".box[data-path], .group[data-path]";

/** All boxes, in the order of the drawing, which is that of the dataflow. */
export function boxesIn(root: Element): Box[] {
  return Array.from(root.querySelectorAll<Box>(BOXES));
}

export function boxOf(root: Element, path: string | null): Box | null {
  return path === null ? null : root.querySelector<Box>(`[data-path="${CSS.escape(path)}"]`);
}

/** Gives each box a name, a role, a halo for focus and selection, and its mark. */
export function prepare(root: Element, drawing: Drawing): void {
  for (const box of root.querySelectorAll<Box>("[data-path]")) {
    const { path } = box.dataset;
    const isBox = box.matches(BOXES);
    if (isBox) {
      box.setAttribute("role", "button");
      box.setAttribute("tabindex", "-1");
      box.setAttribute("aria-pressed", "false");
      if (!box.querySelector(":scope > title")) {
        const texts = Array.from(box.querySelectorAll("text"), (text) => text.textContent);
        box.setAttribute("aria-label", [`${path}:`, ...texts].join(" "));
      }
      const mark = drawing.mark[path];
      if (mark) box.setAttribute("aria-description", mark);
    }
    const area = box.getBBox();
    if (area.width === 0) continue;
    const mark = isBox ? drawing.mark[path] : undefined;
    box.append(frame(area, 4, "halo"));
    if (mark) {
      box.classList.add(mark);
      box.append(frame(area, 2, `mark ${mark}`), sign(area, SIGNS[mark], mark));
    }
  }
}

/** Where the boxes and frames are, in the coordinates of the drawing. */
export function outlineOf(drawing: SVGSVGElement): Outline {
  const { x, y, width, height } = drawing.viewBox.baseVal;
  const around = drawing.getScreenCTM();
  const [scale, left, top] = around ? [around.a, around.e, around.f] : [1, 0, 0];
  const boxes = Array.from(drawing.querySelectorAll<Box>(".box[data-path], .frame[data-path]"), (box) => {
    const area = box.getBoundingClientRect();
    return {
      path: box.dataset.path,
      isBox: box.classList.contains("box"),
      x: (area.x - left) / scale - x,
      y: (area.y - top) / scale - y,
      width: area.width / scale,
      height: area.height / scale,
    };
  });
  return { width, height, boxes };
}

export function select(root: Element, path: string | null): Box | null {
  for (const box of root.querySelectorAll<Box>(".selected")) {
    box.classList.remove("selected");
    if (box.matches(BOXES)) box.setAttribute("aria-pressed", "false");
  }
  const chosen = boxOf(root, path);
  chosen?.classList.add("selected");
  if (chosen?.matches(BOXES)) chosen.setAttribute("aria-pressed", "true");
  return chosen;
}

/** One box is the tab stop of the drawing. */
export function makeStop(root: Element, stop: Box | undefined): void {
  for (const box of root.querySelectorAll('[tabindex="0"]')) box.setAttribute("tabindex", "-1");
  stop?.setAttribute("tabindex", "0");
}

/** The nearest box in a direction: what lies straight ahead is nearer than what lies aside. */
export function towards(from: Box, boxes: readonly Box[], dx: number, dy: number): Box | null {
  const here = middle(from);
  let best: Box | null = null;
  let least = Infinity;
  for (const box of boxes) {
    if (box === from) continue;
    const there = middle(box);
    const ahead = (there.x - here.x) * dx + (there.y - here.y) * dy;
    const aside = Math.abs((there.x - here.x) * dy) + Math.abs((there.y - here.y) * dx);
    const distance = ahead + 2 * aside;
    if (ahead > 1 && ahead * 3 > aside && distance < least) [best, least] = [box, distance];
  }
  return best;
}

function middle(box: Box): { x: number; y: number } {
  const { x, y, width, height } = box.getBoundingClientRect();
  return { x: x + width / 2, y: y + height / 2 };
}

function frame(area: DOMRect, out: number, name: string): SVGRectElement {
  const rect = document.createElementNS(SVG, "rect");
  rect.setAttribute("class", name);
  rect.setAttribute("x", String(area.x - out));
  rect.setAttribute("y", String(area.y - out));
  rect.setAttribute("width", String(area.width + 2 * out));
  rect.setAttribute("height", String(area.height + 2 * out));
  rect.setAttribute("rx", "6");
  return rect;
}

/** A sign on the corner, so that a mark is read without its colour. */
function sign(area: DOMRect, text: string, mark: string): SVGGElement {
  const badge = document.createElementNS(SVG, "g");
  badge.setAttribute("class", `badge ${mark}`);
  badge.setAttribute("transform", `translate(${area.x} ${area.y})`);
  badge.setAttribute("aria-hidden", "true");
  const disc = document.createElementNS(SVG, "circle");
  disc.setAttribute("r", "7");
  const letter = document.createElementNS(SVG, "text");
  letter.textContent = text;
  letter.setAttribute("y", "4");
  badge.append(disc, letter);
  return badge;
}
