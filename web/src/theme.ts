/** Light, dark, or as the system is. The choice is kept where the browser lets us. */

import { useEffect, useState } from "preact/hooks";

export type Choice = "auto" | "light" | "dark";
export type Theme = "light" | "dark";

const KEY = "seqdsl-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function remembered(): Choice {
  try {
    const found = localStorage.getItem(KEY);
    return found === "light" || found === "dark" ? found : "auto";
  } catch {
    return "auto"; // a page from a file may have no storage
  }
}

export function useTheme(): [Theme, Choice, (choice: Choice) => void] {
  const [choice, setChoice] = useState<Choice>(remembered);
  const [dark, setDark] = useState(system.matches);
  useEffect(() => {
    const follow = () => setDark(system.matches);
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, []);
  const theme: Theme = choice === "auto" ? (dark ? "dark" : "light") : choice;
  // Set before the children render: charts read their colours from the style sheet.
  document.documentElement.dataset.theme = theme;
  const choose = (next: Choice) => {
    setChoice(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Then it lasts as long as the page.
    }
  };
  return [theme, choice, choose];
}
