"""Formats thousands of random programs in random layouts: `python tests/format_many.py 10000`."""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from networks import compiled
from programs import programs

from seqdsl.graph.dump import dump
from seqdsl.source.text import Source
from seqdsl.syntax.format import format_source, layout, page, tables
from seqdsl.syntax.grammar import tokens_of

# Between these and what follows, or before, a line may end in the midst of a statement.
LINE_MAY_END_AFTER = {
    "LPAR", "LSQB", "LBRACE", "COMMA", "EQUAL", "VBAR", "_ARROW", "PLUS", "MINUS", "STAR",
    "SLASHES", "COMPARE", "AND", "OR", "NOT",
}  # fmt: skip
LINE_MAY_END_BEFORE = {"ELSE", "VBAR", "RBRACE"}
NEEDS_NO_SPACE_BEHIND = {"COMMA", "EQUAL", "LBRACE", "LPAR", "LSQB", "VBAR", "STAR", "COLON"}
NEEDS_NO_SPACE_BEFORE = {"COMMA", "EQUAL", "LBRACE", "RBRACE", "RPAR", "RSQB", "VBAR", "COLON"}
CALLED = {"CALLNAME", "METHOD"}


def mangled(text: str, chance: random.Random) -> tuple[str, list[str]]:
    """The same program in a random layout, without its comments, and those put in, in order."""
    comments: list[str] = []
    made: list[str] = []
    brackets: list[str] = []
    previous, ended = "LBRACE", False
    for token in [t for t in tokens_of(text) if t.type != "DOC"]:
        kind = token.type
        if kind == "_NL":
            ended = True
            continue
        within = bool(brackets) and brackets[-1] != "LBRACE"
        if ended or previous in LINE_MAY_END_AFTER or kind in LINE_MAY_END_BEFORE or within:
            made.append(_break(ended, bool(brackets), comments, chance))
        if not ended and previous not in CALLED:
            made.append(_blanks(previous, kind, chance))
        made.append(str(token))
        if kind in ("LPAR", "LSQB", "LBRACE"):
            brackets.append(kind)
        elif kind in ("RPAR", "RSQB", "RBRACE"):
            brackets.pop()
        previous, ended = kind, False
    return "".join(made), comments


def _break(ended: bool, in_body: bool, comments: list[str], chance: random.Random) -> str:
    """Where a line may end, and must for a statement that has ``ended``: how, and with comments."""
    breaks = [";", "\n", "\n", "\n  ", " \n\n\n\t", "\r\n"] if ended else ["", "", "", "\n", "\n\n"]
    parts = [chance.choice(breaks)]
    while chance.random() < 0.15:
        mark = chance.choice(["#", "##"]) if in_body else "#"
        comments.append(f"{mark} {len(comments)}")
        parts.append(
            f"{chance.choice(['', ' ', '   '])}{comments[-1]} {chance.choice(breaks[1:])}\n"
        )
    return "".join(parts)


def _blanks(previous: str, kind: str, chance: random.Random) -> str:
    if previous in NEEDS_NO_SPACE_BEHIND or kind in NEEDS_NO_SPACE_BEFORE:
        return chance.choice(["", " ", "  \t"])
    return chance.choice([" ", " ", "   "])


@contextmanager
def pages_of(columns: int) -> Iterator[None]:
    """Formats for narrower pages, on which much more has to be broken into lines."""
    with ExitStack() as stack:
        for module in (page, layout, tables):
            stack.enter_context(patch.object(module, "WIDTH", columns))
        yield


def problem(text: str, chance: random.Random, folder: Path) -> str | None:
    """What is wrong with the formatting of a program in a random layout; None for nothing."""
    source, comments = mangled(text, chance)
    with pages_of(chance.choice([100, 100, 50, 20])):
        formatted = format_source(Source("mangled.seq", source))
        again = format_source(Source("formatted.seq", formatted))
    if again != formatted:
        return f"formatting again changes\n{source}"
    if re.findall(r"##? \d+", formatted) != comments:
        return f"comments are lost or moved in\n{source}"
    if dump(compiled(folder, formatted)) != dump(compiled(folder, text)):
        return f"another network comes of\n{source}"
    return None


def run(count: int, start: int) -> tuple[int, int, list[str]]:
    """Programs formatted, their characters, and what was wrong."""
    found: list[str] = []
    sizes: list[int] = []

    @seed(start)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(programs(), st.integers(0, 2**32))
    def check(text: str, layout: int) -> None:
        sizes.append(len(text))
        with tempfile.TemporaryDirectory() as folder:
            try:
                wrong = problem(text, random.Random(layout), Path(folder))
            except Exception as error:
                wrong = f"{type(error).__name__}: {error}\n{text}"
        if wrong:
            found.append(wrong)

    check()
    return len(sizes), sum(sizes), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    start = time.monotonic()
    share = -(-options.count // options.processes)
    seeds = range(options.seed, options.seed + options.processes)
    with ProcessPoolExecutor(options.processes) as pool:
        parts = list(pool.map(partial(run, share), seeds))
    failures = [wrong for _, _, found in parts for wrong in found]
    for wrong in failures[:5]:
        print(wrong, end="\n\n")
    programs, characters = sum(part[0] for part in parts), sum(part[1] for part in parts)
    seconds = time.monotonic() - start
    print(f"{programs:,} programs of {characters / programs:,.0f} characters on average,")
    print(f"{len(failures)} failures, {seconds:.0f} s")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
