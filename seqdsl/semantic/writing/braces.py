"""The statements between two braces while they are written, and the names that they see."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from seqdsl.semantic.values.value import Feature
from seqdsl.semantic.writing.reference import Unwritable, taken

INDENT = "  "
KEPT = "kept"  # what a value is called that has no name in the source


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    lines: Sequence[str]
    is_call: bool = False  # and may be repeated with `x 3`


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """A feature map that has words at a place, where a name can be given to it."""

    feature: Feature
    after: Statement | None  # None at the beginning
    words: str
    name: str  # what it is called there


class _Names:
    """The feature maps that have a name in some braces, by name and by value."""

    def __init__(self) -> None:
        self.features: dict[str, Feature] = {}
        self._exact: dict[Feature, dict[str, None]] = {}
        self._raw: dict[Feature, dict[str, None]] = {}

    def give(self, name: str, feature: Feature) -> None:
        old = self.features.pop(name, None)
        if old is not None:
            del self._exact[old][name]
            if old.raw is not None:
                del self._raw[old.raw_face][name]
        self.features[name] = feature
        self._exact.setdefault(feature, {})[name] = None
        if feature.raw is not None:
            self._raw.setdefault(feature.raw_face, {})[name] = None

    def exact(self, feature: Feature) -> Iterator[str]:
        """The names of a feature map, the latest first."""
        return reversed(self._exact.get(feature, {}))

    def raw(self, feature: Feature) -> Iterator[str]:
        """The names of those whose raw face it is."""
        return reversed(self._raw.get(feature, {}))


class Braces:
    """Statements in the order of the source. ``it`` is ``flow`` behind the last of them.

    A feature map is found by its value. One that flowed earlier, or in the braces around, and has
    no name is named after the fact, at the place where it flowed.
    """

    def __init__(
        self,
        reserved: Collection[str],
        around: Braces | None = None,
        entry: Feature | None = None,
        index: str | None = None,
    ) -> None:
        self.entry = self.flow = entry
        self.statements: list[Statement] = []
        self._reserved = reserved
        self._around = around
        self._index = index
        self._values, self._stages = _Names(), _Names()
        self._owners: dict[str, object] = {}
        self._counts: dict[str, int] = {}  # of the names that are numbered
        self._points: dict[Feature, list[_Point]] = {}
        if entry is not None:
            self._mark(entry, None, "it", KEPT)

    # --- what is written

    def write(self, lines: Sequence[str], flow: Feature | None = None, call: bool = False) -> None:
        """A statement, and what flows behind it where that is another value than before."""
        self.statements.append(Statement(lines, call))
        if flow is not None:
            self.flow = flow
            self._mark(flow, self.statements[-1], "it", KEPT)

    def feed(self, lines: Sequence[str], flow: Feature) -> None:
        """The network's input."""
        self.entry = flow
        self.write(lines, flow)

    def go_on_from(self, feature: Feature) -> None:
        """Lets a value flow, unless it does."""
        if self.flow != feature:
            self.write([f"it = {self.reference(feature)}"], feature)

    def define(self, name: str, lines: Sequence[str], feature: Feature, owner: object) -> None:
        """A statement that gives a name to a value."""
        self.write(lines)
        self._values.give(name, feature)
        self._owners[name] = owner
        self._mark(feature, self.statements[-1], name, KEPT)

    def alias(self, name: str, feature: Feature) -> None:
        """Another name for a value: written if it is asked for."""
        words = self._exact(feature, False) or self._raw(feature, False)
        if words is not None:
            last = self.statements[-1] if self.statements else None
            self._mark(feature, last, words, name)

    def left(self, stage: str, feature: Feature) -> None:
        """What left a stage has its name, where no value or layer is called so."""
        if stage not in self._reserved and not any(
            stage in each._values.features for each in self._outwards()
        ):
            self._stages.give(stage, feature)

    def text(self) -> list[str]:
        """The lines, indented; statements of the same words after one another as ``x N``."""
        return [f"{INDENT}{line}" for each in self.folded() for line in each.lines]

    def folded(self) -> list[Statement]:
        found: list[Statement] = []
        for (lines, is_call), alike in groupby(self.statements, lambda s: (s.lines, s.is_call)):
            count = len(list(alike))
            if count > 1 and is_call:
                head, *rest = lines
                cut, brace = (head[:-2], " {") if rest else (head, "")
                found.append(Statement([f"{cut} x {count}{brace}", *rest], True))
            else:
                found += [Statement(lines, is_call)] * count
        return found

    # --- what is read

    def label(self, name: str, owner: object) -> str:
        """A name for a value: the source's, unless something else is called so here."""
        base = f"{name}_" if name[-1].isdigit() else name
        count = self._counts.get(base, 1) if owner is None else 1
        if count > 1:
            name = f"{base}{count}"
        while name in self._reserved or self._is_taken(name, owner):
            count += 1
            name = f"{base}{count}"
        if owner is None:
            self._counts[base] = count
        return name

    def _is_taken(self, name: str, owner: object) -> bool:
        if owner is not None and self._owners.get(name) is owner:
            return False  # a loop, or what comes later, names it anew
        return any(
            name in each._values.features or name in each._stages.features or name == each._index
            for each in self._outwards()
        )

    def reference(self, feature: Feature, piped: bool = False) -> str:
        """The words for a feature map; ``piped`` in a pipeline, where none flows.

        Raises `Unwritable` where it has none.
        """
        if words := self._exact(feature, piped):
            return words
        alike = [
            (point, each)
            for each in self._outwards()
            for point in reversed(each._points.get(feature, ()))
        ]
        named = [each for each in alike if each[0].name != KEPT or each[0].after is None]
        if named:
            return self._keep(*named[0])
        if words := self._raw(feature, piped):
            return words
        if alike:
            return self._keep(*alike[0])
        for words, known in self._visible(piped):
            if found := taken(known, words, feature):
                return found
        for each in self._outwards():
            for known, points in reversed(each._points.items()):
                if taken(known, "", feature):
                    return taken(known, self._keep(points[-1], each), feature) or ""
        raise Unwritable("a layer reads a feature map that has no name where it stands")

    def _exact(self, feature: Feature, piped: bool) -> str | None:
        if not piped and self.flow == feature:
            return "it"
        for each in self._outwards():
            for name in each._values.exact(feature):
                return name
        if not piped and self.entry == feature:
            return "in"
        for each in self._outwards():
            for name in each._stages.exact(feature):
                if self._sees(name, each):
                    return name
        return None

    def _raw(self, feature: Feature, piped: bool) -> str | None:
        """The words for what is the raw face of something that has a name."""
        if not piped:
            for words, known in (("it", self.flow), ("in", self.entry)):
                if known is not None and known.raw is not None and known.raw_face == feature:
                    return f"{words}.raw"
        for each in self._outwards():
            for name in each._values.raw(feature):
                return f"{name}.raw"
        for each in self._outwards():
            for name in each._stages.raw(feature):
                if self._sees(name, each):
                    return f"{name}.raw"
        return None

    def _sees(self, stage: str, home: Braces) -> bool:
        """Whether a stage of some braces around has its name here, or another is called so."""
        first = next(each for each in self._outwards() if stage in each._stages.features)
        return first is home

    def _visible(self, piped: bool) -> Iterator[tuple[str, Feature]]:
        if not piped:
            for words, known in (("it", self.flow), ("in", self.entry)):
                if known is not None:
                    yield words, known
        for each in self._outwards():
            yield from reversed(each._values.features.items())
        for each in self._outwards():
            for name, known in reversed(each._stages.features.items()):
                if self._sees(name, each):
                    yield name, known

    def _mark(self, feature: Feature, after: Statement | None, words: str, name: str) -> None:
        """Says where a feature map has words, so that it can be given a name there."""
        self._points.setdefault(feature, []).append(_Point(feature, after, words, name))

    def _keep(self, point: _Point, home: Braces) -> str:
        """Gives a name to a value where it has words, in these braces or around them."""
        name = self.label(point.name, None)
        where = 0 if point.after is None else home.statements.index(point.after) + 1
        home.statements.insert(where, Statement([f"{name} = {point.words}"]))
        home._values.give(name, point.feature)
        home._owners[name] = None
        return name

    def _outwards(self) -> Iterator[Braces]:
        braces: Braces | None = self
        while braces is not None:
            yield braces
            braces = braces._around
