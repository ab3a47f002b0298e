/** What the marks of two networks mean: each has a line of its own and a sign, not only a colour. */

const MARKS = [
  ["added", "+", "only in the second"],
  ["removed", "−", "only in the first"],
  ["changed", "~", "in both, but not the same"],
] as const;

export function Legend() {
  return (
    <ul class="legend" aria-label="Marks">
      {MARKS.map(([mark, sign, about]) => (
        <li key={mark} title={about}>
          <svg class="sample" viewBox="0 0 26 18" aria-hidden="true">
            <rect class={`mark ${mark}`} x="2" y="2" width="22" height="14" rx="3" />
            <text class="sign" x="13" y="13">{sign}</text>
          </svg>
          {mark}
        </li>
      ))}
    </ul>
  );
}
