"""What drawing takes: milliseconds and kilobytes of SVG, of every network at every depth.

    python benchmarks/drawing.py [FILES]

A time is the median of three, of a compiled network to its SVG: boxes, layout by Graphviz,
shapes, text. What is too large to be drawn is marked so.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from seqdsl.api import check_file
from seqdsl.backends.drawing.graphviz import engines
from seqdsl.backends.drawing.svg import write_svg
from seqdsl.backends.drawing.theme import THEMES
from seqdsl.backends.drawing.write import lay_out
from seqdsl.graph.network import Network
from seqdsl.passes.drawing.picture import picture
from seqdsl.passes.drawing.placing import Depth
from seqdsl.source.diagnostic import Failure

ROOT = Path(__file__).parents[1]
RUNS = 3


def networks(files: list[Path]) -> Iterator[Network]:
    for file in files:
        for instance in check_file(file)[0]:
            if instance.network is not None:
                yield instance.network


def drawn(network: Network, depth: Depth) -> tuple[float, int, int] | None:
    """Seconds, bytes and boxes; None where it is too large."""
    times: list[float] = []
    for _ in range(RUNS):
        start = time.perf_counter()
        made = picture(network, depth)
        try:
            scene, _ = lay_out(made, "TB", network.name)
        except Failure:
            return None
        text = write_svg(scene, [THEMES["light"], THEMES["dark"]])
        times.append(time.perf_counter() - start)
    return median(times), len(text.encode()), len(made.boxes)


def main() -> None:
    files = [Path(name) for name in sys.argv[1:]]
    files = files or sorted((ROOT / "architectures").glob("*.seq"))
    engine = next(name for name, _ in engines())
    print(f"laid out by {engine}; ms / KB / boxes")
    print("| network | nodes |", " | ".join(depth.value for depth in Depth), "|")
    print("| --- | ---: |", " | ".join("---:" for _ in Depth), "|")
    for network in networks(files):
        cells = []
        for depth in Depth:
            found = drawn(network, depth)
            if found is None:
                cells.append("too large")
            else:
                cells.append(f"{1000 * found[0]:,.0f} / {found[1] / 1000:,.0f} / {found[2]}")
        print(f"| {network.name} | {len(network.nodes):,} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
