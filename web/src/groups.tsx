/** The windows of all aggregations: pick one by its pattern, read it in full. */

import { useShared } from "./context";
import { MatrixTable, MatrixThumb } from "./matrix";

export function Groups() {
  const { page, selection, select } = useShared();
  const network = page.networks[selection.net];
  const [first] = network?.matrices ?? [];
  if (!network || !first) return <p class="nothing">No layer here is made of groups that see one another.</p>;
  const at = selection.path;
  const shown =
    network.matrices.find((matrix) => matrix.path === at) ??
    network.matrices.find((matrix) => at.startsWith(`${matrix.path}/`)) ??
    network.matrices.find((matrix) => at === "" || matrix.path.startsWith(`${at}/`)) ??
    first;
  const seen = shown.sees.flat().filter(Boolean).length;
  return (
    <div class="groups">
      <fieldset class="thumbs">
        <legend class="hidden">Layer</legend>
        {network.matrices.map((matrix) => (
          <label key={matrix.path} title={matrix.title}>
            <input
              type="radio" name="matrix" checked={matrix === shown}
              onChange={() => select(selection.net, matrix.path)}
            />
            <MatrixThumb matrix={matrix} />
            <span>{matrix.title}</span>
          </label>
        ))}
      </fieldset>
      <div class="shown">
        <h3>{shown.title}</h3>
        <p>
          {shown.readers.length} groups; {shown.inputs} of the input, left of the line. {seen} of{" "}
          {shown.readers.length * shown.sources.length} pairs are connected; a cell says how many
          channels the row's group reads of the column's.
        </p>
        <MatrixTable matrix={shown} room={20} />
      </div>
    </div>
  );
}
