"""Makes one text of the groups of an aggregation, whose layers may differ from group to group."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(r"[A-Za-z_]\w*|\d+(?:x\d+)+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\s+|->|\.\.|.")
_INDENT = "  "


def united(turns: Sequence[Sequence[str]], index: str) -> list[str]:
    """The lines of all turns as one: equal words as they are, numbers that differ by the index.

    Turns that are built otherwise stand under conditions on the index.
    """
    shapes: dict[tuple[str, ...], list[int]] = {}
    for number, lines in enumerate(turns, 1):
        shapes.setdefault(_shape(lines), []).append(number)
    # what is done in no turn needs no condition, and comes last
    parts = sorted(shapes.items(), key=lambda part: (not part[0], part[1][0]))
    written = [(numbers, _merged(turns, numbers, index)) for shape, numbers in parts if shape]
    if len(parts) < 2:
        return written[0][1] if written else []
    last = len(written) - 1 if len(written) == len(parts) else len(written)
    found: list[str] = []
    for position, (numbers, lines) in enumerate(written):
        condition = "" if position == last else f"if {_condition(numbers, len(turns), index)} "
        before = "} else " if found else ""
        if found:
            found.pop()
        found += [f"{before}{condition}{{", *(f"{_INDENT}{line}" for line in lines), "}"]
    return found


def expression(turns: Sequence[str], index: str) -> str | None:
    """One expression for the values of all turns; None where they are not built alike."""
    if len({_shape([text]) for text in turns}) > 1:
        return None
    (line,) = _merged([[text] for text in turns], range(1, len(turns) + 1), index)
    return line


def _shape(lines: Sequence[str]) -> tuple[str, ...]:
    """The words of lines, whatever their numbers."""
    return tuple(
        "number" if token[0].isdigit() else token
        for line in lines
        for token in (*_TOKEN.findall(line), "\n")
    )


def _merged(turns: Sequence[Sequence[str]], numbers: Sequence[int], index: str) -> list[str]:
    """The lines of turns of one shape, counted from 1."""
    rows = [[_TOKEN.findall(line) for line in turns[number - 1]] for number in numbers]
    return [
        "".join(_tokens([row[at] for row in rows], numbers, len(turns), index))
        for at in range(len(rows[0]))
    ]


def _tokens(
    lines: Sequence[Sequence[str]], numbers: Sequence[int], count: int, index: str
) -> list[str]:
    found: list[str] = []
    for position, first in enumerate(lines[0]):
        said = [line[position] for line in lines]
        if all(each == first for each in said):
            found.append(first)
            continue
        before = "".join(found).rstrip()
        after = "".join(lines[0][position + 1 :]).lstrip()
        is_alone = before[-1:] in ("", ",", "(", "[", "=") or before[-1:].isalnum()
        is_alone = is_alone and after[:1] in ("", ",", ")", "]", "|", "{")
        repeats = bool(re.search(r"\bx$", before))
        found.append(_indexed(said, numbers, count, index, is_alone and not repeats, repeats))
    return found


def _indexed(
    said: Sequence[str], numbers: Sequence[int], count: int, index: str, alone: bool, repeats: bool
) -> str:
    if alone and all(each.isdigit() for each in said):
        linear = _linear([int(each) for each in said], numbers, index)
        if linear is not None:
            return linear
    given = dict(zip(numbers, said, strict=True))
    values = ", ".join(given.get(number, said[0]) for number in range(1, count + 1))
    listed = f"[{values}][{index}]"
    return f"({listed})" if repeats else listed


def _linear(values: Sequence[int], numbers: Sequence[int], index: str) -> str | None:
    """``8*i - 7`` for 1, 9, 17, ..."""
    steps = {
        (b - a, n - m) for a, b, m, n in zip(values, values[1:], numbers, numbers[1:], strict=False)
    }
    (rise, run), *others = steps
    if others or rise % run:
        return None
    slope = rise // run
    offset = values[0] - slope * numbers[0]
    if slope < 1:
        return None
    product = index if slope == 1 else f"{slope}*{index}"
    if offset == 0:
        return product
    return f"{product} {'+' if offset > 0 else '-'} {abs(offset)}"


def _condition(numbers: Sequence[int], count: int, index: str) -> str:
    first, last = numbers[0], numbers[-1]
    if len(numbers) > 1 and last - first == len(numbers) - 1:
        if first == 1:
            return f"{index} <= {last}"
        if last == count:
            return f"{index} >= {first}"
        return f"{index} >= {first} and {index} <= {last}"
    return " or ".join(f"{index} == {number}" for number in numbers)
