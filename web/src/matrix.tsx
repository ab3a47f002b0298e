/** Who sees whom in an aggregation, as a table: rows read, columns are read. */

import type { Matrix } from "./data";
import { plain, Subscript } from "./subscript";

interface Props {
  matrix: Matrix;
  /** Columns that there is room for with numbers in the cells; up to twice as many are labelled. */
  room: number;
  /** The group to point out. */
  reader?: string | undefined;
}

export function MatrixTable({ matrix, room, reader: chosen }: Props) {
  const isSmall = matrix.sources.length <= room;
  const isCrowded = matrix.sources.length > 2 * room;
  const step = isCrowded ? 5 : matrix.sources.length > 24 ? 2 : 1; // of labels, as room allows
  const density = isSmall ? "" : isCrowded ? " crowded" : " dense";
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={`Groups of ${matrix.title}`}>
      <table class={`matrix${density}`}>
        <caption class="hidden">
          Channels that each group of {matrix.title} (row) reads of each group before it (column)
        </caption>
        <thead>
          <tr>
            <td class="corner">sees</td>
            {matrix.sources.map((source, column) => (
              <th key={source} scope="col" class={edge(matrix, column)}>
                <Label text={source} isShown={(column - matrix.inputs + 1) % step === 0} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.readers.map((reader, row) => (
            <tr key={reader} class={chosen && plain(reader) === plain(chosen) ? "chosen" : ""}>
              <th scope="row">
                <Label text={reader} isShown={!isCrowded || (row + 1) % step === 0} />
              </th>
              {matrix.sources.map((source, column) => {
                const channels = matrix.sees[row]?.[column] ?? 0;
                const title = channels
                  ? `${plain(reader)} sees ${plain(source)}: ${channels} channels`
                  : `${plain(reader)} does not see ${plain(source)}`;
                return (
                  <td
                    key={source} title={title}
                    class={`${channels ? "seen" : "unseen"} ${edge(matrix, column)}`}
                  >
                    {channels > 0 && <span class={isSmall ? "" : "hidden"}>{channels}</span>}
                    {channels === 0 && <span class="hidden">–</span>}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A heading that is always heard, and seen where there is room. */
function Label({ text, isShown }: { text: string; isShown: boolean }) {
  return isShown ? <Subscript text={text} /> : <span class="hidden">{plain(text)}</span>;
}

/** The line between what comes in and what the layer makes. */
function edge(matrix: Matrix, column: number): string {
  return column === matrix.inputs && column > 0 ? "edge" : "";
}

/** The pattern alone, small. */
export function MatrixThumb({ matrix }: { matrix: Matrix }) {
  const [columns, rows] = [matrix.sources.length, matrix.readers.length];
  const seen = matrix.sees.flatMap((line, row) =>
    line.flatMap((channels, column) => (channels ? [`M${column} ${row}h1v1h-1z`] : [])),
  );
  return (
    <svg class="thumb" viewBox={`0 0 ${columns} ${rows}`} aria-hidden="true">
      <path class="seen" d={seen.join("")} />
      <path class="edge" d={`M${matrix.inputs} 0v${rows}`} />
    </svg>
  );
}
