"""Breaks long lines of emitted Python as formatters break them, so that none changes them.

It knows what emitted source is made of: calls, subscripts, lists, dicts, tuples, sums, `class`
and `def`, and no string that holds a bracket or a comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_LINE = 88
_QUOTIENT = re.compile(r"\((.*)\)( / \d+)")  # the mean of some operands
_HEAD = re.compile(r"return |[\w.]+(, \w+)? = ")  # what stands before the expression


def lay_out(line: str) -> Iterator[str]:
    """A statement as lines of at most 88 columns, where its brackets allow that."""
    if len(line) <= MAX_LINE or '"""' in line or line.startswith("#"):
        yield line
        return
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    if text.startswith("class "):
        yield from _break(text.removesuffix(":"), ":", indent)
        return
    if text.startswith("def "):
        parameters, arrow, result = text.rpartition(" -> ")
        yield from _break(parameters, f"{arrow}{result}", indent)
        return
    head = _HEAD.match(text)
    target, value = (head[0], text[head.end() :]) if head else ("", text)
    quotient = _QUOTIENT.fullmatch(value)
    if quotient:
        operands = _split(quotient[1], " + ")
        yield f"{indent}{target}("
        if len(indent) + 4 + len(quotient[1]) <= MAX_LINE:
            operands = [quotient[1]]
        for position, operand in enumerate(operands):
            yield from _element(f"{'+ ' if position else ''}{operand}", "", f"{indent}    ")
        yield f"{indent}){quotient[2]}"
        return
    operands = _split(value, " + ")
    if len(operands) > 1 or (target and not _can_open(value, len(indent) + len(target))):
        yield f"{indent}{target}("
        for position, operand in enumerate(operands):
            yield from _element(f"{'+ ' if position else ''}{operand}", "", f"{indent}    ")
        yield f"{indent})"
    else:
        yield from _break(text, "", indent)


def _can_open(value: str, column: int) -> bool:
    """Whether a value has brackets to break that begin before the line ends."""
    start = _opening(value)
    return start is not None and start + 2 < len(value) and column + start < MAX_LINE


def _break(text: str, suffix: str, indent: str) -> Iterator[str]:
    """Breaks the brackets with which a text ends; what follows them stays behind them."""
    start = _opening(text)
    if start is None:
        yield f"{indent}{text}{suffix}"
        return
    inner = f"{indent}    "
    elements = _split(text[start + 1 : -1], ", ")
    whole = ", ".join(elements)
    is_call = start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_])")
    yield f"{indent}{text[: start + 1]}"
    if is_call and len(inner) + len(whole) <= MAX_LINE:
        yield f"{inner}{whole}"
    elif is_call and len(elements) == 1:
        yield from _element(whole, "", inner)
    else:
        for element in elements:
            yield from _element(element, ",", inner)
    yield f"{indent}{text[-1]}{suffix}"


def _element(text: str, suffix: str, indent: str) -> Iterator[str]:
    if len(indent) + len(text) + len(suffix) <= MAX_LINE:
        yield f"{indent}{text}{suffix}"
    else:
        yield from _break(text, suffix, indent)


def _opening(text: str) -> int | None:
    """Where the bracket opens that the last character closes."""
    if text[-1] not in ")]}":
        return None
    depth = 0
    for position in range(len(text) - 1, -1, -1):
        depth += (text[position] in ")]}") - (text[position] in "([{")
        if depth == 0:
            return position
    return None


def _split(text: str, separator: str) -> list[str]:
    """The pieces of a text between separators that stand in no bracket."""
    pieces, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and text.startswith(separator, position):
            pieces.append(text[start:position])
            start = position + len(separator)
    return [*pieces, text[start:]]
