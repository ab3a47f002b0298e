/** Mounts the page on the data that the compiler wrote, and takes new ones from a preview. */

import { render } from "preact";
import { App } from "./app";
import type { Page } from "./data";
import { listen, type Connection } from "./live";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/diagram.css";
import "./styles/panels.css";
import "./styles/tables.css";

declare global {
  interface Window {
    seqdsl: { update(page: Page): void };
  }
}

const root = document.getElementById("app");
const written = document.getElementById("data");
if (!root || !written) throw new Error("the page lacks #app or #data");

let page = JSON.parse(written.textContent ?? "") as Page;
let connection: Connection | null = null;

function show(): void {
  document.title = page.networks.map((network) => network.name).join(" | ") || page.file;
  render(<App page={page} connection={connection} />, root as HTMLElement);
}

window.seqdsl = {
  update(next) {
    page = next;
    show();
  },
};

show();
const live = document.documentElement.dataset.live;
if (live) {
  listen(live, window.seqdsl.update, (now) => {
    connection = now;
    show();
  });
}
document.documentElement.dataset.ready = "1";
performance.mark("seqdsl-ready");
