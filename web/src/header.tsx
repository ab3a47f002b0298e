/** The name, what the network is, its figures, and the controls of the page. */

import type { RefObject } from "preact";
import { useShared } from "./context";
import type { Network } from "./data";
import { Figures } from "./figures";
import type { Connection } from "./live";
import { Search } from "./search";
import type { Choice } from "./theme";

const CONNECTIONS: Record<Connection, string> = {
  connecting: "○ connecting",
  live: "● live",
  lost: "✗ connection lost",
};

interface Props {
  choice: Choice;
  onChoose(choice: Choice): void;
  connection: Connection | null;
  searchRef: RefObject<HTMLInputElement | null>;
  onHelp(): void;
}

export function Header({ choice, onChoose, connection, searchRef, onHelp }: Props) {
  const { page } = useShared();
  return (
    <header>
      <div class="top">
        <Titles networks={page.networks} file={page.file} />
        <div class="controls">
          {connection && (
            <span role="status" class={`connection ${connection}`}>{CONNECTIONS[connection]}</span>
          )}
          {page.networks.length > 0 && <Search inputRef={searchRef} />}
          <label class="theme">
            <span class="hidden">Theme</span>
            <select
              value={choice}
              onChange={(event) => onChoose(event.currentTarget.value as Choice)}
            >
              <option value="auto">theme: auto</option>
              <option value="light">theme: light</option>
              <option value="dark">theme: dark</option>
            </select>
          </label>
          <button type="button" onClick={onHelp} aria-label="Keyboard help" title="Keys (?)">?</button>
        </div>
      </div>
      {page.networks.length > 0 && <Figures networks={page.networks} />}
    </header>
  );
}

function Titles({ networks, file }: { networks: Network[]; file: string }) {
  if (networks.length === 0) return <h1>{file}</h1>;
  const docs = [...new Set(networks.map((network) => network.doc).filter(Boolean))];
  return (
    <div class="titles">
      <h1>
        {networks.map((network, at) => (
          <span key={at}>
            {at > 0 && <span class="versus"> → </span>}
            {network.name}
            <Settings settings={network.settings} />
          </span>
        ))}
      </h1>
      <p class="doc" title={docs.join(" ")}>
        {docs.join(" ")} <span class="file">{file}</span>
      </p>
    </div>
  );
}

function Settings({ settings }: { settings: Network["settings"] }) {
  if (settings.length === 0) return null;
  return (
    <span class="settings">
      {settings.map(([name, value]) => <code key={name}>{name}={value}</code>)}
    </span>
  );
}
