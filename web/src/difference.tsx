/** What sets two networks apart, as `seqdsl diff` tells it. */

import { useShared } from "./context";

const NUMBER = /^[+−±-]?[\d.,]+[KMGT]?( ?%)?$/;
const MARKS: Record<string, string> = { "+": "added", "-": "removed", "~": "changed" };

export function DifferenceTable() {
  const { difference } = useShared().page;
  if (!difference) return null;
  const isNumeric = difference.headings.map((_, column) => {
    const cells = difference.rows.map((row) => row[column] ?? "").filter(Boolean);
    return cells.length > 0 && cells.every((cell) => NUMBER.test(cell));
  });
  const align = (column: number) => (isNumeric[column] ? "number" : "");
  return (
    <table class="difference">
      <caption>{difference.title}</caption>
      <thead>
        <tr>
          {difference.headings.map((heading, column) => (
            <th key={column} scope="col" class={align(column)}>{heading}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {difference.rows.map((row, index) => {
          const sign = row.find((cell) => /^[+~-] /.test(cell))?.[0] ?? "";
          return (
            <tr key={index} class={MARKS[sign] ?? ""}>
              {row.map((cell, column) => (
                <td key={column} class={align(column)}>{cell}</td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
