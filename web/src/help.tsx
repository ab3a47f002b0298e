/** The keys, in a native dialog: Escape closes it, and focus returns to where it was. */

import type { RefObject } from "preact";

const KEYS: [string, string][] = [
  ["/", "search for a part"],
  ["?", "this help"],
  ["Tab", "to the diagram, which is one stop"],
  ["← ↑ ↓ →", "in the diagram: to the next box that way"],
  ["n p", "to the next or previous box in dataflow order"],
  ["Enter", "select the box"],
  ["Esc", "select the whole network"],
  ["+ −", "zoom in or out"],
  ["0", "fit the whole drawing"],
  ["Shift + arrows", "move the drawing"],
  ["1 2 3 4", "in the diagram: network, block, layer, group depth"],
];

interface Props {
  dialogRef: RefObject<HTMLDialogElement | null>;
  version: string;
}

export function Help({ dialogRef, version }: Props) {
  return (
    <dialog ref={dialogRef} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <table class="keys">
        <tbody>
          {KEYS.map(([keys, what]) => (
            <tr key={keys}>
              <th scope="row"><kbd>{keys}</kbd></th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>With the mouse: the wheel zooms, dragging moves, a click selects.</p>
      <p>Written by seqdsl {version}.</p>
      <form method="dialog">
        <button autofocus>Close</button>
      </form>
    </dialog>
  );
}
