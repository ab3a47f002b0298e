"""Fixes are tried on copies, as long as that is worth the time."""

import pytest

from seqdsl.passes.check import check_program
from seqdsl.passes.vet import vetted
from seqdsl.semantic.names.modules import Program, load_program
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.text import Source


def program(statements: str) -> Program:
    return load_program(Source("net.seq", f"network N {{ input 3x8x8\n{statements}\n}}\n"), None)


def tried(statements: str) -> tuple[int, list[Diagnostic]]:
    """How many copies of a program are checked to vet its findings, and these."""
    written = program(statements)
    copies: list[Program] = []

    def check(copy: Program) -> list[Diagnostic]:
        copies.append(copy)
        return check_program(copy)[1]

    found = vetted(written, check_program(written)[1], check)
    return len(copies), found


@pytest.mark.parametrize(("layers", "most", "offered"), [(1, 2, 1), (50, 2, 50), (8_000, 0, 0)])
def test_a_fix_of_many_findings_is_tried_once_and_of_thousands_never(
    layers: int, most: int, offered: int
) -> None:
    copies, found = tried("seqconv 3x3, 4, 2\n" * layers)
    assert len(found) == layers
    assert copies <= most
    assert sum(d.fix is not None for d in found) == offered
    assert all(d.help == "`use std.seqconv` imports it" for d in found)


def test_a_fix_that_makes_another_error_is_not_offered() -> None:
    _, found = tried("max_pool 2, 2, 1, 1")
    assert [d.fix is not None for d in found] == [True, False]


def test_a_file_that_is_parsed_over_and_over_is_tried_less_often() -> None:
    """Each mistake in its syntax has a file parsed again, and counts as reading it again."""
    mistaken, sound = "conv 3x3 4\n" * 15, "conv 3x3, 4\n" * 15
    others = "".join(f"conv 3*3, {width}\n" for width in range(100, 140))
    often, _ = tried(sound + others)
    seldom, _ = tried(mistaken + others)
    assert 0 < seldom < often


def test_what_is_no_fix_and_no_error_needs_no_copy() -> None:
    copies, found = tried("conv2d 1x1, 8\nsoftmax\nconv 1x1, 8")
    assert copies == 0
    assert [d.code.name for d in found] == ["inner-softmax"]


MIXED = ("batch_norm 4", "conv 3*3, 4", "convv 3x3, 4", "conv 3x3, 4, strid=1", "max_pool 1 x 1")


@pytest.mark.parametrize("syntax", ["", "conv 3x3 4\n" * 10])
def test_fixes_that_can_not_all_be_tried_alone_are_tried_together(syntax: str) -> None:
    copies, found = tried(syntax + "\n".join(MIXED * 24))
    offered = [d.fix is not None for d in found]
    assert len(offered) == 120 + 10 * bool(syntax) and all(offered)
    assert copies < 80


def test_of_fixes_that_are_tried_together_those_that_mend_are_offered() -> None:
    bad = "max_pool 1, 1, 0, 0\n" * 3  # the padding can be named, and then what is too many
    _, found = tried(f"{bad}{chr(10).join(MIXED * 24)}\n{bad}")
    assert sum(d.fix is None for d in found) == 6
    assert sum(d.fix is not None for d in found) == 126
