"""What an expression can evaluate to."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import TypeAlias

from seqdsl.graph.operations import Init, Interpolation
from seqdsl.graph.segment import Segment, cut
from seqdsl.graph.tensor import TensorType
from seqdsl.source.frozen import frozen_value
from seqdsl.source.meter import hold_pieces
from seqdsl.syntax import ast

Group: TypeAlias = tuple[Segment, ...]


@frozen_value
class Feature:
    """A feature map: its groups in order, each made of pieces of nodes' outputs.

    Nothing is concatenated or sliced until an operation needs it. ``raw`` is the other face,
    before the batch norm of the layer that made it (section 3.2); None where both are the same.
    """

    groups: tuple[Group, ...]
    spatial: tuple[int, ...]
    raw: tuple[Group, ...] | None = None

    @property
    def type(self) -> TensorType:
        sizes = self.sizes
        return TensorType(sum(sizes), self.spatial, sizes)

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(sum(s.stop - s.start for s in group) for group in self.groups)

    @property
    def width(self) -> int:
        return sum(self.sizes)

    @property
    def segments(self) -> Group:
        return tuple(segment for group in self.groups for segment in group)

    @property
    def raw_face(self) -> Feature:
        return Feature(self.groups if self.raw is None else self.raw, self.spatial)

    def take(self, first: int, last: int) -> Feature:
        """Groups ``first`` up to, not including, ``last``, both counted from 0."""
        raw = None if self.raw is None else self.raw[first:last]
        return Feature(self.groups[first:last], self.spatial, raw)

    def channels(self, start: int, stop: int) -> Feature:
        """Channels ``start`` up to, not including, ``stop``, counted from 0."""
        raw = None if self.raw is None else _cut(self.raw, start, stop)
        return Feature(_cut(self.groups, start, stop), self.spatial, raw)

    def grouped(self, size: int) -> Feature | None:
        """The same map in groups of ``size``: whole groups merged; None where that can't be."""
        parts = _parts(self.sizes, size)
        if parts is None:
            return None
        raw = None if self.raw is None else _merge(self.raw, parts)
        return Feature(_merge(self.groups, parts), self.spatial, raw)

    def as_one_group(self) -> Feature:
        raw = None if self.raw is None else _merge(self.raw, [(0, len(self.raw))])
        return Feature((self.segments,), self.spatial, raw)


def _cut(groups: tuple[Group, ...], start: int, stop: int) -> tuple[Group, ...]:
    """What of the groups lies between two channels; groups without any are left out."""
    found: list[Group] = []
    offset = 0
    for group in groups:
        if inside := cut(group, start - offset, stop - offset):
            found.append(inside)
        offset += sum(segment.width for segment in group)
    return tuple(found)


def concatenated(features: list[Feature]) -> Feature:
    """Feature maps of one spatial size after one another, their groups kept.

    Raises `OverLimit` for more pieces than a network may have edges: twice itself, turn by turn.
    """
    hold_pieces(sum(len(group) for feature in features for group in feature.groups))
    raw: tuple[Group, ...] | None = None
    if any(feature.raw is not None for feature in features):
        raw = tuple(group for feature in features for group in feature.raw_face.groups)
    groups = tuple(group for feature in features for group in feature.groups)
    return Feature(groups, features[0].spatial, raw)


def _parts(sizes: tuple[int, ...], size: int) -> list[tuple[int, int]] | None:
    """The ranges of groups that add up to ``size`` each."""
    ends = {offset: index for index, offset in enumerate(accumulate(sizes), 1)}
    total = sum(sizes)
    wanted = range(size, total + 1, size)
    if total % size or any(offset not in ends for offset in wanted):
        return None
    stops = [ends[offset] for offset in wanted]
    return list(zip([0, *stops], stops, strict=False))


def _merge(groups: tuple[Group, ...], parts: list[tuple[int, int]]) -> tuple[Group, ...]:
    return tuple(
        tuple(segment for group in groups[first:last] for segment in group) for first, last in parts
    )


