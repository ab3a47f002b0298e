/** Questions to the data that several components ask. */

import type { Drawing, Network, Page, Part } from "./data";

export type Depth = Drawing["depth"];

/** A part as selected: paths are unique within one network only. */
export interface Selection {
  net: number;
  path: string;
}

/** The part with a path, or the nearest one around it. */
export function partAt(network: Network, path: string): Part | undefined {
  for (let at = path; ; at = at.slice(0, Math.max(at.lastIndexOf("/"), 0))) {
    const part = network.parts[at];
    if (part || at === "") return part;
  }
}

/** The parts around a part and itself, the network first. */
export function ancestry(network: Network, part: Part): Part[] {
  const found = [part];
  for (let at = part.within; at !== null; ) {
    const around = network.parts[at];
    if (!around || found.includes(around)) break;
    found.unshift(around);
    at = around.within;
  }
  return found;
}

const known = new WeakMap<Drawing, Set<string>>();

/** The paths of a drawing's boxes and frames. */
export function drawn(drawing: Drawing): Set<string> {
  let paths = known.get(drawing);
  if (!paths) {
    paths = new Set(Array.from(drawing.svg.matchAll(/ data-path="([^"]*)"/g), (m) => m[1] ?? ""));
    known.set(drawing, paths);
  }
  return paths;
}

/** What a drawing shows of a part: its box, or the nearest one around it; null where none is. */
export function shownAs(drawing: Drawing, network: Network, path: string): string | null {
  const part = partAt(network, path);
  if (!part) return null;
  const boxes = drawn(drawing);
  const paths = ancestry(network, part).reverse().map((each) => unfolded(drawing, each.path));
  return paths.find((each) => each !== "" && boxes.has(each)) ?? null;
}

/** The path of the copy that stands for a part; the part's own where nothing is folded. */
function unfolded(drawing: Drawing, path: string): string {
  const { stands } = drawing;
  let standing = "";
  for (const name of path.split("/")) {
    const next = standing ? `${standing}/${name}` : name;
    standing = stands[next] ?? next;
  }
  return standing;
}

export function drawingAt(network: Network, depth: Depth): Drawing | undefined {
  return network.drawings.find((drawing) => drawing.depth === depth);
}

/** The wished depth where there is one, else that of blocks, else the first that is drawn. */
export function depthOf(page: Page, wished: Depth | null): Depth {
  const drawings = page.networks.flatMap((network) => network.drawings);
  if (wished && drawings.some((drawing) => drawing.depth === wished)) return wished;
  const ready = drawings.filter((drawing) => drawing.svg !== "");
  return (ready.find((drawing) => drawing.depth === "block") ?? ready[0])?.depth ?? "block";
}

/** The depth to show a part at: the present one if it has its box, else the first that has. */
export function depthWith(network: Network, path: string, now: Depth): Depth {
  const has = (drawing: Drawing | undefined) => drawing !== undefined && drawn(drawing).has(path);
  if (path === "" || has(drawingAt(network, now))) return now;
  return network.drawings.find(has)?.depth ?? now;
}

/** A selection that exists in the page: after an update, a part may be gone. */
export function selectionIn(page: Page, wished: Selection): Selection {
  const net = wished.net < page.networks.length ? wished.net : 0;
  const network = page.networks[net];
  return { net, path: (network && partAt(network, wished.path)?.path) ?? "" };
}

/** The part with the fewest lines around a line; of equals, one inside of what is selected. */
export function innermost(
  network: Network, source: number, line: number, selected: string,
): Part | null {
  let best: Part | null = null;
  let bestRank = [Infinity, Infinity] as [number, number];
  for (const part of Object.values(network.parts)) {
    const { place } = part;
    if (place.source !== source || line < place.first || place.last < line) continue;
    const near = part.path === selected || part.path.startsWith(`${selected}/`) ? 0 : 1;
    const rank: [number, number] = [place.last - place.first, near];
    if (rank[0] < bestRank[0] || (rank[0] === bestRank[0] && rank[1] < bestRank[1])) {
      [best, bestRank] = [part, rank];
    }
  }
  return best;
}

/** Whether the page shows an earlier version of the file than there is. */
export function isStale({ diagnostics }: Page): boolean {
  return diagnostics !== null && diagnostics.stale;
}

export function nameOf(network: Network, path: string): string {
  return path === "" ? network.name : path;
}
