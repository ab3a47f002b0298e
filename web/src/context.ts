/** What every component may need: the page, what is selected, and how to change it. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Page, Place } from "./data";
import type { Measure } from "./format";
import type { Depth, Selection } from "./model";

export type Tab = "costs" | "layers" | "groups" | "claims" | "difference";

export interface Shared {
  page: Page;
  depth: Depth;
  selection: Selection;
  /** New where diagrams should move to the selection, but for that of `except`. */
  reveal: { except: number | null };
  /** Lines to show in place of those of the selected part: of a claim, say. */
  place: Place | null;
  tab: Tab;
  measure: Measure;
  theme: "light" | "dark";
  select(net: number, path: string, options?: { from?: "diagram" | "source"; find?: boolean }): void;
  setDepth(depth: Depth): void;
  setTab(tab: Tab): void;
  setMeasure(measure: Measure): void;
  showPlace(net: number, place: Place): void;
}

export const SharedContext = createContext<Shared | null>(null);

export function useShared(): Shared {
  const shared = useContext(SharedContext);
  if (!shared) throw new Error("no page around this component");
  return shared;
}
