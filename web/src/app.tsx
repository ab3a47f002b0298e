/** The whole page: what is selected and shown lives here, and outlasts an update of the data. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Banner } from "./banner";
import { SharedContext, type Shared, type Tab } from "./context";
import type { Page, Place } from "./data";
import { Details } from "./details";
import { Dock } from "./dock";
import type { Measure } from "./format";
import { Header } from "./header";
import { Help } from "./help";
import type { Connection } from "./live";
import { depthOf, depthWith, isStale, selectionIn, type Depth, type Selection } from "./model";
import { useTheme } from "./theme";
import { Workspace } from "./workspace";

export function App({ page, connection }: { page: Page; connection: Connection | null }) {
  const [theme, choice, choose] = useTheme();
  const [wishedDepth, setDepth] = useState<Depth | null>(null);
  const [wished, setWished] = useState<Selection>({ net: 0, path: "" });
  const [reveal, setReveal] = useState<Shared["reveal"]>({ except: null });
  const [place, setPlace] = useState<Place | null>(null);
  const [tab, setTab] = useState<Tab>(page.difference ? "difference" : "costs");
  const [measure, setMeasure] = useState<Measure>("params");
  const help = useRef<HTMLDialogElement>(null);
  const search = useRef<HTMLInputElement>(null);

  const depth = depthOf(page, wishedDepth);
  const selection = useMemo(() => selectionIn(page, wished), [page, wished]);

  const select = useCallback<Shared["select"]>(
    (net, path, { from, find = false } = {}) => {
      setWished({ net, path });
      setPlace(null);
      const network = page.networks[net];
      if (find && network) setDepth(depthWith(network, path, depth));
      setReveal({ except: from === "diagram" ? net : null });
    },
    [page, depth],
  );
  const showPlace = useCallback<Shared["showPlace"]>((net, where) => {
    setWished((now) => (now.net === net ? now : { net, path: "" }));
    setPlace(where);
  }, []);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const isTyping = target.closest("input[type=search], select, textarea, dialog") !== null;
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/") {
        event.preventDefault();
        search.current?.focus();
      } else if (event.key === "?") {
        help.current?.showModal();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  const shared = useMemo<Shared>(
    () => ({
      page, depth, selection, reveal, place, tab, measure, theme,
      select, setDepth, setTab, setMeasure, showPlace,
    }),
    [page, depth, selection, reveal, place, tab, measure, theme, select, showPlace],
  );
  const network = page.networks[selection.net];
  return (
    <SharedContext.Provider value={shared}>
      <Header
        choice={choice} onChoose={choose} connection={connection} searchRef={search}
        onHelp={() => help.current?.showModal()}
      />
      {page.diagnostics && network && <Banner diagnostics={page.diagnostics} isEarlier={isStale(page)} />}
      {!network && (
        <main class="empty">
          <h2>No version of this file has compiled yet</h2>
          {page.diagnostics && <Banner diagnostics={page.diagnostics} />}
        </main>
      )}
      {network && (
        <div class={`body${isStale(page) ? " stale" : ""}`}>
          <main>
            <Workspace />
            <Dock />
          </main>
          <Details network={network} />
        </div>
      )}
      <Help dialogRef={help} version={page.version} />
    </SharedContext.Provider>
  );
}
