"""What a keystroke in SeqResNet-B42 takes the language server: `python benchmarks/keystroke.py`.

A keystroke is a change of one character somewhere in the file; it is answered when the findings of
the new version are ready to be sent, and the inlay hints and code lenses that an editor asks for
next. Times are wall clock in this process, without the transport.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from seqdsl.server.documents import Documents
from seqdsl.server.findings import published
from seqdsl.server.hints import code_lenses, inlay_hints
from seqdsl.server.hover import hover

FILE = Path(__file__).parents[1] / "architectures" / "seqresnet_imagenet.seq"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keystrokes", type=int, default=100)
    parser.add_argument("--file", type=Path, default=FILE)
    options = parser.parse_args()
    gc.set_threshold(100_000)  # as the program has it
    text = options.file.read_text()
    documents, uri = Documents(), options.file.as_uri()
    taken: dict[str, list[float]] = {}

    def timed(name: str, do: Callable[[], object]) -> None:
        started = perf_counter()
        do()
        taken.setdefault(name, []).append(1000 * (perf_counter() - started))

    def first(version: str) -> None:
        documents.put(uri, version)
        analysis = documents.analysis(uri)
        assert analysis is not None
        published(analysis.diagnostics, analysis.source)

    def shown(at: int) -> None:
        analysis = documents.analysis(uri)
        assert analysis is not None
        timed("inlay hints", lambda: inlay_hints(analysis, 1, 1000))
        timed("code lenses", lambda: code_lenses(analysis))
        timed("a hover", lambda: hover(analysis, at))

    timed("the first time", lambda: first(text))
    draw = random.Random(0)
    for _ in range(options.keystrokes):
        at = draw.randrange(len(text))
        version = text[:at] + draw.choice("abkx01 ,{}\n#") + text[at:]
        timed("findings of a keystroke", lambda version=version: first(version))
        shown(at)
        timed("findings of its undoing", lambda: first(text))
    width = max(map(len, taken))
    print(f"{'ms':<{width}}{'median':>9}{'90 %':>9}{'most':>9}")
    for name, times in taken.items():
        times.sort()
        middle, late = statistics.median(times), times[int(0.9 * (len(times) - 1))]
        print(f"{name:<{width}}{middle:9.1f}{late:9.1f}{times[-1]:9.1f}")
    print(
        f"\nfindings of its undoing against the 50 ms that are asked: "
        f"{statistics.median(taken['findings of its undoing']) / 50:.2f}x"
    )


if __name__ == "__main__":
    main()
