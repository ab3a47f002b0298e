"""Where a space stands between two words of a line.

`*`, `/` and `..` stand close, as do the `=` of an argument and a sum at an end of `..`:
`conv 3x3, 4*width, groups=width/k`, `i in 1..n-1`. What rounds or stands beside brackets stands
apart, and so does the rest of its product, which would else seem to come first: `a % b * c`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from seqdsl.syntax.format.nodes import Body, Element, Group, kind
from seqdsl.syntax.format.words import Word

_VALUES = {
    "NAME", "NUMBER", "SIZE", "STRING", "ATTRIBUTE", "IN", "IT", "INPUT", "LPAR", "LSQB",
}  # fmt: skip
_CALLS = {"METHOD", "CALLNAME"}
_PRODUCT = {"STAR", "SLASHES", "PERCENT"}
_SUM = {"PLUS", "MINUS", *_PRODUCT}
# Whether a word takes a space before it, and one behind it; both, where it isn't listed.
_SIDES = {
    "COMMA": (False, True),
    "COLON": (False, True),
    "ATTRIBUTE": (False, True),
    "METHOD": (False, False),
    "CALLNAME": (True, False),
}
_CLOSE, _SPACED, _PREFIX, _SUFFIX = (False, False), (True, True), (True, False), (False, True)


def spaced(statement: Sequence[Element]) -> tuple[Element, ...]:
    """The elements of a statement, told where a space stands before them."""
    return _spaced(_Level(statement, _openers(statement), head=kind(statement[0])))


def _spaced(level: _Level) -> tuple[Element, ...]:
    made: list[Element] = []
    behind = False  # whether the element before takes a space behind it
    for index, element in enumerate(level.run):
        before, after = level.sides(index)
        space = behind and before
        behind = after
        match element:
            case Word():
                made.append(replace(element, space=space))
            case Group(open=open, inner=inner):
                inner = _spaced(_Level(inner, parameters=level.declares(index)))
                made.append(replace(element, open=replace(open, space=space), inner=inner))
            case Body():
                made.append(element)
    return tuple(made)


def _openers(statement: Sequence[Element]) -> set[int]:
    """The words that look like a value and stand before one: callees, `input`, the `in` of a loop.

    What follows them is no index, and a minus there is a sign.
    """
    if kind(statement[0]) in ("FOR", "AGGREGATE"):
        return {2}
    calls = [i + 1 for i, element in enumerate(statement) if kind(element) == "VBAR"]
    if not (len(statement) > 1 and kind(statement[1]) == "EQUAL"):
        calls.append(0)
    return {_end_of_callee(statement, i) for i in calls}


def _end_of_callee(statement: Sequence[Element], index: int) -> int:
    while index + 1 < len(statement) and kind(statement[index + 1]) == "ATTRIBUTE":
        index += 1
    return index


class _Level:
    """The elements of a statement, or between two brackets, and what some of them mean there."""

    def __init__(
        self,
        run: Sequence[Element],
        openers: Set[int] = frozenset(),
        *,
        head: str = "",  # the kind of the word with which a statement begins
        parameters: bool = False,
    ) -> None:
        self.run = run
        self._openers = openers
        self._head = head
        self._parameters = parameters
        self._kinds = [kind(element) for element in run]
        self._texts = [element.text if isinstance(element, Word) else "" for element in run]
        self._close = {*self._products(), *self._ranges()}

    def sides(self, index: int) -> tuple[bool, bool]:
        """Whether an element takes a space before it, and one behind it."""
        what = self._kinds[index]
        if what == "EQUAL":
            return _SPACED if self._defines(index) else _CLOSE
        if what == "LSQB":
            return _SPACED if self._begins_value(index) else _SUFFIX
        if what in _SUM and self._head == "EXPECT":  # +- 2%
            return _PREFIX if what == "PLUS" else _SUFFIX
        if self._is_sign(index):
            return _PREFIX
        if index in self._close:
            return _CLOSE
        return _SIDES.get(what, _SPACED)

    def declares(self, index: int) -> bool:
        """Whether the group at ``index`` holds the parameters of a definition."""
        return self._head in ("NETWORK", "BLOCK") and index == 2

    def _defines(self, index: int) -> bool:
        """Whether an equals sign gives a name or a default, and not an argument."""
        if not self._head:
            return self._parameters
        if self._head in ("NETWORK", "MODEL", "OUTPUT"):
            return self._kinds.index("EQUAL") == index
        return index == 1

    def _is_sign(self, index: int) -> bool:
        return self._kinds[index] == "MINUS" and self._begins_value(index)

    def _begins_value(self, index: int) -> bool:
        return index == 0 or index - 1 in self._openers or self._kinds[index - 1] not in _VALUES

    def _products(self) -> Iterator[int]:
        """The operators of products that stand close."""
        apart = False
        for index, what in enumerate(self._kinds):
            if what in _PRODUCT:
                apart = apart or self._stands_apart(index)
                if not apart:
                    yield index
            elif what not in _VALUES | _CALLS and not self._is_sign(index):
                apart = False

    def _stands_apart(self, index: int) -> bool:
        called = self._kinds[index - 2] in _CALLS
        return (
            self._texts[index] in ("//", "%")
            or self._kinds[index + 1] == "LPAR"
            or (self._kinds[index - 1] == "LPAR" and not called)
        )

    def _ranges(self) -> Iterator[int]:
        """The `..` of this level, and the operators of the sums at both their ends."""
        for index in (i for i, text in enumerate(self._texts) if text == ".."):
            yield index
            yield from self._operators(range(index - 1, -1, -1))
            yield from self._operators(range(index + 1, len(self.run)))

    def _operators(self, indices: range) -> Iterator[int]:
        for index in indices:
            what = self._kinds[index]
            if what not in _VALUES | _CALLS | _SUM or index in self._openers:
                return
            if what in _SUM:
                yield index
