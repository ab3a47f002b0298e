#!/usr/bin/env python
"""Searches for texts that break the compiler, by what of it they reach: `--seconds 300`.

Atheris (libFuzzer) changes texts, keeps those that run lines that no other ran, and changes these.
What must hold of each text is in `properties.py`; one that breaks it is kept in `fuzz/found/`.
"""

from __future__ import annotations

import argparse
import atexit
import os
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))

with atheris.instrument_imports(
    include=["seqdsl.syntax", "seqdsl.semantic", "seqdsl.graph", "seqdsl.passes", "seqdsl.source"]
):
    from properties import FOLDER, SMALL, Violation, judge, small_files

    from seqdsl.source.raising import limits

HERE = Path(__file__).parent
CORPUS, FOUND, WORDS = HERE / "corpus", HERE / "found", HERE / "words.dict"
GROWN = FOUND / "corpus"
SECONDS, MEGABYTES = 5, 1_000  # of the processor for a check, and resident
ALL_OF_IT = 300  # seconds for all that is done with a text, by code that counts its own lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long to search")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--merge", action="store_true", help="bring what was found to corpus/")
    parser.add_argument("files", nargs="*", help="judge these, and search for nothing")
    given, of_libfuzzer = parser.parse_known_args()
    for folder in (CORPUS, GROWN):
        folder.mkdir(parents=True, exist_ok=True)
    options = [
        f"-seed={given.seed}", f"-timeout={ALL_OF_IT}", f"-rss_limit_mb={MEGABYTES}",
        f"-max_len={SMALL}", f"-dict={WORDS}", f"-artifact_prefix={FOUND}/",
    ]  # fmt: skip
    folders = [str(GROWN), str(CORPUS)]
    if given.merge:
        for number, text in enumerate(small_files()):
            (GROWN / f"seed{number}").write_text(text, encoding="utf-8")
        inputs = ["-merge=1", "-use_counters=0", *reversed(folders)]  # lines, not how often
    else:
        inputs = given.files or [f"-max_total_time={given.seconds}", *folders]
    path = FOLDER / f"seqdsl-fuzz-{os.getpid()}.seq"
    atexit.register(path.unlink, missing_ok=True)
    arguments = sys.argv[1:] if of_libfuzzer else [*options, *inputs]  # it merges by this file
    atheris.Setup([__file__, *arguments], lambda data: _judge(data, path))
    atheris.Fuzz()


def _judge(data: bytes, path: Path) -> None:
    with limits(nodes=500, edges=2_000, statements=10_000, bytes=SMALL):
        _, taken = judge(data.decode("utf-8", "surrogateescape"), path)
    if taken > SECONDS:
        raise Violation(f"takes {taken:.1f} s")


if __name__ == "__main__":
    main()
