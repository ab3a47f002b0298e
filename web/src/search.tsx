/** Finds parts by path, name or detail: a combobox with a list, as the ARIA guide has it. */

import type { RefObject } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useShared } from "./context";
import type { Network, Part } from "./data";

const MOST = 40;

interface Found {
  net: number;
  part: Part;
}

export function Search({ inputRef }: { inputRef: RefObject<HTMLInputElement | null> }) {
  const { page, select } = useShared();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const found = useMemo(() => find(page.networks, text), [page, text]);
  const isShown = open && text.trim() !== "";
  const at = Math.min(active, found.length - 1);

  const choose = (choice: Found | undefined) => {
    if (!choice) return;
    setOpen(false);
    select(choice.net, choice.part.path, { find: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setActive(Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp") setActive(Math.max(at - 1, 0));
    else if (event.key === "Enter") choose(found[at]);
    else if (event.key === "Escape" && isShown) setOpen(false);
    else return;
    setOpen(event.key.startsWith("Arrow"));
    event.preventDefault();
  };
  return (
    <div class="search" role="search">
      <input
        ref={inputRef} type="search" placeholder="Find a part  ( / )" aria-label="Find a part"
        role="combobox" list={undefined} aria-expanded={isShown} aria-controls="found" aria-autocomplete="list"
        aria-activedescendant={isShown && found[at] ? `found-${at}` : undefined}
        autocomplete="off" spellcheck={false} value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setActive(0);
          setOpen(true);
        }}
        onKeyDown={onKeyDown} onBlur={() => setOpen(false)}
      />
      <ul id="found" role="listbox" aria-label="Parts found" hidden={!isShown || found.length === 0}>
        {isShown && found.map((each, index) => (
          <li
            key={`${each.net} ${each.part.path}`} id={`found-${index}`} role="option"
            aria-selected={index === at}
            ref={(row) => { if (row && index === at) row.scrollIntoView({ block: "nearest" }); }}
            // Before the input loses focus, which closes the list.
            onMouseDown={(event) => { event.preventDefault(); choose(each); }}
          >
            <span class="path">{each.part.path || each.part.name}</span>
            {page.networks.length > 1 && (
              <span class="of">{page.networks[each.net]?.name}</span>
            )}
            <span class="detail">{each.part.detail || each.part.kind}</span>
          </li>
        ))}
      </ul>
      <span class="hidden" role="status">
        {isShown ? (found.length ? `${found.length} parts found` : "nothing found") : ""}
      </span>
      {isShown && found.length === 0 && <p class="nothing" aria-hidden="true">Nothing found</p>}
    </div>
  );
}

/** Every word must be in the path or the detail; matches in the name come first. */
function find(networks: readonly Network[], text: string): Found[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const ranked: [number, Found][] = [];
  networks.forEach((network, net) => {
    for (const part of Object.values(network.parts)) {
      const all = `${part.path} ${part.detail}`.toLowerCase();
      if (words.every((word) => all.includes(word))) {
        ranked.push([rank(part, words[0] ?? ""), { net, part }]);
      }
    }
  });
  ranked.sort(([a], [b]) => a - b); // stable: equals stay in dataflow order
  return ranked.slice(0, MOST).map(([, found]) => found);
}

function rank(part: Part, word: string): number {
  const name = part.name.toLowerCase();
  const path = part.path.toLowerCase();
  const deep = part.kind === "group" ? 0.5 : 0;
  if (name === word || path === word) return deep;
  if (name.startsWith(word) || path.startsWith(word)) return 1 + deep;
  return (name.includes(word) ? 2 : 3) + deep;
}
