/** What the compiler says of a file that is being edited. */

import type { Diagnostics } from "./data";

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

interface Props {
  diagnostics: Diagnostics;
  /** What is shown below is older than the file. */
  isEarlier?: boolean;
}

export function Banner({ diagnostics, isEarlier }: Props) {
  const { errors, warnings, text } = diagnostics;
  const found = [errors && count(errors, "error"), warnings && count(warnings, "warning")];
  return (
    <section class={`banner${errors ? " bad" : ""}`} role={errors ? "alert" : "status"} aria-label="What the compiler says">
      <details open>
        <summary>
          <strong>{errors ? "✗" : "!"} {found.filter(Boolean).join(", ")}</strong>
          {isEarlier && <span>; below is the last version that compiled</span>}
        </summary>
        <pre tabIndex={0}>{text}</pre>
      </details>
    </section>
  );
}
