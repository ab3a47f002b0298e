/** Takes new pages from a preview's server. */

import type { Page } from "./data";

export type Connection = "connecting" | "live" | "lost";

export function listen(
  path: string, update: (page: Page) => void, tell: (connection: Connection) => void,
): void {
  tell("connecting");
  const events = new EventSource(path); // it connects again by itself
  events.addEventListener("open", () => tell("live"));
  events.addEventListener("error", () => tell("lost"));
  events.addEventListener("message", (event: MessageEvent<string>) => {
    update(JSON.parse(event.data) as Page);
  });
}