# --- layers as values ---------------------------------------------------------------------------


class LayerValue:
    """A layer as a value; what it holds is the matter of the rooms that apply it."""

    __slots__ = ()

    @property
    def word(self) -> str:
        """The layer as a reader would write it."""
        return "a layer"

    @property
    def is_ours(self) -> bool:
        """Whether it is built in, or a block of the library."""
        return False


class Statements(LayerValue):
    """The statements between braces, as a value."""

    __slots__ = ()
    statements: tuple[ast.Statement, ...]

    def of(self, statements: tuple[ast.Statement, ...]) -> Statements:
        """Some of the statements, as the same braces hold them."""
        raise NotImplementedError


# --- windows ------------------------------------------------------------------------------------


@frozen_value
class AllWindow:
    """Every group so far (Eq. 1)."""


@frozen_value
class SlidingWindow:
    """As many of the latest groups as the input has (Eq. 2)."""


@frozen_value
class LastWindow:
    count: int


@frozen_value
class PowersWindow:
    """Offsets 1, base, base^2, ..."""

    base: int


Window: TypeAlias = AllWindow | SlidingWindow | LastWindow | PowersWindow


@frozen_value
class InputWord:
    """The word ``input``, as in ``keep=input``."""


@frozen_value
class SizeValue:
    values: tuple[int, ...]

    def __str__(self) -> str:
        return "x".join(map(str, self.values))


@frozen_value
class PathValue:
    """Kernels in sequence: ``1x1 -> 3x3``."""

    parts: tuple[Value, ...]

    def __str__(self) -> str:
        return " -> ".join(map(str, self.parts))


Value: TypeAlias = (
    int
    | Fraction
    | bool
    | str
    | SizeValue
    | PathValue
    | tuple["Value", ...]
    | range
    | Feature
    | LayerValue
    | Window
    | Init
    | Interpolation
    | InputWord
    | None
)


def kind_of(value: Value) -> str:
    """A value's kind in the words of a diagnostic."""
    match value:
        case None:
            return "none"
        case bool():
            return "a truth value"
        case int():
            return "a whole number"
        case Fraction():
            return "a number"
        case str():
            return "text"
        case SizeValue():
            return "a size" if len(value.values) == 2 else f"one of {len(value.values)} sides"
        case PathValue():
            return "a path"
        case tuple() | range():
            return "a list"
        case Feature():
            return "a feature map"
        case LayerValue():
            return "a layer"
        case Init():
            return "an initialisation"
        case Interpolation():
            return "an interpolation"
        case InputWord():
            return "the word `input`"
        case _:
            return "a window"


def _exactly(value: Fraction) -> str:
    """A number as the language reads it again: in decimals where they end, or else as a ratio."""
    rest, places = value.denominator, 0
    while rest % 10 == 0:
        rest, places = rest // 10, places + 1
    for factor in (2, 5):
        while rest % factor == 0:
            rest, places = rest // factor, places + 1
    if rest > 1:
        return str(value)
    shifted = int(value * 10**places)
    sign, digits = int(shifted < 0), tuple(map(int, str(abs(shifted))))
    return str(Decimal((sign, digits, -places))).lower()


def show(value: Value) -> str:
    """A value as a reader would write it."""
    match value:
        case None | bool():
            return str(value).lower()
        case Fraction():
            return _exactly(value)
        case tuple():
            return f"[{', '.join(map(show, value))}]"
        case range():
            return f"{value.start}..{value.stop - 1}"
        case Feature():
            return str(value.type)
        case Init(value=word) | Interpolation(value=word):
            return word
        case int() | SizeValue() | PathValue():
            return str(value)
        case str():
            return f'"{value}"'
        case LayerValue():
            return value.word
        case AllWindow():
            return "all"
        case SlidingWindow():
            return "sliding"
        case LastWindow(count=count):
            return f"last({count})"
        case PowersWindow(base=base):
            return f"powers({base})"
        case _:
            return kind_of(value)
